/* SPDX-License-Identifier: ISC */
#include "rulefile.h"

#include <stdlib.h>
#include <string.h>

#include "say.h"

static void
line_free(struct rulefile_line *l)
{
	if (l->is_rule)
		rule_free(&l->rule);
	free(l->text);
}

void
rulefile_free(struct rulefile *f)
{
	for (size_t i = 0; i < f->n; i++)
		line_free(&f->v[i]);
	free(f->v);
	*f = (struct rulefile){ 0 };
}

/* Read a line; it is freed by the caller, also after -1. */
static int
line_read(struct rulefile_line *l, const char *p, size_t n, struct why *why)
{
	int r;

	*l = (struct rulefile_line){ .n = n };
	l->text = xmalloc(n + 1);
	memcpy(l->text, p, n);
	l->text[n] = '\0';
	r = rule_parse(&l->rule, p, n, why);
	l->is_rule = r > 0;
	return r < 0 ? -1 : 0;
}

/* Put l, whose memory the file takes over, at index i. */
static void
line_insert(struct rulefile *f, size_t i, const struct rulefile_line *l)
{
	if (f->n == f->cap) {
		f->cap = f->cap ? 2 * f->cap : 32;
		f->v = xreallocarray(f->v, f->cap, sizeof *f->v);
	}
	memmove(&f->v[i + 1], &f->v[i], (f->n - i) * sizeof *f->v);
	f->v[i] = *l;
	f->n++;
}

static void
line_remove(struct rulefile *f, size_t i)
{
	line_free(&f->v[i]);
	f->n--;
	memmove(&f->v[i], &f->v[i + 1], (f->n - i) * sizeof *f->v);
}

int
rulefile_read(struct rulefile *f, const char *origin, const char *text,
    size_t n, struct why *why)
{
	const char *end = text + n;

	*f = (struct rulefile){ 0 };
	while (text < end) {
		const char *nl = memchr(text, '\n', (size_t)(end - text));
		const char *stop = nl ? nl : end;
		struct rulefile_line l;
		struct why w;

		if (line_read(&l, text, (size_t)(stop - text), &w) < 0) {
			line_free(&l);
			why_set(why, EX_DATAERR, "%s:%zu: %s", origin, f->n + 1,
			    w.text);
			rulefile_free(f);
			return -1;
		}
		l.rule.line = (unsigned)f->n + 1;
		line_insert(f, f->n, &l);
		text = stop + 1;
	}
	return 0;
}

void
rulefile_print(const struct rulefile *f, struct buf *out)
{
	for (size_t i = 0; i < f->n; i++) {
		buf_add(out, f->v[i].text, f->v[i].n);
		buf_add(out, "\n", 1);
	}
}

int
rule_over(const struct rule *r, long long now)
{
	return r->until && r->until <= now;
}

/* Whether a's names may lead wherever b's may. */
static int
leads(const struct rule *a, const struct rule *b)
{
	for (size_t i = 0; i < b->nto; i++) {
		size_t k = 0;

		while (k < a->nto &&
		    (a->to[k].bits != b->to[i].bits ||
			memcmp(&a->to[k].addr, &b->to[i].addr,
			    sizeof b->to[i].addr) != 0))
			k++;
		if (k == a->nto)
			return 0;
	}
	return 1;
}

/* Whether a before r takes some of r's effect away. */
static int
shadows(const struct rule *a, const struct rule *r, long long now)
{
	return !rule_over(a, now) && rule_meets(a, r) &&
	    (a->verdict != r->verdict ||
		(r->verdict == RULE_ALLOW && !leads(a, r)));
}

static size_t
first_shadow(const struct rulefile *f, const struct rule *r, long long now)
{
	size_t i = 0;

	while (i < f->n &&
	    !(f->v[i].is_rule && !rule_same(&f->v[i].rule, r) &&
		shadows(&f->v[i].rule, r, now)))
		i++;
	return i;
}

const struct rule *
rulefile_shadow(
    const struct rulefile *f, const struct rule *r, size_t at, long long now)
{
	size_t i = first_shadow(f, r, now);

	return i < f->n && (!at || i + 1 < at) ? &f->v[i].rule : NULL;
}

static size_t
first_same(const struct rulefile *f, const struct rule *r)
{
	size_t i = 0;

	while (i < f->n && !(f->v[i].is_rule && rule_same(&f->v[i].rule, r)))
		i++;
	return i;
}

/* The comment right above a rule is about that rule; at the top of the file
 * it is about the file. */
static size_t
above_comment(const struct rulefile *f, size_t i)
{
	size_t k = i;

	while (k && !f->v[k - 1].is_rule &&
	    f->v[k - 1].text[strspn(f->v[k - 1].text, " \t")] == '#')
		k--;
	return k ? k : i;
}

static size_t
first_rule(const struct rulefile *f)
{
	size_t i = 0;

	while (i < f->n && !f->v[i].is_rule)
		i++;
	return i;
}

/* Write r as a line that reads back; note: its note when it has none. */
static int
render(
    struct rulefile_line *l, const struct rule *r, char *note, struct why *why)
{
	autobuf struct buf b = { 0 };
	struct rule copy = *r;
	struct why w;

	if (!copy.note)
		copy.note = note;
	rule_print(&copy, &b);
	if (b.n > RULE_LINE || memchr(b.p, '\n', b.n) ||
	    line_read(l, b.p, b.n, &w) < 0 || !l->is_rule)
		return why_set(why, EX_USAGE,
		    "not a rule that can be written down: %.200s", b.p);
	return 0;
}

/* Where the one rule goes; *stays: over line i, which is of its destination. */
static size_t
place_one(
    const struct rulefile *f, const struct rule *r, long long now, int *stays)
{
	size_t shadow = first_shadow(f, r, now), same = first_same(f, r);

	*stays = same < f->n && same < shadow;
	if (*stays)
		return same;
	return shadow < f->n ? above_comment(f, shadow) : f->n;
}

/* Where several go: where the first of their like stands, or before what would
 * shadow one of them and stays. */
static size_t
place_all(
    const struct rulefile *f, const struct rule *r, size_t n, long long now)
{
	for (size_t i = 0; i < f->n; i++) {
		const struct rule *old = &f->v[i].rule;
		int shadow = 0, same = 0;

		for (size_t k = 0; f->v[i].is_rule && k < n && !same; k++) {
			same = rule_same(old, &r[k]);
			shadow |= shadows(old, &r[k], now);
		}
		if (same)
			return i;
		if (shadow)
			return above_comment(f, i);
	}
	return f->n;
}

static size_t
place(const struct rulefile *f, const struct rule *r, size_t n, long at,
    long long now, int *stays)
{
	size_t i = f->n;

	*stays = 0;
	if (at == RULEFILE_FIRST) {
		i = first_rule(f);
		return i < f->n ? above_comment(f, i) : i;
	}
	if (at > 0)
		return (size_t)at - 1 < f->n ? (size_t)at - 1 : f->n;
	return n == 1 ? place_one(f, r, now, stays) : place_all(f, r, n, now);
}

/* Remove the rules of r's destination but line `but`; how many of them stood
 * before it. */
static size_t
remove_same(struct rulefile *f, const struct rule *r, size_t from, size_t to)
{
	size_t before = 0;

	for (size_t i = f->n; i-- > 0;)
		if ((i < from || i >= to) && f->v[i].is_rule &&
		    rule_same(&f->v[i].rule, r)) {
			before += i < from;
			line_remove(f, i);
		}
	return before;
}

int
rulefile_add(struct rulefile *f, const struct rule *r, size_t n, long at,
    long long now, struct why *why)
{
	int stays;
	size_t i = place(f, r, n, at, now, &stays), added = 0;

	for (size_t k = 0; k < n; k++) {
		struct rulefile_line l;
		size_t same = first_same(f, &r[k]);

		/* of two with one destination the first counts */
		if (same >= i && same < i + added)
			continue;
		if (render(&l, &r[k], same < f->n ? f->v[same].rule.note : NULL,
			why) < 0)
			return -1;
		if (stays)
			line_remove(f, i);
		line_insert(f, i + added++, &l);
		i -= remove_same(f, &r[k], i, i + added);
	}
	return 0;
}

int
rulefile_yield(struct rulefile *f, const struct rule *r, size_t n,
    long long now, struct why *why)
{
	for (size_t k = n; k-- > 0;) {
		(void)rulefile_remove(f, &r[k]);
		/* the last first: a copy may shadow those before it */
		if (first_shadow(f, &r[k], now) < f->n &&
		    rulefile_add(f, &r[k], 1, RULEFILE_FIT, now, why) < 0)
			return -1;
	}
	return 0;
}

size_t
rulefile_remove(struct rulefile *f, const struct rule *r)
{
	size_t n = f->n;

	(void)remove_same(f, r, 0, 0);
	return n - f->n;
}

size_t
rulefile_remove_if(struct rulefile *f,
    int (*over)(const struct rule *r, long long now), long long now)
{
	size_t n = f->n;

	for (size_t i = f->n; i-- > 0;)
		if (f->v[i].is_rule && (!over || over(&f->v[i].rule, now)))
			line_remove(f, i);
	return n - f->n;
}

int
rulefile_remove_line(struct rulefile *f, size_t line)
{
	if (!line || line > f->n || !f->v[line - 1].is_rule)
		return -1;
	line_remove(f, line - 1);
	return 0;
}
