/* SPDX-License-Identifier: ISC */
/*
 * fuzz-carry: the first byte says whose: rules of OpenSnitch's (o), of Little
 * Snitch's (l), or ours that go to both (x); the others are the text.
 */
#include "carry.h"
#include "fuzz.h"
#include "json.h"
#include "rulefile.h"
#include "say.h"

static void
left(const char *what, const char *why)
{
	must(what && *why);
}

/* What came in is rules, each line one. */
static void
check_rules(const struct buf *b)
{
	struct rulefile f = { 0 };
	struct why why;

	must(rulefile_read(&f, "in", b->p ? b->p : "", b->n, &why) == 0);
	for (size_t i = 0; i < f.n; i++)
		must(f.v[i].is_rule);
	rulefile_free(&f);
}

static void
fuzz_in(enum carry_form form, const char *text, size_t n)
{
	struct buf out = { 0 };
	struct why why = { 0 };

	if (carry_in(form, text, n, &out, left, &why) < 0) {
		must(why.code == EX_DATAERR);
		fuzz_said(why.text);
	}
	check_rules(&out);
	buf_free(&out);
}

/* What goes out is JSON, and comes in again, whatever a note says. */
static void
fuzz_out(const char *text, size_t n)
{
	const struct rule **v;
	struct rulefile f = { 0 };
	struct why why;
	size_t rules = 0;

	if (rulefile_read(&f, "out", text, n, &why) < 0)
		return;
	v = xcalloc(f.n + 1, sizeof *v);
	for (size_t i = 0; i < f.n; i++)
		if (f.v[i].is_rule)
			v[rules++] = &f.v[i].rule;
	for (int form = CARRY_OPENSNITCH; form <= CARRY_LSRULES; form++) {
		struct buf out = { 0 }, in = { 0 };

		carry_out(form, "web", v, rules, &out, left);
		must(carry_in(form, out.p, out.n, &in, left, &why) == 0);
		check_rules(&in);
		buf_free(&out);
		buf_free(&in);
	}
	free(v);
	rulefile_free(&f);
}

int
LLVMFuzzerTestOneInput(const uint8_t *p, size_t n)
{
	char *text;

	if (!n)
		return 0;
	text = fuzz_text(p + 1, n - 1);
	if (*p == 'o')
		fuzz_in(CARRY_OPENSNITCH, text, n - 1);
	else if (*p == 'l')
		fuzz_in(CARRY_LSRULES, text, n - 1);
	else if (*p == 'x')
		fuzz_out(text, n - 1);
	must(carry_form(text) == -1 || strlen(text) <= 10);
	free(text);
	return 0;
}
