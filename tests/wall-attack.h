/* SPDX-License-Identifier: ISC */
/*
 * wall-attack.h: frames of any kind, written down in words and sent from
 * within a guest, and what comes back.
 *
 * A frame is a TCP SYN from 10.0.2.15 to BAIT:7070 until words say otherwise:
 *
 *	tcp udp icmp arp proto=N	what it is
 *	src=A dst=A to6=A src6=A	addresses; with to6 it is IPv6
 *	sport=N dport=N flags=N seq=N	of TCP and UDP
 *	icmp=N code=N op=N		of ICMP, ARP
 *	data=N				bytes that are carried
 *	off=N cut=FROM cutto=TO		a fragment: its field, its part of that
 *	id=N ttl=N tos=N ver=N ihl=N len=N ulen=N doff=N
 *	opt=HEX				IP options
 *	bad=N badip=N			what is added to a checksum
 *	ether=N vlan=N mac=HEX dmac=HEX trail=N short=N raw=HEX
 *
 * Several are set apart by semicolons.
 */
#ifndef XRAY_WALL_ATTACK_H
#define XRAY_WALL_ATTACK_H

#include <arpa/inet.h>
#include <linux/if_packet.h>
#include <net/if.h>
#include <poll.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

#define BAIT "93.184.216.99"

enum { SSH = 22, QUIET_MS = 250 };

enum key {
	PROTO,
	SPORT,
	DPORT,
	FLAGS,
	SEQ,
	ICMP_TYPE,
	CODE,
	OP,
	DATA,
	OFF,
	CUT,
	CUTTO,
	ID,
	TTL,
	TOS,
	VER,
	IHL,
	TOTAL,
	ULEN,
	DOFF,
	BAD,
	BADIP,
	ETHER,
	VLAN,
	TRAIL,
	SHORT,
	KEYS
};

static const char *const keys[KEYS] = { "proto", "sport", "dport", "flags",
	"seq", "icmp", "code", "op", "data", "off", "cut", "cutto", "id", "ttl",
	"tos", "ver", "ihl", "len", "ulen", "doff", "bad", "badip", "ether",
	"vlan", "trail", "short" };

struct spec {
	long v[KEYS];
	uint8_t src[4], dst[4], src6[16], dst6[16], mac[6], dmac[6];
	uint8_t opt[40], raw[512];
	size_t nopt, nraw;
};

static uint8_t own_mac[6];
static int wire, wire_index;
static uint16_t next_port = 50000;

static inline long long
now_ms(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return (long long)t.tv_sec * 1000 + t.tv_nsec / 1000000;
}

static inline void
put16(uint8_t *p, unsigned long v)
{
	p[0] = (uint8_t)(v >> 8);
	p[1] = (uint8_t)v;
}

static inline unsigned
get16(const uint8_t *p)
{
	return (unsigned)p[0] << 8 | p[1];
}

static inline uint32_t
sum(const uint8_t *p, size_t n, uint32_t s)
{
	for (size_t i = 0; i < n; i++)
		s += i & 1 ? p[i] : (uint32_t)p[i] << 8;
	return s;
}

static inline unsigned
fold(uint32_t s)
{
	while (s >> 16)
		s = (s & 0xffff) + (s >> 16);
	return s;
}

static inline void
wire_open(const char *iface)
{
	struct sockaddr_ll a = { .sll_family = AF_PACKET,
		.sll_protocol = htons(3) };
	struct ifreq r = { 0 };

	wire = socket(AF_PACKET, SOCK_RAW | SOCK_CLOEXEC, htons(3));
	wire_index = a.sll_ifindex = (int)if_nametoindex(iface);
	(void)snprintf(r.ifr_name, sizeof r.ifr_name, "%s", iface);
	if (wire < 0 || bind(wire, (struct sockaddr *)&a, sizeof a) < 0 ||
	    ioctl(wire, SIOCGIFHWADDR, &r) < 0) {
		perror(iface);
		exit(1);
	}
	memcpy(own_mac, r.ifr_hwaddr.sa_data, 6);
}

/* ---- words to frames ---- */

static inline size_t
from_hex(uint8_t *out, size_t max, const char *s)
{
	size_t n = 0;
	unsigned byte;

	for (; n < max && sscanf(s, "%2x", &byte) == 1; s += 2)
		out[n++] = (uint8_t)byte;
	return n;
}

static inline int
set_number(struct spec *s, const char *key, const char *value)
{
	for (size_t i = 0; i < KEYS; i++)
		if (strcmp(key, keys[i]) == 0) {
			s->v[i] = strtol(value, NULL, 0);
			return 0;
		}
	return -1;
}

static inline void
set_kind(struct spec *s, const char *word)
{
	if (strcmp(word, "udp") == 0)
		s->v[PROTO] = 17;
	else if (strcmp(word, "icmp") == 0)
		s->v[PROTO] = 1;
	else if (strcmp(word, "arp") == 0)
		s->v[ETHER] = 0x0806;
	else if (strcmp(word, "tcp") != 0) {
		fprintf(stderr, "%s: no such word\n", word);
		exit(1);
	}
}

static inline void
set_word(struct spec *s, char *word)
{
	char *value = strchr(word, '=');

	if (!value) {
		set_kind(s, word);
		return;
	}
	*value++ = '\0';
	if (strcmp(word, "src") == 0)
		(void)inet_pton(AF_INET, value, s->src);
	else if (strcmp(word, "dst") == 0)
		(void)inet_pton(AF_INET, value, s->dst);
	else if (strcmp(word, "src6") == 0)
		(void)inet_pton(AF_INET6, value, s->src6);
	else if (strcmp(word, "to6") == 0) {
		(void)inet_pton(AF_INET6, value, s->dst6);
		s->v[ETHER] = 0x86dd;
	} else if (strcmp(word, "mac") == 0)
		(void)from_hex(s->mac, 6, value);
	else if (strcmp(word, "dmac") == 0)
		(void)from_hex(s->dmac, 6, value);
	else if (strcmp(word, "opt") == 0)
		s->nopt = from_hex(s->opt, sizeof s->opt, value);
	else if (strcmp(word, "raw") == 0)
		s->nraw = from_hex(s->raw, sizeof s->raw, value);
	else if (set_number(s, word, value) < 0) {
		fprintf(stderr, "%s: no such word\n", word);
		exit(1);
	}
}

static inline void
spec_read(struct spec *s, char *text)
{
	char *save;

	*s = (struct spec){ .v = { [PROTO] = 6,
				[SPORT] = next_port,
				[DPORT] = 7070,
				[FLAGS] = 2,
				[SEQ] = 1000,
				[ICMP_TYPE] = 8,
				[OP] = 1,
				[CUTTO] = 65535,
				[ID] = 1,
				[TTL] = 64,
				[VER] = 4,
				[IHL] = -1,
				[TOTAL] = -1,
				[ULEN] = -1,
				[DOFF] = 5,
				[ETHER] = 0x0800,
				[VLAN] = -1,
				[SHORT] = 65535 },
		.src = { 10, 0, 2, 15 },
		.dmac = { 0x52, 0x55, 10, 0, 2, 2 } };
	(void)inet_pton(AF_INET, BAIT, s->dst);
	(void)inet_pton(AF_INET6, "fe80::5054:ff:fe12:3456", s->src6);
	memcpy(s->mac, own_mac, 6);
	for (char *w = strtok_r(text, " ", &save); w;
	     w = strtok_r(NULL, " ", &save))
		set_word(s, w);
}

/* TCP, UDP, ICMP, or what goes by another number; its length. */
static inline size_t
build_payload(const struct spec *s, uint8_t *p)
{
	static const uint8_t heads[256] = { [6] = 20, [17] = 8 };
	size_t head = heads[s->v[PROTO]] ? heads[s->v[PROTO]] : 8;
	size_t n = head + (size_t)s->v[DATA];

	memset(p, 0, head);
	memset(p + head, 'x', (size_t)s->v[DATA]);
	if (head == 20 || s->v[PROTO] == 17) {
		put16(p, (unsigned long)s->v[SPORT]);
		put16(p + 2, (unsigned long)s->v[DPORT]);
	} else {
		p[0] = (uint8_t)s->v[ICMP_TYPE];
		p[1] = (uint8_t)s->v[CODE];
		put16(p + 4, (unsigned long)s->v[SPORT]);
	}
	if (head == 20) {
		put16(p + 6, (unsigned long)s->v[SEQ]);
		p[12] = (uint8_t)(s->v[DOFF] << 4);
		p[13] = (uint8_t)s->v[FLAGS];
		put16(p + 14, 60000);
	} else if (s->v[PROTO] == 17)
		put16(p + 4, s->v[ULEN] < 0 ? n : (unsigned long)s->v[ULEN]);
	if (s->nraw) {
		memcpy(p + head, s->raw, s->nraw);
		n = head + s->nraw;
		if (s->v[PROTO] == 17)
			put16(p + 4, n);
	}
	return n;
}

static inline void
sum_payload(const struct spec *s, uint8_t *p, size_t n)
{
	int six = s->v[ETHER] == 0x86dd;
	uint32_t c = sum(p, n, (uint32_t)n + (uint32_t)s->v[PROTO]);
	size_t at = s->v[PROTO] == 6 ? 16 : s->v[PROTO] == 17 ? 6 : 2;

	if (s->v[PROTO] == 1)
		c = sum(p, n, 0);
	else if (six)
		c = sum(s->dst6, 16, sum(s->src6, 16, c));
	else
		c = sum(s->dst, 4, sum(s->src, 4, c));
	put16(p + at, ~fold(c) + (unsigned long)s->v[BAD]);
}

static inline size_t
build_ip4(const struct spec *s, uint8_t *p)
{
	uint8_t all[4096];
	size_t n = build_payload(s, all), head = 20 + s->nopt;
	size_t from = (size_t)s->v[CUT], to = (size_t)s->v[CUTTO];

	sum_payload(s, all, n);
	to = to < n ? to : n;
	memset(p, 0, head);
	p[0] = (uint8_t)(s->v[VER] << 4 |
	    (s->v[IHL] < 0 ? (long)head / 4 : s->v[IHL]));
	p[1] = (uint8_t)s->v[TOS];
	put16(p + 2,
	    s->v[TOTAL] < 0 ? head + to - from : (unsigned long)s->v[TOTAL]);
	put16(p + 4, (unsigned long)s->v[ID]);
	put16(p + 6, (unsigned long)s->v[OFF]);
	p[8] = (uint8_t)s->v[TTL];
	p[9] = (uint8_t)s->v[PROTO];
	memcpy(p + 12, s->src, 4);
	memcpy(p + 16, s->dst, 4);
	memcpy(p + 20, s->opt, s->nopt);
	put16(p + 10, ~fold(sum(p, head, 0)) + (unsigned long)s->v[BADIP]);
	memcpy(p + head, all + from, to - from);
	return head + to - from;
}

static inline size_t
build_ip6(const struct spec *s, uint8_t *p)
{
	size_t n = build_payload(s, p + 40);

	sum_payload(s, p + 40, n);
	memset(p, 0, 8);
	p[0] = 0x60;
	put16(p + 4, n);
	p[6] = (uint8_t)s->v[PROTO];
	p[7] = 255;
	memcpy(p + 8, s->src6, 16);
	memcpy(p + 24, s->dst6, 16);
	return 40 + n;
}

static inline size_t
build_arp(const struct spec *s, uint8_t *p)
{
	memcpy(p, "\0\1\10\0\6\4\0", 8);
	p[7] = (uint8_t)s->v[OP];
	memcpy(p + 8, s->mac, 6);
	memcpy(p + 14, s->src, 4);
	memset(p + 18, 0, 6);
	memcpy(p + 24, s->dst, 4);
	return 28;
}

static inline void
send_spec(const struct spec *s)
{
	uint8_t f[8192] = { 0 };
	size_t n = 12;

	memcpy(f, s->dmac, 6);
	memcpy(f + 6, s->mac, 6);
	if (s->v[VLAN] >= 0) {
		put16(f + n, 0x8100);
		put16(f + n + 2, (unsigned long)s->v[VLAN]);
		n += 4;
	}
	put16(f + n, (unsigned long)s->v[ETHER]);
	n += 2;
	if (s->v[ETHER] == 0x0806)
		n += build_arp(s, f + n);
	else if (s->v[ETHER] == 0x86dd)
		n += build_ip6(s, f + n);
	else
		n += build_ip4(s, f + n);
	n += (size_t)s->v[TRAIL];
	if (n > (size_t)s->v[SHORT])
		n = (size_t)s->v[SHORT];
	if (write(wire, f, n) < 0)
		return; /* what the driver refuses is not sent */
}

/* ---- what comes back ---- */

/* How far out it is that f comes from, in words; NULL: nothing of interest.
 * ssh goes on all the time. */
static inline const char *
meaning(const uint8_t *f, size_t n, int arp)
{
	const uint8_t *ip = f + 14, *l4 = ip + 20;

	if (n >= 42 && get16(f + 12) == 0x0806)
		return arp && get16(f + 20) == 2 ? "told a MAC" : NULL;
	if (n < 42 || get16(f + 12) != 0x0800)
		return "REACHED something else";
	if (ip[9] == 6 && (get16(l4) == SSH || get16(l4 + 2) == SSH))
		return NULL;
	if (ip[9] == 6)
		return l4[13] & 4 ? "refused" : "REACHED by TCP";
	if (ip[9] == 1)
		return l4[0] == 3 ? "refused" : "REACHED by ICMP";
	if (ip[9] == 17 && get16(l4) == 53)
		return "told by our resolver";
	if (ip[9] == 17 && get16(l4) == 67)
		return "told its lease";
	return "REACHED by UDP";
}

/* What came within a while; the worst counts. */
static inline const char *
listen_wire(int ms, int arp)
{
	const char *seen = "silent", *what;
	long long end = now_ms() + ms;

	for (;;) {
		struct pollfd p = { .fd = wire, .events = POLLIN };
		struct sockaddr_ll a;
		socklen_t len = sizeof a;
		uint8_t f[4096];
		ssize_t n;

		if (poll(&p, 1,
			(int)(end - now_ms()) > 0 ? (int)(end - now_ms()) :
						    0) != 1)
			return seen;
		n = recvfrom(wire, f, sizeof f, 0, (struct sockaddr *)&a, &len);
		if (n < 14 || a.sll_pkttype == PACKET_OUTGOING)
			continue;
		what = meaning(f, (size_t)n, arp);
		if (what && (*seen != 'R' || *what == 'R'))
			seen = what;
	}
}

static inline void
drain_wire(void)
{
	uint8_t f[64];

	while (recv(wire, f, sizeof f, MSG_DONTWAIT) >= 0)
		;
}

#endif
