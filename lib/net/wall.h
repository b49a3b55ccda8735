/* SPDX-License-Identifier: ISC */
/*
 * wall: a gate with all it asks: the rules, a resolver, the table of names, and
 * whoever asks a person; and the guest's proxy.
 */
#ifndef XRAY_WALL_H
#define XRAY_WALL_H

#include <poll.h>

#include "gate.h"
#include "inquiry.h"
#include "mind.h"
#include "porter.h"

enum { WALL_FDS = MIND_FDS + 2 };

/* Start with { 0 } and gate_init(&gate); fill in mind's sources, names file and
 * private_ok, gate.policy's mode and nprivate, the gate's calls for frames and
 * the log, the porter's bell, socks and defaults_off. */
struct wall {
	struct gate gate;
	struct mind mind;
	struct inquiry inquiry;
	struct porter porter;
	int socks; /* there may be a proxy of the guest's */
	int defaults_off;
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
