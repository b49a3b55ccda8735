/* SPDX-License-Identifier: ISC */
/* proxy_priv: what the parts of the proxy share: proxy (who is there, and for
 * how long), proxy_ask (what is asked for, and the answer), proxy_dial (where
 * it goes). */
#ifndef XRAY_PROXY_PRIV_H
#define XRAY_PROXY_PRIV_H

#include "proxy.h"
#include "socks.h"

/* end[0] is the client's, end[1] where it goes. */
enum { CLIENT, REMOTE };

/* What is needed until it is open. */
struct hello {
	struct socks socks;
	struct addr dial[RESOLVE_ADDRS];
	size_t ndial, next;
	int err; /* of the last one */
};

struct hop {
	struct relay relay;
	struct proxy *proxy;
	struct hop *prev, *next; /* in the list of its state */
	struct hop *more; /* in busy, or in freed */
	long long since; /* when it came there, or moved last */
	struct hello *hello; /* NULL: not needed any more */
	char *name; /* what was asked for; NULL: an address, */
	struct addr addr; /* or where it is, once that is known */
	uint16_t port; /* 0: not known yet */
	uint8_t state, busy, over;
	uint8_t host; /* it is this machine itself */
	uint8_t local; /* the client is at a unix socket */
	char why[WHY_TEXT]; /* why it was allowed; "": not yet */
};

/* It is in that state from now on. */
void hop_put(struct hop *h, enum hop_state state);
/* It is over, and the end of what was allowed is logged; both sides are closed,
 * by a reset when that is set.  Its memory stays until the turn's end. */
void hop_end(struct hop *h, int reset);
/* Move bytes. */
void hop_run(struct hop *h);

/* Bytes of the client's, before it has an answer. */
void hop_hear(struct hop *h);
/* Of who has had a refusal, until it hangs up. */
void hop_drain(struct hop *h);
/* Say no, in SOCKS's words, and wait for the client to hang up. */
void hop_refuse(struct hop *h, enum socks_code code);
/* The same, and log it. */
void hop_deny(struct hop *h, const char *why, enum socks_code code);
/* What it wants, for the rules. */
void hop_target(const struct hop *h, struct target *to);
/* A line for the log: what is to become of it, or its end. */
void hop_log(
    const struct hop *h, enum rule_verdict v, const char *why, int ended);

/* The first bytes of the client's, for whom it says they are is logged when
 * that is not the name it asked for. */
void hop_look(struct relay_way *w, const uint8_t *p, size_t n);

/* Dial the next address of hello; without one the client is refused. */
void hop_dial(struct hop *h);
/* Something was told of the socket that is dialled. */
void hop_dialled(struct hop *h);

#endif
