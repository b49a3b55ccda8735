/* SPDX-License-Identifier: ISC */
/* Forms of rules, each kept once. */
#include <stdlib.h>
#include <string.h>

#include "rules_priv.h"
#include "say.h"

void *
rules_grown(void *p, size_t n, size_t *cap, size_t size)
{
	if (n <= *cap)
		return p;
	*cap = n + n / 2 + 16;
	return xreallocarray(p, *cap, size);
}

/* Rules are zeroed before they are filled: there is nothing between their
 * members. */
static uint32_t
hash_form(const struct rule *r)
{
	uint64_t hash = 1, part;

	for (size_t i = 0; i + sizeof part <= sizeof *r; i += sizeof part) {
		memcpy(&part, (const char *)r + i, sizeof part);
		hash = (hash ^ part) * 0x9e3779b97f4a7c15;
		hash ^= hash >> 32;
	}
	return (uint32_t)hash;
}

/* Where the form is among the slots, or would be. */
static uint32_t *
form_slot(const struct rules_set *s, const struct rule *form)
{
	for (size_t i = hash_form(form);; i++) {
		uint32_t *slot = &s->form_slots[i & (s->nform_slots - 1)];

		if (!*slot ||
		    memcmp(&s->forms[*slot - 1], form, sizeof *form) == 0)
			return slot;
	}
}

static void
fill_slots(struct rules_set *s)
{
	memset(s->form_slots, 0, s->nform_slots * sizeof *s->form_slots);
	for (size_t i = 0; i < s->nforms; i++)
		*form_slot(s, &s->forms[i]) = (uint32_t)i + 1;
}

static void
make_slots(struct rules_set *s)
{
	if (s->nforms * 2 < s->nform_slots)
		return;
	s->nform_slots = s->nform_slots ? s->nform_slots * 2 : 16;
	s->form_slots =
	    xreallocarray(s->form_slots, s->nform_slots, sizeof *s->form_slots);
	fill_slots(s);
}

void
rules_forget_forms(struct rules_set *s, size_t n)
{
	if (s->nforms == n)
		return;
	s->nforms = n;
	s->last_form = 0;
	fill_slots(s);
}

int
rules_intern(
    struct rules_set *s, const struct rule *r, uint32_t *out, struct why *why)
{
	struct rule form = *r;
	uint32_t *slot;

	form.host = 0;
	form.name = form.note = NULL;
	memset(&form.cidr, 0, sizeof form.cidr);
	form.line = 0;
	/* Mostly it is that of the rule before. */
	if (s->nforms &&
	    memcmp(&s->forms[s->last_form], &form, sizeof form) == 0) {
		*out = s->last_form;
		return 0;
	}
	make_slots(s);
	slot = form_slot(s, &form);
	if (!*slot && s->nforms == RULES_FORMS)
		return why_set(why, EX_DATAERR,
		    "more than %d different kinds of ports and times",
		    RULES_FORMS);
	if (!*slot) {
		s->forms = rules_grown(
		    s->forms, s->nforms + 1, &s->forms_cap, sizeof *s->forms);
		s->forms[s->nforms] = form;
		*slot = (uint32_t)++s->nforms;
	}
	*out = s->last_form = *slot - 1;
	return 0;
}
