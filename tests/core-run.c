/* SPDX-License-Identifier: ISC */
/* run: what holds of a program that is run, whatever it does. */
#include "run.h"

#include <signal.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "io.h"
#include "say.h"
#include "sys.h"
#include "tap.h"

enum { LONG_MS = 20000 };

static char **
shell(struct strv *argv, const char *text)
{
	strv_words(argv, "sh", "-c", text, NULL);
	return argv->v;
}

static void
test_limits(void)
{
	static const struct run_limits limits = { 1ULL << 30, 7 };
	autostrv struct strv asks = { 0 };
	struct run r = RUN_PLAIN;
	autobuf struct buf out = { 0 };
	struct why why;

	r.limits = &limits;
	shell(&asks, "ulimit -v; ulimit -t; ulimit -c");
	ok(run_capture_as(&r, asks.v, &out, 100, LONG_MS, &why) == 0 &&
		strstr(out.p, "\n7\n0\n"),
	    "seconds of a processor, and no core file");
#ifdef __linux__
	ok(str_starts(out.p, "1048576\n"), "an address space");
#endif
}

/* Whether the one who has the other end of fd goes. */
static int
ends(int fd)
{
	char c;

	return io_wait_readable(fd, io_now() + LONG_MS) == 1 &&
	    read(fd, &c, 1) == 0;
}

/* What a killed process ran ends with it, and keeps no pipe open. */
static void
test_tied(void)
{
	autostrv struct strv sleeps = { 0 };
	struct run r = RUN_PLAIN;
	struct why why;
	int p[2], ready[2];
	char c;
	pid_t pid;

	if (sys_pipe(p) < 0 || sys_pipe(ready) < 0)
		return;
	shell(&sleeps, "exec sleep 300");
	pid = fork();
	if (pid == 0) {
		r.tied = 1;
		r.keep = &p[1];
		r.nkeep = 1;
		if (run_spawn(&r, sleeps.v, &why) > 0)
			(void)!write(ready[1], "", 1);
		pause();
		_exit(0);
	}
	close(p[1]);
	close(ready[1]);
	ok(read(ready[0], &c, 1) == 1, "a program runs");
	kill(pid, SIGKILL);
	waitpid(pid, NULL, 0);
#ifdef __linux__
	ok(ends(p[0]), "tied: it ends with who ran it, who was killed");
#endif
	close(p[0]);
	close(ready[0]);
}

static void
test_capture(void)
{
	autostrv struct strv talks = { 0 }, sleeps = { 0 };
	autobuf struct buf out = { 0 };
	long long before = io_now();
	struct why why;

	shell(&talks, "head -c 9999999 /dev/zero; sleep 300");
	ok(run_capture(talks.v, &out, 1000, LONG_MS, &why) < 0 &&
		out.n <= 1000 && io_now() - before < LONG_MS,
	    "who says too much is ended: %s", why.text);
	shell(&sleeps, "exec sleep 300");
	before = io_now();
	ok(run_capture(sleeps.v, &out, 1000, 200, &why) < 0 &&
		io_now() - before < LONG_MS,
	    "who says nothing is ended: %s", why.text);
}

static void
test_errors(void)
{
	autostrv struct strv none = { 0 }, folder = { 0 }, code = { 0 },
			     dies = { 0 };
	struct run r = RUN_PLAIN;
	struct why why;

	strv_add(&none, "no-such-program");
	strv_add(&folder, "/");
	shell(&code, "exit 3");
	shell(&dies, "kill -9 $$");
	ok(run_spawn(&r, none.v, &why) < 0 && why.code == EX_NOTFOUND, "%s",
	    why.text);
	ok(run_spawn(&r, folder.v, &why) < 0 && why.code == EX_NOTFOUND, "%s",
	    why.text);
	r.dir = 9999;
	ok(run_spawn(&r, code.v, &why) < 0 && why.code == EX_CANTEXEC, "%s",
	    why.text);
	ok(run_quiet(-1, code.v, &why) == 3, "an exit code");
	ok(run_quiet(-1, dies.v, &why) == 128 + SIGKILL, "a signal");
}

int
main(void)
{
	test_limits();
	test_tied();
	test_capture();
	test_errors();
	return tap_end();
}
