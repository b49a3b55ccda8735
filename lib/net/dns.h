/* SPDX-License-Identifier: ISC */
/*
 * dns: queries of a guest's resolver and answers to them (RFC 1035), by one
 * who knows names and addresses of 198.18.0.0/15 and nothing else.  No I/O.
 *
 * Every type but A of a name gets NODATA with an SOA (RFC 2308): with REFUSED,
 * SERVFAIL or silence resolvers wait for 5 to 15 s.
 */
#ifndef XRAY_DNS_H
#define XRAY_DNS_H

#include <stddef.h>
#include <stdint.h>

#include "rule.h"

enum { DNS_MAX = 512, DNS_PORT = 53, DNS_A = 1, DNS_TTL = 60 };

enum dns_code {
	DNS_ADDRESS, /* an answer: the address */
	DNS_NODATA,
	DNS_NXDOMAIN,
	DNS_FORMERR,
	DNS_NOTIMP,
	DNS_SERVFAIL
};

struct dns_query {
	uint16_t id, type;
	uint8_t opcode; /* 0: a query */
	int recursion; /* RD */
	enum dns_code code; /* what it deserves, when not DNS_ADDRESS */
	char name[RULE_NAME_MAX]; /* as name_canon writes it */
	uint8_t question[260]; /* as it came, to be sent back */
	size_t nquestion; /* 0: it cannot be read */
};

/* Read a datagram.  0; -1 when nothing is to be said to it: an answer, or
 * less than a header.  code is DNS_ADDRESS for type A (or ANY) and class IN of
 * a good name, DNS_NODATA for other types and the root, DNS_NXDOMAIN for names
 * that cannot be and all under arpa but home.arpa (RFC 8375). */
int dns_parse(struct dns_query *q, const uint8_t *p, size_t n);
/* Write the answer that code says to out (DNS_MAX bytes), with addrs (host
 * byte order; some of 16 may not fit) when it is DNS_ADDRESS; its length. */
size_t dns_answer(uint8_t *out, const struct dns_query *q, enum dns_code code,
    const uint32_t *addrs, size_t n, uint32_t ttl);

#endif
