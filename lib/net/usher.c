/* SPDX-License-Identifier: ISC */
#include "usher.h"

#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include "io.h"
#include "run.h"
#include "say.h"
#include "sys.h"
#include "trust.h"

/* ms: that a program is waited for before nobody is there, that it may take to
 * say so at all, between two looks whether somebody is, and until one that is
 * to end is told by a signal, and by one that it cannot ignore. */
enum { EXPECT_MS = 3000, MUTE_MS = 10000, AGAIN_MS = 1000 };
enum { TERM_MS = 2000, KILL_MS = 4000, LOOK_MS = 20 };
/* The same when we end, and are waited for. */
enum { END_TERM_MS = 500, END_KILL_MS = 500 };

static const struct {
	const char *ask;
	const char *programs[USHER_MOST];
} choices[] = {
	{ "auto", { "desktop", "tmux" } },
	{ "none", { NULL } },
	{ "terminal", { NULL } },
};

/* ---- which ---- */

static void
choose(struct usher *u, const char *path)
{
	size_t i, room = USHER_MOST;

	for (i = 0; i < USHER_MOST; i++) {
		if (u->v[i].path && strcmp(u->v[i].path, path) == 0)
			break;
		if (!u->v[i].path && room == USHER_MOST)
			room = i;
	}
	if (i == USHER_MOST) { /* one that goes may keep its place: not now */
		if (room == USHER_MOST)
			return;
		i = room;
		u->v[i].path = xstrdup(path);
		u->v[i].who = -1;
	}
	u->v[i].chosen = 1;
}

static void
choose_all(struct usher *u, const char *share, const char *ask)
{
	for (size_t i = 0; i < LEN(choices); i++) {
		const char *const *p = choices[i].programs;

		if (strcmp(ask, choices[i].ask) != 0)
			continue;
		for (size_t k = 0; k < USHER_MOST && p[k]; k++) {
			autofree char *path =
			    xasprintf("%s/ask/%s", share, p[k]);

			choose(u, path);
		}
		return;
	}
	if (*ask != '/') {
		autofree char *path = xasprintf("%s/ask/%s", share, ask);

		choose(u, path);
	} else
		choose(u, ask);
}

/* ---- how they come and go ---- */

static void
let_go(struct usher *u, size_t i, long long now)
{
	long who = u->v[i].who;

	if (!u->v[i].pid || who < 0)
		return;
	u->v[i].who = -1;
	u->v[i].here = 0;
	u->v[i].since = now;
	talk_drop(u->talk, (size_t)who);
	u->gone((size_t)who, u->arg);
}

int
usher_choose(
    struct usher *u, const char *share, const char *ask, struct why *why)
{
	int bad = 0;

	if (*ask == '/')
		bad = trust_path(ask, why);
	else if (!*ask || ask[strspn(ask, "abcdefghijklmnopqrstuvwxyz")])
		bad = why_set(why, EX_CONFIG, "ask: %s: no such program", ask);
	for (size_t i = 0; i < USHER_MOST; i++)
		u->v[i].chosen = 0;
	if (!bad)
		choose_all(u, share, ask);
	return bad ? -1 : 0;
}

static void
start(struct usher *u, size_t i, long long now)
{
	char *argv[] = { u->v[i].path, NULL };
	struct run r = RUN_PLAIN;
	int pair[2];
	struct why why;

	u->v[i].since = u->v[i].started = now;
	u->v[i].again = 0;
	if (socketpair(AF_UNIX, SOCK_STREAM | SYS_SOCK_CLOEXEC, 0, pair) < 0)
		return;
	r.in = r.out = pair[1];
	r.session = 1; /* a group that can be ended as a whole */
	r.tied = 1;
	u->v[i].pid = run_spawn(&r, argv, &why);
	close(pair[1]);
	if (u->v[i].pid < 0) {
		u->v[i].pid = 0;
		close(pair[0]);
		u->failed(why.text, u->arg);
		return;
	}
	u->v[i].who = talk_add(u->talk, pair[0]);
}

void
usher_call(struct usher *u, long long now)
{
	for (size_t i = 0; i < USHER_MOST; i++) {
		if (!u->v[i].path || !u->v[i].chosen)
			continue;
		if (u->v[i].pid)
			u->v[i].again = u->v[i].who < 0;
		else if (!u->v[i].started || now - u->v[i].started >= AGAIN_MS)
			start(u, i, now);
	}
}

int
usher_expects(const struct usher *u, long long now)
{
	for (size_t i = 0; i < USHER_MOST; i++)
		if (u->v[i].pid && !u->v[i].here &&
		    (u->v[i].who >= 0 || u->v[i].again) &&
		    now - u->v[i].since < EXPECT_MS)
			return 1;
	return 0;
}

static size_t
find(const struct usher *u, size_t who)
{
	size_t i = 0;

	while (i < USHER_MOST && (!u->v[i].pid || u->v[i].who != (long)who))
		i++;
	return i;
}

void
usher_here(struct usher *u, size_t who)
{
	size_t i = find(u, who);

	if (i < USHER_MOST)
		u->v[i].here = 1;
}

void
usher_lost(struct usher *u, size_t who, long long now)
{
	size_t i = find(u, who);

	if (i == USHER_MOST)
		return;
	u->v[i].who = -1;
	u->v[i].here = 0;
	u->v[i].since = now;
}

void
usher_rest(struct usher *u, long long now)
{
	for (size_t i = 0; i < USHER_MOST; i++)
		let_go(u, i, now);
}

/* 1 when it has ended; what it has left behind ends too.  Its group has its
 * number until we take it away. */
static int
bury(struct usher *u, size_t i)
{
	siginfo_t info = { 0 };

	if (waitid(P_PID, (id_t)u->v[i].pid, &info,
		WEXITED | WNOHANG | WNOWAIT) < 0 ||
	    !info.si_pid)
		return 0;
	(void)kill(-u->v[i].pid, SIGTERM);
	(void)waitpid(u->v[i].pid, NULL, 0);
	return 1;
}

static void
serve(struct usher *u, size_t i, long long now)
{
	long long had = now - u->v[i].since;

	if (bury(u, i)) {
		if (u->v[i].who >= 0) /* its last words */
			talk_end(u->talk, (size_t)u->v[i].who);
		u->v[i].pid = 0;
		if (u->v[i].again && u->v[i].chosen)
			start(u, i, now);
	} else if (u->v[i].who < 0 && had >= TERM_MS)
		(void)kill(-u->v[i].pid, had >= KILL_MS ? SIGKILL : SIGTERM);
	else if (!u->v[i].chosen || (!u->v[i].here && had >= MUTE_MS))
		let_go(u, i, now);
}

void
usher_serve(struct usher *u, long long now)
{
	for (size_t i = 0; i < USHER_MOST; i++) {
		if (u->v[i].pid)
			serve(u, i, now);
		if (u->v[i].path && !u->v[i].pid && !u->v[i].chosen) {
			free(u->v[i].path);
			u->v[i].path = NULL;
		}
	}
}

/* Give them ms to end: 1 while one is there. */
static int
linger(struct usher *u, int ms)
{
	long long end = io_now() + ms;

	for (;;) {
		int left = 0;

		for (size_t i = 0; i < USHER_MOST; i++) {
			if (u->v[i].pid && bury(u, i))
				u->v[i].pid = 0;
			left |= u->v[i].pid != 0;
		}
		if (!left || io_now() >= end)
			return left;
		(void)poll(NULL, 0, LOOK_MS);
	}
}

static void
signal_all(const struct usher *u, int sig)
{
	for (size_t i = 0; i < USHER_MOST; i++)
		if (u->v[i].pid)
			(void)kill(-u->v[i].pid, sig);
}

void
usher_end(struct usher *u, long long now)
{
	usher_rest(u, now);
	if (linger(u, END_TERM_MS))
		signal_all(u, SIGTERM);
	if (linger(u, END_KILL_MS))
		signal_all(u, SIGKILL);
}

int
usher_wait(const struct usher *u, long long now)
{
	int least = -1;

	for (size_t i = 0; i < USHER_MOST; i++) {
		long long left = u->v[i].since + EXPECT_MS - now;

		if (!u->v[i].pid || u->v[i].here)
			continue;
		if (u->v[i].who < 0)
			left = LOOK_MS; /* it has only to end */
		else if (left <= 0)
			left = MUTE_MS - EXPECT_MS;
		if (least < 0 || left < least)
			least = (int)left;
	}
	return least;
}
