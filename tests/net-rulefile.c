/* SPDX-License-Identifier: ISC */
/*
 * rulefile: what is added counts, wherever it has to stand for that; comments
 * and blank lines survive.
 */
#include "rulefile.h"

#include <stdlib.h>
#include <string.h>

#include "rulein.h"
#include "rules.h"
#include "tap.h"

enum { NOW = 1800000000 };

static struct rule
dest(const char *text, enum rule_verdict verdict)
{
	struct rule r;
	struct why why;

	if (rule_dest(&r, verdict, text, &why) < 0)
		printf("# %s\n", why.text);
	r.verdict = (uint8_t)verdict;
	return r;
}

static int
read_text(struct rulefile *f, const char *text)
{
	struct why why;
	int r = rulefile_read(f, "rules", text, strlen(text), &why);

	if (r < 0)
		printf("# %s\n", why.text);
	return r;
}

/* Whether f is text; it is freed. */
static int
became(struct rulefile *f, const char *text)
{
	autobuf struct buf b = { 0 };
	int same;

	buf_str(&b, "");
	rulefile_print(f, &b);
	same = strcmp(b.p, text) == 0;
	if (!same)
		printf("# got:\n%s# want:\n%s", b.p, text);
	rulefile_free(f);
	return same;
}

static int
added(const char *text, const char *to, enum rule_verdict verdict, long at,
    const char *want)
{
	struct rule r = dest(to, verdict);
	struct rulefile f;
	struct why why;
	int got;

	if (read_text(&f, text) < 0)
		return 0;
	got = rulefile_add(&f, &r, 1, at, NOW, &why);
	rule_free(&r);
	return got == 0 && became(&f, want);
}

static void
test_places(void)
{
	ok(added("", "a.example:443", RULE_ALLOW, RULEFILE_FIT,
	       "allow tcp a.example 443\n"),
	    "into nothing");
	ok(added("# mine\n\nallow tcp b.example 443", "a.example:443",
	       RULE_ALLOW, RULEFILE_FIT,
	       "# mine\n\nallow tcp b.example 443\nallow tcp a.example 443\n"),
	    "at the end, also of a file without one");
	ok(added("allow tcp a.example 443 # why\nask * * *\n", "a.example:443",
	       RULE_DENY, RULEFILE_FIT,
	       "deny * a.example 443\nallow tcp a.example 443 # why\n"
	       "ask * * *\n"),
	    "a deny of a port is of every protocol: another destination");
	ok(added("allow tcp a.example 443 # why\n# end\n", "a.example:443/tcp",
	       RULE_DENY, RULEFILE_FIT,
	       "deny tcp a.example 443 # why\n# end\n"),
	    "the same destination is replaced in place, with its note");
	ok(added("allow tcp b.example 443\n\n# all else\nask * * *\n# end\n",
	       "a.example:443", RULE_ALLOW, RULEFILE_FIT,
	       "allow tcp b.example 443\n\nallow tcp a.example 443\n"
	       "# all else\nask * * *\n# end\n"),
	    "before what would shadow it, and that one's comment");
	ok(added("# the file's\ndeny * .example *\n", "a.example:443",
	       RULE_ALLOW, RULEFILE_FIT,
	       "# the file's\nallow tcp a.example 443\ndeny * .example *\n"),
	    "behind the comment at the top");
	ok(added("deny * .example *\nallow tcp a.example 443\n",
	       "a.example:443", RULE_ALLOW, RULEFILE_FIT,
	       "allow tcp a.example 443\ndeny * .example *\n"),
	    "the same one moves when it was dead");
	ok(added("allow tcp a.example 443\nallow tcp a.example 443\n",
	       "a.example:443", RULE_ALLOW, RULEFILE_FIT,
	       "allow tcp a.example 443\n"),
	    "two of the same become one");
	ok(added("deny * .example * until=1700000000\n", "a.example:443",
	       RULE_ALLOW, RULEFILE_FIT,
	       "deny * .example * until=1700000000\nallow tcp a.example 443\n"),
	    "what is over shadows nothing");
	ok(added("# top\nallow tcp b.example 443\n", "a.example:443", RULE_ASK,
	       RULEFILE_FIRST,
	       "# top\nask * a.example 443\nallow tcp b.example 443\n"),
	    "first");
	ok(added("# 1\n# 2\nallow tcp b.example 443\n", "a.example:443",
	       RULE_ALLOW, 2,
	       "# 1\nallow tcp a.example 443\n# 2\nallow tcp b.example 443\n"),
	    "on line 2");
	ok(added("allow tcp a.example 443\n# 2\n", "a.example:443", RULE_ALLOW,
	       3, "# 2\nallow tcp a.example 443\n"),
	    "on line 3, from line 1");
	ok(added("# 1\n", "a.example:443", RULE_ALLOW, 99,
	       "# 1\nallow tcp a.example 443\n"),
	    "on a line behind the last");
}

/* A block keeps its order, which one by one it would not. */
static void
test_block(void)
{
	static const char text[] = "allow tcp a.example 443\n"
				   "deny * .example *\n"
				   "allow tcp c.test 443\n";
	struct rulein in;
	struct rulefile f;
	struct why why;

	ok(rulein_read(&in, "-", text, strlen(text), &why) == 0 &&
		in.of[RULEIN_KEPT].n == 3,
	    "three lines");
	(void)read_text(&f, "# top\nask * * *\n");
	ok(rulefile_add(&f, in.of[0].v, in.of[0].n, RULEFILE_FIT, NOW, &why) ==
		    0 &&
		became(&f,
		    "# top\nallow tcp a.example 443\ndeny * .example *\n"
		    "allow tcp c.test 443\nask * * *\n"),
	    "they stand as they came, before what would shadow them");
	(void)read_text(&f,
	    "# a\nallow tcp a.example 443\n# e\n"
	    "deny * .example *\nallow tcp c.test 443\n");
	ok(rulefile_add(&f, in.of[0].v, in.of[0].n, RULEFILE_FIT, NOW, &why) ==
		    0 &&
		became(&f,
		    "# a\nallow tcp a.example 443\ndeny * .example *\n"
		    "allow tcp c.test 443\n# e\n"),
	    "where they stand already they stay");
	(void)read_text(&f, "deny * .test *\n");
	ok(rulefile_yield(&f, in.of[0].v, in.of[0].n, NOW, &why) == 0 &&
		became(&f, "allow tcp c.test 443\ndeny * .test *\n"),
	    "of a session, those that it would shadow");
	rulein_free(&in);
}

static void
test_session(void)
{
	struct rule r = dest("a.example:443", RULE_ALLOW);
	struct rulefile f;
	struct why why;

	(void)read_text(
	    &f, "deny tcp a.example 443\nallow tcp b.example 443\n");
	ok(rulefile_yield(&f, &r, 1, NOW, &why) == 0 &&
		became(&f, "allow tcp b.example 443\n"),
	    "the session's rule of the same destination goes");
	(void)read_text(&f, "deny * .example *\n");
	ok(rulefile_yield(&f, &r, 1, NOW, &why) == 0 &&
		became(&f, "allow tcp a.example 443\ndeny * .example *\n"),
	    "another that says otherwise: a copy before it");
	(void)read_text(&f, "allow * .example *\n");
	ok(rulefile_yield(&f, &r, 1, NOW, &why) == 0 &&
		became(&f, "allow * .example *\n"),
	    "one that says the same stays");
	rule_free(&r);
}

static void
test_to(void)
{
	struct rule r = dest("a.corp.example", RULE_ALLOW);
	struct rulefile f;
	struct why why;

	(void)cidr_parse(&r.to[r.nto++], "10.0.0.0/8", &why);
	(void)read_text(&f, "allow tcp .example *\n");
	ok(rulefile_add(&f, &r, 1, RULEFILE_FIT, NOW, &why) == 0 &&
		became(&f,
		    "allow tcp a.corp.example 80,443 to=10.0.0.0/8\n"
		    "allow tcp .example *\n"),
	    "before what allows it, but not to lead there");
	rule_free(&r);
}

static void
test_bad(void)
{
	struct rule r = dest("a.example:443", RULE_ALLOW);
	struct rulefile f;
	struct why why;
	char note[RULE_LINE + 1];

	ok(rulefile_read(&f, "rules", "allow tcp a 1\nnonsense\n", 23, &why) <
		    0 &&
		str_starts(why.text, "rules:2: "),
	    "a bad line is named");
	(void)read_text(&f, "");
	r.note = xstrdup("one\nallow * * *");
	ok(rulefile_add(&f, &r, 1, RULEFILE_FIT, NOW, &why) < 0,
	    "a note of two lines is none");
	free(r.note);
	memset(note, 'x', sizeof note - 1);
	note[sizeof note - 1] = '\0';
	r.note = xstrdup(note);
	ok(rulefile_add(&f, &r, 1, RULEFILE_FIT, NOW, &why) < 0,
	    "nor is one that is too long");
	rulefile_free(&f);
	rule_free(&r);
}

static void
test_remove(void)
{
	struct rule r = dest("a.example:443", RULE_ALLOW);
	struct rulefile f;

	(void)read_text(&f,
	    "# top\nallow tcp a.example 443\n\ndeny * * * until=1700000000\n"
	    "allow tcp b.example 443 until=2200000000\n");
	ok(rulefile_remove(&f, &r) == 1 && rulefile_remove(&f, &r) == 0,
	    "by its destination, once");
	ok(rulefile_remove_line(&f, 1) < 0 && rulefile_remove_line(&f, 9) < 0,
	    "a comment's line is no rule's");
	ok(rulefile_remove_if(&f, rule_over, NOW) == 1, "what is over");
	ok(rulefile_remove_line(&f, 3) == 0, "by its line");
	ok(became(&f, "# top\n\n"), "comments and blank lines stay");
	rule_free(&r);
}

static void
test_table(void)
{
	static const char table[] =
	    "VERDICT\tPROTO\tHOST\tPORT\tUNTIL\tORIGIN\n"
	    "allow\ttcp\ta.example\t443\t2027-11-21T22:14:00Z\t"
	    "rules.session:1\n"
	    "deny\t*\t.b.example\t*\t\trules:3\n"
	    "allow\ttcp\t.debian.org\t80,443\t\t"
	    "default-firewall-rules.conf:12\n"
	    "ask\t*\t*\t*\t\tmode\n";
	static const char more[] =
	    "HOST\tVERDICT\tPROTO\tPORT\tTO\tNOTE\n"
	    "a.example\tallow\ttcp\t443\t10.0.0.0/8\tx y\n";
	const char *const forms[] = { table, strchr(table, '\n') + 1 };
	struct rulein in;
	struct why why;

	for (size_t i = 0; i < LEN(forms); i++) {
		ok(rulein_read(&in, "-", forms[i], strlen(forms[i]), &why) ==
			    0 &&
			in.of[RULEIN_KEPT].n == 1 &&
			in.of[RULEIN_SESSION].n == 1,
		    "a table's own rows, %s its head", i ? "without" : "with");
		ok(in.of[RULEIN_SESSION].v[0].until == 1826835240,
		    "with their ends");
		rulein_free(&in);
	}
	ok(rulein_read(&in, "-", more, strlen(more), &why) == 0 &&
		in.of[RULEIN_KEPT].n == 1 && in.of[RULEIN_KEPT].v[0].nto == 1 &&
		strcmp(in.of[RULEIN_KEPT].v[0].note, "x y") == 0,
	    "columns as the head has them");
	rulein_free(&in);
	ok(rulein_read(&in, "cases", "allow tcp x\n", 12, &why) < 0 &&
		str_starts(why.text, "cases:1: "),
	    "a bad line is named");
}

/* ---- what is added is what is decided ---- */

static unsigned long long seed = 42;

static unsigned
random_below(unsigned n)
{
	seed = seed * 6364136223846793005ULL + 1442695040888963407ULL;
	return (unsigned)(seed >> 33) % n;
}

static const char *const hosts[] = { "a.example", "b.example", ".example",
	".b.example", "c.test", ".test", "93.184.216.34", "93.184.216.0/24",
	"2001:4860:4860::/48", "any", "@list", "host", "10.1.2.3" };
static const char *const parts[] = { "", ":443", ":80", ":*", ":8000-8099",
	":443,8000-9000", ":53/udp", ":*/tcp", ":*/any", "/icmp", ":22/tcp" };

static struct rule
random_rule(void)
{
	const char *host = hosts[random_below(LEN(hosts))];
	const char *part = parts[random_below(LEN(parts))];
	int v6 = strchr(host, ':') && strchr(part, ':');
	autofree char *text =
	    xasprintf("%s%s%s%s", v6 ? "[" : "", host, v6 ? "]" : "", part);
	struct rule r = dest(text, (enum rule_verdict)random_below(3));

	if (random_below(6) == 0)
		r.until = NOW + (random_below(2) ? 100 : -100);
	return r;
}

static void
random_file(struct buf *b)
{
	for (unsigned i = random_below(12); i; i--) {
		struct rule r = random_rule();

		if (random_below(4) == 0)
			buf_str(b, random_below(2) ? "# words\n" : "\n");
		rule_print(&r, b);
		buf_str(b, "\n");
		rule_free(&r);
	}
	buf_str(b, "");
}

/* What a destination of r's is decided by: any name, address, port. */
static int
decided(const struct rules *t, const struct rule *r)
{
	struct target to = { .now = NOW, .addr = addr_v4(0x5db8d822) };
	const struct rule *got;

	to.proto = r->protos & RULE_TCP ? RULE_TCP :
	    r->protos & RULE_UDP	? RULE_UDP :
					  RULE_ICMP;
	to.port = to.proto == RULE_ICMP ? 0 :
	    r->ports.n			? r->ports.v[r->ports.n - 1].hi :
					  4711;
	if (r->host == RULE_NAME || r->host == RULE_SUFFIX)
		to.name = r->name;
	else if (r->host == RULE_CIDR)
		to.addr = r->cidr.addr;
	else if (r->host == RULE_HOST)
		to.host = 1;
	else if (r->host == RULE_LIST)
		to.name = "in.the.list";
	got = rules_match(t, &to);
	return got ? got->verdict : -1;
}

static void
random_round(int i)
{
	static const char list[] = ".the.list\n.example:443\n";
	autobuf struct buf session = { 0 }, rules = { 0 };
	struct rulefile f[2];
	struct rule r = random_rule();
	struct rules *t = rules_new();
	struct why why;
	int good = 1, comments[2];

	r.until = 0;
	random_file(&session);
	random_file(&rules);
	(void)read_text(&f[0], session.p);
	(void)read_text(&f[1], rules.p);
	for (int k = 0; k < 2; k++) {
		comments[k] = 0;
		for (size_t j = 0; j < f[k].n; j++)
			comments[k] += !f[k].v[j].is_rule;
	}
	good = rulefile_add(&f[1], &r, 1, RULEFILE_FIT, NOW, &why) == 0 &&
	    rulefile_yield(&f[0], &r, 1, NOW, &why) == 0;
	for (int k = 0; k < 2; k++) {
		autobuf struct buf b = { 0 };
		int n = 0;

		buf_str(&b, "");
		rulefile_print(&f[k], &b);
		for (size_t j = 0; j < f[k].n; j++)
			n += !f[k].v[j].is_rule;
		good = good && n == comments[k] &&
		    rules_add(t, k ? "rules" : "rules.session", RULES_LINES,
			b.p, b.n, &why) == 0;
		rulefile_free(&f[k]);
	}
	if (rules_wants(t))
		(void)rules_add_list(
		    t, "list", "lists/list", list, strlen(list), &why);
	if (!good || decided(t, &r) != r.verdict) {
		autobuf struct buf b = { 0 };

		rule_print(&r, &b);
		ok(0, "round %d: %s is %d\n# session:\n%s# rules:\n%s", i, b.p,
		    decided(t, &r), session.p, rules.p);
	}
	rules_free(t);
	rule_free(&r);
}

int
main(void)
{
	test_places();
	test_block();
	test_session();
	test_to();
	test_bad();
	test_remove();
	test_table();
	for (int i = 0; i < 2000; i++)
		random_round(i);
	ok(1, "2000 files and additions: check says what was added");
	return tap_end();
}
