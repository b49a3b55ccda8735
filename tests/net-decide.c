/* SPDX-License-Identifier: ISC */
/* decide: rules, the mode, and what names lead to. */
#include "decide.h"

#include <stdlib.h>
#include <string.h>

#include "tap.h"

static struct rules *t;
static struct decision d;
static struct policy p;
static struct target to;

static void
begin(enum mode m, const char *text)
{
	rules_free(t);
	t = rules_new();
	if (rules_add(t, "rules", RULES_LINES, text, strlen(text), NULL) < 0 ||
	    rules_add_list(
		t, "list", "l", "bad.net\n203.0.114.0/24\n", 23, NULL) < 0 ||
	    rules_add_list(t, "mail", "m", "any:25\n", 7, NULL) < 0)
		abort();
	memset(&p, 0, sizeof p);
	p.rules = t;
	p.mode = m;
}

static void
aim(const char *host, uint16_t port)
{
	memset(&to, 0, sizeof to);
	to.proto = RULE_TCP;
	to.port = port;
	to.now = 1000;
	to.host = strcmp(host, "host") == 0;
	if (!to.host && addr_parse(&to.addr, host) < 0)
		to.name = host;
}

/* What is decided and why, "allow rules:1". */
static const char *
said(void)
{
	static const char *const verdicts[] = { "allow", "deny", "ask" };
	static char out[WHY_TEXT + 8];

	(void)snprintf(out, sizeof out, "%s %s", verdicts[d.verdict], d.why);
	return out;
}

static int
is(const char *host, uint16_t port, const char *want)
{
	aim(host, port);
	decide(&p, &to, &d);
	if (strcmp(said(), want) == 0)
		return 1;
	printf("# %s:%u: %s, not %s\n", host, port, said(), want);
	return 0;
}

/* The same, and then its name leads to real. */
static int
at(const char *host, uint16_t port, const char *real, int own, const char *want)
{
	struct addr a;
	int may;

	aim(host, port);
	decide(&p, &to, &d);
	if (addr_parse(&a, real) < 0 || d.verdict != RULE_ALLOW) {
		printf("# %s:%u: %s\n", host, port, said());
		return 0;
	}
	may = decide_at(&p, &to, &a, own, &d);
	if (may == (d.verdict == RULE_ALLOW) &&
	    strcmp(may ? "may" : said(), want) == 0)
		return 1;
	printf("# %s at %s: %d %s, not %s\n", host, real, may, said(), want);
	return 0;
}

static void
test_modes(void)
{
	static const char *const miss[] = { [MODE_ASK] = "ask mode",
		[MODE_DENY] = "deny mode",
		[MODE_ALLOW] = "allow mode",
		[MODE_LEARN] = "allow learn" };
	static const char *const host[] = { [MODE_ASK] = "ask mode",
		[MODE_DENY] = "deny mode",
		[MODE_ALLOW] = "deny host",
		[MODE_LEARN] = "deny host" };

	for (int m = MODE_ASK; m <= MODE_LEARN; m++) {
		begin(m, "");
		ok(mode_parse(mode_text(m)) == m, "%s", mode_text(m));
		ok(is("a.com", 80, miss[m]) && is("1.1.1.1", 80, miss[m]) &&
			!d.rule && !*d.hint,
		    "a miss");
		ok(is("host", 80, host[m]) && !d.rule, "of this machine");
		ok(!*d.hint == (m == MODE_ASK || m == MODE_DENY),
		    "with a hint where it is not the mode's: %s", d.hint);
		ok(is("127.0.0.1", 80, "deny loopback") && !d.rule,
		    "and of its loopback");
		ok(is("10.0.0.1", 80, "deny private") &&
			strstr(d.hint, "10.0.0.1"),
		    "and of a private address: %s", d.hint);
	}
	ok(mode_parse("Ask") == -1 && mode_parse("") == -1, "no other mode");
}

static void
test_rules(void)
{
	begin(MODE_ASK,
	    "allow tcp a.com 443\n"
	    "deny tcp .a.com *\n"
	    "ask tcp * 22\n"
	    "allow tcp host 22\n"
	    "ask tcp host 23\n"
	    "deny tcp host 24\n"
	    "allow tcp 10.0.0.0/8 80\n"
	    "ask tcp 10.0.0.0/8 81\n"
	    "deny tcp 10.0.0.0/8 82\n"
	    "allow tcp * 83-84\n"
	    "allow tcp 10.0.0.0/8 84\n"
	    "allow tcp 0.0.0.0/0 85\n"
	    "allow tcp @list 85\n"
	    "allow tcp 127.0.0.1 86\n"
	    "allow tcp a.com 87 until=1000\n");
	ok(is("a.com", 443, "allow rules:1") && d.rule &&
		d.rule == rules_nth(t, 0),
	    "the first that matches");
	ok(is("a.com", 80, "deny rules:2") && is("b.a.com", 1, "deny rules:2"),
	    "or the next");
	ok(is("b.com", 22, "ask rules:3"), "a question");
	ok(is("host", 22, "allow rules:4") && is("host", 23, "ask rules:5") &&
		is("host", 24, "deny rules:6"),
	    "of this machine");
	ok(is("host", 83, "ask mode"), "which * does not open");
	ok(is("10.0.0.1", 80, "allow rules:7"), "a block that is named");
	ok(is("10.0.0.1", 81, "deny private") && !d.rule,
	    "such an address is never a question");
	ok(is("10.0.0.1", 82, "deny rules:9") && d.rule, "a deny is one");
	ok(is("10.0.0.1", 83, "deny private"), "all is no name for it");
	ok(is("10.0.0.1", 84, "deny private"), "nor if one comes later");
	ok(is("10.0.0.1", 85, "deny private") &&
		is("1.1.1.1", 85, "allow rules:12"),
	    "nor is a block with public ones");
	ok(is("127.0.0.1", 86, "allow rules:14") &&
		is("127.0.0.2", 86, "deny loopback"),
	    "loopback, by its name");
	ok(is("a.com", 87, "deny rules:2") && is("b.com", 87, "ask mode"),
	    "nothing has expired");
	ok(is("fe80::1", 80, "deny link-local") &&
		is("::ffff:127.0.0.1", 80, "deny loopback") &&
		is("2002:7f00:1::", 80, "deny loopback") &&
		is("169.254.169.254", 80, "deny link-local") &&
		is("0.0.0.0", 80, "deny this-network") &&
		is("224.0.0.1", 80, "deny multicast") &&
		is("255.255.255.255", 80, "deny reserved"),
	    "all kinds");
}

static void
test_real(void)
{
	begin(MODE_DENY,
	    "allow tcp a.com *\n"
	    "allow tcp b.com * to=10.0.0.0/8,127.0.0.1,9.9.9.9,224.0.0.1\n"
	    "deny * 9.9.9.0/24 1-99\n"
	    "deny * @list *\n"
	    "deny * @mail *\n"
	    "deny udp 8.8.8.8 *\n"
	    "deny * 8.8.4.4 * until=1000\n"
	    "deny * * 79\n"
	    "deny * 10.1.0.0/16 *\n");
	ok(at("a.com", 80, "1.1.1.1", 0, "may"), "a public address");
	ok(at("a.com", 80, "10.0.0.1", 0, "deny private") && !d.rule,
	    "a private one");
	ok(strstr(d.hint, "--to 10.0.0.1") && strstr(d.hint, "private_ok"),
	    "with a hint: %s", d.hint);
	ok(at("a.com", 80, "127.0.0.1", 0, "deny loopback") &&
		at("a.com", 80, "127.0.0.1", 1, "deny loopback") &&
		at("a.com", 80, "0.0.0.0", 0, "deny this-network") &&
		at("a.com", 80, "169.254.169.254", 0, "deny link-local") &&
		at("a.com", 80, "224.0.0.1", 0, "deny multicast") &&
		at("a.com", 80, "::ffff:127.0.0.1", 0, "deny loopback") &&
		at("a.com", 80, "64:ff9b::10.0.0.1", 0, "deny private"),
	    "all kinds");
	ok(at("a.com", 80, "1.1.1.1", 1, "deny own") &&
		at("a.com", 80, "192.168.1.2", 1, "deny own"),
	    "this machine's");
	ok(at("b.com", 80, "10.2.0.1", 0, "may") &&
		at("b.com", 80, "10.2.0.1", 1, "may") &&
		at("b.com", 80, "127.0.0.1", 1, "may") &&
		at("b.com", 80, "224.0.0.1", 0, "may"),
	    "to= opens them");
	ok(at("b.com", 80, "127.0.0.2", 0, "deny loopback") &&
		at("b.com", 80, "192.168.1.1", 0, "deny private"),
	    "and no others");
	ok(at("a.com", 80, "9.9.9.9", 0, "deny rules:3") && d.rule &&
		d.rule->line == 3 && strstr(d.hint, "--to 9.9.9.9"),
	    "a deny of the address, wherever it stands: %s", d.hint);
	ok(at("a.com", 443, "9.9.9.9", 0, "may"), "for its ports");
	ok(at("b.com", 80, "9.9.9.9", 0, "may") &&
		at("b.com", 80, "9.9.9.8", 0, "deny rules:3"),
	    "unless to= has it");
	ok(at("b.com", 80, "10.1.0.1", 0, "may"), "which goes before a deny");
	ok(at("a.com", 80, "203.0.114.7", 0, "deny rules:4"),
	    "a list that has the address");
	ok(at("a.com", 25, "1.1.1.1", 0, "may") &&
		at("a.com", 79, "1.1.1.1", 0, "may"),
	    "what is about all names no address");
	ok(at("a.com", 80, "8.8.8.8", 0, "may") &&
		at("a.com", 80, "8.8.4.4", 0, "may"),
	    "nor another protocol, nor what has expired");
}

static void
test_private_ok(void)
{
	static struct cidr home;

	home = (struct cidr){ .bits = 96 + 8, .addr = addr_v4(0xc0000000) };
	begin(MODE_DENY, "allow tcp a.com *\ndeny * 9.9.9.0/24 1-99\n");
	p.private_ok = &home;
	p.nprivate = 1;
	ok(at("a.com", 80, "192.168.1.1", 0, "may") &&
		at("a.com", 80, "10.0.0.1", 0, "deny private"),
	    "private_ok is for all names");
	ok(at("a.com", 80, "192.168.1.1", 1, "deny own"),
	    "which are not to find this machine in its block");
	home = (struct cidr){ .bits = 128, .addr = addr_v4(0xc0a80101) };
	ok(at("a.com", 80, "192.168.1.1", 1, "may"),
	    "but where it is named itself");
	ok(at("a.com", 80, "9.9.9.9", 0, "deny rules:2"), "and opens no deny");
}

static void
test_addresses(void)
{
	begin(MODE_ALLOW,
	    "allow tcp 10.0.0.1 *\n"
	    "deny * 10.0.0.0/16 *\n"
	    "allow tcp 10.0.0.0/8 *\n"
	    "allow tcp 5.5.5.5 *\n"
	    "allow tcp 5.5.5.0/24 * to=5.5.5.7\n"
	    "allow tcp host *\n");
	ok(at("10.0.0.1", 80, "10.0.0.1", 0, "may") &&
		at("10.1.0.1", 80, "10.1.0.1", 0, "may"),
	    "an address needs no more than its rule");
	ok(at("10.0.0.1", 80, "10.0.0.1", 1, "may") &&
		at("5.5.5.5", 80, "5.5.5.5", 1, "may"),
	    "this machine's needs one of its own");
	ok(at("10.1.0.1", 80, "10.1.0.1", 1, "deny own") &&
		at("5.5.5.6", 80, "5.5.5.6", 1, "deny own") &&
		at("1.1.1.1", 80, "1.1.1.1", 1, "deny own"),
	    "a block or the mode is not enough");
	ok(at("5.5.5.7", 80, "5.5.5.7", 1, "may"), "to= is");
	ok(at("host", 80, "127.0.0.1", 1, "may"),
	    "host is this machine, and nothing else");
	ok(at("a.com", 80, "10.0.0.9", 0, "deny rules:2"),
	    "and no rule of an address opens a name's");
}

int
main(void)
{
	test_modes();
	test_rules();
	test_real();
	test_private_ok();
	test_addresses();
	rules_free(t);
	return tap_end();
}
