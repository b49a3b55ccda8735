/* SPDX-License-Identifier: ISC */
/*
 * fuzz-rulefile: the first line is a rule, or @LINE that is to go; the rest is
 * a file of rules, or the table that fw list prints.
 */
#include "fuzz.h"
#include "rulefile.h"
#include "rulein.h"
#include "say.h"
#include "show.h"

static struct why why;

/* What was read is printed as it was, but for the end of the last line. */
static int
read_file(struct rulefile *f, const char *text, size_t n)
{
	struct buf b = { 0 };

	if (rulefile_read(f, "fuzz", text, n, &why) < 0) {
		fuzz_why(&why);
		rulefile_free(f);
		return -1;
	}
	rulefile_print(f, &b);
	must(b.n >= n && b.n <= n + 1 && (!n || memcmp(b.p, text, n) == 0));
	buf_free(&b);
	return 0;
}

/* What a changed file says is read again as the same. */
static void
check_file(const struct rulefile *f)
{
	struct rulefile again = { 0 };
	struct buf b = { 0 };

	rulefile_print(f, &b);
	must(rulefile_read(&again, "again", b.p ? b.p : "", b.n, &why) == 0);
	must(again.n == f->n);
	for (size_t i = 0; i < f->n; i++) {
		must(again.v[i].is_rule == f->v[i].is_rule);
		must(!f->v[i].is_rule ||
		    rule_same(&again.v[i].rule, &f->v[i].rule));
	}
	rulefile_free(&again);
	buf_free(&b);
}

/* A rule that was added stands there, and no other says otherwise before it. */
static void
add(const char *text, size_t n, const struct rule *r, long at)
{
	struct rulefile f = { 0 };
	size_t line = 0;

	if (read_file(&f, text, n) < 0)
		return;
	if (rulefile_add(&f, r, 1, at, 1000, &why) < 0)
		fuzz_why(&why);
	else {
		for (size_t i = 0; i < f.n && !line; i++)
			if (f.v[i].is_rule && rule_same(&f.v[i].rule, r))
				line = i + 1;
		must(line);
		if (at <= 0 && !rule_over(r, 1000))
			must(!rulefile_shadow(&f, r, line, 1000));
		check_file(&f);
	}
	must(rulefile_remove(&f, r) <= 1 || at > 0);
	check_file(&f);
	rulefile_free(&f);
}

/* Two, that keep their order. */
static void
add_two(const char *text, size_t n, const struct rule *r)
{
	static const char last[] = "deny * .example.com *";
	struct rulefile f = { 0 };
	struct rule two[2] = { *r };

	must(rule_parse(&two[1], last, sizeof last - 1, &why) == 1);
	if (read_file(&f, text, n) == 0) {
		if (rulefile_add(&f, two, 2, RULEFILE_FIT, 1000, &why) < 0)
			fuzz_why(&why);
		check_file(&f);
		rulefile_free(&f);
	}
	rule_free(&two[1]);
}

static void
other(const char *text, size_t n, const struct rule *r)
{
	struct rulefile f = { 0 };

	if (read_file(&f, text, n) < 0)
		return;
	if (rulefile_yield(&f, r, 1, 1000, &why) < 0)
		fuzz_why(&why);
	check_file(&f);
	(void)rulefile_remove_if(&f, rule_over, 1000);
	for (size_t i = 0; i < f.n; i++)
		must(!f.v[i].is_rule || !rule_over(&f.v[i].rule, 1000));
	check_file(&f);
	rulefile_free(&f);
}

static void
drop(const char *text, size_t n, const char *nr)
{
	struct rulefile f = { 0 };
	long long line;
	size_t had;

	if (read_file(&f, text, n) < 0)
		return;
	had = f.n;
	if (num_int(nr, 0, 100000, &line) == 0 &&
	    rulefile_remove_line(&f, (size_t)line) == 0)
		must(f.n + 1 == had && line >= 1);
	check_file(&f);
	rulefile_free(&f);
}

/* Columns that people see. */
static void
check_shown(const struct rule *r)
{
	char *v[] = { show_dest(r), show_origin(r), show_word(r, SHOW_HOST),
		show_word(r, SHOW_PORTS), show_to(r), show_until(r) };
	struct rule again;

	must(rule_dest(&again, r->verdict, v[0], &why) == 0);
	must(rule_same(&again, r));
	rule_free(&again);
	for (size_t i = 0; i < LEN(v); i++) {
		if (v[i])
			fuzz_plain(v[i]);
		free(v[i]);
	}
}

static void
fuzz_in(const char *text, size_t n)
{
	struct rulein in;

	if (rulein_read(&in, "in", text, n, &why) < 0) {
		fuzz_why(&why);
		return;
	}
	for (int k = 0; k < RULEIN_KINDS; k++)
		for (size_t i = 0; i < in.of[k].n; i++)
			check_shown(&in.of[k].v[i]);
	rulein_free(&in);
}

int
LLVMFuzzerTestOneInput(const uint8_t *p, size_t n)
{
	char *text = fuzz_text(p, n);
	size_t first = strcspn(text, "\n");
	const char *rest = text + first + (first < n);
	size_t left = n - (size_t)(rest - text);
	struct rule r;

	fuzz_in(rest, left);
	if (*text == '@') {
		text[first] = '\0';
		drop(rest, left, text + 1);
	} else if (rule_parse(&r, text, first, &why) == 1) {
		add(rest, left, &r, RULEFILE_FIT);
		add(rest, left, &r, RULEFILE_FIRST);
		add(rest, left, &r, 2);
		add_two(rest, left, &r);
		other(rest, left, &r);
		rule_free(&r);
	}
	free(text);
	return 0;
}
