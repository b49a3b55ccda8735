/* SPDX-License-Identifier: ISC */
#include "claim.h"

#include <string.h>
#include <strings.h>

/* ---- TLS ---- */

enum { HANDSHAKE = 22, CLIENT_HELLO = 1, SERVER_NAME = 0, HOST_NAME = 0 };
enum { RECORD_HEAD = 5, HELLO_HEAD = 4, VERSION_AND_RANDOM = 34 };

/* Bytes that are left to be read. */
struct bytes {
	const uint8_t *p;
	size_t n;
};

/* The next n of them; NULL when there are not so many. */
static const uint8_t *
take(struct bytes *b, size_t n)
{
	const uint8_t *p = b->p;

	if (n > b->n)
		return NULL;
	b->p += n;
	b->n -= n;
	return p;
}

/* A length of that many bytes, and what it is the length of.  -1: less came;
 * with `part` that is no error. */
static int
vector(struct bytes *b, size_t width, int part, struct bytes *out)
{
	const uint8_t *p = take(b, width);
	size_t n = 0;

	for (size_t i = 0; p && i < width; i++)
		n = n << 8 | p[i];
	if (part && n > b->n)
		n = b->n;
	out->n = n;
	out->p = p ? take(b, n) : NULL;
	return out->p ? 0 : -1;
}

/* Of a server_name extension. */
static enum claim
host_name(struct bytes *ext, char *name)
{
	struct bytes list, host;
	const uint8_t *type;

	if (vector(ext, 2, 0, &list) < 0 || !(type = take(&list, 1)) ||
	    *type != HOST_NAME || vector(&list, 2, 0, &host) < 0 ||
	    name_canon(name, (const char *)host.p, host.n) < 0)
		return CLAIM_NONE;
	return CLAIM_TLS;
}

static enum claim
tls(const uint8_t *p, size_t n, char *name)
{
	struct bytes b = { p, n }, skip, exts, ext;

	/* a record, and a message, which may go on in what comes later */
	if (!take(&b, RECORD_HEAD + HELLO_HEAD) || p[1] != 3 ||
	    p[RECORD_HEAD] != CLIENT_HELLO || !take(&b, VERSION_AND_RANDOM) ||
	    vector(&b, 1, 0, &skip) < 0 || vector(&b, 2, 0, &skip) < 0 ||
	    vector(&b, 1, 0, &skip) < 0 || vector(&b, 2, 1, &exts) < 0)
		return CLAIM_NONE;
	for (;;) {
		const uint8_t *type = take(&exts, 2);

		if (!type || vector(&exts, 2, 0, &ext) < 0)
			return CLAIM_NONE;
		if (type[0] == 0 && type[1] == SERVER_NAME)
			return host_name(&ext, name);
	}
}

/* ---- HTTP ---- */

static int
is_blank(uint8_t c)
{
	return c == ' ' || c == '\t';
}

/* The line at p, without its end, for which there is room until `end`; NULL
 * when it is not whole. */
static const uint8_t *
line_end(const uint8_t *p, const uint8_t *end)
{
	return memchr(p, '\n', (size_t)(end - p));
}

/* METHOD TARGET HTTP/1.x */
static int
is_request(const uint8_t *p, size_t n)
{
	size_t i = 0;

	while (i < n && p[i] >= 'A' && p[i] <= 'Z')
		i++;
	if (n > 0 && p[n - 1] == '\r')
		n--;
	return i > 2 && i < 10 && i + 10 < n && p[i] == ' ' &&
	    memcmp(p + n - 9, " HTTP/1.", 8) == 0;
}

/* Without its port, and what is around it. */
static enum claim
host_of(const uint8_t *p, size_t n, char *name)
{
	const uint8_t *colon;

	while (n && is_blank(*p)) {
		p++;
		n--;
	}
	while (n && (is_blank(p[n - 1]) || p[n - 1] == '\r'))
		n--;
	colon = memchr(p, ':', n);
	if (colon)
		n = (size_t)(colon - p);
	return name_canon(name, (const char *)p, n) < 0 ? CLAIM_NONE :
							  CLAIM_HTTP;
}

static enum claim
http(const uint8_t *p, size_t n, char *name)
{
	static const char host[] = "host:";
	const uint8_t *end = p + n, *stop = line_end(p, end);

	if (!stop || !is_request(p, (size_t)(stop - p)))
		return CLAIM_NONE;
	for (p = stop + 1; (stop = line_end(p, end)); p = stop + 1) {
		size_t len = (size_t)(stop - p);

		if (len >= sizeof host - 1 &&
		    strncasecmp((const char *)p, host, sizeof host - 1) == 0)
			return host_of(
			    p + sizeof host - 1, len - (sizeof host - 1), name);
		if (len < 2)
			break; /* the end of the fields */
	}
	return CLAIM_NONE;
}

/* ---- both ---- */

enum claim
claim_parse(const uint8_t *p, size_t n, char *name)
{
	if (!n)
		return CLAIM_NONE;
	if (*p == HANDSHAKE)
		return tls(p, n, name);
	return *p >= 'A' && *p <= 'Z' ? http(p, n, name) : CLAIM_NONE;
}

int
claim_line(const uint8_t *p, size_t n, const char *name,
    const struct addr *addr, uint16_t port, struct buf *out)
{
	char claimed[RULE_NAME_MAX], text[ADDR_TEXT];
	enum claim c = claim_parse(p, n, claimed);

	if (c == CLAIM_NONE || strcmp(claimed, name) == 0)
		return 0;
	addr_print(addr, text);
	buf_fmt(out, "claims %s %s tcp %s %s %u",
	    c == CLAIM_TLS ? "tls" : "http", claimed, *name ? name : "-", text,
	    (unsigned)port);
	return 1;
}
