/* SPDX-License-Identifier: ISC */
/*
 * turn: whose question is shown, of all VMs of a home, one at a time.
 *
 * Who has something to show stands in line: the file ask/VM, which it keeps
 * locked and which says since when it waits.  Those who have not been shown
 * since they came stand before those who have; who is first takes ask.lock, and
 * shows while it has it.  Nothing is left behind that counts: whoever is killed
 * holds no lock.
 */
#ifndef XRAY_TURN_H
#define XRAY_TURN_H

#include "home.h"

/* Look again so often while something is to be shown. */
enum { TURN_MS = 200 };
/* A turn ends after so long when somebody waits who was not shown yet, and when
 * others do. */
enum { TURN_FIRST_MS = 1000, TURN_REST_MS = 15000 };

struct turn_place {
	int kind; /* not shown yet, or shown */
	long long since;
};

/* Begin with turn_open. */
struct turn {
	const char *vm;
	int home, line; /* folders: the home, its ask */
	int place; /* our file there, -1: we do not wait */
	struct turn_place mine; /* what it says */
	int lock; /* ask.lock, -1: it is not our turn */
	long long since; /* ms, of our turn */
};

/* vm must live on.  -1 with why. */
int turn_open(
    struct turn *t, const struct home *h, const char *vm, struct why *why);
/* We have something to show, or not: 1 when it is our turn.  now in ms, of the
 * clock of io_now. */
int turn_take(struct turn *t, int wants, long long now);
/* What we had to show is over: to the end of the line. */
void turn_done(struct turn *t, long long now);

#endif
