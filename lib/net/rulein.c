/* SPDX-License-Identifier: ISC */
#include "rulein.h"

#include <stdlib.h>
#include <string.h>

#include "say.h"

enum { VERDICT, PROTO, HOST, PORT, UNTIL, ORIGIN, TO, NOTE, NCOLS };
enum { NONE = -1, UNASKED = ORIGIN + 1 };

static const char *const heads[NCOLS] = { "VERDICT", "PROTO", "HOST", "PORT",
	"UNTIL", "ORIGIN", "TO", "NOTE" };

struct cell {
	const char *p;
	size_t n;
};

struct table {
	int col[NCOLS]; /* where each stands, NONE */
	int headed;
};

void
rulein_add(struct rulein *in, int kind, const struct rule *r)
{
	in->of[kind].v = xreallocarray(
	    in->of[kind].v, in->of[kind].n + 1, sizeof *in->of[kind].v);
	in->of[kind].v[in->of[kind].n++] = *r;
}

void
rulein_free(struct rulein *in)
{
	for (int k = 0; k < RULEIN_KINDS; k++) {
		for (size_t i = 0; i < in->of[k].n; i++)
			rule_free(&in->of[k].v[i]);
		free(in->of[k].v);
	}
	*in = (struct rulein){ 0 };
}

/* The cells of a line, between tabs; how many, 0 when they are too many. */
static int
cut(const char *p, size_t n, struct cell cells[NCOLS])
{
	const char *end = p + n, *tab;
	int k = 0;

	for (;; p = tab + 1) {
		tab = memchr(p, '\t', (size_t)(end - p));
		if (k == NCOLS)
			return 0;
		cells[k].p = p;
		cells[k++].n = (size_t)((tab ? tab : end) - p);
		if (!tab)
			return k;
	}
}

static int
cell_is(const struct cell *c, const char *s)
{
	return c->n == strlen(s) && memcmp(c->p, s, c->n) == 0;
}

static int
begins(const struct cell *c, const char *s)
{
	return c->n >= strlen(s) && memcmp(c->p, s, strlen(s)) == 0;
}

/* Whether the line names columns; then t has them. */
static int
is_head(struct table *t, const struct cell *cells, int n)
{
	struct table found = { .headed = 1 };

	for (int c = 0; c < NCOLS; c++)
		found.col[c] = NONE;
	for (int i = 0; i < n; i++) {
		int c = 0;

		while (c < NCOLS && !cell_is(&cells[i], heads[c]))
			c++;
		if (c == NCOLS)
			return 0;
		found.col[c] = i;
	}
	for (int c = VERDICT; c <= PORT; c++)
		if (found.col[c] == NONE)
			return 0;
	*t = found;
	return 1;
}

/* Without a head: a line with tabs as fw list has them, and no note where the
 * origin should be. */
static int
is_row(const struct cell *cells, int n)
{
	return n == UNASKED && cells[VERDICT].n && cells[ORIGIN].n &&
	    *cells[ORIGIN].p != '#' &&
	    (!cells[UNTIL].n ||
		(*cells[UNTIL].p >= '0' && *cells[UNTIL].p <= '9'));
}

/* Which kind of rule a row is; NONE for one that is not the VM's own. */
static int
kind_of(const struct table *t, const struct cell *cells)
{
	const struct cell *origin;

	if (t->col[ORIGIN] == NONE)
		return RULEIN_KEPT;
	origin = &cells[t->col[ORIGIN]];
	if (begins(origin, "rules:"))
		return RULEIN_KEPT;
	return begins(origin, "rules.session:") ? RULEIN_SESSION : NONE;
}

/* The row as a line of a file. */
static void
join(const struct table *t, const struct cell *cells, struct buf *b)
{
	static const char *const before[NCOLS] = { [PROTO] = " ",
		[HOST] = " ",
		[PORT] = " ",
		[UNTIL] = " until=",
		[TO] = " to=",
		[NOTE] = " # " };

	for (int c = 0; c < NCOLS; c++) {
		const struct cell *cell;

		if (c == ORIGIN || t->col[c] == NONE)
			continue;
		cell = &cells[t->col[c]];
		if (!cell->n && c > PORT)
			continue;
		buf_str(b, before[c] ? before[c] : "");
		buf_add(b, cell->p, cell->n);
	}
}

static int
read_line(struct rulein *in, struct table *t, const char *p, size_t n,
    struct why *why)
{
	static const struct table unasked = {
		.col = { VERDICT, PROTO, HOST, PORT, UNTIL, ORIGIN, NONE, NONE }
	};
	struct cell cells[NCOLS];
	int ncells = cut(p, n, cells), kind = RULEIN_KEPT, r;
	autobuf struct buf b = { 0 };
	struct rule rule;

	if (is_head(t, cells, ncells))
		return 0;
	if (t->headed || is_row(cells, ncells)) {
		const struct table *row = t->headed ? t : &unasked;

		for (int c = 0; c < NCOLS; c++)
			if (row->col[c] >= ncells)
				return why_set(why, EX_DATAERR,
				    "fewer columns than the first line has");
		kind = kind_of(row, cells);
		if (kind == NONE)
			return 0;
		join(row, cells, &b);
	} else
		buf_add(&b, p, n);
	r = rule_parse(&rule, b.n ? b.p : "", b.n, why);
	if (r > 0)
		rulein_add(in, kind, &rule);
	return r < 0 ? -1 : 0;
}

int
rulein_read(struct rulein *in, const char *name, const char *text, size_t n,
    struct why *why)
{
	const char *end = text + n;
	struct table t = { 0 };

	*in = (struct rulein){ 0 };
	for (size_t line = 1; text < end; line++) {
		const char *nl = memchr(text, '\n', (size_t)(end - text));
		const char *stop = nl ? nl : end;
		struct why w;

		if (read_line(in, &t, text, (size_t)(stop - text), &w) < 0) {
			why_set(
			    why, EX_DATAERR, "%s:%zu: %s", name, line, w.text);
			rulein_free(in);
			return -1;
		}
		text = stop + 1;
	}
	return 0;
}
