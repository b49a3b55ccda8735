/* SPDX-License-Identifier: ISC */
/* Lines of files, and those of lists. */
#include <string.h>

#include "rules_priv.h"
#include "say.h"

int
rules_line(struct rules_lines *l, struct why *why)
{
	const char *nl;

	if (l->at == l->end)
		return 0;
	if (++*l->all > RULES_MAX)
		return why_set(why, EX_DATAERR,
		    "%s: more than %d lines in all files of rules and lists",
		    l->origin, RULES_MAX);
	nl = memchr(l->at, '\n', (size_t)(l->end - l->at));
	l->now.p = l->at;
	l->now.n = (size_t)((nl ? nl : l->end) - l->at);
	l->at = nl ? nl + 1 : l->end;
	l->line++;
	if (l->now.n && l->now.p[l->now.n - 1] == '\r')
		l->now.n--;
	return 1;
}

int
rules_bad(const struct rules_lines *l, const struct why *what, struct why *why)
{
	return why_set(
	    why, EX_DATAERR, "%s:%u: %.800s", l->origin, l->line, what->text);
}

/* What all plain names of a list have. */
struct plain {
	struct rule rule;
	uint32_t form;
};

static int
add_entry(struct rules_set *s, struct plain *plain, const struct word *w,
    unsigned line, struct why *why)
{
	char name[RULE_NAME_MAX];
	struct rule r;
	uint32_t form;

	if (!memchr(w->p, ':', w->n) && !memchr(w->p, '/', w->n) &&
	    *w->p != '@' && !word_is(w, "any")) {
		if (rule_read_host(&plain->rule, name, w, why) < 0)
			return -1;
		if (plain->rule.host != RULE_HOST) {
			rules_item(
			    s, plain->form, &plain->rule, name, NULL, line);
			return 0;
		}
	} else {
		if (rule_read_dest(&r, name, RULE_DENY, w, why) < 0 ||
		    rules_intern(s, &r, &form, why) < 0)
			return -1;
		if (r.host != RULE_HOST && r.host != RULE_LIST) {
			rules_item(s, form, &r, name, NULL, line);
			return 0;
		}
	}
	return why_set(why, EX_DATAERR,
	    "%.*s: a list has names and addresses, no lists and not this "
	    "machine",
	    SHOWN(w));
}

/* Whether w is the address that a line of hosts(5) begins with, which may
 * have a zone. */
static int
is_address(const struct word *w)
{
	char text[ADDR_TEXT];
	struct addr a;
	size_t n = 0;

	while (n < w->n && w->p[n] != '%')
		n++;
	if (n >= sizeof text)
		return 0;
	memcpy(text, w->p, n);
	text[n] = '\0';
	return addr_parse(&a, text) == 0;
}

/* One word; or, behind an address, any number of names.  Where such a file
 * lists the address itself as a name, it means none. */
static int
add_line(struct rules_set *s, struct plain *plain, const struct rules_lines *l,
    struct why *why)
{
	const char *at = l->now.p, *end = at + l->now.n;
	struct word w, next;

	if (!word_next(&w, &at, end) || *w.p == '#')
		return 0;
	if (!word_next(&next, &at, end) || *next.p == '#')
		return add_entry(s, plain, &w, l->line, why);
	if (!is_address(&w))
		return why_set(why, EX_DATAERR,
		    "%.*s: one on each line, and comments behind #",
		    SHOWN(&next));
	do {
		if (*next.p == '#')
			return 0;
		if (!is_address(&next) &&
		    add_entry(s, plain, &next, l->line, why) < 0)
			return -1;
	} while (word_next(&next, &at, end));
	return 0;
}

int
rules_read_list(struct rules_set *s, const char *text, size_t n, size_t *lines,
    const char *origin, struct why *why)
{
	struct rules_lines l = { text, n ? text + n : text, origin, lines, 0,
		{ NULL, 0 } };
	struct plain plain;
	struct why bad;
	int r;

	memset(&plain.rule, 0, sizeof plain.rule);
	plain.rule.verdict = RULE_DENY;
	plain.rule.protos = RULE_ALL;
	(void)rules_intern(s, &plain.rule, &plain.form, NULL); /* the first */
	while ((r = rules_line(&l, why)) == 1)
		if (add_line(s, &plain, &l, &bad) < 0)
			return rules_bad(&l, &bad, why);
	return r;
}
