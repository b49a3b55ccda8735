/* SPDX-License-Identifier: ISC */
#include "aside.h"

#include <fcntl.h>
#include <signal.h>
#include <unistd.h>

#include "asker.h"
#include "io.h"
#include "run.h"
#include "say.h"
#include "sys.h"

enum { END_MS = 2000 };

static struct {
	pid_t pid; /* 0: none */
	int to; /* what it shows */
} a = { .to = -1 };

static void
let_go(void)
{
	if (a.to >= 0)
		close(a.to);
	a.to = -1;
}

void
aside_start(const struct vm *vm)
{
	autofree char *bin = home_bin_dir(NULL);
	autostrv struct strv argv = { 0 };
	struct run r = RUN_PLAIN;
	int p[2];

	if (!bin || !isatty(0) || !isatty(1) || tcgetpgrp(0) != getpgrp() ||
	    !asker_wanted(vm) || sys_pipe(p) < 0)
		return;
	strv_fmt(&argv, "%s/xray-beside", bin);
	strv_words(&argv, "--as", "start", "--from", NULL);
	strv_fmt(&argv, "%d", p[0]);
	strv_words(&argv, "--", vm->name, NULL);
	r.keep = &p[0];
	r.nkeep = 1;
	a.to = p[1];
	if (fcntl(a.to, F_SETFL, O_NONBLOCK) == 0)
		a.pid = run_spawn(&r, argv.v, NULL);
	if (a.pid <= 0) {
		a.pid = 0;
		let_go();
	}
	close(p[0]);
}

void
aside_show(const char *p, size_t n)
{
	if (a.to >= 0)
		(void)!write(a.to, p, n); /* the log has it all */
	else
		say_guest(p, n);
}

int
aside_reap(pid_t pid)
{
	if (!a.pid || pid != a.pid)
		return 0;
	a.pid = 0;
	let_go();
	return 1;
}

void
aside_end(void)
{
	let_go();
	if (a.pid && run_wait(a.pid, io_now() + END_MS) < 0)
		(void)kill(a.pid, SIGTERM); /* our child, not yet reaped */
	a.pid = 0;
}
