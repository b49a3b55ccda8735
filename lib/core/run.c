/* SPDX-License-Identifier: ISC */
#include "run.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "io.h"
#include "isolate.h"
#include "say.h"
#include "sys.h"

extern char **environ;

/* Before main: who started us may ignore the ends of children, then so do we,
 * and cannot wait for ours. */
__attribute__((constructor)) static void
hear_children(void)
{
	(void)signal(SIGCHLD, SIG_DFL);
}

static int
runnable(const char *path)
{
	struct stat st;

	return stat(path, &st) == 0 && S_ISREG(st.st_mode) &&
	    access(path, X_OK) == 0;
}

int
run_become(const char *program, int n, char *const words[], struct why *why)
{
	autofree char *dir = sys_program_dir();
	autofree char *path = xasprintf("%s/%s", dir ? dir : ".", program);
	autostrv struct strv argv = { 0 };

	strv_add(&argv, path);
	for (int i = 0; i < n; i++)
		strv_add(&argv, words[i]);
	execv(path, argv.v);
	return why_sys(why, EX_CANTEXEC, "%s", path);
}

char *
run_find(const char *program)
{
	const char *path = getenv("PATH");
	size_t n;

	if (strchr(program, '/'))
		return runnable(program) ? xstrdup(program) : NULL;
	for (path = path ? path : "/usr/bin:/bin"; *path;
	     path += n + (path[n] == ':')) {
		char *full;

		n = strcspn(path, ":");
		if (!n)
			continue; /* an empty part means ".": not for us */
		full = xasprintf("%.*s/%s", (int)n, path, program);
		if (runnable(full))
			return full;
		free(full);
	}
	return NULL;
}

/* From here to exec only async-signal-safe calls. */
static int
place(int fd, int want, int nul)
{
	if (fd == RUN_NULL)
		fd = nul;
	if (fd == RUN_KEEP || fd == want)
		return fd == want && fcntl(fd, F_SETFD, 0) < 0 ? -1 : 0;
	return dup2(fd, want) < 0 ? -1 : 0;
}

static int
confine(const struct run_limits *l)
{
	const struct rlimit memory = { (rlim_t)l->memory, (rlim_t)l->memory };
	const struct rlimit cpu = { (rlim_t)l->cpu, (rlim_t)l->cpu };
	const struct rlimit none = { 0, 0 };

	/* macOS has no bound on address space */
	(void)setrlimit(RLIMIT_AS, &memory);
	return setrlimit(RLIMIT_CPU, &cpu) < 0 ||
	    setrlimit(RLIMIT_CORE, &none) < 0;
}

/* What is to be executed, and what instead in a child that isolated itself;
 * path is NULL when it is not to try. */
struct program {
	char *path;
	char *const *argv;
};

static _Noreturn void
child(const struct run *r, const struct program *p, const struct program *alone,
    const struct isolate_ids *ids, int nul, int report)
{
	sigset_t none;
	int err;

	sigemptyset(&none);
	sigprocmask(SIG_SETMASK, &none, NULL);
	signal(SIGPIPE, SIG_DFL);
	if (r->tied)
		sys_die_with_parent();
	if (r->session)
		setsid();
	if (place(r->in, 0, nul) < 0 || place(r->out, 1, nul) < 0 ||
	    place(r->err, 2, nul) < 0)
		goto fail;
	for (int i = 0; i < r->nkeep; i++)
		if (fcntl(r->keep[i], F_SETFD, 0) < 0)
			goto fail;
	if (r->dir >= 0 && fchdir(r->dir) < 0)
		goto fail;
	if (r->limits && confine(r->limits))
		goto fail;
	if (alone->path && isolate_enter(ids) == 0)
		p = alone;
	execve(p->path, p->argv, r->env ? r->env : environ);
fail:
	err = errno;
	if (write(report, &err, sizeof err) < 0)
		_exit(126);
	_exit(127);
}

pid_t
run_spawn(const struct run *r, char *const argv[], struct why *why)
{
	autofree char *path = run_find(argv[0]);
	autofree char *inner = NULL;
	autoclose int nul = open("/dev/null", O_RDWR | O_CLOEXEC);
	struct program program = { path, argv }, alone = { NULL, NULL };
	struct isolate_ids ids;
	int report[2], err = 0;
	ssize_t n;
	pid_t pid;

	if (!path)
		return why_set(why, EX_NOTFOUND, "%s: not found", argv[0]);
	if (nul < 0 || sys_pipe(report) < 0)
		return why_sys(why, EX_OSERR, "%s", argv[0]);
	if (r->isolate && isolate_plan(&ids) == 0) {
		inner = run_find(argv[r->isolate]);
		alone = (struct program){ inner, argv + r->isolate };
	}
	pid = fork();
	if (pid == 0)
		child(r, &program, &alone, &ids, nul, report[1]);
	close(report[1]);
	if (pid < 0) {
		why_sys(why, EX_OSERR, "fork");
		close(report[0]);
		return -1;
	}
	do
		n = read(report[0], &err, sizeof err);
	while (n < 0 && errno == EINTR);
	close(report[0]);
	if (n <= 0)
		return pid;
	(void)run_wait(pid, -1); /* it has ended */
	errno = err;
	return why_sys(why, EX_CANTEXEC, "%s", path);
}

pid_t
run_piped(const struct run *r, char *const argv[], int *out, struct why *why)
{
	struct run piped = *r;
	pid_t pid;
	int p[2];

	if (sys_pipe(p) < 0)
		return why_sys(why, EX_OSERR, "pipe");
	piped.out = piped.err = p[1];
	pid = run_spawn(&piped, argv, why);
	close(p[1]);
	if (pid < 0)
		close(p[0]);
	else
		*out = p[0];
	return pid;
}

int
run_code(int status)
{
	return WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
}

const char *
run_ending(int status)
{
	static char text[32];
	int signaled = WIFSIGNALED(status);

	(void)snprintf(text, sizeof text, "%s %d", signaled ? "signal" : "exit",
	    signaled ? WTERMSIG(status) : WEXITSTATUS(status));
	return text;
}

void
run_fill_streams(void)
{
	int fd;

	do
		fd = open("/dev/null", O_RDWR);
	while (fd >= 0 && fd <= 2);
	if (fd >= 0)
		close(fd);
}

void
run_let_go(void)
{
	autoclose int null = open("/dev/null", O_RDWR | O_CLOEXEC);

	for (int fd = 0; fd <= 2 && null >= 0; fd++)
		(void)dup2(null, fd); /* what stays open does no harm */
}

int
run_wait(pid_t pid, long long deadline)
{
	int status, nap = 1;

	for (;;) {
		pid_t n = waitpid(pid, &status, deadline < 0 ? 0 : WNOHANG);

		if (n == pid)
			return run_code(status);
		if (n < 0 && errno != EINTR)
			return -1;
		if (n == 0) {
			int left = io_left(deadline);

			if (!left) {
				errno = ETIMEDOUT;
				return -1;
			}
			io_sleep(nap < left ? nap : left);
			nap = nap < 20 ? 2 * nap : nap;
		}
	}
}

int
run_capture_as(const struct run *as, char *const argv[], struct buf *out,
    size_t max, int ms, struct why *why)
{
	long long deadline = io_now() + ms;
	struct run r = *as;
	int p[2], code, late = 0;
	char chunk[4096];
	pid_t pid;
	ssize_t n = 1;

	if (sys_pipe(p) < 0)
		return why_sys(why, EX_OSERR, "pipe");
	r.out = p[1];
	pid = run_spawn(&r, argv, why);
	close(p[1]);
	while (pid >= 0 && n > 0) {
		if (io_wait_readable(p[0], deadline) <= 0) {
			late = 1;
			break;
		}
		n = read(p[0], chunk, sizeof chunk);
		if (n > 0 && out->n + (size_t)n <= max)
			buf_add(out, chunk, (size_t)n);
		else if (n > 0) {
			late = 1;
			break;
		}
	}
	close(p[0]);
	if (pid < 0)
		return -1;
	if (late)
		kill(pid, SIGKILL); /* our own child, not yet waited for */
	code = run_wait(pid, late ? -1 : deadline);
	if (code < 0) {
		kill(pid, SIGKILL);
		(void)run_wait(pid, -1);
		late = 1;
	}
	buf_add(out, "", 0);
	if (late)
		return why_set(why, EX_TEMPFAIL,
		    "%s: no end within %d ms, or too much output", argv[0], ms);
	return code;
}

int
run_capture(
    char *const argv[], struct buf *out, size_t max, int ms, struct why *why)
{
	struct run r = RUN_PLAIN;

	r.in = r.err = RUN_NULL;
	return run_capture_as(&r, argv, out, max, ms, why);
}

int
run_quiet(int dir, char *const argv[], struct why *why)
{
	struct run r = RUN_PLAIN;
	pid_t pid;
	int code;

	r.in = RUN_NULL;
	r.out = 2;
	r.dir = dir;
	pid = run_spawn(&r, argv, why);
	if (pid < 0)
		return -1;
	code = run_wait(pid, -1);
	if (code < 0)
		return why_sys(why, EX_OSERR, "%s", argv[0]);
	return code;
}
