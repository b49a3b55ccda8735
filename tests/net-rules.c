/* SPDX-License-Identifier: ISC */
/* rules: files and lists, compiled, and searched in their order. */
#include "rules.h"

#include <stdlib.h>
#include <string.h>

#include "say.h"
#include "tap.h"

static struct why why;
static struct rules *t;

static int
add(const char *origin, enum rules_form form, const char *text)
{
	return rules_add(t, origin, form, text, strlen(text), &why);
}

static int
add_list(const char *name, const char *text)
{
	char origin[80];

	(void)snprintf(origin, sizeof origin, "lists/%s", name);
	return rules_add_list(t, name, origin, text, strlen(text), &why);
}

static void
begin(const char *text)
{
	rules_free(t);
	t = rules_new();
	ok(add("rules", RULES_LINES, text) == 0, "%zu bytes of rules",
	    strlen(text));
}

/* "tcp a.com 443": a name, an address or host. */
static struct target
target(const char *s)
{
	static char name[80];
	struct target to = { .now = 1000 };
	char proto[8];
	unsigned port;

	if (sscanf(s, "%7s %79s %u", proto, name, &port) != 3)
		abort();
	to.proto = *proto == 't' ? RULE_TCP :
	    *proto == 'u'	 ? RULE_UDP :
				   RULE_ICMP;
	to.port = (uint16_t)port;
	to.host = strcmp(name, "host") == 0;
	if (!to.host && addr_parse(&to.addr, name) < 0)
		to.name = name;
	return to;
}

/* The lines that match, "1 4 7"; of other files than rules with their name's
 * first letter. */
static const char *
all(const char *s)
{
	static char out[200];
	struct target to = target(s);
	const struct rule *r = rules_match(t, &to);
	size_t n = 0;

	out[0] = '\0';
	for (; r; r = rules_next(t, &to, r))
		n += (size_t)snprintf(out + n, sizeof out - n, "%s%.*s%u",
		    n ? " " : "", *r->origin != 'r', r->origin, r->line);
	return out;
}

static int
lines(const char *to, const char *want)
{
	if (strcmp(all(to), want) == 0)
		return 1;
	printf("# %s: %s, not %s\n", to, all(to), want);
	return 0;
}

static void
test_order(void)
{
	begin("# first\n"
	      "allow tcp a.com 443\n"
	      "\n"
	      "deny tcp .a.com *\n"
	      "allow * * 80\n"
	      "allow tcp a.com 443,80\n"
	      "deny * b.a.com *\n"
	      "allow tcp 10.0.0.0/8 *\n"
	      "deny tcp 10.1.0.0/16 22\n"
	      "allow tcp host 22\n"
	      "deny icmp * *\n"
	      "allow tcp a.com 443 until=1000\n"
	      "allow tcp a.com 443 until=1001");
	ok(lines("tcp a.com 443", "2 4 6 13"), "a name, and what has expired");
	ok(lines("tcp a.com 80", "4 5 6"), "at another port");
	ok(lines("udp a.com 443", ""), "another protocol");
	ok(lines("tcp b.a.com 443", "4 7"), "a name under it");
	ok(lines("tcp c.b.a.com 80", "4 5"), "deeper");
	ok(lines("tcp ba.com 443", "") && lines("tcp com 443", ""),
	    "not one that only looks so");
	ok(lines("tcp 10.1.2.3 22", "8 9"), "an address");
	ok(lines("tcp 10.2.2.3 80", "5 8"), "by a block and by all");
	ok(lines("tcp host 22", "10"), "this machine");
	ok(lines("tcp host 80", ""), "which * is not about");
	ok(lines("icmp 1.1.1.1 0", "11"), "icmp");
	ok(!rules_nth(t, 11) && rules_nth(t, 10)->line == 13, "11 rules");
	ok(rules_nth(t, 3) == rules_nth(t, 3), "each is one, however often");
}

static void
test_forms(void)
{
	const struct rule *r;

	begin("deny tcp x.github.com *  # not this\n");
	ok(add("defaults", RULES_DOMAINS,
	       "# trusted\n github.com\r\n.debian.org # why\n*.a.b.c\n\n") == 0,
	    "domains");
	ok(lines("tcp x.github.com 443", "1 d2"), "are behind the rules");
	ok(lines("tcp github.com 80", "d2") && lines("tcp github.com 22", ""),
	    "and for the web");
	ok(lines("tcp y.a.b.c 443", "d4") && lines("tcp b.c 443", ""),
	    "with a star too");
	r = rules_nth(t, 2);
	ok(r && r->host == RULE_SUFFIX && strcmp(r->name, "debian.org") == 0 &&
		strcmp(r->origin, "defaults") == 0 && r->line == 3 && !r->note,
	    "they are rules as others");
	r = rules_nth(t, 0);
	ok(r && r->verdict == RULE_DENY && r->note &&
		strcmp(r->note, "not this") == 0,
	    "with their notes");
	ok(add("rules.2", RULES_LINES, "ask tcp * *\n") == 0 &&
		lines("tcp debian.org 80", "d3 1"),
	    "a third file");
}

/* Files in which one line is bad: nothing of them may count. */
static void
test_refused(void)
{
	static const struct {
		enum rules_form form;
		const char *text, *says;
	} v[] = { { RULES_LINES, "allow tcp b.com *\n\nallow tcp c.com\n",
		      "bad:3: allow ...: a rule is" },
		{ RULES_LINES, "allow tcp b.com *\nallow tcp @ x\n",
		    "bad:2: " },
		{ RULES_DOMAINS, "b.com\ncom\n", "bad:2: com: all names" },
		{ RULES_DOMAINS, "b.com\n.com\n", "bad:2: .com: all names" },
		{ RULES_DOMAINS, "b.com c.com\n", "bad:1: c.com: one domain" },
		{ RULES_DOMAINS, "10.0.0.1\n", "bad:1: 10.0.0.1: no domain" },
		{ RULES_DOMAINS, "b.com\n\n@ads\n", "bad:3: @ads: no domain" },
		{ RULES_DOMAINS, "*\n", "bad:1: *: no domain" },
		{ RULES_DOMAINS, "host\n", "bad:1: host: no domain" },
		{ RULES_DOMAINS, "b.com:80\n",
		    "bad:1: b.com:80: a name has no colon" } };

	begin("allow tcp a.com *\n");
	for (size_t i = 0; i < LEN(v); i++) {
		ok(add("bad", v[i].form, v[i].text) < 0 &&
			why.code == EX_DATAERR &&
			strncmp(why.text, v[i].says, strlen(v[i].says)) == 0,
		    "refused: %s", why.text);
		ok(lines("tcp b.com 80", "") && lines("tcp a.com 80", "1") &&
			!rules_nth(t, 1) && !rules_wants(t),
		    "and nothing of it added");
	}
	ok(rules_add(t, "bad", RULES_LINES, "allow tcp a\0b *\n", 16, &why) < 0,
	    "NUL");
	ok(add("more", RULES_LINES, "allow tcp b.com *\n") == 0 &&
		lines("tcp b.com 80", "m1") && lines("tcp a.com 80", "1"),
	    "then a good one is");
	ok(rules_add(t, "none", RULES_LINES, NULL, 0, &why) == 0 &&
		!rules_nth(t, 2),
	    "an empty one is");
}

static void
test_lists(void)
{
	begin("allow tcp ok.ads.com 443\ndeny tcp @ads 1-1000\n"
	      "deny * @more *\nallow * * *\n");
	ok(strcmp(rules_wants(t), "ads") == 0, "a list is wanted");
	ok(lines("tcp ads.com 443", "4"), "which has nothing yet");
	ok(add_list("ads",
	       "# of hosts(5)\r\n"
	       "127.0.0.1 localhost loop # all\r\n"
	       "fe80::1%lo0 localhost\n"
	       "0.0.0.0 0.0.0.0\n"
	       "0.0.0.0 ads.com b.ads.com\n"
	       "plain.com\n"
	       "\t.bad.org  # with all under it\n"
	       "*.worse.org\n"
	       "mail.org:25\n"
	       "dns.org:53/udp\n"
	       "web.org/tcp\n"
	       "1.2.3.0/24\n"
	       "[2001:db8::1]:80\n"
	       "2001:db8::2") == 0,
	    "a list of all that can be");
	ok(strcmp(rules_wants(t), "more") == 0 && add_list("more", "") == 0 &&
		!rules_wants(t),
	    "and an empty one");
	ok(rules_list_size(t, "ads") == 14 && rules_list_size(t, "x") == 0 &&
		rules_list_size(t, "more") == 0,
	    "how many there are");
	ok(lines("tcp ads.com 443", "2 4"), "a name");
	ok(lines("tcp ads.com 1001", "4"), "the rule's ports");
	ok(lines("udp ads.com 443", "4"), "the rule's protocol");
	ok(lines("tcp b.ads.com 443", "2 4"), "the second of a line");
	ok(lines("tcp c.ads.com 443", "4"), "nothing under it");
	ok(lines("tcp loop 443", "2 4") && lines("tcp localhost 443", "2 4"),
	    "what a hosts file has besides");
	ok(lines("tcp x.bad.org 443", "2 4") &&
		lines("tcp worse.org 443", "2 4"),
	    "suffixes");
	ok(lines("tcp mail.org 25", "2 4") && lines("tcp mail.org 26", "4"),
	    "an entry's port");
	ok(lines("tcp dns.org 53", "4") && lines("tcp web.org 1000", "2 4"),
	    "an entry's protocol");
	ok(lines("tcp 1.2.3.4 1", "2 4") && lines("tcp 1.2.4.4 1", "4"),
	    "addresses");
	ok(lines("tcp 2001:db8::1 80", "2 4") &&
		lines("tcp 2001:db8::1 81", "4") &&
		lines("tcp 2001:db8::2 81", "2 4"),
	    "of IPv6");
	ok(lines("tcp host 80", ""), "not this machine");
	ok(add_list("more", "any:25/tcp\n") == 0 &&
		lines("tcp x.y 25", "3 4") && lines("tcp 9.9.9.9 25", "3 4") &&
		lines("tcp host 25", ""),
	    "added again it is another; any is all");
}

static void
test_bad_lists(void)
{
	static const char *const v[][2] = { { "a.com\nb..com\n",
						"lists/x:2: b..com: no host" },
		{ "a.com b.com\n", "lists/x:1: b.com: one on each line" },
		{ "0.0.0.0 a.com\n0.0.0.0 b/c\n", "lists/x:2: b/c" },
		{ "@other\n", "lists/x:1: @other: a list has" },
		{ "host\n", "lists/x:1: host: a list has" },
		{ "host:80\n", "lists/x:1: host:80: a list has" },
		{ "||a.com^\n", "lists/x:1: ||a.com^: no host" },
		{ "a.com:0\n", "lists/x:1: 0: ports" },
		{ "10.0.0.1/8\n", "lists/x:1: 10.0.0.1/8: not the first" } };

	begin("deny * @x *\n");
	for (size_t i = 0; i < LEN(v); i++)
		ok(add_list("x", v[i][0]) < 0 && why.code == EX_DATAERR &&
			strncmp(why.text, v[i][1], strlen(v[i][1])) == 0 &&
			lines("tcp a.com 80", "") && rules_wants(t),
		    "refused: %s", why.text);
	ok(add_list("x", "a.com\n") == 0 && add_list("x", "b..c\n") < 0 &&
		lines("tcp a.com 80", "1"),
	    "what was there stays");
}

static void
test_limits(void)
{
	size_t n = RULES_MAX;
	char *text = xmalloc(n + 1);

	memset(text, '\n', n + 1);
	rules_free(t);
	t = rules_new();
	ok(rules_add(t, "many", RULES_LINES, text, n, &why) == 0,
	    "2,000,000 lines");
	ok(rules_add(t, "more", RULES_LINES, text, 1, &why) < 0 &&
		strstr(why.text, "2000000 lines"),
	    "and no more");
	ok(rules_add_list(t, "more", "more", text, 1, &why) < 0,
	    "in a list neither");
	rules_free(t);
	t = rules_new();
	ok(rules_add(t, "many", RULES_LINES, text, n + 1, &why) < 0 &&
		rules_add(t, "many", RULES_LINES, text, n, &why) == 0,
	    "those of a file that was refused do not count");
	ok(rules_add(t, "big", RULES_LINES, text, RULES_TEXT_MAX + 1, &why) <
		    0 &&
		strstr(why.text, "64 MiB"),
	    "nor is a file of more than 64 MiB read");
	free(text);
}

/* Rules that have little in common take more room: there is an end to it. */
static void
test_forms_limit(void)
{
	struct buf b = { 0 };
	size_t fits;

	rules_free(t);
	t = rules_new();
	for (unsigned i = 1; i <= 65535; i++)
		buf_fmt(&b, "a.com:%u\n", i);
	ok(rules_add_list(t, "x", "x", b.p, b.n, &why) == 0 &&
		rules_list_size(t, "x") == 65535,
	    "a list with each port");
	buf_str(&b, "a.com:7,9\n");
	ok(rules_add_list(t, "x", "x", b.p, b.n, &why) < 0 &&
		strstr(why.text, "x:65536: more than 65536"),
	    "and no more: %s", why.text);
	buf_free(&b);
	for (unsigned i = 1; i <= 65536; i++)
		buf_fmt(&b, "deny * * * until=%u\n", i);
	fits = b.n;
	buf_str(&b, "deny * * * until=5\ndeny * * * until=65537\n");
	ok(rules_add(t, "y", RULES_LINES, b.p, b.n, &why) < 0 &&
		strstr(why.text, "y:65538: more than 65536"),
	    "of rules neither: %s", why.text);
	ok(rules_add(t, "y", RULES_LINES, b.p, fits, &why) == 0 &&
		rules_nth(t, 65535)->until == 65536,
	    "but so many");
	buf_free(&b);
}

/* Many rules of one name, one rule of many names, many blocks. */
static void
test_many(void)
{
	struct buf b = { 0 };
	struct target to;
	int bad = 0;

	for (unsigned i = 0; i < 30000; i++)
		buf_fmt(&b,
		    "deny tcp a.com %u\nallow tcp n%u.b.com %u\n"
		    "allow udp 10.%u.%u.0/24 *\n",
		    i + 1, i, i + 1, i / 256, i % 256);
	rules_free(t);
	t = rules_new();
	ok(rules_add(t, "rules", RULES_LINES, b.p, b.n, &why) == 0,
	    "90,000 rules");
	for (unsigned i = 0; i < 30000; i += 7) {
		char name[80];
		const struct rule *r;

		to = target("tcp a.com 1");
		to.port = (uint16_t)(i + 1);
		r = rules_match(t, &to);
		bad += !r || r->line != 3 * i + 1 || rules_next(t, &to, r);
		(void)snprintf(name, sizeof name, "n%u.b.com", i);
		to.name = name;
		r = rules_match(t, &to);
		bad += !r || r->line != 3 * i + 2 || rules_next(t, &to, r);
		to.name = NULL;
		to.proto = RULE_UDP;
		to.addr = addr_v4(0x0a000001 + (i << 8));
		r = rules_match(t, &to);
		bad += !r || r->line != 3 * i + 3 || rules_next(t, &to, r);
	}
	ok(bad == 0, "each is found, and nothing else");
	buf_free(&b);
}

int
main(void)
{
	test_order();
	test_forms();
	test_refused();
	test_lists();
	test_bad_lists();
	test_limits();
	test_forms_limit();
	test_many();
	rules_free(t);
	return tap_end();
}
