/* SPDX-License-Identifier: ISC */
#include "addr.h"

#include <ifaddrs.h>
#include <netinet/in.h>
#include <string.h>
#include <sys/socket.h>

/* The first that has an address counts. */
struct special {
	uint32_t net;
	uint8_t bits, kind;
};

#define IP(a, b, c, d)                                                    \
	((uint32_t)(a) << 24 | (uint32_t)(b) << 16 | (uint32_t)(c) << 8 | \
	    (uint32_t)(d))

static const struct special v4[] = { { IP(0, 0, 0, 0), 8, ADDR_THIS },
	{ IP(10, 0, 0, 0), 8, ADDR_PRIVATE },
	{ IP(100, 64, 0, 0), 10, ADDR_PRIVATE }, /* RFC 6598 */
	{ IP(127, 0, 0, 0), 8, ADDR_LOOPBACK },
	/* In no registry, but what 169.254.169.254 is elsewhere: Azure's. */
	{ IP(168, 63, 129, 16), 32, ADDR_LINK_LOCAL },
	{ IP(169, 254, 0, 0), 16, ADDR_LINK_LOCAL },
	{ IP(172, 16, 0, 0), 12, ADDR_PRIVATE },
	{ IP(192, 0, 0, 0), 24, ADDR_RESERVED }, /* RFC 6890 */
	{ IP(192, 0, 2, 0), 24, ADDR_RESERVED }, /* RFC 5737 */
	{ IP(192, 88, 99, 0), 24, ADDR_RESERVED }, /* RFC 7526 */
	{ IP(192, 168, 0, 0), 16, ADDR_PRIVATE },
	{ IP(198, 18, 0, 0), 15, ADDR_RESERVED }, /* RFC 2544 */
	{ IP(198, 51, 100, 0), 24, ADDR_RESERVED },
	{ IP(203, 0, 113, 0), 24, ADDR_RESERVED },
	{ IP(224, 0, 0, 0), 4, ADDR_MULTICAST },
	{ IP(240, 0, 0, 0), 4, ADDR_RESERVED } };

/* Of IPv6 what is not in 2000::/3 is not for all either. */
static const struct {
	uint8_t b[6];
	uint8_t bits, kind;
} v6[] = { { { 0 }, 8, ADDR_RESERVED }, { { 0xfc }, 7, ADDR_PRIVATE },
	{ { 0xfe, 0x80 }, 10, ADDR_LINK_LOCAL },
	{ { 0xff }, 8, ADDR_MULTICAST },
	{ { 0x20, 0x01, 0x00 }, 23, ADDR_RESERVED }, /* RFC 2928, Teredo */
	{ { 0x20, 0x01, 0x0d, 0xb8 }, 32, ADDR_RESERVED },
	{ { 0x20, 0x02 }, 16, ADDR_RESERVED }, /* 6to4 */
	{ { 0x3f, 0xff, 0x00 }, 20, ADDR_RESERVED }, /* RFC 9637 */
	{ { 0x20 }, 3, ADDR_PUBLIC }, { { 0 }, 0, ADDR_RESERVED } };

static const uint8_t nat64[12] = { 0, 0x64, 0xff, 0x9b };

/* Of all that begins with the first bits of ip: ADDR_PUBLIC unless it is all
 * in one of those blocks. */
static enum addr_kind
kind_v4(uint32_t ip, int bits)
{
	for (size_t i = 0; i < sizeof v4 / sizeof v4[0]; i++)
		if ((ip ^ v4[i].net) >> (32 - v4[i].bits) == 0)
			return v4[i].bits <= bits ? v4[i].kind : ADDR_PUBLIC;
	return ADDR_PUBLIC;
}

static enum addr_kind
kind_v6(const struct addr *a, int bits)
{
	for (size_t i = 0;; i++) {
		struct cidr c = { .bits = v6[i].bits };

		memcpy(c.addr.b, v6[i].b, sizeof v6[i].b);
		if (cidr_has(&c, a))
			return c.bits <= bits ? v6[i].kind : ADDR_PUBLIC;
	}
}

static uint32_t
inner(const struct addr *a, int at)
{
	const uint8_t *b = a->b + at;

	return IP(b[0], b[1], b[2], b[3]);
}

/* The IPv4 addresses inside: at most two, the server and the client of
 * Teredo (RFC 4380 section 4). */
static int
embedded(const struct addr *a, uint32_t *ip)
{
	static const uint8_t zeros[12], teredo[4] = { 0x20, 0x01 };

	if (memcmp(a->b, zeros, 12) == 0 || memcmp(a->b, nat64, 12) == 0) {
		ip[0] = inner(a, 12);
		return 1;
	}
	if (a->b[0] == 0x20 && a->b[1] == 0x02) {
		ip[0] = inner(a, 2);
		return 1;
	}
	if (memcmp(a->b, teredo, 4) == 0) {
		ip[0] = ~inner(a, 12);
		ip[1] = inner(a, 4);
		return 2;
	}
	return 0;
}

enum addr_kind
addr_kind(const struct addr *a)
{
	uint32_t ip[2];
	int n;

	if (addr_is_v4(a))
		return kind_v4(addr_to_v4(a), 32);
	n = embedded(a, ip);
	if (n && a->b[0] == 0 && a->b[1] == 0 && ip[0] == 1) /* ::1 */
		return ADDR_LOOPBACK;
	for (int i = 0; i < n; i++)
		if (kind_v4(ip[i], 32) != ADDR_PUBLIC)
			return kind_v4(ip[i], 32);
	if (memcmp(a->b, nat64, sizeof nat64) == 0)
		return ADDR_PUBLIC;
	return kind_v6(a, 128);
}

int
cidr_special(const struct cidr *c)
{
	struct addr a = { { 0 } };

	memcpy(a.b, nat64, sizeof nat64);
	if (c->bits < 96 && cidr_has(c, &a))
		return 0;
	if (addr_is_v4(&c->addr) || memcmp(c->addr.b, nat64, sizeof nat64) == 0)
		return kind_v4(inner(&c->addr, 12), c->bits - 96) !=
		    ADDR_PUBLIC;
	return kind_v6(&c->addr, c->bits) != ADDR_PUBLIC;
}

const char *
addr_kind_text(enum addr_kind k)
{
	static const char *const text[] = { [ADDR_PUBLIC] = "public",
		[ADDR_THIS] = "this-network",
		[ADDR_LOOPBACK] = "loopback",
		[ADDR_PRIVATE] = "private",
		[ADDR_LINK_LOCAL] = "link-local",
		[ADDR_MULTICAST] = "multicast",
		[ADDR_RESERVED] = "reserved",
		[ADDR_OWN] = "own" };

	return text[k];
}

static int
same(const struct sockaddr *sa, const struct addr *a)
{
	struct addr b;

	if (sa->sa_family == AF_INET)
		b = addr_v4(ntohl(((const struct sockaddr_in *)(const void *)sa)
				      ->sin_addr.s_addr));
	else if (sa->sa_family == AF_INET6)
		memcpy(b.b,
		    &((const struct sockaddr_in6 *)(const void *)sa)->sin6_addr,
		    sizeof b.b);
	else
		return 0;
	return memcmp(a->b, b.b, sizeof b.b) == 0;
}

int
addr_own(const struct addr *a)
{
	struct ifaddrs *all, *i;
	int found = 0;

	if (getifaddrs(&all) < 0)
		return -1;
	for (i = all; i && !found; i = i->ifa_next)
		found = i->ifa_addr && same(i->ifa_addr, a);
	freeifaddrs(all);
	return found;
}
