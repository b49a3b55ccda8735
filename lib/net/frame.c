/* SPDX-License-Identifier: ISC */
#include "frame.h"

#include <string.h>

#include "frame_priv.h"

enum { IP_RESERVED = 0x8000, IP_MORE = 0x2000, IP_OFFSET = 0x1fff };
enum { IP_WHOLE = 0x4000 }; /* identifier 0, do not fragment */

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
	f->data = l4 + ICMP_HEAD;
	f->ndata = n - ICMP_HEAD;
	if (f->icmp == FRAME_ECHO)
		f->sport = get16(l4 + 4);
	else if (f->icmp == FRAME_ECHO_REPLY)
		f->dport = get16(l4 + 4);
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
	f->id = get16(ip + 4);
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

/* Where the checksum of f's payload is, NULL: nowhere.  A UDP checksum of 0
 * is none (RFC 768). */
static uint8_t *
check_of(const struct frame *f, uint8_t *l4)
{
	if (f->part == FRAME_LATER)
		return NULL;
	if (f->proto == FRAME_TCP)
		return l4 + 16;
	if (f->proto == FRAME_ICMP)
		return l4 + 2;
	return get16(l4 + 6) ? l4 + 6 : NULL;
}

static void
patch32(uint8_t *check, uint8_t *field, uint32_t value)
{
	if (check) {
		patch(check, field, (uint16_t)(value >> 16));
		patch(check, field + 2, (uint16_t)value);
	}
}

void
frame_accept(struct frame *f, uint8_t *p, uint32_t ack)
{
	uint8_t *t = p + FRAME_HEAD + IP_HEAD;

	patch(t + 16, t + 12, get16(t + 12) | FRAME_ACK);
	patch32(t + 16, t + 8, ack);
	f->flags |= FRAME_ACK;
	f->ack = ack;
}

static void
readdress_ports(const struct frame *f, uint8_t *l4, const struct frame_ends *e)
{
	uint8_t *check = check_of(f, l4);

	if (f->proto == FRAME_ICMP) {
		if (f->icmp == FRAME_ECHO)
			patch(check, l4 + 4, e->sport);
		else if (f->icmp == FRAME_ECHO_REPLY)
			patch(check, l4 + 4, e->dport);
		return;
	}
	if (check) {
		patch(check, l4, e->sport);
		patch(check, l4 + 2, e->dport);
	}
	put16(l4, e->sport);
	put16(l4 + 2, e->dport);
	if (f->proto == FRAME_UDP && check && !get16(check))
		put16(check, 0xffff);
}

void
frame_readdress(struct frame *f, uint8_t *p, const struct frame_ends *e)
{
	uint8_t *ip = p + FRAME_HEAD, *l4 = ip + IP_HEAD;
	/* the pseudo header of TCP and UDP has the addresses too */
	uint8_t *check = f->proto == FRAME_ICMP ? NULL : check_of(f, l4);
	uint8_t ends[8];

	memcpy(ends, ip + 12, sizeof ends);
	patch32(check, ends, e->src);
	patch32(check, ends + 4, e->dst);
	patch32(ip + 10, ip + 12, e->src);
	patch32(ip + 10, ip + 16, e->dst);
	if (f->part != FRAME_LATER)
		readdress_ports(f, l4, e);
	f->src = e->src;
	f->dst = e->dst;
	f->sport = e->sport;
	f->dport = e->dport;
}

void
frame_launder(uint8_t *p)
{
	uint8_t *ip = p + FRAME_HEAD;

	ip[1] = 0;
	put32(ip + 4, IP_WHOLE);
	ip[8] = 64;
	put16(ip + 10, 0);
	put16(ip + 10, ~sum(ip, IP_HEAD, 0));
}

int
frame_quoted(struct frame *q, const struct frame *f)
{
	const uint8_t *ip = f->data, *l4;

	if (f->proto != FRAME_ICMP || f->ndata < IP_HEAD + 8 || ip[0] != 0x45)
		return -1;
	l4 = ip + IP_HEAD;
	*q = (struct frame){
		.proto = ip[9], .src = get32(ip + 12), .dst = get32(ip + 16)
	};
	if (q->proto == FRAME_ICMP) {
		q->sport = get16(l4 + 4);
		return l4[0] == FRAME_ECHO ? 0 : -1;
	}
	q->sport = get16(l4);
	q->dport = get16(l4 + 2);
	return q->proto == FRAME_TCP || q->proto == FRAME_UDP ? 0 : -1;
}
