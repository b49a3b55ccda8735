/* SPDX-License-Identifier: ISC */
#include "rules.h"

#include <stdlib.h>
#include <string.h>

#include "rules_priv.h"
#include "say.h"

struct list {
	char *name;
	int there; /* 0: only named by a rule */
	struct rules_set set;
};

/* A rule that somebody has asked for, as he gets it. */
struct made {
	struct rule rule; /* first: callers have this alone */
	uint32_t i;
};

struct rules {
	struct rules_set set;
	struct made **made; /* as many as items, or none yet */
	size_t nmade;
	struct list *lists;
	size_t nlists;
	struct strv origins;
	size_t lines;
};

struct rules *
rules_new(void)
{
	return xcalloc(1, sizeof(struct rules));
}

void
rules_free(struct rules *t)
{
	if (!t)
		return;
	for (size_t i = 0; i < t->nmade; i++) {
		if (t->made[i])
			rule_free(&t->made[i]->rule);
		free(t->made[i]);
	}
	for (size_t i = 0; i < t->nlists; i++) {
		free(t->lists[i].name);
		rules_set_free(&t->lists[i].set);
	}
	free(t->made);
	free(t->lists);
	rules_set_free(&t->set);
	strv_free(&t->origins);
	free(t);
}

/* The list of that name; when there is none, one that nobody has added. */
static struct list *
list_of(struct rules *t, const char *name)
{
	struct list *l;

	for (size_t i = 0; i < t->nlists; i++)
		if (strcmp(t->lists[i].name, name) == 0)
			return &t->lists[i];
	t->lists = xreallocarray(t->lists, t->nlists + 1, sizeof *t->lists);
	l = &t->lists[t->nlists++];
	memset(l, 0, sizeof *l);
	l->name = xstrdup(name);
	return l;
}

static int
read_rules(struct rules *t, struct rules_lines *l, struct why *why)
{
	char name[RULE_NAME_MAX];
	struct word note;
	struct rule rule;
	struct why bad;
	uint32_t form;
	int r, got;

	while ((r = rules_line(l, why)) == 1) {
		got = rule_read(&rule, name, &note, l->now.p, l->now.n, &bad);
		if (got < 0)
			return rules_bad(l, &bad, why);
		if (!got)
			continue;
		rule.origin = l->origin;
		if (rules_intern(&t->set, &rule, &form, &bad) < 0)
			return rules_bad(l, &bad, why);
		rules_item(&t->set, form, &rule, name, &note, l->line);
	}
	return r;
}

/* A domain is one of two labels at least: ".com" would trust everybody. */
static int
read_domain(
    struct rule *r, char *name, const struct word *line, struct why *why)
{
	const char *at = line->p, *end = at + line->n;
	struct word w, next;

	if (!word_next(&w, &at, end) || *w.p == '#')
		return 0;
	if (word_next(&next, &at, end) && *next.p != '#')
		return why_set(why, EX_DATAERR,
		    "%.*s: one domain on each line, and comments behind #",
		    SHOWN(&next));
	if (rule_read_host(r, name, &w, why) < 0)
		return -1;
	if (r->host != RULE_NAME && r->host != RULE_SUFFIX)
		return why_set(why, EX_DATAERR,
		    "%.*s: no domain; example.com is one", SHOWN(&w));
	if (!strchr(name, '.'))
		return why_set(why, EX_DATAERR,
		    "%.*s: all names under it would be trusted; two labels "
		    "are the least: example.com",
		    SHOWN(&w));
	r->host = RULE_SUFFIX;
	return 1;
}

static int
read_domains(struct rules *t, struct rules_lines *l, struct why *why)
{
	static const struct word none = { "", 0 }, web = { "80,443", 6 };
	char name[RULE_NAME_MAX];
	struct rule rule;
	struct why bad;
	uint32_t form;
	int r, got;

	memset(&rule, 0, sizeof rule);
	rule.verdict = RULE_ALLOW;
	rule.protos = RULE_TCP;
	rule.origin = l->origin;
	(void)rule_read_ports(&rule, &web, NULL);
	if (rules_intern(&t->set, &rule, &form, &bad) < 0)
		return rules_bad(l, &bad, why);
	while ((r = rules_line(l, why)) == 1) {
		got = read_domain(&rule, name, &l->now, &bad);
		if (got < 0)
			return rules_bad(l, &bad, why);
		if (got)
			rules_item(&t->set, form, &rule, name, &none, l->line);
	}
	return r;
}

static int
check_size(const char *origin, size_t n, struct why *why)
{
	if (n <= RULES_TEXT_MAX)
		return 0;
	return why_set(why, EX_DATAERR, "%s: larger than %d MiB", origin,
	    RULES_TEXT_MAX >> 20);
}

int
rules_add(struct rules *t, const char *origin, enum rules_form form,
    const char *text, size_t n, struct why *why)
{
	size_t items = t->set.n, bytes = t->set.ntext, forms = t->set.nforms,
	       lines = t->lines;
	struct rules_lines l = { text, n ? text + n : text, NULL, &t->lines, 0,
		{ NULL, 0 } };

	if (check_size(origin, n, why) < 0)
		return -1;
	strv_add(&t->origins, origin);
	l.origin = t->origins.v[t->origins.n - 1];
	if ((form == RULES_LINES ? read_rules : read_domains)(t, &l, why) < 0) {
		t->set.n = items;
		t->set.ntext = bytes;
		rules_forget_forms(&t->set, forms);
		t->lines = lines;
		return -1;
	}
	rules_index(&t->set, items);
	for (size_t i = items; i < t->set.n; i++) {
		struct rules_item *item = &t->set.items[i];

		if (item->host == RULE_LIST)
			item->next =
			    (uint32_t)(list_of(t, t->set.text + item->key) -
				t->lists);
	}
	return 0;
}

const char *
rules_wants(const struct rules *t)
{
	for (size_t i = 0; i < t->nlists; i++)
		if (!t->lists[i].there)
			return t->lists[i].name;
	return NULL;
}

int
rules_add_list(struct rules *t, const char *name, const char *origin,
    const char *text, size_t n, struct why *why)
{
	struct rules_set set = { 0 };
	size_t lines = t->lines;
	struct list *l;

	if (check_size(origin, n, why) < 0)
		return -1;
	if (rules_read_list(&set, text, n, &t->lines, origin, why) < 0) {
		rules_set_free(&set);
		t->lines = lines;
		return -1;
	}
	rules_index(&set, 0);
	l = list_of(t, name);
	rules_set_free(&l->set);
	l->set = set;
	l->there = 1;
	return 0;
}

size_t
rules_list_size(const struct rules *t, const char *name)
{
	for (size_t i = 0; i < t->nlists; i++)
		if (strcmp(t->lists[i].name, name) == 0)
			return t->lists[i].set.n;
	return 0;
}

static int
list_has(const void *lists, uint32_t i, const struct rules_probe *p)
{
	const struct list *l = lists;

	return rules_find(&l[i].set, p, 0, NULL, NULL) != RULES_NONE;
}

static struct made *
make(const struct rules_set *s, uint32_t i)
{
	const struct rules_item *item = &s->items[i];
	const char *key = s->text + item->key, *note = key;
	struct made *m = xmalloc(sizeof *m);

	m->i = i;
	m->rule = s->forms[item->form];
	m->rule.host = (uint8_t)item->host;
	m->rule.line = item->line;
	if (item->host == RULE_CIDR) {
		memcpy(&m->rule.cidr, key, sizeof m->rule.cidr);
		note += sizeof m->rule.cidr;
	} else {
		rule_keep_name(&m->rule, key);
		note += strlen(key) + 1;
	}
	if (*note)
		m->rule.note = xstrdup(note);
	return m;
}

/* Most rules are never asked for: each is made when it is.  That is not a
 * change that anybody could see. */
const struct rule *
rules_nth(const struct rules *t, size_t i)
{
	struct rules *own = (struct rules *)(uintptr_t)t;

	if (i >= t->set.n)
		return NULL;
	if (t->nmade < t->set.n) {
		own->made = xreallocarray(t->made, t->set.n, sizeof *own->made);
		memset(own->made + t->nmade, 0,
		    (t->set.n - t->nmade) * sizeof *own->made);
		own->nmade = t->set.n;
	}
	if (!t->made[i])
		own->made[i] = make(&t->set, (uint32_t)i);
	return &t->made[i]->rule;
}

const struct rule *
rules_next(const struct rules *t, const struct target *to, const struct rule *r)
{
	uint32_t from = r ? ((const struct made *)(const void *)r)->i + 1 : 0;
	struct rules_probe p;

	rules_probe(&p, to);
	return rules_nth(t, rules_find(&t->set, &p, from, list_has, t->lists));
}

const struct rule *
rules_match(const struct rules *t, const struct target *to)
{
	return rules_next(t, to, NULL);
}

const struct rule *
rules_denies(const struct rules *t, const struct target *to)
{
	struct rules_probe p;
	uint32_t i = 0;

	rules_probe(&p, to);
	p.blocks = 1;
	for (;; i++) {
		i = rules_find(&t->set, &p, i, list_has, t->lists);
		if (i == RULES_NONE)
			return NULL;
		if (t->set.forms[t->set.items[i].form].verdict == RULE_DENY)
			return rules_nth(t, i);
	}
}
