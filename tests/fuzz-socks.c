/* SPDX-License-Identifier: ISC */
/*
 * fuzz-socks: the first byte says how many bytes come at once; the others are
 * what a client sends.
 */
#include <string.h>

#include "fuzz.h"
#include "socks.h"

/* What was said comes to the same however the bytes come. */
struct end {
	enum socks_said said;
	size_t used, sent;
	uint16_t port;
	size_t nname;
};

static struct end
talk(const uint8_t *p, size_t n, size_t piece)
{
	struct socks *s = calloc(1, sizeof *s);
	struct end e = { .said = SOCKS_MORE };

	must(s);
	while (e.used < n && e.said != SOCKS_ASKS && e.said != SOCKS_ENDS) {
		size_t left = n - e.used, used;

		e.said = socks_feed(
		    s, p + e.used, left < piece ? left : piece, &used);
		must(used > 0 && used <= left && used <= piece);
		must(e.said != SOCKS_MORE || !s->nout);
		must(s->nout <= SOCKS_REPLY);
		e.used += used;
		e.sent += s->nout;
	}
	if (e.said == SOCKS_ASKS) {
		must(s->port && s->over);
		must(!s->name ||
		    (s->nname && s->name > (const char *)s->in &&
			s->name + s->nname + 2 <=
			    (const char *)s->in + sizeof s->in));
	}
	socks_reply(s->out, socks_code((int)(n % 128)));
	must(s->out[0] == 5 && s->out[1] <= SOCKS_ADDRESS);
	for (int i = 0; i < 128; i++)
		must(socks_code(i) <= SOCKS_TIMEOUT);
	e.port = s->port;
	e.nname = s->nname;
	free(s);
	return e;
}

int
LLVMFuzzerTestOneInput(const uint8_t *p, size_t n)
{
	struct end a, b;

	if (n < 2)
		return 0;
	a = talk(p + 1, n - 1, 1 + *p);
	b = talk(p + 1, n - 1, n);
	must(a.said == b.said && a.used == b.used && a.sent == b.sent &&
	    a.port == b.port && a.nname == b.nname);
	return 0;
}
