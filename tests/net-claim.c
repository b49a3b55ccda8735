/* SPDX-License-Identifier: ISC */
/* claim: whom the first bytes of a client's are for. */
#include <string.h>

#include "claim.h"
#include "tap.h"

/* "tls NAME", "http NAME", or "-". */
static int
claims(const void *p, size_t n, const char *want)
{
	static const char *const kinds[] = { "-", "tls", "http" };
	char name[RULE_NAME_MAX], got[RULE_NAME_MAX + 8];
	enum claim c = claim_parse(p, n, name);

	(void)snprintf(
	    got, sizeof got, "%s%s%s", kinds[c], c ? " " : "", c ? name : "");
	if (strcmp(got, want) != 0)
		printf("# got: %s\n", got);
	return strcmp(got, want) == 0;
}

static int
text_claims(const char *text, const char *want)
{
	return claims(text, strlen(text), want);
}

/* A ClientHello for a name of n bytes, with another extension in front; how
 * long it is. */
static size_t
hello(uint8_t *out, const char *name, size_t n)
{
	static const uint8_t other[] = { 0, 43, 0, 3, 2, 3, 4 };
	size_t ext = sizeof other + 9 + n, body = 34 + 1 + 4 + 2 + 2 + ext;
	uint8_t *p = out;

	*p++ = 22; /* a record of TLS 1.0 */
	*p++ = 3;
	*p++ = 1;
	*p++ = (uint8_t)((body + 4) >> 8);
	*p++ = (uint8_t)(body + 4);
	*p++ = 1; /* client_hello */
	*p++ = 0;
	*p++ = (uint8_t)(body >> 8);
	*p++ = (uint8_t)body;
	*p++ = 3;
	*p++ = 3;
	memset(p, 7, 32); /* random */
	p += 32;
	*p++ = 0; /* session */
	memcpy(p, "\0\2\x13\1\1\0", 6); /* ciphers, compression */
	p += 6;
	*p++ = (uint8_t)(ext >> 8);
	*p++ = (uint8_t)ext;
	memcpy(p, other, sizeof other);
	p += sizeof other;
	memcpy(p, "\0\0", 2); /* server_name: a list, of a host's name */
	for (size_t i = 0; i < 2; i++) {
		p[2 + 2 * i] = (uint8_t)((n + 5 - 2 * i) >> 8);
		p[3 + 2 * i] = (uint8_t)(n + 5 - 2 * i);
	}
	p[6] = 0;
	p[7] = (uint8_t)(n >> 8);
	p[8] = (uint8_t)n;
	memcpy(p + 9, name, n);
	return (size_t)(p - out) + 9 + n;
}

static void
test_tls(void)
{
	uint8_t p[512];
	size_t n = hello(p, "Example.COM", 11), whole = 0;

	ok(claims(p, n, "tls example.com"), "TLS: the server's name");
	for (size_t i = 0; i < n; i++)
		whole += (size_t)claims(p, i, "-");
	ok(whole == n, "and none before it is whole");
	p[5] = 2;
	ok(claims(p, n, "-"), "another message: none");
	n = hello(p, "a\nb.test", 8);
	ok(claims(p, n, "-"), "what is no name: none");
	n = hello(p, "192.0.2.1", 9);
	ok(claims(p, n, "-"), "an address: none");
	n = hello(p, "", 0);
	ok(claims(p, n, "-"), "nothing: none");
	n = hello(p, "example.com", 11);
	p[n - 12] = 200;
	ok(claims(p, n, "-"), "lengths that do not agree: none");
}

static void
test_http(void)
{
	static const char other[] = "SSH-2.0-OpenSSH_9.2\r\nHost: a.test\r\n";

	ok(text_claims("GET / HTTP/1.1\r\nA: b\r\nhOST:\t Example.com:80 \r\n"
		       "\r\n",
	       "http example.com"),
	    "HTTP: the Host, without its port");
	ok(text_claims(
	       "POST /a b HTTP/1.0\nHost:example.com\n", "http example.com"),
	    "with bare ends of lines");
	ok(text_claims("GET / HTTP/1.1\r\nHost: example.co", "-"),
	    "none before its line is whole");
	ok(text_claims("GET / HTTP/1.1\r\n\r\nHost: example.com\r\n", "-"),
	    "nor behind the fields");
	ok(text_claims("GET / HTTP/1.1\r\nHost: [2001:db8::1]:80\r\n", "-"),
	    "an address: none");
	ok(text_claims("GET / HTTP/1.1\r\nHost:\r\n", "-"), "nothing: none");
	ok(text_claims("GET /\r\nHost: a.test\r\n", "-") &&
		text_claims(other, "-") && text_claims("G\n", "-") &&
		text_claims("\n", "-") && text_claims("", "-"),
	    "another protocol: none");
}

static void
test_line(void)
{
	static const char get[] = "GET / HTTP/1.1\r\nHost: b.test\r\n\r\n";
	struct addr at = addr_v4(0x5db8d822);
	autobuf struct buf b = { 0 };

	ok(!claim_line(
	       (const uint8_t *)get, sizeof get - 1, "b.test", &at, 80, &b),
	    "the name that led there is no news");
	ok(claim_line(
	       (const uint8_t *)get, sizeof get - 1, "a.test", &at, 80, &b) &&
		strcmp(b.p, "claims http b.test tcp a.test 93.184.216.34 80") ==
		    0,
	    "another one is");
	buf_free(&b);
	ok(claim_line((const uint8_t *)get, sizeof get - 1, "", &at, 80, &b) &&
		strcmp(b.p, "claims http b.test tcp - 93.184.216.34 80") == 0,
	    "and any where none did");
}

int
main(void)
{
	test_tls();
	test_http();
	test_line();
	return tap_end();
}
