/* SPDX-License-Identifier: ISC */
#include "fore.h"

#include <errno.h>
#include <signal.h>
#include <sys/wait.h>
#include <unistd.h>

#include "say.h"

/* The terminal sends the first ones to both of us; of those that stop, the
 * child's being stopped is the news we wait for. */
static const int theirs[] = { SIGINT, SIGQUIT, SIGTSTP, SIGTTIN, SIGTTOU };
static const int handed[] = { SIGTERM, SIGHUP };

static volatile sig_atomic_t front;

static void
hand_on(int sig)
{
	int err = errno;

	if (front > 0)
		(void)kill((pid_t)front, sig);
	errno = err;
}

struct before {
	struct sigaction theirs[LEN(theirs)], handed[LEN(handed)];
};

static void
take_over(struct before *b)
{
	const struct sigaction ignore = { .sa_handler = SIG_IGN };
	const struct sigaction hand = { .sa_handler = hand_on };

	for (size_t i = 0; i < LEN(theirs); i++)
		sigaction(theirs[i], &ignore, &b->theirs[i]);
	for (size_t i = 0; i < LEN(handed); i++) {
		sigaction(handed[i], &hand, &b->handed[i]);
		if (b->handed[i].sa_handler == SIG_IGN) /* nohup(1) */
			sigaction(handed[i], &ignore, NULL);
	}
}

static void
give_back(const struct before *b)
{
	for (size_t i = 0; i < LEN(theirs); i++)
		sigaction(theirs[i], &b->theirs[i], NULL);
	for (size_t i = 0; i < LEN(handed); i++)
		sigaction(handed[i], &b->handed[i], NULL);
}

static int
stops_a_job(int sig)
{
	return sig == SIGTSTP || sig == SIGTTIN || sig == SIGTTOU;
}

/* Until it has ended, which is seen before its pid can be another's. */
static int
await(pid_t pid)
{
	siginfo_t info;

	for (;;) {
		if (waitid(P_PID, (id_t)pid, &info,
			WEXITED | WSTOPPED | WNOWAIT) < 0) {
			if (errno == EINTR)
				continue;
			return -1;
		}
		if (info.si_code != CLD_STOPPED && info.si_code != CLD_TRAPPED)
			return 0;
		(void)waitid(P_PID, (id_t)pid, &info, WSTOPPED | WNOHANG);
		if (!stops_a_job(info.si_status))
			continue;
		(void)kill(getpid(), SIGSTOP);
		(void)kill(pid, SIGCONT);
	}
}

int
fore_run(const struct run *r, char *const argv[], struct why *why)
{
	struct before before;
	sigset_t set, mask;
	int code = -1;
	pid_t pid;

	/* blocked while it starts: the child has what we had, and unblocks */
	sigemptyset(&set);
	for (size_t i = 0; i < LEN(theirs); i++)
		sigaddset(&set, theirs[i]);
	for (size_t i = 0; i < LEN(handed); i++)
		sigaddset(&set, handed[i]);
	sigprocmask(SIG_BLOCK, &set, &mask);
	pid = run_spawn(r, argv, why);
	front = (sig_atomic_t)pid;
	take_over(&before);
	sigprocmask(SIG_SETMASK, &mask, NULL);
	if (pid >= 0 && await(pid) == 0) {
		front = 0;
		code = run_wait(pid, -1);
	}
	give_back(&before);
	if (pid >= 0 && code < 0)
		return why_sys(why, EX_OSERR, "%s", argv[0]);
	return code;
}
