/* SPDX-License-Identifier: ISC */
/* frame_priv: bytes of headers, for frame and forge. */
#ifndef XRAY_FRAME_PRIV_H
#define XRAY_FRAME_PRIV_H

#include "frame.h"

enum {
	IP_HEAD = 20,
	TCP_HEAD = 20,
	UDP_HEAD = 8,
	ICMP_HEAD = 8,
	ARP_SIZE = 28
};

static inline uint16_t
get16(const uint8_t *p)
{
	return (uint16_t)(p[0] << 8 | p[1]);
}

static inline uint32_t
get32(const uint8_t *p)
{
	return (uint32_t)get16(p) << 16 | get16(p + 2);
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

/* The ones' complement sum of RFC 1071, folded to 16 bits; start is such a
 * sum of what stands before. */
static inline uint32_t
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

#endif
