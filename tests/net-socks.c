/* SPDX-License-Identifier: ISC */
/* socks: messages, split at every place, and what is none. */
#include "socks.h"

#include <errno.h>
#include <string.h>

#include "tap.h"

/* What came of feeding a whole conversation. */
struct talk {
	struct socks s;
	uint8_t out[64];
	size_t nout, used;
	enum socks_said said;
};

/* Feed n bytes at p, in pieces that end at a, at b, and at the end. */
static void
feed(struct talk *t, const uint8_t *p, size_t n, size_t a, size_t b)
{
	const size_t ends[] = { a, b, n };

	memset(t, 0, sizeof *t);
	for (int i = 0; i < 3; i++)
		while (t->used < ends[i]) {
			size_t used;

			t->said = socks_feed(
			    &t->s, p + t->used, ends[i] - t->used, &used);
			t->used += used;
			memcpy(t->out + t->nout, t->s.out, t->s.nout);
			t->nout += t->s.nout;
			if (t->said == SOCKS_ASKS || t->said == SOCKS_ENDS)
				return;
		}
}

static int
same(const struct talk *a, const struct talk *b)
{
	return a->said == b->said && a->used == b->used && a->nout == b->nout &&
	    memcmp(a->out, b->out, a->nout) == 0 && a->s.port == b->s.port &&
	    a->s.nname == b->s.nname && !a->s.name == !b->s.name &&
	    (!a->s.name || memcmp(a->s.name, b->s.name, a->s.nname) == 0) &&
	    memcmp(&a->s.addr, &b->s.addr, sizeof a->s.addr) == 0;
}

/* All ways to cut it in three come to the same. */
static int
splits(const uint8_t *p, size_t n)
{
	struct talk whole, cut;

	feed(&whole, p, n, n, n);
	for (size_t a = 0; a <= n; a++)
		for (size_t b = a; b <= n; b++) {
			feed(&cut, p, n, a, b);
			if (!same(&whole, &cut)) {
				printf("# cut at %zu and %zu\n", a, b);
				return 0;
			}
		}
	return 1;
}

/* One conversation: what it comes to, and what is sent, in hex. */
static int
comes_to(const char *text, size_t n, enum socks_said said, size_t used,
    const char *sent)
{
	const uint8_t *p = (const uint8_t *)text;
	char hex[129] = "";
	struct talk t;

	feed(&t, p, n, n, n);
	for (size_t i = 0; i < t.nout; i++)
		(void)snprintf(hex + 2 * i, 3, "%02x", t.out[i]);
	if (t.said == said && t.used == used && strcmp(hex, sent) == 0)
		return splits(p, n);
	printf("# said %d, used %zu, sent %s\n", (int)t.said, t.used, hex);
	return 0;
}
/* A string, NULs and all. */
#define TALK(s, said, used, sent) comes_to(s, sizeof(s) - 1, said, used, sent)
#define HELLO "\5\1\0"
#define OK_METHOD "0500"
#define REPLY(code) "050" #code "0001000000000000"

static void
requests(void)
{
	struct talk t;
	static const char v4[] = HELLO "\5\1\0\1\1\2\3\4\1\xbbGET";
	static const char v6[] =
	    HELLO "\5\1\0\4\x20\1\xd\xb8\0\0\0\0\0\0\0\0\0\0\0\1\0\x50";
	static const char name[] = HELLO "\5\1\0\3\4a\0.b\0\x16rest";
	char text[ADDR_TEXT];

	ok(TALK(v4, SOCKS_ASKS, 13, OK_METHOD),
	    "an IPv4 address, and the bytes behind it are not touched");
	feed(&t, (const uint8_t *)v4, sizeof v4 - 1, 4, 5);
	addr_print(&t.s.addr, text);
	ok(!t.s.name && strcmp(text, "1.2.3.4") == 0 && t.s.port == 443,
	    "1.2.3.4 443");
	ok(TALK(v6, SOCKS_ASKS, 25, OK_METHOD), "an IPv6 address");
	feed(&t, (const uint8_t *)v6, sizeof v6 - 1, 9, 9);
	addr_print(&t.s.addr, text);
	ok(!t.s.name && strcmp(text, "2001:db8::1") == 0 && t.s.port == 80,
	    "2001:db8::1 80");
	ok(TALK(name, SOCKS_ASKS, 14, OK_METHOD),
	    "a name, whatever its bytes are");
	feed(&t, (const uint8_t *)name, sizeof name - 1, 1, 2);
	ok(t.s.nname == 4 && memcmp(t.s.name, "a\0.b", 4) == 0 &&
		t.s.port == 22,
	    "its four bytes, 22");
	ok(TALK(
	       "\5\3\1\2\0\5\1\xff\1\1\2\3\4\0\x50", SOCKS_ASKS, 15, OK_METHOD),
	    "method 0 among others; the reserved byte is not looked at");
}

static void
longest(void)
{
	uint8_t p[3 + SOCKS_MESSAGE + 9], methods[2 + 255 + 10];
	struct talk t;

	memcpy(p, "\5\1\0\5\1\0\3\xff", 8);
	memset(p + 8, 'a', 255);
	p[263] = 0x1f;
	p[264] = 0x90;
	memset(p + 265, 'x', 9);
	feed(&t, p, sizeof p, 100, 200);
	ok(t.said == SOCKS_ASKS && t.used == 265 && t.s.nname == 255 &&
		t.s.port == 8080,
	    "a name of 255 bytes");
	ok(splits(p, sizeof p), "split at every place");
	memset(methods, 1, sizeof methods);
	methods[0] = 5;
	methods[1] = 255;
	methods[256] = 0;
	memcpy(methods + 257, "\5\1\0\1\1\1\1\1\0\1", 10);
	feed(&t, methods, sizeof methods, 1, 256);
	ok(t.said == SOCKS_ASKS && t.used == sizeof methods, "255 methods");
	ok(splits(methods, sizeof methods), "split at every place");
}

static void
refusals(void)
{
	struct talk t;
	size_t used;

	ok(TALK("GET / HTTP/1.1\r\n", SOCKS_ENDS, 1, ""),
	    "another protocol: an end at its first byte, without a word");
	ok(TALK("\4\1\0\x50\1\2\3\4\0", SOCKS_ENDS, 1, ""), "SOCKS4 too");
	ok(TALK("\5\0\5\1\0\1", SOCKS_ENDS, 2, "05ff"), "no methods");
	ok(TALK("\5\2\1\2\5\1\0\1", SOCKS_ENDS, 4, "05ff"),
	    "none without authentication");
	ok(TALK(HELLO "\5\2\0\1\1\2\3\4\0\x50", SOCKS_ENDS, 13,
	       OK_METHOD REPLY(7)),
	    "BIND: 7");
	ok(TALK(HELLO "\5\3\0\3\1a\0\x50", SOCKS_ENDS, 11, OK_METHOD REPLY(7)),
	    "UDP ASSOCIATE: 7");
	ok(TALK(HELLO "\5\xf0\0\1\1\2\3\4\0\x50", SOCKS_ENDS, 13,
	       OK_METHOD REPLY(7)),
	    "a command that is none: 7");
	ok(TALK(HELLO "\5\1\0\2\1\2\3\4\0\x50", SOCKS_ENDS, 7,
	       OK_METHOD REPLY(8)),
	    "an address of a kind that is none: 8, at once");
	ok(TALK(HELLO "\4\1\0\1\1\2\3\4\0\x50", SOCKS_ENDS, 4,
	       OK_METHOD REPLY(1)),
	    "a request of another version: 1");
	ok(TALK(HELLO "\5\1\0\3\0\0\x50", SOCKS_ENDS, 10, OK_METHOD REPLY(1)),
	    "a name of no bytes: 1");
	ok(TALK(HELLO "\5\1\0\1\1\2\3\4\0\0", SOCKS_ENDS, 13,
	       OK_METHOD REPLY(1)),
	    "port 0: 1");
	ok(TALK("\5", SOCKS_MORE, 1, "") && TALK("\5\xff", SOCKS_MORE, 2, "") &&
		TALK(HELLO, SOCKS_ANSWER, 3, OK_METHOD) &&
		TALK(HELLO "\5\1\0\3\xff", SOCKS_MORE, 8, OK_METHOD),
	    "what is not whole waits for more");
	feed(&t, (const uint8_t *)"\5\0", 2, 2, 2);
	ok(socks_feed(&t.s, (const uint8_t *)HELLO, 3, &used) == SOCKS_ENDS &&
		used == 0 && t.s.nout == 0,
	    "what is over stays so");
}

static void
codes(void)
{
	static const struct {
		int err;
		enum socks_code code;
	} all[] = { { 0, SOCKS_OK }, { ECONNREFUSED, SOCKS_REFUSED },
		{ ENETUNREACH, SOCKS_NO_NET }, { EHOSTUNREACH, SOCKS_NO_HOST },
		{ ETIMEDOUT, SOCKS_TIMEOUT }, { EACCES, SOCKS_DENIED },
		{ EMFILE, SOCKS_FAILED } };
	uint8_t out[SOCKS_REPLY];
	int good = 1;

	for (size_t i = 0; i < LEN(all); i++) {
		socks_reply(out, socks_code(all[i].err));
		good &= out[1] == (uint8_t)all[i].code;
	}
	ok(good, "errno's numbers have their codes");
	ok(SOCKS_OK == 0 && SOCKS_FAILED == 1 && SOCKS_DENIED == 2 &&
		SOCKS_NO_NET == 3 && SOCKS_NO_HOST == 4 && SOCKS_REFUSED == 5 &&
		SOCKS_TIMEOUT == 6 && SOCKS_COMMAND == 7 && SOCKS_ADDRESS == 8,
	    "which are those of RFC 1928");
}

int
main(void)
{
	requests();
	longest();
	refusals();
	codes();
	return tap_end();
}
