/* SPDX-License-Identifier: ISC */
/*
 * wall: a gate with all it asks: the rules, a resolver, the table of names, and
 * whoever asks a person.
 */
#ifndef XRAY_WALL_H
#define XRAY_WALL_H

#include <poll.h>

#include "gate.h"
#include "inquiry.h"
#include "mind.h"

enum { WALL_FDS = MIND_FDS + 1 };

/* Start with { 0 } and gate_init(&gate); fill in mind's sources, names file and
 * private_ok, gate.policy's mode and nprivate, and the gate's calls for frames
 * and the log. */
struct wall {
	struct gate gate;
	struct mind mind;
	struct inquiry inquiry;
	unsigned confined; /* what confine says of this process */
};

/* Read the rules and the names, start the children, which end with us.  Rules
 * that cannot be read are logged; nothing is allowed then.  -1 with why. */
int wall_start(struct wall *w, struct why *why);
/* Fill in what to wait for, WALL_FDS entries; how long at most, in ms. */
int wall_poll(const struct wall *w, struct pollfd *p);
/* Go on with what they found. */
void wall_serve(struct wall *w, const struct pollfd *p);
/* Whether mind is whole, or not needed. */
int wall_is_whole(const struct wall *w);

#endif
