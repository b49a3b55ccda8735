/* SPDX-License-Identifier: ISC */
/*
 * proxy: SOCKS5 connections, decided as a gate decides: what no rule allows is
 * refused, names are looked up only when a rule allows them, and what they
 * lead to is checked.  Whom its first bytes claim to be for decides nothing.
 *
 * It waits for nothing and makes no process: who has the event loop calls
 * proxy_turn when the set of edges is readable, and proxy_tick now and then.
 */
#ifndef XRAY_PROXY_H
#define XRAY_PROXY_H

#include <stddef.h>
#include <stdint.h>

#include "decide.h"
#include "deny.h"
#include "mem.h"
#include "relay.h"
#include "resolve.h"

/*
 * How long: until the request is there; until a person has answered; until the
 * next address is tried, when
 * there is one, or the last one is given up; until who was refused has hung up;
 * a connection in which nothing moves, also when one side has ended, or is
 * gone while the other takes no more.
 */
enum {
	PROXY_HELLO_MS = 30000,
	PROXY_WAIT_MS = 310000,
	PROXY_NAMED_MS = 5000,
	PROXY_NEXT_MS = 3000,
	PROXY_DIAL_MS = 75000,
	PROXY_LINGER_MS = 2000,
	PROXY_IDLE_MS = 24 * 3600 * 1000,
	PROXY_HALF_MS = 3600 * 1000,
	PROXY_GONE_MS = 60000
};
enum { PROXY_LISTENERS = 4, PROXY_TICK_MS = 500 };

/* The name that leads to this machine, as for a guest. */
#define PROXY_HOST_NAME "host.xray.internal"

struct hop; /* a connection */

enum hop_state {
	HOP_HELLO, /* its request comes in */
	HOP_WAITS, /* a person is asked about it */
	HOP_NAMED, /* a gateway is asked what its address stands for */
	HOP_ASKED, /* its name is looked up */
	HOP_TRIED, /* it is dialled, and there are more addresses */
	HOP_DIALLED, /* at the last one */
	HOP_OPEN,
	HOP_HALF, /* one side has ended */
	HOP_GONE, /* one side is gone, but what it sent is not through */
	HOP_REFUSED, /* until the client hangs up */
	HOP_STATES
};

/* Start with { 0 }; fill in policy, resolver, max, and log; then proxy_start.
 * Before each call set now (ms, above 0, only forward) and wall (s since
 * 1970). */
struct proxy {
	struct policy policy;
	struct resolver *resolver;
	size_t max; /* connections at once */
	/* A line for the log, without its end. */
	void (*log)(const char *line, void *arg);
	/* May it be, which no rule says?  RULE_ALLOW or RULE_DENY, and one word
	 * of WHY_TEXT bytes; RULE_ASK: proxy_answered is called later.  NULL:
	 * it may not. */
	enum rule_verdict (*ask)(const struct target *to, char *why, void *arg);
	/* What does an address stand for, which a guest was told for a name?
	 * proxy_named is called later; -1: it cannot be asked.  NULL: there is
	 * no such guest. */
	int (*who)(uint32_t addr, void *arg);
	void *arg;
	long long now, wall;
	int edges; /* readable: proxy_turn */
	size_t n; /* connections */
	uint64_t allowed, denied;
	uint64_t bytes_out, bytes_in; /* of clients that are gone */
	struct deny deny;
	struct hops { /* by state, who moved least lately first */
		struct hop *first, *last;
	} in[HOP_STATES];
	struct hop *busy, *freed; /* who could go on; who is no more */
	struct proxy_listener {
		struct relay_end end;
		int local; /* a unix socket: whose client is asked */
		int failed; /* for want of descriptors: later again */
	} listener[PROXY_LISTENERS];
	size_t nlisteners;
};

/* Something else among the edges: told is called when something was, and reads
 * until there is no more. */
struct proxy_other {
	struct relay_end end;
	void (*told)(void *arg);
	void *arg;
};

/* -1 with errno. */
int proxy_start(struct proxy *p);
/* Take clients from a listening socket that does not block; local: it is a
 * unix one, only our own user's.  -1 with errno. */
int proxy_listen(struct proxy *p, int fd, int local);
/* A client that came another way; fd, a unix socket that does not block, is the
 * proxy's. */
void proxy_take(struct proxy *p, int fd);
/* Watch fd for o until it is closed; -1 with errno. */
int proxy_watch(struct proxy *p, struct proxy_other *o, int fd);
/* Go on with what the edges tell.  1 when it could go on at once: call it
 * again when others had their turn. */
int proxy_turn(struct proxy *p);
/* Every PROXY_TICK_MS: end what is over, and try next addresses. */
void proxy_tick(struct proxy *p);
/* What a name leads to. */
void proxy_resolved(struct proxy *p, const struct resolved *r);
/* What an address stands for, as name_canon writes it; NULL: nothing. */
void proxy_named(struct proxy *p, uint32_t addr, const char *name);
/* The rules changed: connections that are denied now are reset; how many. */
size_t proxy_recheck(struct proxy *p);
/* There are answers, or other rules: who waits for one is decided again. */
void proxy_answered(struct proxy *p);
/* Reset all; how many there were but for those that were refused. */
size_t proxy_cut(struct proxy *p);
/* "mode=deny flows=3 in=1234 out=987 allowed=4 denied=2" */
void proxy_status(const struct proxy *p, struct buf *out);

#endif
