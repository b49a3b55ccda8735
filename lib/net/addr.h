/* SPDX-License-Identifier: ISC */
/*
 * addr: IP addresses, blocks of them, and what each is for.
 *
 * An IPv4 address a.b.c.d is kept as ::ffff:a.b.c.d (RFC 4291 section
 * 2.5.5.2), so that there is one kind of address and one comparison.
 */
#ifndef XRAY_ADDR_H
#define XRAY_ADDR_H

#include <stddef.h>
#include <stdint.h>

#include "mem.h"

struct addr {
	uint8_t b[16]; /* network byte order */
};

/* Those whose first bits are addr's; bits counts of 128 for both families:
 * 10.0.0.0/8 has 104. */
struct cidr {
	struct addr addr;
	uint8_t bits;
};

/* Text of either, with its NUL. */
enum { ADDR_TEXT = 46, CIDR_TEXT = 50 };

/*
 * What an address is for, by the IANA registries of special-purpose addresses
 * (RFC 6890) and of multicast.  All but ADDR_PUBLIC are forbidden to a name
 * unless somebody says otherwise.
 */
enum addr_kind {
	ADDR_PUBLIC,
	ADDR_THIS, /* 0.0.0.0/8, :: */
	ADDR_LOOPBACK,
	ADDR_PRIVATE, /* RFC 1918, 100.64.0.0/10, fc00::/7 */
	ADDR_LINK_LOCAL, /* also 169.254.169.254, metadata */
	ADDR_MULTICAST,
	ADDR_RESERVED, /* all other: documentation, benchmarks, 240/4 ... */
	ADDR_OWN /* one of this machine's: addr_own says so */
};

/* The address a.b.c.d whose number (host byte order) is ip, and back. */
struct addr addr_v4(uint32_t ip);
int addr_is_v4(const struct addr *a);
uint32_t addr_to_v4(const struct addr *a);

/* Read four decimal numbers without leading zeros, or RFC 4291 section 2.2
 * text without a zone.  0, or -1 for all else. */
int addr_parse(struct addr *a, const char *s);
/* Write it as RFC 5952 has it; out has ADDR_TEXT bytes. */
void addr_print(const struct addr *a, char *out);

/* Read ADDR or ADDR/BITS; bits behind the prefix must be 0.  -1 with why
 * (EX_DATAERR), which names what would be right. */
int cidr_parse(struct cidr *c, const char *s, struct why *why);
/* out has CIDR_TEXT bytes; a single address is written without /BITS. */
void cidr_print(const struct cidr *c, char *out);
int cidr_has(const struct cidr *c, const struct addr *a);

/* What an address is for; of one that has an IPv4 address inside (mapped,
 * compatible, 6to4, Teredo, NAT64), what that one is for when that is not
 * ADDR_PUBLIC. */
enum addr_kind addr_kind(const struct addr *a);
/* "loopback", "private", ... */
const char *addr_kind_text(enum addr_kind k);
/* Whether all of a block is of one kind but ADDR_PUBLIC: 10.0.0.0/8 is,
 * 0.0.0.0/0 is not. */
int cidr_special(const struct cidr *c);

/* Whether one of this machine's interfaces has it now; -1 with errno when the
 * system does not tell. */
int addr_own(const struct addr *a);

#endif
