/* SPDX-License-Identifier: ISC */
#include "frame.h"

#include <string.h>

enum {
	IP_HEAD = 20,
	TCP_HEAD = 20,
	UDP_HEAD = 8,
	ICMP_HEAD = 8,
	ARP_SIZE = 28
};
enum { IP_RESERVED = 0x8000, IP_MORE = 0x2000, IP_OFFSET = 0x1fff };

static uint16_t
get16(const uint8_t *p)
{
	return (uint16_t)(p[0] << 8 | p[1]);
}

static uint32_t
get32(const uint8_t *p)
{
	return (uint32_t)get16(p) << 16 | get16(p + 2);
}

static void
put16(uint8_t *p, uint32_t v)
{
	p[0] = (uint8_t)(v >> 8);
	p[1] = (uint8_t)v;
}

static void
put32(uint8_t *p, uint32_t v)
{
	put16(p, v >> 16);
	put16(p + 2, v);
}

/* The ones' complement sum of RFC 1071, folded to 16 bits; start is such a
 * sum of what stands before. */
static uint32_t
sum(const uint8_t *p, size_t n, uint32_t start)
{
	uint32_t s = start;

	for (; n > 1; n -= 2, p += 2)
		s += get16(p);
	if (n)
		s += (uint32_t)p[0] << 8;
	while (s >> 16)
		s = (s & 0xffff) + (s >> 16);
	return s;
}

static int
parse_arp(struct frame *f, const uint8_t *a, size_t n)
{
	static const uint8_t ether_ip4[] = { 0, 1, 8, 0, 6, 4 };

	if (n < ARP_SIZE || memcmp(a, ether_ip4, sizeof ether_ip4) != 0)
		return -1;
	f->op = get16(a + 6);
	f->src = get32(a + 14);
	f->dst = get32(a + 24);
	f->data = a + 8;
	f->ndata = FRAME_MAC;
	f->n = FRAME_HEAD + ARP_SIZE;
	return 0;
}

static int
parse_tcp(struct frame *f, const uint8_t *t, size_t n)
{
	size_t head;

	if (n < TCP_HEAD)
		return -1;
	head = (size_t)(t[12] >> 4) * 4;
	if (head < TCP_HEAD || head > n)
		return -1;
	f->sport = get16(t);
	f->dport = get16(t + 2);
	f->seq = get32(t + 4);
	f->ack = get32(t + 8);
	f->flags = t[13];
	f->data = t + head;
	f->ndata = n - head;
	return 0;
}

static int
parse_udp(struct frame *f, const uint8_t *u, size_t n)
{
	if (n < UDP_HEAD || get16(u + 4) != n)
		return -1;
	f->sport = get16(u);
	f->dport = get16(u + 2);
	f->data = u + UDP_HEAD;
	f->ndata = n - UDP_HEAD;
	return 0;
}

static int
parse_payload(struct frame *f, const uint8_t *l4, size_t n)
{
	if (f->proto == FRAME_TCP)
		return parse_tcp(f, l4, n);
	if (f->proto == FRAME_UDP)
		return parse_udp(f, l4, n);
	if (f->proto != FRAME_ICMP || n < ICMP_HEAD)
		return -1;
	f->icmp = l4[0];
	f->code = l4[1];
	return 0;
}

static int
parse_ip4(struct frame *f, const uint8_t *ip, size_t n)
{
	size_t len;
	uint16_t cut;

	if (n < IP_HEAD || ip[0] != 0x45)
		return -1;
	len = get16(ip + 2);
	cut = get16(ip + 6);
	if (len < IP_HEAD || len > n || (cut & IP_RESERVED) ||
	    sum(ip, IP_HEAD, 0) != 0xffff)
		return -1;
	f->n = FRAME_HEAD + len;
	f->ttl = ip[8];
	f->proto = ip[9];
	f->src = get32(ip + 12);
	f->dst = get32(ip + 16);
	if (!(cut & (IP_MORE | IP_OFFSET)))
		return parse_payload(f, ip + IP_HEAD, len - IP_HEAD);
	f->part = cut & IP_OFFSET ? FRAME_LATER : FRAME_FIRST;
	if (f->part == FRAME_FIRST) {
		if (len < IP_HEAD + UDP_HEAD)
			return -1;
		f->sport = get16(ip + IP_HEAD);
		f->dport = get16(ip + IP_HEAD + 2);
	}
	return 0;
}

int
frame_parse(struct frame *f, const uint8_t *p, size_t n)
{
	*f = (struct frame){ .p = p };
	if (n < FRAME_HEAD || n > FRAME_MAX)
		return -1;
	f->type = get16(p + 12);
	if (f->type == FRAME_ARP)
		return parse_arp(f, p + FRAME_HEAD, n - FRAME_HEAD);
	if (f->type == FRAME_IP4)
		return parse_ip4(f, p + FRAME_HEAD, n - FRAME_HEAD);
	return -1;
}

static int
hex(char c)
{
	const char *digits = "0123456789abcdef", *at;

	if (c >= 'A' && c <= 'F')
		c = (char)(c - 'A' + 'a');
	at = c ? strchr(digits, c) : NULL;
	return at ? (int)(at - digits) : -1;
}

int
frame_parse_mac(uint8_t *mac, const char *s)
{
	for (int i = 0; i < FRAME_MAC; i++, s += 3) {
		int high = hex(s[0]), low = high < 0 ? -1 : hex(s[1]);

		if (low < 0 || s[2] != (i < FRAME_MAC - 1 ? ':' : '\0'))
			return -1;
		mac[i] = (uint8_t)(high << 4 | low);
	}
	return mac[0] & 1 ? -1 : 0;
}

/* RFC 1624: HC' = ~(~HC + ~m + m'). */
static void
patch(uint8_t *check, uint8_t *field, uint16_t value)
{
	uint32_t s = (uint16_t)~get16(check);

	s += (uint16_t)~get16(field);
	s += value;
	while (s >> 16)
		s = (s & 0xffff) + (s >> 16);
	put16(check, ~s);
	put16(field, value);
}

void
frame_strip_urgent(struct frame *f, uint8_t *p)
{
	uint8_t *t = p + FRAME_HEAD + IP_HEAD;

	patch(t + 16, t + 12, get16(t + 12) & (uint16_t)~FRAME_URG);
	patch(t + 16, t + 18, 0);
	f->flags &= (uint8_t)~FRAME_URG;
}

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
