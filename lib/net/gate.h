/* SPDX-License-Identifier: ISC */
/*
 * gate: what may pass between a hostile guest and libslirp.
 *
 * Every frame of the guest is judged before libslirp sees it, and every frame
 * of libslirp's before the guest does.  No I/O: the caller moves the bytes.
 *
 * GATE_FILTERED passes what the guest needs to be reached (ARP, DHCP, the
 * flows that libslirp opens for a forward) and a ping of 10.0.2.2; all else is
 * refused at once.  GATE_OPEN passes new flows too, but not to 127.0.0.0/8,
 * 0.0.0.0/8, 224.0.0.0/3, nor into 10.0.2.0/24 past the gateway and the name
 * server.  In both, what no honest guest sends is dropped.
 */
#ifndef XRAY_GATE_H
#define XRAY_GATE_H

#include <stddef.h>
#include <stdint.h>

#include "deny.h"
#include "flow.h"
#include "frame.h"
#include "lan.h"
#include "mem.h"

enum gate_net { GATE_FILTERED, GATE_OPEN };
enum gate_verdict { GATE_DROP, GATE_PASS, GATE_REPLY };

enum { GATE_UDP = 64 }; /* UDP forwards */

/*
 * Start with { .fd = -1 } and fill in the first three.  Before each turn set
 * now (ms, above 0, only forward).  Set crowded while libslirp holds as many
 * sockets as it should: nothing new passes then.  Set fd when it makes one.
 */
struct gate {
	uint8_t mac[FRAME_MAC]; /* the guest's: told, not learnt */
	enum gate_net net;
	uint16_t udp[GATE_UDP]; /* guest ports that forwards lead to */
	long long now;
	int crowded;
	int fd; /* libslirp's newest socket; -1 once used */
	struct flows flows;
	long long swept; /* when flows were last looked through */
	struct deny deny;
	uint64_t in, out; /* bytes of frames passed to and from the guest */
	uint64_t denied; /* new flows, datagrams and pings refused */
};

/* What comes with a verdict: a frame of n bytes, when n is not 0, which is to
 * wait until socket fd has sent all it has, when that is not -1; and a line
 * for the log, when it is not "". */
struct gate_answer {
	uint8_t frame[FRAME_FORGED];
	size_t n;
	int fd;
	char log[64];
};

/*
 * Judge the *n bytes of a frame of the guest's.  With GATE_PASS it goes to
 * libslirp, perhaps patched and with *n less, and the answer, if any, goes
 * there behind it.  With GATE_REPLY the answer goes to the guest.
 */
enum gate_verdict gate_from_guest(
    struct gate *g, uint8_t *p, size_t *n, struct gate_answer *a);
/*
 * Judge a frame of libslirp's.  With GATE_PASS it goes to the guest.  An
 * answer is for libslirp in any case, and not before libslirp has returned:
 * it is not to be called from its own callback.
 */
enum gate_verdict gate_to_guest(
    struct gate *g, const uint8_t *p, size_t n, struct gate_answer *a);

/* libslirp has had the frame that passed last: if it made a socket for it,
 * that is the flow's. */
void gate_passed(struct gate *g);

/*
 * Forget all flows; how many of them were TCP connections.  emit, when not
 * NULL, is given a RST for the guest's side of each of those.
 */
size_t gate_cut(struct gate *g,
    void (*emit)(const uint8_t *p, size_t n, void *arg), void *arg);
/* Once a turn, before its frames: end what is idle; what is to be logged, or
 * "" (static, for one thread). */
const char *gate_tick(struct gate *g);

/* "net=filtered flows=3 in=1234 out=987 denied=2" */
void gate_status(const struct gate *g, struct buf *out);

/* The ARP reply that tells libslirp where the guest is, without which it asks
 * the guest first. */
size_t gate_introduce(const struct gate *g, uint8_t *out);

#endif
