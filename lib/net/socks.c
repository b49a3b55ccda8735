/* SPDX-License-Identifier: ISC */
/*
 *	methods	VER NMETHODS METHOD...			section 3
 *	request	VER CMD RSV ATYP ADDRESS PORT		section 4
 *
 * What can be said of a message is said when all of it has come; but where its
 * length cannot be known, at once.  RSV is not looked at: nobody does.
 */
#include "socks.h"

#include <errno.h>
#include <string.h>

enum { VERSION = 5, NO_METHOD = 0xff };
enum { CONNECT = 1 };
enum { IPV4 = 1, NAME = 3, IPV6 = 4 };

void
socks_reply(uint8_t *out, enum socks_code code)
{
	static const uint8_t reply[SOCKS_REPLY] = { VERSION, 0, 0, IPV4 };

	memcpy(out, reply, sizeof reply);
	out[1] = (uint8_t)code;
}

enum socks_code
socks_code(int err)
{
	switch (err) {
	case 0:
		return SOCKS_OK;
	case EACCES:
	case EPERM:
		return SOCKS_DENIED;
	case ENETUNREACH:
	case ENETDOWN:
		return SOCKS_NO_NET;
	case EHOSTUNREACH:
	case EHOSTDOWN:
		return SOCKS_NO_HOST;
	case ECONNREFUSED:
		return SOCKS_REFUSED;
	case ETIMEDOUT:
		return SOCKS_TIMEOUT;
	default:
		return SOCKS_FAILED;
	}
}

static enum socks_said
end(struct socks *s, enum socks_code code)
{
	s->over = 1;
	s->nout = SOCKS_REPLY;
	socks_reply(s->out, code);
	return SOCKS_ENDS;
}

/* ---- methods ---- */

/* How many bytes there have to be before more can be said. */
static size_t
methods_want(const struct socks *s)
{
	return s->n < 2 ? 2 : 2 + (size_t)s->in[1];
}

/* Who speaks another protocol would not know what we say. */
static enum socks_said
methods(struct socks *s)
{
	const uint8_t *p = s->in;
	int bad = p[0] != VERSION || !memchr(p + 2, 0, p[1]);

	s->n = 0;
	s->requests = 1;
	s->nout = p[0] == VERSION ? 2 : 0;
	s->out[0] = VERSION;
	s->out[1] = bad ? NO_METHOD : 0;
	s->over = (uint8_t)bad;
	return bad ? SOCKS_ENDS : SOCKS_ANSWER;
}

/* ---- request ---- */

static size_t
request_want(const struct socks *s)
{
	if (s->n < 4)
		return 4;
	switch (s->in[3]) {
	case IPV4:
		return 4 + 4 + 2;
	case IPV6:
		return 4 + 16 + 2;
	case NAME:
		return s->n < 5 ? 5 : 5 + (size_t)s->in[4] + 2;
	default:
		return 4;
	}
}

static void
take_address(struct socks *s)
{
	const uint8_t *p = s->in + 4;

	if (s->in[3] == NAME) {
		s->name = (const char *)p + 1;
		s->nname = *p;
	} else if (s->in[3] == IPV4)
		s->addr = addr_v4((uint32_t)p[0] << 24 | (uint32_t)p[1] << 16 |
		    (uint32_t)p[2] << 8 | p[3]);
	else
		memcpy(s->addr.b, p, sizeof s->addr.b);
	s->port = (uint16_t)(s->in[s->n - 2] << 8 | s->in[s->n - 1]);
}

static enum socks_said
request(struct socks *s)
{
	uint8_t type = s->in[3];

	if (s->in[0] != VERSION)
		return end(s, SOCKS_FAILED);
	if (s->in[1] != CONNECT)
		return end(s, SOCKS_COMMAND);
	if (type != IPV4 && type != NAME && type != IPV6)
		return end(s, SOCKS_ADDRESS);
	take_address(s);
	if (!s->port || (s->name && !s->nname))
		return end(s, SOCKS_FAILED);
	s->over = 1;
	return SOCKS_ASKS;
}

/* ---- both ---- */

static size_t
want(const struct socks *s)
{
	if (s->n && s->in[0] != VERSION)
		return s->n; /* its length means nothing to us */
	return s->requests ? request_want(s) : methods_want(s);
}

enum socks_said
socks_feed(struct socks *s, const uint8_t *p, size_t n, size_t *used)
{
	*used = 0;
	s->nout = 0;
	if (s->over)
		return SOCKS_ENDS;
	while (*used < n) {
		size_t left = n - *used, lacks = want(s) - s->n;

		if (!s->n)
			lacks = 1; /* the version comes first */
		if (lacks > left)
			lacks = left;
		memcpy(s->in + s->n, p + *used, lacks);
		s->n = (uint16_t)(s->n + lacks);
		*used += lacks;
		if (s->n == want(s))
			return s->requests ? request(s) : methods(s);
	}
	return SOCKS_MORE;
}
