/* SPDX-License-Identifier: ISC */
#include "dns.h"

#include <string.h>

/* RFC 1035 section 4.1.1: the header, its flags. */
enum { HEAD = 12, IS_ANSWER = 0x8000, RECURSE = 0x0100, CAN_RECURSE = 0x0080 };
enum { IN = 1, SOA = 6, ANY = 255 };
enum { NAME_WIRE = 255, LABEL = 63 };
/* A pointer to the name of the question, right behind the header. */
enum { NAME_AGAIN = 0xc000 | HEAD };

static unsigned
get16(const uint8_t *p)
{
	return (unsigned)p[0] << 8 | p[1];
}

static uint8_t *
put16(uint8_t *p, unsigned v)
{
	p[0] = (uint8_t)(v >> 8);
	p[1] = (uint8_t)v;
	return p + 2;
}

static uint8_t *
put32(uint8_t *p, uint32_t v)
{
	return put16(put16(p, v >> 16), v & 0xffff);
}

/*
 * Write the labels at p as text, with dots between.  The name's length on the
 * wire; 0 when it is none: it goes on behind the end, is too long, or has a
 * pointer, which no question needs.  A dot or a NUL within a label would make
 * another name of it: *odd says so.
 */
static size_t
read_name(char *text, int *odd, const uint8_t *p, size_t n)
{
	size_t at = 0, len = 0;

	while (at < n && p[at] != 0) {
		size_t label = p[at];

		if (label > LABEL || at + 1 + label + 1 > NAME_WIRE ||
		    at + 1 + label >= n)
			return 0;
		if (len)
			text[len++] = '.';
		memcpy(text + len, p + at + 1, label);
		if (memchr(text + len, '.', label) ||
		    memchr(text + len, '\0', label))
			*odd = 1;
		len += label;
		at += 1 + label;
	}
	text[len] = '\0';
	return at < n ? at + 1 : 0;
}

static enum dns_code
judge(const struct dns_query *q, unsigned class)
{
	if (name_under(q->name, "arpa") && !name_under(q->name, "home.arpa"))
		return DNS_NXDOMAIN;
	if (class != IN || (q->type != DNS_A && q->type != ANY))
		return DNS_NODATA;
	return DNS_ADDRESS;
}

static enum dns_code
read_question(struct dns_query *q, const uint8_t *p, size_t n)
{
	char text[NAME_WIRE + 1];
	int odd = 0;
	size_t len = read_name(text, &odd, p, n);

	if (!len || n - len < 4)
		return DNS_FORMERR;
	memcpy(q->question, p, len + 4);
	q->nquestion = len + 4;
	q->type = (uint16_t)get16(p + len);
	/* NXDOMAIN of the root would say that nothing is (RFC 8020). */
	if (len == 1)
		return DNS_NODATA;
	if (odd || name_canon(q->name, text, strlen(text)) < 0) {
		q->name[0] = '\0';
		return DNS_NXDOMAIN;
	}
	return judge(q, get16(p + len + 2));
}

int
dns_parse(struct dns_query *q, const uint8_t *p, size_t n)
{
	unsigned flags;

	memset(q, 0, sizeof *q);
	if (n < HEAD)
		return -1;
	flags = get16(p + 2);
	if (flags & IS_ANSWER)
		return -1;
	q->id = (uint16_t)get16(p);
	q->opcode = flags >> 11 & 15;
	q->recursion = (flags & RECURSE) != 0;
	/* What follows the question, as EDNS does, changes no answer. */
	if (q->opcode)
		q->code = DNS_NOTIMP;
	else if (get16(p + 4) != 1)
		q->code = DNS_FORMERR;
	else
		q->code = read_question(q, p + HEAD, n - HEAD);
	return 0;
}

static unsigned
rcode(enum dns_code code)
{
	switch (code) {
	case DNS_FORMERR:
		return 1;
	case DNS_SERVFAIL:
		return 2;
	case DNS_NXDOMAIN:
		return 3;
	case DNS_NOTIMP:
		return 4;
	default:
		return 0;
	}
}

static uint8_t *
put_address(uint8_t *p, uint32_t addr, uint32_t ttl)
{
	p = put16(p, NAME_AGAIN);
	p = put16(p, DNS_A);
	p = put16(p, IN);
	p = put32(p, ttl);
	p = put16(p, 4);
	return put32(p, addr);
}

/* For whom it is kept how long that there is nothing: RFC 2308 section 5.  It
 * is the root's, whose every name is a part of. */
static uint8_t *
put_soa(uint8_t *p, uint32_t ttl)
{
	static const uint32_t rest[] = { 1, 3600, 600, 86400 };

	*p++ = 0;
	p = put16(p, SOA);
	p = put16(p, IN);
	p = put32(p, ttl);
	p = put16(p, 2 + 5 * 4);
	*p++ = 0; /* its server, */
	*p++ = 0; /* and who is responsible: nobody */
	for (size_t i = 0; i < sizeof rest / sizeof *rest; i++)
		p = put32(p, rest[i]);
	return put32(p, ttl);
}

size_t
dns_answer(uint8_t *out, const struct dns_query *q, enum dns_code code,
    const uint32_t *addrs, size_t n, uint32_t ttl)
{
	uint8_t *p = out + HEAD;
	size_t count = 0;
	int none;

	memcpy(p, q->question, q->nquestion);
	p += q->nquestion;
	while (code == DNS_ADDRESS && q->nquestion && count < n &&
	    (size_t)(out + DNS_MAX - p) >= 16)
		p = put_address(p, addrs[count++], ttl);
	none = code == DNS_NODATA || code == DNS_NXDOMAIN ||
	    (code == DNS_ADDRESS && !count);
	if (none)
		p = put_soa(p, ttl);
	put16(out, q->id);
	put16(out + 2,
	    IS_ANSWER | (unsigned)q->opcode << 11 | CAN_RECURSE |
		(q->recursion ? RECURSE : 0) | rcode(code));
	put16(out + 4, q->nquestion != 0);
	put16(out + 6, (unsigned)count);
	put16(out + 8, (unsigned)none);
	put16(out + 10, 0);
	return (size_t)(p - out);
}
