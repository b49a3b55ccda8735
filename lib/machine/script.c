/* SPDX-License-Identifier: ISC */
/*
 * script: running is a loop that reads what comes until the script has ended:
 * a process that it left behind may keep the pipe open, and is not waited for.
 */
#include "script.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "io.h"
#include "run.h"
#include "say.h"
#include "script_priv.h"
#include "ssh.h"
#include "trust.h"

/* How long a script that is told to end may take; a look at whether it has
 * ended; a line that is longer is cut. */
enum { GRACE_MS = 2000, LOOK_MS = 20, LINE = 4096 };
enum { SCRIPT_MAX = 16 << 20 };

int
scripts_begin(struct scripts *s, struct why *why)
{
	int log = io_mkdir(s->vm->dir, "log");

	if (log < 0 || ring_open(&s->log, log, "hooks.log") < 0)
		return why_sys(why, EX_IOERR, "%s: log", s->vm->name);
	ring_limit(&s->log, vm_log_size(s->home));
	return 0;
}

void
scripts_end(struct scripts *s)
{
	script_agent_end(s);
	strv_free(&s->env);
	if (s->log.fd >= 0)
		close(s->log.dir);
	ring_close(&s->log);
}

static void
line(struct scripts *s, const char *label, const char *p, size_t n)
{
	autobuf struct buf b = { 0 };

	if (n && p[n - 1] == '\r')
		n--;
	if (label)
		buf_fmt(&b, "%s: ", label);
	buf_vis(&b, p, n);
	ring_line(&s->log, "%s", b.p ? b.p : "");
	if (s->show)
		s->show(b.p ? b.p : "");
}

void
scripts_tell(struct scripts *s, const char *fmt, ...)
{
	autofree char *text = NULL;
	va_list ap;

	va_start(ap, fmt);
	text = xvasprintf(fmt, ap);
	va_end(ap);
	line(s, NULL, text, strlen(text));
}

/* What came of a script that runs. */
struct output {
	struct scripts *s;
	const char *label;
	struct buf rest; /* of a line that goes on */
	int fd;
};

/* All whole lines, and one that is too long as it is. */
static void
take_lines(struct output *o)
{
	const char *nl;

	while (o->rest.n &&
	    ((nl = memchr(o->rest.p, '\n', o->rest.n)) || o->rest.n >= LINE)) {
		size_t n = nl ? (size_t)(nl - o->rest.p) : LINE;

		line(o->s, o->label, o->rest.p, n);
		buf_drop(&o->rest, n + (nl != NULL));
	}
}

/* Read what is there: 1, or 0 at the end of it. */
static int
take(struct output *o)
{
	char *p = buf_space(&o->rest, LINE);
	ssize_t n = read(o->fd, p, LINE);

	if (n < 0)
		return errno == EAGAIN || errno == EINTR;
	o->rest.n += (size_t)n;
	take_lines(o);
	return n > 0;
}

/* What is there now and not more. */
static void
take_rest(struct output *o)
{
	struct pollfd p = { .fd = o->fd, .events = POLLIN };

	for (int i = 0; i < 64 && poll(&p, 1, 0) == 1 && take(o); i++)
		continue;
	if (o->rest.n)
		line(o->s, o->label, o->rest.p, o->rest.n);
}

/* End all of its process group. */
static void
end_group(pid_t pid)
{
	kill(-pid, SIGTERM);
	if (run_wait(pid, io_now() + GRACE_MS) < 0) {
		kill(-pid, SIGKILL);
		(void)run_wait(pid, -1);
	} else
		kill(-pid, SIGKILL); /* who does not listen to the other */
}

static int
stopped(const struct scripts *s)
{
	return s->stop && *s->stop;
}

/* Its exit code; -1 with why past the deadline or told to stop. */
static int
attend(
    struct output *o, pid_t pid, const struct script *script, struct why *why)
{
	long long deadline = io_now() + script->ms;
	struct pollfd p = { .fd = o->fd, .events = POLLIN };
	int status = 0, open = 1;

	for (;;) {
		pid_t ended = waitpid(pid, &status, WNOHANG);

		if (ended == pid) {
			take_rest(o);
			return run_code(status);
		}
		if (stopped(o->s) || io_left(deadline) == 0)
			break;
		if (!open)
			io_sleep(LOOK_MS);
		else if (poll(&p, 1, LOOK_MS) == 1)
			open = take(o);
	}
	end_group(pid);
	take_rest(o);
	if (stopped(o->s))
		return why_set(why, EX_TEMPFAIL, "%s: told to end", o->label);
	return why_set(why, EX_TEMPFAIL, "%s: timed out after %lld s", o->label,
	    (script->ms + 500) / 1000);
}

/* Start argv in directory dir and see it through. */
static int
run(struct scripts *s, const struct script *script, struct run *r,
    char *const argv[], struct why *why)
{
	struct output o = { .s = s, .label = script->label };
	pid_t pid;
	int code;

	r->session = r->tied = 1;
	pid = run_piped(r, argv, &o.fd, why);
	if (pid < 0)
		return -1;
	code = attend(&o, pid, script, why);
	close(o.fd);
	buf_free(&o.rest);
	return code;
}

/* In the folder it is in. */
static int
run_here(struct scripts *s, const struct script *script, struct why *why)
{
	const char *slash = strrchr(script->path, '/');
	autofree char *folder = slash ?
	    xstrndup(script->path, (size_t)(slash - script->path) + 1) :
	    xstrdup(".");
	autoclose int dir = io_opendir(AT_FDCWD, folder);
	char *argv[] = { NULL, NULL };
	autofree char *path = realpath(script->path, NULL);
	struct run r = RUN_PLAIN;

	if (dir < 0 || !path)
		return why_sys(why, EX_NOINPUT, "%s", script->path);
	if (script_environment(s, why) < 0)
		return -1;
	argv[0] = path;
	r.in = RUN_NULL;
	r.dir = dir;
	r.env = s->env.v;
	return run(s, script, &r, argv, why);
}

/* ssh has a code of its own for its own troubles. */
static int
run_there(struct scripts *s, const struct script *script, struct why *why)
{
	autostrv struct strv argv = { 0 };
	autoclose int fd =
	    open(script->path, O_RDONLY | O_CLOEXEC | O_NONBLOCK);
	autobuf struct buf text = { 0 };
	struct run r = RUN_PLAIN;
	int code;

	if (fd < 0 || io_read(fd, &text, SCRIPT_MAX) < 0)
		return why_sys(why, EX_NOINPUT, "%s", script->path);
	if (lseek(fd, 0, SEEK_SET) < 0)
		return why_sys(why, EX_IOERR, "%s", script->path);
	if (ssh_argv(s->home, s->vm, s->user, 0, script->ms, &argv, why) < 0)
		return -1;
	strv_take(&argv, ssh_host(s->vm));
	strv_take(&argv, script_remote(s, text.n ? text.p : "", text.n));
	r.in = fd;
	code = run(s, script, &r, argv.v, why);
	if (code == 255)
		return why_set(why, EX_PROTOCOL,
		    "%s: ssh did not get it to the guest, or lost it",
		    script->label);
	return code;
}

int
scripts_run(struct scripts *s, const struct script *script, struct why *why)
{
	if (stopped(s))
		return why_set(
		    why, EX_TEMPFAIL, "%s: told to end", script->label);
	if (trust_path(script->path, why) < 0)
		return -1;
	return script->guest ? run_there(s, script, why) :
			       run_here(s, script, why);
}
