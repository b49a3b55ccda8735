/* SPDX-License-Identifier: ISC */
/*
 * flow: a bounded table of the flows between one guest and the rest of the
 * world, and when each of them ends.
 *
 * A flow of the guest's has two faces.  The guest sees LAN_LEASE and its own
 * port talk to peer:port.  The network stack sees LAN_INNER and the port of
 * the flow's slot talk to real:port: two names at one address do not collide,
 * the way back is an index, and an answer from anybody else is none.  Slots
 * are handed out in turn, so that one is used again as late as can be.
 *
 *	ASKED	its first frame waits for a person's answer
 *	HELD	it waits for what its name leads to
 *	CALLED	it is one to the guest's proxy, which is to come
 *	OPENING	the stack has that frame
 *	LIVE	both sides have answered
 *
 * It is dead with a RST of either side, when both FINs are acknowledged, or
 * when it was idle for too long: TCP asked 310 s, held 30 s, called 10 s,
 * opening 80 s (libslirp gives up after 75), one FIN seen 300 s, live 24 h;
 * UDP 120 s, with port 53 outside 10 s; ICMP 30 s.
 */
#ifndef XRAY_FLOW_H
#define XRAY_FLOW_H

#include <stddef.h>
#include <stdint.h>

#include "decide.h"
#include "frame.h"

/* So many flows, of which the last FLOW_KEPT are for those from outside: a
 * guest cannot shut its owner out. */
enum { FLOW_MAX = 512, FLOW_KEPT = 32 };
/* Slots, the port of the first, addresses to try, bytes of a first frame. */
enum {
	FLOW_SLOTS = 60000,
	FLOW_PORT = 1024,
	FLOW_DIALS = 16,
	FLOW_FIRST = 1600,
	FLOW_NOWHERE = 65535 /* no slot */
};

enum flow_state { FLOW_ASKED, FLOW_HELD, FLOW_CALLED, FLOW_OPENING, FLOW_LIVE };

struct flow {
	uint8_t proto; /* 0: this place is free */
	uint8_t inbound; /* begun outside: it has one face */
	uint8_t state, fins, acked; /* who sent FIN, whose is acked */
	uint32_t peer; /* the other end, host byte order */
	uint16_t port, guest; /* its port, and the guest's; an echo's 0 and
			       * identifier */
	uint32_t label; /* what names its name in the table, 0: none */
	uint16_t slot; /* FLOW_NOWHERE: none yet */
	uint32_t real;
	uint16_t caller; /* the proxy's port to the stack, 0: it is not one
			  * to the proxy, or that has not come */
	uint32_t seq, ack; /* next byte to the guest, as it says, and
			    * from it, as the other side says */
	uint32_t guest_fin, host_fin; /* sequence behind the FIN */
	int fd; /* the stack's socket, -1: not known */
	long long last, dialled; /* its last frame; when real was tried, ms */
	uint64_t out, in; /* bytes of the guest's, and to it */
	uint32_t dial[FLOW_DIALS]; /* what its name leads to */
	uint8_t ndial, next; /* how many, and which comes next */
	uint8_t *first; /* its first frame, while it may be needed */
	size_t nfirst;
	char why[WHY_TEXT]; /* why it was allowed; "": not yet */
};

/* Start with { 0 }. */
struct flows {
	struct flow v[FLOW_MAX]; /* in use below top, with gaps */
	uint16_t at[FLOW_SLOTS]; /* a slot's flow, by its index + 1 */
	size_t n, top;
	size_t hit; /* found last */
	uint16_t slot; /* handed out next */
};

/* The flow of a frame of the guest's, and the one begun outside that a frame
 * to LAN_LEASE belongs to; NULL when there is none. */
struct flow *flow_of_guest(struct flows *t, const struct frame *f);
struct flow *flow_to_lease(struct flows *t, const struct frame *f);
/* The flow whose slot has that port of LAN_INNER; NULL. */
struct flow *flow_at(struct flows *t, uint8_t proto, uint16_t port);
/* The one that the proxy has come for by that port; the one that has waited for
 * it longest; how many do.  NULL when there is none. */
struct flow *flow_of_caller(struct flows *t, uint16_t port);
struct flow *flow_called(struct flows *t);
size_t flow_calls(const struct flows *t);
/* Add the flow of f, which is not there yet: one of the guest's, or one begun
 * outside.  NULL when the table is full. */
struct flow *flow_add(struct flows *t, const struct frame *f, long long now);
struct flow *flow_add_inbound(
    struct flows *t, const struct frame *f, long long now);
/* Give it another slot. */
void flow_move(struct flows *t, struct flow *fl);
/* Keep the n bytes of its first frame: 0, -1 when they are too many; forget
 * them. */
int flow_keep(struct flow *fl, const uint8_t *p, size_t n);
void flow_forget(struct flow *fl);
void flow_drop(struct flows *t, struct flow *fl);

/* Note a frame of the flow's, from the guest or to it.  1 when it was its
 * last: drop it then. */
int flow_from_guest(struct flow *fl, const struct frame *f, long long now);
int flow_to_guest(struct flow *fl, const struct frame *f, long long now);
/* Whether its first frame waits still: the stack knows nothing of it. */
int flow_waits(const struct flow *fl);
/* Whether it has been idle for too long. */
int flow_idle(const struct flow *fl, long long now);
/* How many of protocol proto there are. */
size_t flow_count(const struct flows *t, uint8_t proto);

#endif
