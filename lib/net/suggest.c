/* SPDX-License-Identifier: ISC */
#include "suggest.h"

#include <stdlib.h>
#include <string.h>

#include "say.h"

enum { COLUMN = 60 }; /* notes stand at most so far to the right */

struct line {
	const struct tally_row *row;
	char *text; /* the rule, without a note */
};

/* The rule for a row, the caller's; 0, or -1 when none can be. */
static int
rule_of(const struct tally_row *row, struct rule *r)
{
	autobuf struct buf b = { 0 };
	char text[ADDR_TEXT];
	struct netlog l = { .proto = row->proto };
	int same;

	if (!row->port && row->proto != RULE_ICMP)
		return -1; /* port 0, not all of them */
	buf_fmt(&b, "%s %s %s ", row->allowed ? "allow" : "deny",
	    netlog_proto(&l), row->host);
	if (row->port)
		buf_fmt(&b, "%u", (unsigned)row->port);
	else
		buf_str(&b, "*");
	if (rule_parse(r, b.p, b.n, NULL) != 1)
		return -1;
	if (row->named)
		same = r->host == RULE_NAME && strcmp(r->name, row->host) == 0;
	else {
		addr_print(&r->cidr.addr, text);
		same = r->host == RULE_CIDR && r->cidr.bits == 128 &&
		    strcmp(text, row->host) == 0;
	}
	if (!same)
		rule_free(r);
	return same ? 0 : -1;
}

/* Whether the rules have the last word on it already. */
static int
is_said(const struct policy *p, const struct rule *r, long long now)
{
	struct policy asks = *p;
	struct target to = { .proto = r->protos,
		.port = r->ports.n ? r->ports.v[0].lo : 0,
		.name = r->host == RULE_NAME ? r->name : NULL,
		.addr = r->cidr.addr,
		.now = now };
	struct decision d;

	asks.mode = MODE_ASK;
	decide(&asks, &to, &d);
	return d.verdict != RULE_ASK;
}

/* What was allowed, names first; then by bytes, by tries, by name. */
static int
by_worth(const void *a, const void *b)
{
	const struct tally_row *x = ((const struct line *)a)->row;
	const struct tally_row *y = ((const struct line *)b)->row;
	uint64_t m = x->out + x->in, n = y->out + y->in;

	if (x->allowed != y->allowed)
		return x->allowed ? -1 : 1;
	if (x->named != y->named)
		return x->named ? -1 : 1;
	if (!x->allowed) {
		m = x->denied;
		n = y->denied;
	}
	if (m != n)
		return m < n ? 1 : -1;
	return strcmp(x->dest, y->dest);
}

static void
print(const struct line *l, int width, struct buf *out)
{
	const struct tally_row *r = l->row;
	uint64_t flows = tally_flows(r);
	autofree char *n = num_text(r->allowed ? flows : r->denied);
	autofree char *bytes = num_human(r->out + r->in);

	buf_fmt(out, "%-*s   # %s ", width, l->text, n);
	if (r->allowed)
		buf_fmt(out, "flow%s, %s\n", flows == 1 ? "" : "s", bytes);
	else
		buf_fmt(out, "tr%s\n", r->denied == 1 ? "y" : "ies");
}

/* Fill in l; 0, or -1 when there is nothing to suggest. */
static int
line_of(struct line *l, const struct tally_row *row, const struct policy *p,
    uint64_t min, long long now)
{
	autobuf struct buf b = { 0 };
	struct rule r;
	int said;

	if ((row->allowed ? tally_flows(row) : row->denied) < min ||
	    rule_of(row, &r) < 0)
		return -1;
	said = is_said(p, &r, now);
	if (!said) {
		buf_str(&b, row->allowed ? "" : "#");
		rule_print(&r, &b);
	}
	rule_free(&r);
	*l = (struct line){ row, said ? NULL : buf_take(&b) };
	return said ? -1 : 0;
}

size_t
suggest(const struct tally *t, const struct policy *p, uint64_t min,
    long long now, struct buf *out)
{
	struct line *v = xcalloc(t->n + 1, sizeof *v);
	size_t n = 0;
	int width = 0;

	for (size_t i = 0; i < t->n; i++)
		n += line_of(&v[n], &t->v[i], p, min, now) == 0;
	qsort(v, n, sizeof *v, by_worth);
	for (size_t i = 0; i < n; i++) {
		int len = (int)strlen(v[i].text);

		if (len > width)
			width = len < COLUMN ? len : COLUMN;
	}
	for (size_t i = 0; i < n; i++) {
		print(&v[i], width, out);
		free(v[i].text);
	}
	free(v);
	return n;
}
