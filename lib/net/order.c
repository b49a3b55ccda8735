/* SPDX-License-Identifier: ISC */
#include "order.h"

#include <string.h>

#include "say.h"

static const char quiet[] = "deny * @quiet *\n";

static const char *
last_part(const char *path)
{
	const char *slash = strrchr(path, '/');

	return slash ? slash + 1 : path;
}

static void
add(struct sources *s, const char *path, enum rules_form form)
{
	s->v[s->n].path = path;
	s->v[s->n].origin = last_part(path);
	s->v[s->n++].form = form;
}

int
order_fill(struct sources *s, char *const *rules, size_t nrules,
    const char *domains, char *const *lists, size_t nlists, struct why *why)
{
	*s = (struct sources){ 0 };
	if (nrules > ORDER_RULES || nlists >= LEN(s->lists))
		return why_set(why, EX_USAGE, "too many files of rules");
	for (size_t i = 0; i < nrules; i++)
		add(s, rules[i], RULES_LINES);
	if (domains) {
		s->v[s->n].text = quiet;
		s->v[s->n++].origin = ORDER_QUIET;
		add(s, domains, RULES_DOMAINS);
	}
	for (size_t i = 0; i < nlists; i++)
		s->lists[i] = lists[i];
	return 0;
}

int
order_is_default(const struct sources *s, size_t i)
{
	return s->v[i].text || s->v[i].form == RULES_DOMAINS;
}

void
order_defaults(struct sources *s, int off)
{
	for (size_t i = 0; i < s->n; i++)
		if (order_is_default(s, i))
			s->v[i].off = off;
}

int
order_own(const struct sources *s, const struct rule *r)
{
	for (size_t i = 0; i < s->n; i++)
		if (r->origin && strcmp(s->v[i].origin, r->origin) == 0)
			return !order_is_default(s, i);
	return 0;
}
