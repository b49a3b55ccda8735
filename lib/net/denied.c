/* SPDX-License-Identifier: ISC */
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "netlog.h"
#include "tail.h"

struct place {
	char *dest;
	size_t times, nr; /* nr: which was first */
};

struct places {
	struct place *v;
	size_t n;
	const char *since; /* NULL: all */
};

/* A tail_line function.  A guest tries few places often: they are looked for
 * one by one. */
static void
add(const char *stamp, const char *p, size_t n, void *arg)
{
	enum { MANY = 1000 }; /* a guest can think of more than a line holds */
	struct places *all = arg;
	struct netlog l;
	char *dest;
	size_t i = 0;

	if ((all->since && strcmp(stamp, all->since) < 0) ||
	    netlog_parse(&l, p, n) < 0 || l.verdict == RULE_ALLOW)
		return;
	dest = netlog_dest(&l);
	while (i < all->n && strcmp(all->v[i].dest, dest) != 0)
		i++;
	if (i < all->n)
		all->v[i].times++;
	if (i < all->n || i == MANY) {
		free(dest);
		return;
	}
	all->v = xreallocarray(all->v, ++all->n, sizeof *all->v);
	all->v[i] = (struct place){ dest, 1, i };
}

static int
by_times(const void *a, const void *b)
{
	const struct place *x = a, *y = b;

	if (x->times != y->times)
		return x->times < y->times ? 1 : -1;
	return (x->nr > y->nr) - (x->nr < y->nr);
}

char *
netlog_denied(int log, const char *since, size_t most)
{
	enum { LONG = 300 }; /* for a line, whatever the names */
	struct places all = { .since = since };
	size_t said = 0;
	struct tail t = { .fd = -1 };
	struct buf b = { 0 };

	(void)tail_open(&t, log, "net.log", add, &all); /* what can be read */
	tail_end(&t, add, &all);
	if (t.fd >= 0)
		close(t.fd);
	buf_free(&t.rest);
	if (all.n)
		qsort(all.v, all.n, sizeof *all.v, by_times);
	for (size_t i = 0; i < all.n; i++) {
		if (i < most && b.n < LONG) {
			buf_str(&b, i ? ", " : "");
			buf_vis(&b, all.v[i].dest, strlen(all.v[i].dest));
			buf_fmt(&b, " (%zu)", all.v[i].times);
			said++;
		}
		free(all.v[i].dest);
	}
	if (all.n > said)
		buf_fmt(&b, " and %zu more", all.n - said);
	free(all.v);
	return b.n ? buf_take(&b) : NULL;
}
