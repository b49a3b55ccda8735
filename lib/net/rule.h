/* SPDX-License-Identifier: ISC */
/*
 * rule: one line of a firewall, see xray-rules(5).
 *
 *	VERDICT PROTO HOST PORTS [until=TIME] [to=CIDR[,CIDR...]] [# note]
 *
 *	VERDICT	allow deny ask
 *	PROTO	tcp udp icmp *
 *	HOST	example.com	that name
 *		.example.com	that name and all under it; *.example.com too
 *		10.0.0.0/8 ::1	an address or a block
 *		@NAME		all in the list of that name
 *		host		this machine, as the guest sees it
 *		*		all
 *	PORTS	443 80,443 8000-8099 *
 *	TIME	seconds since 1970, or RFC 3339 UTC
 */
#ifndef XRAY_RULE_H
#define XRAY_RULE_H

#include <stddef.h>
#include <stdint.h>

#include "addr.h"
#include "mem.h"

enum rule_verdict { RULE_ALLOW, RULE_DENY, RULE_ASK };
enum { RULE_TCP = 1, RULE_UDP = 2, RULE_ICMP = 4, RULE_ALL = 7 };
enum rule_host {
	RULE_ANY,
	RULE_NAME,
	RULE_SUFFIX,
	RULE_CIDR,
	RULE_LIST,
	RULE_HOST
};

/* A name: at most so many bytes, and its NUL.  Ranges of ports, blocks behind
 * to=, bytes of a line. */
enum { RULE_NAME_MAX = 254, RULE_PORTS = 15, RULE_TO = 8, RULE_LINE = 1024 };

struct rule_ports {
	size_t n; /* 0: all */
	struct {
		uint16_t lo, hi;
	} v[RULE_PORTS]; /* ascending, apart */
};

struct rule {
	uint8_t verdict, protos, host; /* the enums above */
	char *name; /* of a name, a suffix (without its dot), a list: owned */
	struct cidr cidr; /* of a block */
	struct rule_ports ports;
	long long until; /* s since 1970; 0: for good */
	size_t nto;
	struct cidr to[RULE_TO]; /* where its names may lead besides */
	char *note; /* owned, NULL: none */
	const char *origin; /* its file: not owned; NULL: none */
	unsigned line; /* in it */
};

/*
 * The one spelling of a name, into out (RULE_NAME_MAX bytes): lower case, no
 * dot at its end.  -1 for what is no host name (RFC 1123 section 2.1, and
 * underscores): a label longer than 63 or beginning with a hyphen, other
 * bytes than letters, digits, hyphens and underscores, and for what some
 * would read as an address, whose last label is a number: 127.1, 0x7f.1.
 */
int name_canon(char *out, const char *s, size_t n);
/* Whether name is suffix or under it, at a label's border; both as
 * name_canon writes them. */
int name_under(const char *name, const char *suffix);

/* Read a line without its end.  1 a rule, to be freed with rule_free; 0 blank
 * or a comment; -1 with why (EX_DATAERR; without file and line). */
int rule_parse(struct rule *r, const char *line, size_t n, struct why *why);
/* Write the line that rule_parse reads back, without its end. */
void rule_print(const struct rule *r, struct buf *out);
void rule_free(struct rule *r);

/*
 * Read a destination of a command line, HOST[:PORTS][/tcp|/udp|/icmp], into
 * protos, host and ports of *r, which is zeroed first; [v6] has brackets when
 * ports follow, `any` is `*`.  What is left out: an allow is 80,443/tcp, icmp
 * has no ports, all else is everything.  -1 with why (EX_USAGE).
 */
int rule_dest(struct rule *r, enum rule_verdict verdict, const char *dest,
    struct why *why);
/* Write a destination so that rule_dest reads it back, in full:
 * "1.1.1.1:443/tcp"; ports are "*" when all. */
void rule_dest_print(const struct rule *r, struct buf *out);

/* Whether both have the same destination: protos, host and ports. */
int rule_same(const struct rule *a, const struct rule *b);
/* Whether some destination of b's is one of a's, so that a before b matters;
 * a list and an expiry count as if they might. */
int rule_meets(const struct rule *a, const struct rule *b);

#endif
