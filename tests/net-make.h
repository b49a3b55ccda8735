/* SPDX-License-Identifier: ISC */
/*
 * net-make.h: frames made to order, for the tests of the gate.  The answers
 * of a gate are left in `answer`.
 */
#ifndef XRAY_NET_MAKE_H
#define XRAY_NET_MAKE_H

#include <stdlib.h>
#include <string.h>

#include "gate.h"
#include "mem.h"
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
static struct gate_answer answer;
static inline void
begin(enum gate_net mode)
{
	memset(&gate, 0, sizeof gate);
	memcpy(gate.mac, guest, sizeof guest);
	gate.net = mode;
	gate.udp[0] = 53;
	gate.now = 1000;
	gate.fd = -1;
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

static inline enum gate_verdict
out(void)
{
	autofree uint8_t *p = xmalloc(f.n ? f.n : 1);
	size_t n = f.n;
	enum gate_verdict v;

	memcpy(p, f.p, f.n);
	v = gate_from_guest(&gate, p, &n, &answer);
	if (v == GATE_PASS) {
		memcpy(f.p, p, n);
		f.n = n;
	}
	return v;
}

static inline enum gate_verdict
in(void)
{
	return gate_to_guest(&gate, f.p, f.n, &answer);
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
