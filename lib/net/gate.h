/* SPDX-License-Identifier: ISC */
/*
 * gate: what may pass between a hostile guest and the network stack.
 *
 * Every frame of the guest is judged before the stack sees it, and every frame
 * of the stack's before the guest does.  No I/O: what is to go where is handed
 * to the caller.
 *
 * The guest may be reached (ARP, DHCP, the flows that the stack opens for a
 * forward), ping 10.0.2.2, and begin what the policy allows.  A first frame is
 * held until it is known what its name leads to; what is refused is answered
 * at once, by a RST or an ICMP error.  Questions to any name server are
 * answered here, by addresses out of 198.18.0.0/15.  A connection to port 1080
 * of 10.0.2.100 is one to the guest's proxy.  What no honest guest sends is
 * dropped.
 *
 * GATE_OPEN asks no policy and is no name server: all passes but what goes to
 * 127.0.0.0/8, 0.0.0.0/8 and 224.0.0.0/3, and into 10.0.2.0/24 past the
 * gateway, which is this machine, and the name server.
 */
#ifndef XRAY_GATE_H
#define XRAY_GATE_H

#include <stddef.h>
#include <stdint.h>

#include "decide.h"
#include "deny.h"
#include "flow.h"
#include "frame.h"
#include "lan.h"
#include "mem.h"
#include "names.h"
#include "resolve.h"

enum gate_net { GATE_FILTERED, GATE_OPEN };

enum { GATE_UDP = 64 }; /* UDP forwards */
/* With dns_real: questions that wait, addresses that were told, for how long
 * a flow to one is known by its name, and how long it may be kept, s. */
enum {
	GATE_QUESTIONS = 32,
	GATE_TOLD = 1024,
	GATE_TOLD_S = 3600,
	GATE_TOLD_TTL = 30
};
enum { GATE_RETRY_MS = 3000 }; /* then the next address is tried */
#define GATE_HOST_NAME "host.xray.internal" /* leads to LAN_HOST */

/* What the gate has others do.  Out of `stack` alone gate_from_stack may be
 * called. */
struct gate_calls {
	/* A frame for the guest. */
	void (*guest)(const uint8_t *p, size_t n, void *arg);
	/* A frame for the stack, once it is out of its callbacks and socket fd
	 * (-1: none) has sent all it has; then gate_sent is called. */
	void (*stack)(const uint8_t *p, size_t n, int fd, void *arg);
	/* What does name, or an address as text, lead to?  gate_resolved is
	 * called then; -1 when it cannot be asked now. */
	int (*resolve)(const char *name, void *arg);
	/* May it be, which no rule says?  RULE_ALLOW or RULE_DENY, and one word
	 * of WHY_TEXT bytes; RULE_ASK: gate_answered is called later. */
	enum rule_verdict (*ask)(const struct target *to, char *why, void *arg);
	/* The guest's proxy is to call at the stack, by the port LAN_SOCKS of
	 * LAN_CALLED, once more.  -1: there is none; NULL: nor will be. */
	int (*socks)(void *arg);
	/* name has addr from now on. */
	void (*named)(uint32_t addr, const char *name, void *arg);
	/* A line for the log, without its end. */
	void (*log)(const char *line, void *arg);
	void *arg;
};

/*
 * Start with zeros and gate_init; fill in mac, net, policy and call.  Before
 * each turn set now (ms, above 0, only forward) and wall (s since 1970).  Set
 * crowded while the stack holds as many sockets as it should for the guest:
 * nothing new of the guest's passes then.
 */
struct gate {
	uint8_t mac[FRAME_MAC]; /* the guest's: told, not learnt */
	enum gate_net net;
	struct policy policy; /* filtered: rules must be there */
	struct gate_calls call;
	int dns_real; /* a name that some rule allows is told as it is */
	uint16_t udp[GATE_UDP]; /* guest ports that forwards lead to */
	long long now, wall;
	int crowded;
	int fd; /* the stack's newest socket, -1 once it is known whose */
	int accepting; /* the stack looks at its listeners */
	struct names *names;
	struct real *real; /* of gate_real, NULL: none yet */
	struct flows flows;
	long long swept; /* when flows were last looked through */
	struct deny deny;
	struct {
		uint16_t id;
		uint32_t src;
		const struct flow *flow;
	} part; /* the last first fragment that passed to the guest */
	uint64_t in, out; /* bytes of frames passed to and from the guest */
	uint64_t allowed, denied; /* new flows */
	uint64_t proxy_allowed, proxy_denied; /* by the guest's proxy */
	uint8_t frame[FRAME_MAX], back[FRAME_MAX]; /* at hand, of either */
};

void gate_init(struct gate *g);

/* A frame of the guest's, and one of the stack's; not both at once. */
void gate_from_guest(struct gate *g, const uint8_t *p, size_t n);
void gate_from_stack(struct gate *g, const uint8_t *p, size_t n);
/* The stack has had the frame p: if it made a socket for it, that is its
 * flow's. */
void gate_sent(struct gate *g, const uint8_t *p, size_t n);
/* What a name leads to: flows that wait for it go on, or are refused. */
void gate_resolved(struct gate *g, const struct resolved *r);
/* There are answers, or other rules: what waits for one is asked again. */
void gate_answered(struct gate *g);
/* The policy changed: flows that are denied now are cut; how many. */
size_t gate_recheck(struct gate *g);
/* Cut all flows; how many of them were TCP connections. */
size_t gate_cut(struct gate *g);
/* Nobody listens on the guest's side any more: as gate_cut, but only the
 * stack is told. */
void gate_alone(struct gate *g);
/* Once a turn, before its frames: end what is idle, try next addresses. */
void gate_tick(struct gate *g);

/* "net=filtered mode=deny flows=3 in=1234 out=987 allowed=4 denied=2" */
void gate_status(const struct gate *g, struct buf *out);

/* The ARP replies that tell the stack where LAN_LEASE, LAN_INNER and LAN_CALLED
 * are, without which it asks the guest first. */
void gate_introduce(struct gate *g);

#endif
