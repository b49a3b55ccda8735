/* SPDX-License-Identifier: ISC */
/*
 * What we wait for comes as a signal, all of which are blocked except in
 * sigsuspend(2): none is missed between a look and the wait.
 */
#include "tend.h"

#include <poll.h>
#include <signal.h>
#include <sys/time.h>
#include <sys/wait.h>

#include "io.h"
#include "run.h"

enum { TICK_MS = 250, GRACE_MS = 5000 };

static volatile sig_atomic_t caught;
static sigset_t open_mask; /* signals come */

static void
on_signal(int sig)
{
	if (sig != SIGALRM && sig != SIGCHLD) /* those only wake us */
		caught = sig;
}

void
tend_begin(void)
{
	static const int sigs[] = { SIGINT, SIGTERM, SIGHUP, SIGALRM, SIGCHLD };
	struct sigaction sa = { .sa_handler = on_signal }, was;
	sigset_t ours;

	sigemptyset(&ours);
	for (size_t i = 0; i < LEN(sigs); i++) {
		sigaction(sigs[i], NULL, &was);
		if (was.sa_handler == SIG_IGN && i < 3)
			continue; /* nohup */
		sigaction(sigs[i], &sa, NULL);
		sigaddset(&ours, sigs[i]);
	}
	signal(SIGPIPE, SIG_IGN);
	sigprocmask(SIG_BLOCK, &ours, &open_mask);
}

int
tend_told(int forget)
{
	sigset_t ours;
	int sig;

	sigprocmask(SIG_SETMASK, &open_mask, &ours); /* what came, comes now */
	sigprocmask(SIG_SETMASK, &ours, NULL);
	sig = caught;
	if (forget)
		caught = 0;
	return sig;
}

/* Have SIGALRM come every so often, or no longer. */
static void
tick(int on)
{
	struct timeval each = { 0, on ? TICK_MS * 1000 : 0 };
	struct itimerval t = { each, each };

	(void)setitimer(ITIMER_REAL, &t, NULL); /* a child's end comes too */
}

/* 1 when nobody reads our output any more. */
static int
unread(void)
{
	struct pollfd p = { .fd = 1 };

	return poll(&p, 1, 0) == 1 && (p.revents & POLLERR);
}

static int
should_end(struct tend *t, long long deadline)
{
	t->late = !caught && t->ms && io_left(deadline) == 0;
	if (!caught && t->output && unread())
		caught = SIGPIPE;
	return caught || t->late;
}

int
tend_wait(pid_t pid, struct tend *t)
{
	long long deadline = io_now() + t->ms, grace = -1;
	pid_t whom = t->group ? -pid : pid;
	int status = 0;

	tick(1);
	while (waitpid(pid, &status, WNOHANG) == 0) {
		if (grace < 0 && should_end(t, deadline)) {
			kill(whom, SIGTERM); /* our child, not yet reaped */
			grace = io_now() + GRACE_MS;
		} else if (grace >= 0 && io_left(grace) == 0)
			kill(whom, SIGKILL);
		sigsuspend(&open_mask);
	}
	tick(0);
	return grace >= 0 || tend_told(0) ? -1 : run_code(status);
}
