/* SPDX-License-Identifier: ISC */
/* net-name.h: a guest that asks for names, for the tests of the gate. */
#ifndef XRAY_NET_NAME_H
#define XRAY_NET_NAME_H

#include "net-make.h"

enum { REAL = ADDR(93, 184, 216, 34), OTHER = ADDR(93, 184, 216, 35) };

/* Whether the checksum of f's payload is right. */
static inline int
is_sound(const uint8_t *p, size_t n)
{
	uint32_t s = sum(p + 34, n - 34);

	if (p[23] != FRAME_ICMP) {
		s += sum(p + 26, 8);
		s += p[23] + (uint32_t)(n - 34);
	}
	while (s >> 16)
		s = (s & 0xffff) + (s >> 16);
	return s == 0xffff && sum(p + 14, 20) == 0xffff;
}

/* The right checksum for the frame at hand. */
static inline void
seal(size_t at)
{
	uint32_t s;

	put16(f.p + at, 0);
	s = sum(f.p + 34, f.n - 34);
	if (f.p[23] != FRAME_ICMP)
		s += sum(f.p + 26, 8) + f.p[23] + (uint32_t)(f.n - 34);
	while (s >> 16)
		s = (s & 0xffff) + (s >> 16);
	put16(f.p + at, ~s);
}

/* The address in the answer to the guest, the last one; 0 for none. */
static inline uint32_t
told(void)
{
	const uint8_t *p = to_guest.p[0] + to_guest.n[0] - 4;
	struct frame a;

	if (to_guest.count != 1 ||
	    frame_parse(&a, to_guest.p[0], to_guest.n[0]) < 0 ||
	    a.src != ADDR(8, 8, 8, 8) || a.sport != 53 || a.dport != 5000 ||
	    a.dst != LAN_LEASE || !is_sound(to_guest.p[0], to_guest.n[0]) ||
	    !a.data[7])
		return 0;
	return (uint32_t)p[0] << 24 | (uint32_t)p[1] << 16 |
	    (uint32_t)p[2] << 8 | p[3];
}

/* The guest asks for a name; the address it is told, 0 for none. */
static inline uint32_t
ask_for(const char *name, uint8_t type)
{
	uint8_t *q = f.p + 42, *p = q + 12;

	from(5000, ADDR(8, 8, 8, 8), 53);
	memset(q, 0, 12);
	q[2] = q[5] = 1;
	for (const char *s = name; *s;) {
		size_t n = strcspn(s, ".");

		*p++ = (uint8_t)n;
		memcpy(p, s, n);
		p += n;
		s += n + (s[n] == '.');
	}
	*p++ = 0;
	put16(p, type);
	put16(p + 2, 1);
	put16(f.p + 34, by.sport);
	put16(f.p + 36, by.dport);
	put16(f.p + 38, (uint32_t)(p + 4 - q) + 8);
	put16(f.p + 40, 0);
	ip(FRAME_UDP, (size_t)(p + 4 - q) + 8);
	(void)out();
	return told();
}

static inline void
call(uint16_t own, uint32_t addr, uint16_t port)
{
	from(own, addr, port);
	by.seq = 500;
	by.ack = 0;
	tcp(SYN, 0);
	seal(50);
}

/* The answer to what was asked last. */
static inline void
leads_to(uint32_t a, uint32_t b, int own)
{
	static struct resolved r;

	memset(&r, 0, sizeof r);
	(void)snprintf(r.name, sizeof r.name, "%.253s", asked);
	if (a) {
		r.v[r.n].addr = addr_v4(a);
		r.v[r.n++].own = own;
	}
	if (b)
		r.v[r.n++].addr = addr_v4(b);
	forget();
	gate_resolved(&gate, &r);
}

#endif
