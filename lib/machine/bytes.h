/* SPDX-License-Identifier: ISC */
/* bytes: numbers of 1 to 8 bytes as files keep them. */
#ifndef XRAY_BYTES_H
#define XRAY_BYTES_H

#include <stdint.h>

static inline uint64_t
le(const unsigned char *p, int bytes)
{
	uint64_t v = 0;

	while (bytes-- > 0)
		v = v << 8 | p[bytes];
	return v;
}

static inline uint64_t
be(const unsigned char *p, int bytes)
{
	uint64_t v = 0;

	for (int i = 0; i < bytes; i++)
		v = v << 8 | p[i];
	return v;
}

#endif
