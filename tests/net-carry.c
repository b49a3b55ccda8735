/* SPDX-License-Identifier: ISC */
/*
 * carry: rules that went to another firewall come back as they were; what a
 * stranger wrote comes in as lines that are rules, or not at all.
 */
#include "carry.h"

#include <stdlib.h>
#include <string.h>

#include "probe.h"
#include "tap.h"

static int nleft;

static void
left(const char *what, const char *why)
{
	(void)what, (void)why;
	nleft++;
}

static unsigned long long seed = 7;

static unsigned
random_below(unsigned n)
{
	seed = seed * 6364136223846793005ULL + 1442695040888963407ULL;
	return (unsigned)(seed >> 33) % n;
}

static const char *const lines[] = { "allow tcp a.example 443",
	"deny * .example *", "allow udp 192.0.2.0/24 53,5000-5020 # note \"x\"",
	"deny icmp * *", "allow * 2001:db8::1 *", "deny tcp * 25",
	"allow tcp x-y_z.test 80-81,443" };

/* Some of the lines, in any order, each once. */
static size_t
some(struct rule *r)
{
	unsigned from = random_below(LEN(lines)),
		 step = 1 + random_below(LEN(lines) - 1), n = 0;

	for (unsigned i = 0; i < LEN(lines); i++) {
		const char *l = lines[(from + i * step) % LEN(lines)];

		(void)rule_parse(&r[n++], l, strlen(l), NULL);
	}
	return n;
}

static void
test_back(enum carry_form form)
{
	int good = 0;

	for (int i = 0; i < 200; i++) {
		struct rule r[LEN(lines)];
		const struct rule *v[LEN(lines)];
		autobuf struct buf out = { 0 }, in = { 0 }, want = { 0 };
		size_t n = some(r);
		int found = 1;

		for (size_t k = 0; k < n; k++) {
			v[k] = &r[k];
			rule_print(&r[k], &want);
			buf_str(&want, "\n");
		}
		carry_out(form, "web", v, n, &out, left);
		if (carry_in(form, out.p, out.n, &in, left, NULL) < 0)
			found = 0;
		buf_str(&in, "");
		for (size_t k = 0; k < n; k++) {
			autobuf struct buf line = { 0 };

			rule_print(&r[k], &line);
			found = found && strstr(in.p, line.p);
			rule_free(&r[k]);
		}
		/* the order is what OpenSnitch keeps */
		good += found && in.n == want.n &&
		    (form == CARRY_LSRULES || strcmp(in.p, want.p) == 0);
	}
	ok(good == 200 && nleft == 0, "200 times there and back");
}

static int
all_rules(const struct buf *b)
{
	for (const char *p = b->p, *nl; *p; p = nl + 1) {
		struct rule r;

		nl = strchr(p, '\n');
		if (!nl || rule_parse(&r, p, (size_t)(nl - p), NULL) != 1)
			return 0;
		rule_free(&r);
	}
	return 1;
}

static void
test_strange(enum carry_form form)
{
	static const char bytes[] = "{}[]\",:\\#\n\t *.@0a\200";
	struct rule r[LEN(lines)];
	const struct rule *v[LEN(lines)];
	autobuf struct buf out = { 0 };
	size_t n = some(r);
	int good = 1;

	for (size_t k = 0; k < n; k++)
		v[k] = &r[k];
	carry_out(form, "web", v, n, &out, left);
	for (int i = 0; i < 20000; i++) {
		autofree char *text = xstrndup(out.p, out.n);
		autobuf struct buf in = { 0 };

		for (unsigned k = 1 + random_below(3); k; k--)
			text[random_below((unsigned)out.n)] =
			    bytes[random_below(sizeof bytes - 1)];
		(void)carry_in(form, text, out.n, &in, left, NULL);
		buf_str(&in, "");
		good = good && all_rules(&in);
	}
	ok(good, "20000 changed texts: rules or nothing");
	for (size_t k = 0; k < n; k++)
		rule_free(&r[k]);
}

/* ---- probe ---- */

static struct buf told;

static void
tell(uint8_t proto, uint16_t port, const struct decision *d, void *arg)
{
	const struct policy *p = arg;
	autofree char *reason = probe_reason(p, d);

	buf_fmt(&told, "%d %u %d %s\n", proto, port, d->verdict, reason);
}

static int
probed(const struct policy *p, const char *dest, enum rule_verdict want,
    const char *text)
{
	enum rule_verdict worst = RULE_ASK;
	struct rule r;
	int same;

	told.n = 0;
	buf_str(&told, "");
	if (rule_dest(&r, RULE_ALLOW, dest, NULL) < 0)
		return 0;
	same = probe(p, &r, 1800000000, tell, (void *)(uintptr_t)p, &worst,
		   NULL) == 0 &&
	    worst == want && strcmp(told.p, text) == 0;
	if (!same)
		printf("# %d:\n%s", worst, told.p);
	rule_free(&r);
	return same;
}

static void
test_probe(void)
{
	static const char text[] = "allow tcp .example 80-90\n"
				   "deny * 192.0.2.0/24 *\n"
				   "allow icmp * *\n";
	struct rules *t = rules_new();
	struct policy p = { .rules = t, .mode = MODE_ASK };
	struct rule r;

	(void)rules_add(t, "rules", RULES_LINES, text, strlen(text), NULL);
	ok(probed(&p, ".example:79-91", RULE_ASK,
	       "1 79 2 mode ask: no rule names it\n"
	       "1 80 0 rules:1: allow tcp .example 80-90\n"
	       "1 91 2 mode ask: no rule names it\n"),
	    "runs of ports");
	ok(probed(&p, "b.example:*/any", RULE_ASK,
	       "1 1 2 mode ask: no rule names it\n"
	       "1 80 0 rules:1: allow tcp .example 80-90\n"
	       "1 91 2 mode ask: no rule names it\n"
	       "2 1 2 mode ask: no rule names it\n"
	       "4 0 0 rules:3: allow icmp * *\n"),
	    "every protocol and port");
	ok(probed(&p, "192.0.2.0/28:1", RULE_DENY,
	       "1 1 1 rules:2: deny * 192.0.2.0/24 *\n"),
	    "a block, by its first address");
	ok(rule_dest(&r, RULE_ALLOW, "@list", NULL) == 0 &&
		probe(&p, &r, 0, tell, NULL, NULL, NULL) < 0,
	    "a list is not one destination");
	rule_free(&r);
	rules_free(t);
	buf_free(&told);
}

int
main(void)
{
	test_back(CARRY_OPENSNITCH);
	test_back(CARRY_LSRULES);
	test_strange(CARRY_OPENSNITCH);
	test_strange(CARRY_LSRULES);
	test_probe();
	return tap_end();
}
