/* SPDX-License-Identifier: ISC */
/* forge: frames of our own. */
#include "frame.h"

#include <string.h>

#include "frame_priv.h"

/* Ethernet and IPv4 headers for n bytes of payload at the return value. */
static uint8_t *
start(uint8_t *out, const uint8_t *to, const uint8_t *from, uint8_t proto,
    uint32_t src, uint32_t dst, size_t n)
{
	uint8_t *ip = out + FRAME_HEAD;

	memcpy(out, to, FRAME_MAC);
	memcpy(out + FRAME_MAC, from, FRAME_MAC);
	put16(out + 12, FRAME_IP4);
	memset(ip, 0, IP_HEAD + n);
	ip[0] = 0x45;
	put16(ip + 2, (uint32_t)(IP_HEAD + n));
	ip[8] = 64;
	ip[9] = proto;
	put32(ip + 12, src);
	put32(ip + 16, dst);
	put16(ip + 10, ~sum(ip, IP_HEAD, 0));
	return ip + IP_HEAD;
}

size_t
frame_segment(uint8_t *out, const struct frame_segment *s)
{
	uint8_t *t =
	    start(out, s->to, s->from, FRAME_TCP, s->src, s->dst, TCP_HEAD);

	put16(t, s->sport);
	put16(t + 2, s->dport);
	put32(t + 4, s->seq);
	put32(t + 8, s->flags & FRAME_ACK ? s->ack : 0);
	t[12] = TCP_HEAD / 4 << 4;
	t[13] = s->flags;
	/* The pseudo header: both addresses stand before, then 6 and 20. */
	put16(t + 16, ~sum(t - 8, 8 + TCP_HEAD, FRAME_TCP + TCP_HEAD));
	return FRAME_HEAD + IP_HEAD + TCP_HEAD;
}

size_t
frame_refuse(uint8_t *out, const struct frame *f)
{
	struct frame_segment s = { .to = f->p + FRAME_MAC,
		.from = f->p,
		.src = f->dst,
		.dst = f->src,
		.sport = f->dport,
		.dport = f->sport };

	if (f->flags & FRAME_ACK) {
		s.seq = f->ack;
		s.flags = FRAME_RST;
	} else {
		s.ack = f->seq + (uint32_t)f->ndata +
		    ((f->flags & FRAME_SYN) != 0) +
		    ((f->flags & FRAME_FIN) != 0);
		s.flags = FRAME_RST | FRAME_ACK;
	}
	return frame_segment(out, &s);
}

size_t
frame_unreachable(
    uint8_t *out, const struct frame *f, uint8_t code, uint32_t from)
{
	enum { QUOTED = IP_HEAD + 8, SIZE = ICMP_HEAD + QUOTED };
	uint8_t *i =
	    start(out, f->p + FRAME_MAC, f->p, FRAME_ICMP, from, f->src, SIZE);

	i[0] = 3;
	i[1] = code;
	memcpy(i + ICMP_HEAD, f->p + FRAME_HEAD, QUOTED);
	put16(i + 2, ~sum(i, SIZE, 0));
	return FRAME_HEAD + IP_HEAD + SIZE;
}

/* The quoted packet carries its ports, or an echo's identifier, and zeroes. */
size_t
frame_bounce(uint8_t *out, const uint8_t *to, const uint8_t *from,
    uint8_t proto, const struct frame_ends *e, uint8_t code, uint32_t by)
{
	uint8_t packet[FRAME_FORGED];
	struct frame f = { .p = packet, .src = e->src };
	uint8_t *l4 = start(packet, from, to, proto, e->src, e->dst, 8);

	if (proto == FRAME_ICMP) {
		l4[0] = FRAME_ECHO;
		put16(l4 + 4, e->sport);
	} else {
		put16(l4, e->sport);
		put16(l4 + 2, e->dport);
		put16(l4 + 4, UDP_HEAD);
	}
	return frame_unreachable(out, &f, code, by);
}

size_t
frame_datagram(uint8_t *out, const uint8_t *to, const uint8_t *from,
    const struct frame_ends *e, const uint8_t *data, size_t n)
{
	uint8_t *u =
	    start(out, to, from, FRAME_UDP, e->src, e->dst, UDP_HEAD + n);
	uint32_t s;

	put16(u, e->sport);
	put16(u + 2, e->dport);
	put16(u + 4, (uint32_t)(UDP_HEAD + n));
	memcpy(u + UDP_HEAD, data, n);
	s = sum(u - 8, 8 + UDP_HEAD + n, (uint32_t)(FRAME_UDP + UDP_HEAD + n));
	put16(u + 6, s == 0xffff ? s : ~s);
	return FRAME_UDP_HEAD + n;
}

size_t
frame_arp_reply(uint8_t *out, const uint8_t *mac, uint32_t addr,
    const uint8_t *to, uint32_t to_addr)
{
	static const uint8_t head[] = { 0, 1, 8, 0, 6, 4, 0, 2 };
	uint8_t *a = out + FRAME_HEAD;

	memcpy(out, to, FRAME_MAC);
	memcpy(out + FRAME_MAC, mac, FRAME_MAC);
	put16(out + 12, FRAME_ARP);
	memcpy(a, head, sizeof head);
	memcpy(a + 8, mac, FRAME_MAC);
	put32(a + 14, addr);
	memcpy(a + 18, to, FRAME_MAC);
	put32(a + 24, to_addr);
	return FRAME_HEAD + ARP_SIZE;
}
