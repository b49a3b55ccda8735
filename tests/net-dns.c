/* SPDX-License-Identifier: ISC */
/* dns: what is read of a query, and what is answered. */
#include <stdlib.h>
#include <string.h>

#include "dns.h"
#include "frame.h"
#include "mem.h"
#include "tap.h"

/* A query in memory of its own length, so that a byte behind it is noticed. */
static struct dns_query q;
static uint8_t msg[1024], answer[DNS_MAX];
static size_t nmsg;

static void
begin(unsigned flags, unsigned questions)
{
	static const uint8_t id[] = { 0xab, 0xcd };

	memset(msg, 0, sizeof msg);
	memcpy(msg, id, 2);
	msg[2] = (uint8_t)(flags >> 8);
	msg[3] = (uint8_t)flags;
	msg[5] = (uint8_t)questions;
	nmsg = 12;
}

static void
label(const char *s, size_t n)
{
	msg[nmsg++] = (uint8_t)n;
	memcpy(msg + nmsg, s, n);
	nmsg += n;
}

static void
end(unsigned type, unsigned class)
{
	static const uint8_t none;

	memcpy(msg + nmsg, &none, 1);
	msg[nmsg + 1] = (uint8_t)(type >> 8);
	msg[nmsg + 2] = (uint8_t)type;
	msg[nmsg + 3] = (uint8_t)(class >> 8);
	msg[nmsg + 4] = (uint8_t) class;
	nmsg += 5;
}

static int
parse(void)
{
	uint8_t *p = xmalloc(nmsg ? nmsg : 1);
	int rc;

	memcpy(p, msg, nmsg);
	rc = dns_parse(&q, p, nmsg);
	free(p);
	return rc;
}

/* What a query for a dotted name deserves. */
static int
asks(const char *name, unsigned type, unsigned class)
{
	begin(0x0100, 1);
	while (*name) {
		size_t n = strcspn(name, ".");

		label(name, n);
		name += n + (name[n] == '.');
	}
	end(type, class);
	return parse() < 0 ? -1 : (int)q.code;
}

static void
test_queries(void)
{
	ok(asks("example.com", 1, 1) == DNS_ADDRESS && q.id == 0xabcd &&
		q.type == DNS_A && q.recursion &&
		strcmp(q.name, "example.com") == 0 && q.nquestion == 17,
	    "a query for an address");
	ok(asks("WwW.eXample.COM", 1, 1) == DNS_ADDRESS &&
		strcmp(q.name, "www.example.com") == 0 &&
		memcmp(q.question, "\3WwW\7eXample\3COM", 17) == 0,
	    "letters keep their case in the question alone");
	ok(asks("nas", 1, 1) == DNS_ADDRESS, "a name of one label");
	ok(asks("_x._tcp.a.test", 1, 1) == DNS_ADDRESS, "underscores");
	ok(asks("a.test", 255, 1) == DNS_ADDRESS, "ANY is for an address");
	ok(asks("a.test", 28, 1) == DNS_NODATA, "AAAA: nothing");
	ok(asks("a.test", 65, 1) == DNS_NODATA, "HTTPS: nothing");
	ok(asks("a.test", 64, 1) == DNS_NODATA &&
		asks("a.test", 15, 1) == DNS_NODATA &&
		asks("a.test", 16, 1) == DNS_NODATA &&
		asks("a.test", 6, 1) == DNS_NODATA &&
		asks("a.test", 0, 1) == DNS_NODATA &&
		asks("a.test", 65535, 1) == DNS_NODATA,
	    "SVCB, MX, TXT, SOA, any other: nothing");
	ok(asks("version.bind", 16, 3) == DNS_NODATA &&
		asks("a.test", 1, 255) == DNS_NODATA,
	    "other classes: nothing");
	ok(asks("", 2, 1) == DNS_NODATA && asks("", 1, 1) == DNS_NODATA,
	    "the root: nothing, but there");
	ok(asks("2.0.2.10.in-addr.arpa", 12, 1) == DNS_NXDOMAIN &&
		asks("arpa", 1, 1) == DNS_NXDOMAIN &&
		asks("x.ip6.ARPA", 12, 1) == DNS_NXDOMAIN,
	    "arpa: no such name");
	ok(asks("nas.home.arpa", 1, 1) == DNS_ADDRESS &&
		asks("sarpa", 1, 1) == DNS_ADDRESS,
	    "but in home.arpa, and what only ends so");
}

static void
test_no_names(void)
{
	ok(asks("a b.test", 1, 1) == DNS_NXDOMAIN && !q.name[0] && q.nquestion,
	    "a space in a name");
	ok(asks("-a.test", 1, 1) == DNS_NXDOMAIN, "a hyphen first");
	ok(asks("127.1", 1, 1) == DNS_NXDOMAIN &&
		asks("a.0x7f", 1, 1) == DNS_NXDOMAIN,
	    "what could be an address");
	ok(asks("\303\274.test", 1, 1) == DNS_NXDOMAIN, "bytes past ASCII");
	begin(0, 1);
	label("a.b", 3);
	label("test", 4);
	end(1, 1);
	ok(parse() == 0 && q.code == DNS_NXDOMAIN, "a dot within a label");
	begin(0, 1);
	label("ok\0evil", 7);
	label("test", 4);
	end(1, 1);
	ok(parse() == 0 && q.code == DNS_NXDOMAIN, "a NUL within a label");
	begin(0, 1);
	label("test", 4);
	label(".", 1);
	end(1, 1);
	ok(parse() == 0 && q.code == DNS_NXDOMAIN, "a label that is a dot");
}

static void
test_broken(void)
{
	int bad = 0;

	(void)asks("example.com", 1, 1);
	msg[2] = 0x81;
	ok(parse() == -1, "an answer is not answered");
	(void)asks("example.com", 1, 1);
	for (nmsg = 0; nmsg < 12; nmsg++)
		bad += parse() != -1;
	ok(!bad, "nor half a header");
	for (; nmsg < 29; nmsg++)
		bad += parse() != 0 || q.code != DNS_FORMERR || q.nquestion;
	ok(!bad, "a question cut short anywhere is malformed");
	begin(0x0100, 0);
	ok(parse() == 0 && q.code == DNS_FORMERR, "no question");
	begin(0x0100, 2);
	label("a", 1);
	end(1, 1);
	label("b", 1);
	end(1, 1);
	ok(parse() == 0 && q.code == DNS_FORMERR, "two questions");
	(void)asks("a.test", 1, 1);
	msg[4] = 1;
	ok(parse() == 0 && q.code == DNS_FORMERR, "257 questions");
	begin(0x0100, 1);
	label("a", 1);
	msg[nmsg++] = 0xc0;
	msg[nmsg++] = 12;
	end(1, 1);
	ok(parse() == 0 && q.code == DNS_FORMERR, "a pointer, to itself");
	begin(0x0100, 1);
	msg[nmsg++] = 64;
	memset(msg + nmsg, 'a', 64);
	nmsg += 64;
	end(1, 1);
	ok(parse() == 0 && q.code == DNS_FORMERR, "a label of 64 bytes");
	(void)asks("a.test", 1, 1);
	msg[2] = 0x29;
	ok(parse() == 0 && q.code == DNS_NOTIMP && q.opcode == 5,
	    "an update is not for us");
	(void)asks("a.test", 1, 1);
	msg[11] = 1;
	memcpy(msg + nmsg, "\0\0\51\4\320\0\0\0\0\0\0", 11);
	nmsg += 11;
	ok(parse() == 0 && q.code == DNS_ADDRESS, "EDNS is passed over");
}

static size_t
reply(enum dns_code code, const uint32_t *addrs, size_t n)
{
	memset(answer, 0xee, sizeof answer);
	return dns_answer(answer, &q, code, addrs, n, DNS_TTL);
}

static void
test_answers(void)
{
	static const uint8_t a[] = { 0xc0, 12, 0, 1, 0, 1, 0, 0, 0, 60, 0, 4,
		198, 18, 1, 1 };
	static const uint8_t soa[] = { 0, 0, 6, 0, 1, 0, 0, 0, 60, 0, 22, 0, 0,
		0, 0, 0, 1 };
	const uint32_t addr = FRAME_ADDR(198, 18, 1, 1);
	size_t n;

	(void)asks("eXample.com", 1, 1);
	n = reply(DNS_ADDRESS, &addr, 1);
	ok(n == 12 + 17 + 16 &&
		memcmp(answer, "\253\315\201\200\0\1\0\1\0\0\0\0", 12) == 0 &&
		memcmp(answer + 12, msg + 12, 17) == 0 &&
		memcmp(answer + 29, a, sizeof a) == 0,
	    "an address, behind the question as it was");
	n = reply(DNS_NODATA, NULL, 0);
	ok(n == 12 + 17 + 33 &&
		memcmp(answer + 2, "\201\200\0\1\0\0\0\1\0\0", 10) == 0 &&
		memcmp(answer + 29, soa, sizeof soa) == 0 &&
		memcmp(answer + n - 4, "\0\0\0\74", 4) == 0,
	    "nothing, with an SOA");
	n = reply(DNS_ADDRESS, NULL, 0);
	ok(n == 12 + 17 + 33 && answer[3] == 0x80, "no address is nothing");
	n = reply(DNS_NXDOMAIN, NULL, 0);
	ok(n == 12 + 17 + 33 && answer[3] == 0x83, "no such name, with an SOA");
	n = reply(DNS_SERVFAIL, &addr, 1);
	ok(n == 12 + 17 && answer[3] == 0x82 && !answer[7] && !answer[9],
	    "a failure, with nothing");
	begin(0, 0);
	(void)parse();
	n = reply(q.code, NULL, 0);
	ok(n == 12 &&
		memcmp(answer, "\253\315\200\201\0\0\0\0\0\0\0\0", 12) == 0,
	    "malformed, without its question; RD only when it was set");
	begin(0x2800, 1);
	(void)parse();
	n = reply(q.code, NULL, 0);
	ok(n == 12 && answer[2] == 0xa8 && answer[3] == 0x84,
	    "not implemented, with the opcode");
}

static void
test_long(void)
{
	uint32_t many[16];
	char text[64];
	size_t n;

	memset(text, 'x', sizeof text);
	for (size_t i = 0; i < 16; i++)
		many[i] = FRAME_ADDR(198, 18, 1, i);
	begin(0x0100, 1);
	for (int i = 0; i < 3; i++)
		label(text, 63);
	label(text, 61);
	end(1, 1);
	ok(parse() == 0 && q.code == DNS_ADDRESS && strlen(q.name) == 253 &&
		q.nquestion == 259,
	    "the longest name there is");
	n = reply(DNS_ADDRESS, many, 16);
	ok(n == 12 + 259 + 15 * 16 && answer[7] == 15 && n <= DNS_MAX,
	    "as many addresses as fit");
	n = reply(DNS_NXDOMAIN, NULL, 0);
	ok(n == 12 + 259 + 33, "or an SOA");
	begin(0x0100, 1);
	for (int i = 0; i < 3; i++)
		label(text, 63);
	label(text, 62);
	end(1, 1);
	ok(parse() == 0 && q.code == DNS_FORMERR, "one byte more is malformed");
	begin(0x0100, 1);
	for (int i = 0; i < 127; i++)
		label(text, 1);
	end(1, 1);
	ok(parse() == 0 && q.code == DNS_ADDRESS && strlen(q.name) == 253,
	    "127 labels");
	begin(0x0100, 1);
	for (int i = 0; i < 128; i++)
		label(text, 1);
	end(1, 1);
	ok(parse() == 0 && q.code == DNS_FORMERR, "no more");
	(void)asks("a.test", 1, 1);
	n = reply(DNS_ADDRESS, many, 16);
	ok(n == 12 + 12 + 16 * 16 && answer[7] == 16, "16 addresses otherwise");
}

int
main(void)
{
	test_queries();
	test_no_names();
	test_broken();
	test_answers();
	test_long();
	return tap_end();
}
