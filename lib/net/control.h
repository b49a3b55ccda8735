/* SPDX-License-Identifier: ISC */
/*
 * control: a unix socket that answers lines, for a poll(2) loop.
 *
 * One request line of at most CONTROL_LINE bytes per connection, one answer,
 * end, unless who answers takes the connection over.  It never blocks: a client
 * without a whole line within a second is dropped, and past CONTROL_CLIENTS at
 * once they wait in the backlog.
 */
#ifndef XRAY_CONTROL_H
#define XRAY_CONTROL_H

#include <stddef.h>

#include <poll.h>

#include "mem.h"

enum { CONTROL_CLIENTS = 8, CONTROL_LINE = 64, CONTROL_MS = 1000 };

/* Start with { .fd = -1 }: there is nothing to do then. */
struct control {
	int fd; /* listens */
	struct {
		int fd; /* 0: free */
		size_t n;
		long long since;
		char line[CONTROL_LINE];
	} client[CONTROL_CLIENTS];
};

/* Listen on unix socket name; the caller removes it.  -1 with why. */
int control_open(struct control *c, const char *name, struct why *why);
/* Fill in what to wait for, 1 + CONTROL_CLIENTS entries, some with fd -1. */
void control_poll(const struct control *c, struct pollfd *p);
/* Answer a line without its end, which came on fd; what is added to out is sent
 * with a newline behind.  Not 0: fd is the callee's from then on. */
typedef int control_answer(
    const char *line, int fd, struct buf *out, void *arg);
/* Go on with what poll found; now in ms. */
void control_serve(struct control *c, const struct pollfd *p, long long now,
    control_answer *answer, void *arg);
/* How many ms until the next client is dropped; -1 when there is none. */
int control_wait(const struct control *c, long long now);

#endif
