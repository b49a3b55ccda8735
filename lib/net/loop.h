/* SPDX-License-Identifier: ISC */
/*
 * loop: the plain poll(2) loop of a long-lived tool: what to wait for, the
 * time, and the signals that end it.
 */
#ifndef XRAY_LOOP_H
#define XRAY_LOOP_H

#include <poll.h>
#include <stdint.h>

enum { LOOP_MAX = 2560 };

/* Start with { 0 } and loop_start. */
struct loop {
	struct pollfd p[LOOP_MAX];
	int n;
	int64_t ns; /* the time, read once in a turn */
	long long ms; /* the same, above 0 */
};

/* SIGTERM and SIGINT are noted, SIGHUP and SIGPIPE ignored from now on, the
 * heap keeps what it was given; read the time. */
void loop_start(struct loop *l);
/* Wait for what is in p, at most ms, and read the time.  -1 with errno; an
 * interruption is no error: nothing has happened then. */
int loop_wait(struct loop *l, int ms);
/* What to wait for; the numbers are libslirp's. */
enum { LOOP_IN = 1, LOOP_OUT = 2, LOOP_PRI = 4, LOOP_ERR = 8, LOOP_HUP = 16 };
/* Add a descriptor (-1: none); its index, or -1 when there is no room. */
int loop_add(struct loop *l, int fd, int events);
/* What loop_wait found for the one at index i. */
int loop_found(const struct loop *l, int i);
/* Whether a signal, or loop_end, says that it is over.  A signal just before
 * loop_wait is seen when that returns. */
int loop_over(void);
void loop_end(void);

#endif
