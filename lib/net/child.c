/* SPDX-License-Identifier: ISC */
#include "child.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

#include "sys.h"

enum { FILES = 64 };

/* SIGHUP is for the terminal that may be gone: who started us runs on. */
static void
reset_signals(void)
{
	static const int usual[] = { SIGTERM, SIGINT, SIGCHLD, SIGQUIT, SIGUSR1,
		SIGUSR2, SIGALRM };
	sigset_t none;

	for (size_t i = 0; i < sizeof usual / sizeof *usual; i++)
		(void)signal(usual[i], SIG_DFL);
	(void)signal(SIGHUP, SIG_IGN);
	(void)signal(SIGPIPE, SIG_IGN);
	sigemptyset(&none);
	(void)sigprocmask(SIG_SETMASK, &none, NULL);
}

/* What cannot be bounded is not worth failing for. */
static void
bound(int resource, rlim_t most)
{
	struct rlimit l;

	if (getrlimit(resource, &l) < 0)
		return;
	if (l.rlim_max > most)
		l.rlim_max = most;
	l.rlim_cur = l.rlim_max;
	(void)setrlimit(resource, &l);
}

pid_t
child_fork(const int *keep, int n)
{
	pid_t pid = fork();
	int null;

	if (pid != 0)
		return pid;
	sys_die_with_parent();
	sys_no_new_privs();
	reset_signals();
	sys_close_others(3, keep, n);
	null = open("/dev/null", O_RDWR | O_CLOEXEC);
	if (null < 0 || dup2(null, 0) < 0 || dup2(null, 1) < 0)
		_exit(1);
	if (null > 2)
		close(null);
	bound(RLIMIT_CORE, 0);
	bound(RLIMIT_NOFILE, FILES);
	return 0;
}

void
child_end(pid_t pid)
{
	if (pid <= 0)
		return;
	(void)kill(pid, SIGKILL); /* it may be gone */
	while (waitpid(pid, NULL, 0) < 0 && errno == EINTR)
		;
}
