/* SPDX-License-Identifier: ISC */
#include "addr.h"

#include <stdio.h>
#include <string.h>

#include "say.h"

enum { V4_AT = 96 }; /* bits in front of an IPv4 address */

static const uint8_t mapped[12] = { [10] = 0xff, [11] = 0xff };

struct addr
addr_v4(uint32_t ip)
{
	struct addr a;

	memcpy(a.b, mapped, sizeof mapped);
	for (int i = 0; i < 4; i++)
		a.b[12 + i] = (uint8_t)(ip >> (24 - 8 * i));
	return a;
}

int
addr_is_v4(const struct addr *a)
{
	return memcmp(a->b, mapped, sizeof mapped) == 0;
}

uint32_t
addr_to_v4(const struct addr *a)
{
	return (uint32_t)a->b[12] << 24 | (uint32_t)a->b[13] << 16 |
	    (uint32_t)a->b[14] << 8 | a->b[15];
}

/* Leading zeros are octal to some (inet_aton) and nothing to others. */
static int
read_v4(const char *s, uint8_t *out)
{
	for (int i = 0; i < 4; i++) {
		unsigned v = 0;
		int n = 0;

		if (i && *s++ != '.')
			return -1;
		for (; *s >= '0' && *s <= '9' && n < 4; n++)
			v = v * 10 + (unsigned)(*s++ - '0');
		if (!n || n > 3 || v > 255 || (n > 1 && s[-n] == '0'))
			return -1;
		out[i] = (uint8_t)v;
	}
	return *s ? -1 : 0;
}

static int
hex(char c)
{
	if (c >= '0' && c <= '9')
		return c - '0';
	c |= 0x20;
	return c >= 'a' && c <= 'f' ? c - 'a' + 10 : -1;
}

/* What stands between two colons, to b + *n: two bytes, or four of an IPv4
 * address, which must be the last.  The end of it, or NULL. */
static const char *
read_group(const char *s, uint8_t *b, size_t *n)
{
	const char *from = s;
	unsigned v = 0;

	for (; hex(*s) >= 0 && s - from < 5; s++)
		v = v << 4 | (unsigned)hex(*s);
	if (*s == '.') {
		if (*n > 12 || read_v4(from, b + *n) < 0)
			return NULL;
		*n += 4;
		return from + strlen(from);
	}
	if (s == from || s - from > 4 || *n > 14)
		return NULL;
	b[(*n)++] = (uint8_t)(v >> 8);
	b[(*n)++] = (uint8_t)v;
	return s;
}

static int
read_v6(const char *s, uint8_t *out)
{
	uint8_t b[16] = { 0 };
	size_t n = 0, gap = SIZE_MAX; /* bytes so far; those before the :: */

	if (s[0] == ':') {
		if (s[1] != ':')
			return -1;
		gap = 0;
		s += 2;
	}
	while (*s) {
		if (!(s = read_group(s, b, &n)))
			return -1;
		if (*s && (*s++ != ':' || !*s))
			return -1;
		if (*s == ':') {
			if (gap != SIZE_MAX)
				return -1;
			gap = n;
			s++;
		}
	}
	if (gap == SIZE_MAX ? n != 16 : n > 14)
		return -1;
	if (gap == SIZE_MAX)
		gap = n;
	memset(out, 0, 16);
	memcpy(out, b, gap);
	memcpy(out + 16 - (n - gap), b + gap, n - gap);
	return 0;
}

int
addr_parse(struct addr *a, const char *s)
{
	struct addr got;

	memcpy(got.b, mapped, sizeof mapped);
	if (read_v4(s, got.b + 12) < 0 && read_v6(s, got.b) < 0)
		return -1;
	*a = got;
	return 0;
}

/* RFC 5952 section 4: the first of the longest runs of zeros, of two groups
 * at least, is left out. */
static void
find_gap(const unsigned *g, int *at, int *len)
{
	*at = -1;
	*len = 1;
	for (int i = 0; i < 8; i++) {
		int n = 0;

		while (i + n < 8 && !g[i + n])
			n++;
		if (n > *len) {
			*at = i;
			*len = n;
		}
		i += n;
	}
}

void
addr_print(const struct addr *a, char *out)
{
	unsigned g[8];
	int at, len;
	size_t n = 0;

	if (addr_is_v4(a)) {
		for (int i = 12; i < 16; i++) {
			char text[21];
			size_t m = (size_t)(num_put(text, a->b[i]) - text);

			memcpy(out, text, m);
			out += m;
			*out++ = i < 15 ? '.' : '\0';
		}
		return;
	}
	for (int i = 0; i < 8; i++)
		g[i] = (unsigned)a->b[2 * i] << 8 | a->b[2 * i + 1];
	find_gap(g, &at, &len);
	for (int i = 0; i < 8; i++) {
		if (i == at) {
			n += (size_t)snprintf(out + n, ADDR_TEXT - n, "::");
			i += len - 1;
			continue;
		}
		n += (size_t)snprintf(out + n, ADDR_TEXT - n,
		    i && i != at + len ? ":%x" : "%x", g[i]);
	}
}

/* Whether a has no bit behind the first n. */
static int
ends_in_zeros(const struct addr *a, unsigned n)
{
	for (unsigned i = n; i < 128; i++)
		if (a->b[i / 8] >> (7 - i % 8) & 1)
			return 0;
	return 1;
}

static void
cut(struct addr *a, unsigned bits)
{
	for (unsigned i = bits; i < 128; i++)
		a->b[i / 8] &= (uint8_t) ~(0x80U >> i % 8);
}

/* Two or three digits without a leading zero. */
static int
read_bits(const char *s, unsigned most, unsigned *out)
{
	unsigned v = 0;
	size_t n = strspn(s, "0123456789");

	if (!n || n > 3 || s[n] || (n > 1 && *s == '0'))
		return -1;
	while (*s)
		v = v * 10 + (unsigned)(*s++ - '0');
	*out = v;
	return v > most ? -1 : 0;
}

int
cidr_parse(struct cidr *c, const char *s, struct why *why)
{
	const char *slash = strchr(s, '/');
	size_t n = slash ? (size_t)(slash - s) : strlen(s);
	char text[ADDR_TEXT], right[CIDR_TEXT];
	struct cidr got;
	unsigned at, bits;

	(void)snprintf(text, sizeof text, "%.*s", (int)(n < 100 ? n : 100), s);
	if (n >= sizeof text || addr_parse(&got.addr, text) < 0)
		return why_set(why, EX_DATAERR,
		    "%.80s: no address; right are 192.0.2.1, 192.0.2.0/24, "
		    "2001:db8::1 and 2001:db8::/32",
		    s);
	at = strchr(text, ':') ? 0 : V4_AT;
	bits = 128 - at;
	if (slash && read_bits(slash + 1, 128 - at, &bits) < 0)
		return why_set(why, EX_DATAERR,
		    "%.80s: behind the / is a number from 0 to %u", s,
		    128 - at);
	got.bits = (uint8_t)(bits + at);
	if (!ends_in_zeros(&got.addr, got.bits)) {
		cut(&got.addr, got.bits);
		cidr_print(&got, right);
		return why_set(why, EX_DATAERR,
		    "%.80s: not the first address of a block; %s is", s, right);
	}
	*c = got;
	return 0;
}

void
cidr_print(const struct cidr *c, char *out)
{
	unsigned at = addr_is_v4(&c->addr) ? V4_AT : 0;
	size_t n;

	addr_print(&c->addr, out);
	n = strlen(out);
	if (c->bits < 128)
		(void)snprintf(out + n, CIDR_TEXT - n, "/%u", c->bits - at);
}

/* ::/0 is all of IPv6: that an IPv4 address is kept in there is our affair
 * alone. */
int
cidr_has(const struct cidr *c, const struct addr *a)
{
	unsigned whole = c->bits / 8, rest = c->bits % 8;

	if (addr_is_v4(a) && c->bits < V4_AT)
		return 0;
	if (memcmp(c->addr.b, a->b, whole) != 0)
		return 0;
	return !rest || (c->addr.b[whole] ^ a->b[whole]) >> (8 - rest) == 0;
}
