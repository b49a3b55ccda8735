/* SPDX-License-Identifier: ISC */
/*
 * net-make.h: frames made to order, for the tests of the gate.  What a gate
 * does with them is left in to_stack, to_guest and `answer`.
 */
#ifndef XRAY_NET_MAKE_H
#define XRAY_NET_MAKE_H

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "gate.h"
#include "mem.h"
#include "netlog.h"
#include "tap.h"

#define ADDR FRAME_ADDR
enum {
	SYN = FRAME_SYN,
	ACK = FRAME_ACK,
	FIN = FRAME_FIN,
	RST = FRAME_RST,
	URG = FRAME_URG
};

static const uint8_t guest[] = { 0x52, 0x54, 0, 0x12, 0x34, 0x56 };
static const uint8_t host[] = { 0x52, 0x55, 10, 0, 2, 2 };

static struct gate gate;

/* What the gate did with the last frame: what it gave to the stack and to the
 * guest, the first two of each, what it asked and logged last. */
struct given {
	uint8_t p[2][1600];
	size_t n[2];
	int fd[2];
	int count;
};
static struct given to_stack, to_guest;
static char asked[300], logged[NETLOG_LINE], called[300];
static int nlogged, nasked;

static inline void
give(struct given *t, const uint8_t *p, size_t n, int fd)
{
	if (t->count < 2 && n <= sizeof t->p[0]) {
		memcpy(t->p[t->count], p, n);
		t->n[t->count] = n;
		t->fd[t->count] = fd;
	}
	t->count++;
}

static inline void
call_guest(const uint8_t *p, size_t n, void *arg)
{
	(void)arg;
	give(&to_guest, p, n, -1);
}

static inline void
call_stack(const uint8_t *p, size_t n, int fd, void *arg)
{
	(void)arg;
	give(&to_stack, p, n, fd);
}

static inline int
call_resolve(const char *name, void *arg)
{
	(void)arg;
	(void)snprintf(asked, sizeof asked, "%s", name);
	nasked++;
	return 0;
}

static inline void
call_named(uint32_t addr, const char *name, void *arg)
{
	(void)arg;
	(void)addr;
	(void)snprintf(called, sizeof called, "%s", name);
}

static inline void
call_log(const char *line, void *arg)
{
	(void)arg;
	(void)snprintf(logged, sizeof logged, "%s", line);
	nlogged++;
}

/* The rules of the gate at hand. */
static inline void
rule_lines(const char *text)
{
	static struct rules *rules;
	struct why why;

	rules_free(rules);
	rules = rules_new();
	if (rules_add(rules, "rules", RULES_LINES, text, strlen(text), &why) <
	    0)
		ok(0, "%s", why.text);
	gate.policy.rules = rules;
}

static inline void
begin(enum gate_net mode)
{
	free(gate.real);
	names_free(gate.names);
	while (gate.flows.top)
		flow_drop(&gate.flows, &gate.flows.v[gate.flows.top - 1]);
	memset(&gate, 0, sizeof gate);
	gate_init(&gate);
	gate.accepting = 1;
	gate.call = (struct gate_calls){ .guest = call_guest,
		.stack = call_stack,
		.resolve = call_resolve,
		.named = call_named,
		.log = call_log };
	memcpy(gate.mac, guest, sizeof guest);
	gate.names = names_new();
	gate.policy.mode = MODE_DENY;
	rule_lines("");
	gate.net = mode;
	gate.udp[0] = 53;
	gate.now = 1000;
	gate.wall = 1000000;
}

static inline void
put16(uint8_t *p, uint32_t v)
{
	p[0] = (uint8_t)(v >> 8);
	p[1] = (uint8_t)v;
}

static inline void
put32(uint8_t *p, uint32_t v)
{
	put16(p, v >> 16);
	put16(p + 2, v);
}

static inline uint32_t
sum(const uint8_t *p, size_t n)
{
	uint32_t s = 0;

	for (size_t i = 0; i < n; i++)
		s += i & 1 ? p[i] : (uint32_t)p[i] << 8;
	while (s >> 16)
		s = (s & 0xffff) + (s >> 16);
	return s;
}

/* The frame at hand, and the numbers that go into the next one. */
static struct {
	uint8_t p[1600];
	size_t n;
} f;
static struct {
	uint32_t src, dst, seq, ack;
	uint16_t sport, dport;
} by;

static inline void
resum(void)
{
	put16(f.p + 24, 0);
	put16(f.p + 24, ~sum(f.p + 14, 20));
}

static inline void
ip(uint8_t proto, size_t n)
{
	int out = by.src >> 8 == LAN_LEASE >> 8 ? by.src == LAN_LEASE : !by.src;

	memcpy(f.p, out ? host : guest, 6);
	memcpy(f.p + 6, out ? guest : host, 6);
	put16(f.p + 12, FRAME_IP4);
	memset(f.p + 14, 0, 20);
	f.p[14] = 0x45;
	put16(f.p + 16, (uint32_t)n + 20);
	f.p[22] = 64;
	f.p[23] = proto;
	put32(f.p + 26, by.src);
	put32(f.p + 30, by.dst);
	resum();
	f.n = 34 + n;
}

static inline void
tcp(int flags, size_t n)
{
	memset(f.p + 34, 0, 20 + n);
	put16(f.p + 34, by.sport);
	put16(f.p + 36, by.dport);
	put32(f.p + 38, by.seq);
	put32(f.p + 42, by.ack);
	f.p[46] = 0x50;
	f.p[47] = (uint8_t)flags;
	ip(FRAME_TCP, 20 + n);
}

static inline void
udp(size_t n)
{
	memset(f.p + 34, 0, 8 + n);
	put16(f.p + 34, by.sport);
	put16(f.p + 36, by.dport);
	put16(f.p + 38, (uint32_t)n + 8);
	ip(FRAME_UDP, 8 + n);
}

static inline void
icmp(uint8_t type, uint8_t code)
{
	memset(f.p + 34, 0, 16);
	f.p[34] = type;
	f.p[35] = code;
	ip(FRAME_ICMP, 16);
}

static inline void
arp(uint16_t op, uint32_t src, uint32_t dst)
{
	memset(f.p, 255, 6);
	memcpy(f.p + 6, guest, 6);
	put16(f.p + 12, FRAME_ARP);
	memcpy(f.p + 14, "\0\1\10\0\6\4", 6);
	put16(f.p + 20, op);
	memcpy(f.p + 22, guest, 6);
	put32(f.p + 28, src);
	put32(f.p + 38, dst);
	f.n = 42;
}

static inline void
dhcp(uint32_t src, uint32_t dst)
{
	by.src = src;
	by.dst = dst;
	by.sport = 68;
	by.dport = 67;
	udp(244);
	memcpy(f.p + 42, "\1\1\6", 3);
	memcpy(f.p + 42 + 28, guest, 6);
	if (dst == UINT32_MAX)
		memset(f.p, 255, 6);
}

/* The guest's side of a flow between it and addr:port. */
static inline void
from(uint16_t own, uint32_t addr, uint16_t port)
{
	by.src = LAN_LEASE;
	by.dst = addr;
	by.sport = own;
	by.dport = port;
}

static inline void
to(uint16_t own, uint32_t addr, uint16_t port)
{
	by.src = addr;
	by.dst = LAN_LEASE;
	by.sport = port;
	by.dport = own;
}

/* What became of a frame: nothing; it went on, and is f now, and answer has
 * what went the same way behind it, or back; it was answered. */
enum done { DROP, PASS, REPLY };
static struct {
	uint8_t frame[1600];
	size_t n;
	int fd;
} answer;

static inline void
take(const struct given *t, int i)
{
	answer.n = t->n[i];
	answer.fd = t->fd[i];
	memcpy(answer.frame, t->p[i], t->n[i]);
}

static inline void
forget(void)
{
	to_stack.count = to_guest.count = nlogged = nasked = 0;
	answer.n = 0;
	*logged = *asked = *called = '\0';
}

static inline enum done
out(void)
{
	autofree uint8_t *p = xmalloc(f.n ? f.n : 1);

	forget();
	memcpy(p, f.p, f.n);
	gate_from_guest(&gate, p, f.n);
	if (!to_stack.count && !to_guest.count)
		return DROP;
	if (!to_stack.count) {
		take(&to_guest, 0);
		return REPLY;
	}
	memcpy(f.p, to_stack.p[0], to_stack.n[0]);
	f.n = to_stack.n[0];
	if (to_stack.count > 1)
		take(&to_stack, 1);
	return PASS;
}

static inline enum done
in(void)
{
	forget();
	gate_from_stack(&gate, f.p, f.n);
	if (!to_stack.count && !to_guest.count)
		return DROP;
	if (to_stack.count)
		take(&to_stack, 0);
	if (!to_guest.count)
		return REPLY;
	memcpy(f.p, to_guest.p[0], to_guest.n[0]);
	f.n = to_guest.n[0];
	return PASS;
}

/* The port by which the stack knows the flow begun last. */
static inline uint16_t
slot(void)
{
	return (uint16_t)(FLOW_PORT + gate.flows.v[gate.flows.hit].slot);
}

/* To the flow begun last, as the stack sends. */
static inline void
back(uint32_t addr, uint16_t port)
{
	by.src = addr;
	by.dst = LAN_INNER;
	by.sport = port;
	by.dport = slot();
}

/* The answer to the guest is a RST, or ICMP of that code. */
static inline int
is_rst(void)
{
	return answer.n == 54 && answer.frame[23] == FRAME_TCP &&
	    (answer.frame[47] & RST) && memcmp(answer.frame, guest, 6) == 0;
}

static inline int
is_icmp(uint8_t code)
{
	return answer.n == 70 && answer.frame[23] == FRAME_ICMP &&
	    answer.frame[34] == 3 && answer.frame[35] == code;
}

/* A connection from outside: SYN, SYN|ACK, ACK. */
static inline void
inbound(uint16_t port)
{
	to(22, LAN_HOST, port);
	by.seq = 100;
	by.ack = 0;
	tcp(SYN, 0);
	gate.fd = 7; /* libslirp made one */
	(void)in();
	from(22, LAN_HOST, port);
	by.seq = 500;
	by.ack = 101;
	tcp(SYN | ACK, 0);
	(void)out();
	to(22, LAN_HOST, port);
	by.seq = 101;
	by.ack = 501;
	tcp(ACK, 0);
	(void)in();
}

#endif
