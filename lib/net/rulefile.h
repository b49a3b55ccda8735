/* SPDX-License-Identifier: ISC */
/*
 * rulefile: the text of a file of rules, changed line by line.  Comments,
 * blank lines and all that is not touched stay as they are.  No I/O.
 */
#ifndef XRAY_RULEFILE_H
#define XRAY_RULEFILE_H

#include <stddef.h>

#include "mem.h"
#include "rule.h"

struct rulefile {
	struct rulefile_line {
		char *text; /* without its end, owned */
		size_t n;
		int is_rule;
		struct rule rule; /* of is_rule; line is not kept up */
	} * v;
	size_t n, cap;
};

/* Where a rule goes: as said at rulefile_add, before all others, or so that
 * it stands on line N, counted from 1. */
enum { RULEFILE_FIT = 0, RULEFILE_FIRST = -1 };

/* Take a text apart.  -1 with why (EX_DATAERR): "rules:3: ...". */
int rulefile_read(struct rulefile *f, const char *origin, const char *text,
    size_t n, struct why *why);
void rulefile_free(struct rulefile *f);
/* The text again. */
void rulefile_print(const struct rulefile *f, struct buf *out);

/*
 * Add n rules, which keep their order, so that each has its effect: one rule
 * takes the place of that of the same destination, several that of none; they
 * stand before the first that would say otherwise about a destination of
 * theirs, else at the end.  Rules of the same destinations go.  now is s since
 * 1970: what is over by then counts no more.
 * -1 with why (EX_USAGE) for a rule that cannot be written down.
 */
int rulefile_add(struct rulefile *f, const struct rule *r, size_t n, long at,
    long long now, struct why *why);
/*
 * The same n rules were added to a file that counts behind this one: rules of
 * the same destinations go, and where others say otherwise, they are copied
 * before those.
 */
int rulefile_yield(struct rulefile *f, const struct rule *r, size_t n,
    long long now, struct why *why);

/* The first rule that stands before line `at` (1...) or anywhere (0) and says
 * otherwise about a destination of r's; NULL: none. */
const struct rule *rulefile_shadow(
    const struct rulefile *f, const struct rule *r, size_t at, long long now);

/* Remove rules, of r's destination, or for which over says 1 (all when it is
 * NULL); how many.  rulefile_remove_line: 0, or -1 when there is none. */
size_t rulefile_remove(struct rulefile *f, const struct rule *r);
size_t rulefile_remove_if(struct rulefile *f,
    int (*over)(const struct rule *r, long long now), long long now);
int rulefile_remove_line(struct rulefile *f, size_t line);
/* Whether its time is over. */
int rule_over(const struct rule *r, long long now);

#endif
