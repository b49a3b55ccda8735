/* SPDX-License-Identifier: ISC */
/*
 * flow: a bounded table of the TCP and UDP flows between one guest and the
 * rest of the world, and when each of them ends.
 *
 * A flow is OPENING from its first frame on, LIVE once the guest has
 * acknowledged something, and dead with a RST of either side, when both FINs
 * are acknowledged, or when it was idle for too long:
 *
 *	TCP opening 80 s (libslirp gives up after 75), one FIN seen 300 s,
 *	live 24 h; UDP 120 s, with port 53 outside 10 s.
 */
#ifndef XRAY_FLOW_H
#define XRAY_FLOW_H

#include <stddef.h>
#include <stdint.h>

#include "frame.h"

/* So many flows, of which the last FLOW_KEPT are for those from outside: a
 * guest cannot shut its owner out. */
enum { FLOW_MAX = 512, FLOW_KEPT = 32 };

enum flow_state { FLOW_OPENING, FLOW_LIVE };

struct flow {
	uint32_t peer; /* the other end, host byte order */
	uint16_t port, guest; /* its port, and the guest's */
	uint8_t proto;
	uint8_t inbound; /* begun outside */
	uint8_t state, fins, acked; /* who sent FIN, whose is acked */
	uint32_t seq, ack; /* next byte to the guest, as it says, and
				 * from it, as the other side says */
	int fd; /* the stack's socket, -1: not known */
	uint32_t guest_fin, host_fin; /* sequence behind the FIN */
	long long last; /* its last frame, ms */
};

/* Start with { 0 }. */
struct flows {
	struct flow v[FLOW_MAX]; /* the first n, in no order */
	size_t n;
	size_t hit; /* found last */
};

/* The flow of f; guest tells whether f comes from the guest or goes to it.
 * NULL when there is none. */
struct flow *flow_find(struct flows *t, const struct frame *f, int guest);
/* Add the flow of f, which is not there yet; NULL when the table is full. */
struct flow *flow_add(
    struct flows *t, const struct frame *f, int guest, long long now);
/* Take out a flow that flow_find or flow_add gave; others may move. */
void flow_drop(struct flows *t, struct flow *fl);
/* Note a frame of the flow.  1 when it was its last: drop it then. */
int flow_note(struct flow *fl, const struct frame *f, int guest, long long now);
/* Take out what has been idle for too long. */
void flow_expire(struct flows *t, long long now);
/* How many of protocol proto there are. */
size_t flow_count(const struct flows *t, uint8_t proto);

#endif
