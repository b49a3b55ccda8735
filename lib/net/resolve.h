/* SPDX-License-Identifier: ISC */
/*
 * resolve: names looked up by child processes with getaddrinfo(3), so that
 * who asks never waits and may be confined.  Answers are kept for 30 s, and
 * that there is none for 5 s.
 *
 * A child that hangs in a lookup has no other until it is through; one that
 * died has no successor.  A name with a dot is looked up as it is, without the
 * search list of resolv.conf.  SIGPIPE is to be ignored.
 */
#ifndef XRAY_RESOLVE_H
#define XRAY_RESOLVE_H

#include <stddef.h>
#include <stdint.h>

#include "addr.h"
#include "rule.h"

enum {
	RESOLVE_WORKERS = 4,
	RESOLVE_ADDRS = 16,
	RESOLVE_WAITING = 256,
	RESOLVE_MS = 20000 /* then it has failed */
};

struct resolved {
	char name[RULE_NAME_MAX]; /* as it was asked */
	size_t n; /* 0: no such name, or no answer */
	struct {
		struct addr addr;
		int own; /* one of this machine's */
	} v[RESOLVE_ADDRS]; /* of a name IPv4 alone, as getaddrinfo sorts */
};

struct resolver;

/* Start the children; they end when the resolver does, or its process.  NULL
 * with why.  resolver_free kills and waits for them: who may not do so exits
 * without. */
struct resolver *resolver_start(struct why *why);
void resolver_free(struct resolver *r);
/* To be polled for POLLIN; -1 when no child is left. */
int resolver_fd(const struct resolver *r);
/* What is kept of a name, until the next call; NULL: ask. */
const struct resolved *resolver_kept(
    const struct resolver *r, const char *name, long long now);
/* Ask for a name, or an address as text (is it one of ours?).  Asked
 * twice it is answered once.  -1 when too many wait, or no child is left.
 * now in ms. */
int resolver_ask(struct resolver *r, const char *name, long long now);
/* The next answer: 1, also from what is kept; 0 none now. */
int resolver_next(struct resolver *r, struct resolved *out, long long now);
/* How many ms until the next of those that wait has failed, -1: none waits;
 * 0 when resolver_next has something. */
int resolver_wait(const struct resolver *r, long long now);

#endif
