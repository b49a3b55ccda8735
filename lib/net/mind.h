/* SPDX-License-Identifier: ISC */
/*
 * mind: what a firewall decides by: the rules, kept up by a clerk, and a
 * resolver for what names lead to.
 */
#ifndef XRAY_MIND_H
#define XRAY_MIND_H

#include <poll.h>

#include "clerk.h"
#include "decide.h"
#include "resolve.h"

enum { MIND_FDS = 2, MIND_PRIVATE = 32 };

/*
 * Start with { 0 }; fill in sources, by order_fill, private_ok, policy (its
 * mode and nprivate; the rest is mind's), and the calls.
 */
struct mind {
	struct sources sources;
	const char *names; /* a file for the names of clerk_name, NULL: none */
	struct cidr private_ok[MIND_PRIVATE];
	struct policy *policy;
	/* Other rules are in force now. */
	void (*changed)(void *arg);
	/* What a name that was asked for leads to. */
	void (*resolved)(const struct resolved *r, void *arg);
	/* A line for the log, without its end. */
	void (*log)(const char *line, void *arg);
	void *arg;
	struct clerk *clerk;
	struct resolver *resolver;
	struct rules *rules;
	int was_read; /* 0: no rules could be read yet, none is in force */
};

/* Read the rules, start the children, which end with us.  Rules that cannot be
 * read are logged; nothing is allowed then.  -1 with why. */
int mind_start(struct mind *m, struct why *why);
/* End the children; see clerk_free and resolver_free. */
void mind_free(struct mind *m);
/* Fill in what to wait for, MIND_FDS entries; how long at most, in ms. */
int mind_poll(const struct mind *m, struct pollfd *p, long long now);
/* Go on with what they found. */
void mind_serve(struct mind *m, const struct pollfd *p, long long now);
/* Whether those children are there without which rules that change do not
 * count, or no name is found. */
int mind_is_whole(const struct mind *m);
/* The rules are read anew before this returns, within a second: 0, or -1 with
 * why when they are bad and the old ones stay. */
int mind_reload(struct mind *m, struct why *why);
/* The defaults are in force or not from now on; as mind_reload. */
int mind_defaults(struct mind *m, int on, struct why *why);

#endif
