/* SPDX-License-Identifier: ISC */
/* rule_same, rule_meets and the order of rules, by trying all there is. */
#include <stdlib.h>
#include <string.h>

#include "rules.h"
#include "tap.h"

static const char *const protos[] = { "tcp", "udp", "icmp", "*" };
static const char *const hosts[] = { "*", "host", "a.com", "b.a.com", "com",
	"x.org", ".com", ".a.com", ".b.a.com", ".org", ".x.org", "10.0.0.0/8",
	"10.1.0.0/16", "10.1.2.3", "11.0.0.0/8", "0.0.0.0/0", "::/0", "::1",
	"fe80::/10", "fe80::1", "@list" };
static const char *const ports[] = { "*", "80", "443", "80,443", "1-79",
	"79-81", "81-442", "1-65535", "444-65535" };
static const char *const names[] = { "com", "a.com", "b.a.com", "c.b.a.com",
	"z.com", "za.com", "org", "x.org", "y.x.org", "z", "list.net" };
static const char *const addrs[] = { "10.0.0.1", "10.1.0.1", "10.1.2.3",
	"11.0.0.1", "1.2.3.4", "::1", "fe80::1", "fe80::2", "2000::1" };
/* One of each that the ports above tell apart. */
static const uint16_t ends[] = { 1, 79, 80, 81, 443, 444, 65535 };

static struct target pool[1000];
static size_t npool;

static void
fill_pool(void)
{
	size_t hosts_n = LEN(names) + LEN(addrs) + 1;

	for (size_t i = 0; i < hosts_n; i++)
		for (size_t j = 0; j < 2 * LEN(ends) + 1; j++) {
			struct target *to = &pool[npool++];

			to->proto = j == 2 * LEN(ends) ? RULE_ICMP :
			    j & 1		       ? RULE_TCP :
							 RULE_UDP;
			to->port = to->proto == RULE_ICMP ? 0 : ends[j / 2];
			to->now = 1000;
			if (i < LEN(names))
				to->name = names[i];
			else if (i + 1 == hosts_n)
				to->host = 1;
			else if (addr_parse(&to->addr, addrs[i - LEN(names)]) <
			    0)
				abort();
		}
}

#define ANY(a) (a)[(size_t)random() % LEN(a)]

static void
random_line(struct buf *b)
{
	const char *proto = ANY(protos), *port = ANY(ports);

	buf_fmt(b, "%s %s %s %s%s\n", random() % 2 ? "allow" : "deny", proto,
	    ANY(hosts), strcmp(proto, "icmp") == 0 ? "*" : port,
	    random() % 8 ? "" : " until=1000");
}

static struct rules *
compile(const char *text)
{
	struct rules *t = rules_new();

	if (rules_add(t, "r", RULES_LINES, text, strlen(text), NULL) < 0 ||
	    rules_add_list(t, "list", "l", "list.net\n10.1.2.3\n", 18, NULL) <
		0)
		abort();
	return t;
}

/* Rules one by one, as they are and as sets of one. */
enum { MOST = 12 };
static struct {
	struct rule rule;
	struct rules *alone;
	int expired;
} v[MOST];

static void
make_rules(struct buf *text, size_t n)
{
	for (size_t i = 0; i < n; i++) {
		struct buf line = { 0 };

		random_line(&line);
		if (rule_parse(&v[i].rule, line.p, line.n - 1, NULL) != 1)
			abort();
		v[i].alone = compile(line.p);
		v[i].expired = v[i].rule.until != 0;
		buf_str(text, line.p);
		buf_free(&line);
	}
}

static void
free_rules(size_t n)
{
	for (size_t i = 0; i < n; i++) {
		rule_free(&v[i].rule);
		rules_free(v[i].alone);
	}
}

static int
matches(size_t i, const struct target *to)
{
	struct target at = *to;

	at.now = 0;
	return rules_match(v[i].alone, &at) != NULL;
}

static void
test_meets(void)
{
	int unmet = 0, untrue = 0, met = 0, sided = 0;
	int same = 0, alike = 0, spelled = 0;

	for (int round = 0; round < 20000; round++) {
		int common = 0, differ = 0, lists;
		struct buf text = { 0 }, a = { 0 }, b = { 0 };

		make_rules(&text, 2);
		for (size_t i = 0; i < npool; i++) {
			int x = matches(0, &pool[i]), y = matches(1, &pool[i]);

			common |= x && y;
			differ |= x != y;
		}
		lists =
		    v[0].rule.host == RULE_LIST || v[1].rule.host == RULE_LIST;
		if (rule_meets(&v[0].rule, &v[1].rule)) {
			met++;
			untrue += !common && !lists;
		} else
			unmet += common;
		sided += rule_meets(&v[0].rule, &v[1].rule) !=
		    rule_meets(&v[1].rule, &v[0].rule);
		rule_dest_print(&v[0].rule, &a);
		rule_dest_print(&v[1].rule, &b);
		if (rule_same(&v[0].rule, &v[1].rule)) {
			same++;
			alike += differ;
		}
		spelled += rule_same(&v[0].rule, &v[1].rule) !=
		    (strcmp(a.p, b.p) == 0);
		free_rules(2);
		buf_free(&text);
		buf_free(&a);
		buf_free(&b);
	}
	ok(unmet == 0, "no target of two rules that do not meet");
	ok(untrue == 0 && met > 2000, "one of each two that do, %d", met);
	ok(sided == 0, "from both sides");
	ok(alike == 0 && same > 10, "what is the same matches the same, %d",
	    same);
	ok(spelled == 0, "and is written alike");
}

static void
test_order(void)
{
	int bad = 0;
	long found = 0;

	for (int round = 0; round < 2500; round++) {
		size_t n = 1 + (size_t)random() % MOST;
		struct buf text = { 0 };
		struct rules *t;

		make_rules(&text, n);
		t = compile(text.p);
		for (size_t i = 0; i < npool; i++) {
			const struct rule *r = rules_match(t, &pool[i]);

			for (size_t j = 0; j < n; j++) {
				if (v[j].expired || !matches(j, &pool[i]))
					continue;
				bad += !r || r->line != j + 1;
				found++;
				if (r)
					r = rules_next(t, &pool[i], r);
			}
			bad += r != NULL;
		}
		rules_free(t);
		free_rules(n);
		buf_free(&text);
	}
	ok(bad == 0 && found > 100000,
	    "all that match, in their order, as each alone: %ld", found);
}

static void
test_by_hand(void)
{
	static const struct {
		const char *a, *b;
		int meets;
	} w[] = { { "allow tcp a.com 80", "deny tcp a.com 80", 1 },
		{ "allow tcp a.com 80", "deny tcp a.com 81", 0 },
		{ "allow tcp a.com 80", "deny udp a.com 80", 0 },
		{ "allow tcp a.com 80", "deny tcp .a.com *", 1 },
		{ "allow tcp a.com 80", "deny tcp .b.a.com *", 0 },
		{ "allow tcp .a.com 80", "deny tcp .b.a.com *", 1 },
		{ "allow tcp .a.com 80", "deny tcp .ba.com *", 0 },
		{ "allow tcp a.com 80", "deny tcp 10.0.0.0/8 *", 0 },
		{ "allow * 10.0.0.0/8 80", "deny icmp 10.0.0.0/8 *", 0 },
		{ "allow * 10.0.0.0/8 *", "deny icmp 10.0.0.1 *", 1 },
		{ "allow * ::/0 *", "deny * 10.0.0.1 *", 0 },
		{ "allow tcp @x 80", "deny tcp a.com 80", 1 },
		{ "allow tcp @x 80", "deny tcp host 80", 0 },
		{ "ask * * *", "deny tcp host 80", 0 },
		{ "ask * host *", "deny tcp host 80", 1 },
		{ "ask * * *", "deny tcp @x 1-2", 1 },
		{ "allow tcp a.com 80 until=1", "deny tcp a.com 80", 1 } };

	for (size_t i = 0; i < LEN(w); i++) {
		struct rule a, b;

		ok(rule_parse(&a, w[i].a, strlen(w[i].a), NULL) == 1 &&
			rule_parse(&b, w[i].b, strlen(w[i].b), NULL) == 1 &&
			rule_meets(&a, &b) == w[i].meets &&
			rule_meets(&b, &a) == w[i].meets,
		    "%s | %s", w[i].a, w[i].b);
		rule_free(&a);
		rule_free(&b);
	}
}

int
main(void)
{
	srandom(3);
	fill_pool();
	test_by_hand();
	test_meets();
	test_order();
	return tap_end();
}
