/* SPDX-License-Identifier: ISC */
/*
 * wall: a gate with all it asks: the rules, kept up by a clerk, a
 * resolver, and the table of names.
 */
#ifndef XRAY_WALL_H
#define XRAY_WALL_H

#include <poll.h>

#include "clerk.h"
#include "gate.h"

enum { WALL_FDS = 2, WALL_PRIVATE = 32 };

/* Start with { 0 } and gate_init(&gate); fill in sources, by order_fill, the
 * names file, private_ok, gate.policy's mode and nprivate, and the gate's calls
 * for frames and the log. */
struct wall {
	struct gate gate;
	struct sources sources;
	const char *names; /* NULL: none is kept */
	struct cidr private_ok[WALL_PRIVATE];
	struct clerk *clerk;
	struct resolver *resolver;
	struct rules *rules;
	unsigned confined; /* what confine says of this process */
};

/* Read the rules and the names, start the children, which end with us.  Rules
 * that cannot be read are logged; nothing is allowed then.  -1 with why. */
int wall_start(struct wall *w, struct why *why);
/* Fill in what to wait for, WALL_FDS entries; how long at most, in ms. */
int wall_poll(const struct wall *w, struct pollfd *p);
/* Go on with what they found. */
void wall_serve(struct wall *w, const struct pollfd *p);
/* Whether those children are there without which rules that change do not
 * count, or no name is found. */
int wall_is_whole(const struct wall *w);
/* The rules are read anew before this returns, within a second: 0, or -1 with
 * why when they are bad and the old ones stay. */
int wall_reload(struct wall *w, struct why *why);
/* The defaults are in force or not from now on; as wall_reload. */
int wall_defaults(struct wall *w, int on, struct why *why);

#endif
