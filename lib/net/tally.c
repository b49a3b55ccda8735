/* SPDX-License-Identifier: ISC */
#include "tally.h"

#include <stdlib.h>
#include <string.h>

/* Whether a refusal was meant for that destination. */
static int
is_decision(const char *why)
{
	return str_starts(why, "rules") || strcmp(why, "asked") == 0;
}

void
tally_add(struct tally *t, size_t who, const struct netlog *l)
{
	int allow = l->verdict == RULE_ALLOW;

	if (t->n == t->cap)
		t->v = xreallocarray(
		    t->v, t->cap = t->cap ? 2 * t->cap : 1024, sizeof *t->v);
	t->v[t->n] = (struct tally_row){ .who = who,
		.dest = netlog_dest(l),
		.host = xstrdup(*l->name ? l->name : l->address),
		.named = *l->name != '\0',
		.proto = l->proto,
		.port = l->port,
		.begun = allow && !l->ended,
		.ended = allow && l->ended,
		.denied = !allow,
		.out = l->out,
		.in = l->in,
		.allowed = allow	? 1 :
		    is_decision(l->why) ? 0 :
					  -1,
		.nr = t->n };
	t->n++;
}

static int
by_place(const void *a, const void *b)
{
	const struct tally_row *x = a, *y = b;
	int r = strcmp(x->dest, y->dest);

	if (r)
		return r;
	if (x->who != y->who)
		return x->who < y->who ? -1 : 1;
	return (x->nr > y->nr) - (x->nr < y->nr);
}

static void
merge(struct tally_row *to, const struct tally_row *r)
{
	to->begun += r->begun;
	to->ended += r->ended;
	to->denied += r->denied;
	to->out += r->out;
	to->in += r->in;
	if (r->allowed >= 0)
		to->allowed = r->allowed;
	free(r->dest);
	free(r->host);
}

void
tally_sum(struct tally *t)
{
	size_t n = 0;

	if (t->n)
		qsort(t->v, t->n, sizeof *t->v, by_place);
	for (size_t i = 0; i < t->n; i++) {
		const struct tally_row *r = &t->v[i];

		if (n && t->v[n - 1].who == r->who &&
		    strcmp(t->v[n - 1].dest, r->dest) == 0)
			merge(&t->v[n - 1], r);
		else
			t->v[n++] = *r;
	}
	for (size_t i = 0; i < n; i++)
		t->v[i].allowed = t->v[i].allowed > 0;
	t->n = n;
}

uint64_t
tally_flows(const struct tally_row *r)
{
	return r->begun > r->ended ? r->begun : r->ended;
}

void
tally_free(struct tally *t)
{
	for (size_t i = 0; i < t->n; i++) {
		free(t->v[i].dest);
		free(t->v[i].host);
	}
	free(t->v);
	*t = (struct tally){ 0 };
}
