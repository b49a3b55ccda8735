/* SPDX-License-Identifier: ISC */
/* rule: lines and destinations, as they are read, written and refused. */
#include "rule.h"

#include <arpa/inet.h>
#include <stdlib.h>
#include <string.h>

#include "say.h"
#include "tap.h"

static struct why why;
static char out[2048];

/* The line as it is written out again, "blank", or "-" with why. */
static const char *
again_n(const char *line, size_t n)
{
	struct buf b = { 0 };
	struct rule r;
	int got = rule_parse(&r, line, n, &why);

	if (got == 1)
		rule_print(&r, &b);
	(void)snprintf(out, sizeof out, "%s",
	    got < 0	 ? "-" :
		got == 0 ? "blank" :
			   b.p);
	rule_free(&r);
	buf_free(&b);
	return out;
}

static const char *
again(const char *line)
{
	return again_n(line, strlen(line));
}

static const char *
dest(enum rule_verdict v, const char *s)
{
	struct buf b = { 0 };
	struct rule r;

	if (rule_dest(&r, v, s, &why) < 0)
		return "-";
	rule_dest_print(&r, &b);
	(void)snprintf(out, sizeof out, "%s", b.p);
	rule_free(&r);
	buf_free(&b);
	return out;
}

static const char *
canon(const char *s)
{
	static char name[RULE_NAME_MAX];

	return name_canon(name, s, strlen(s)) < 0 ? "-" : name;
}

static void
test_names(void)
{
	static const char *const bad[] = { "", ".", "..", "a..b", ".a", "a..",
		"-a.com", "a.-b.com", "a b", "a/b", "a:80", "a%00.com", "*.com",
		"a\\b", "@a", "m\303\274nchen.de", "1.2.3.4", "1.2.3.4.",
		"127.1", "2130706433", "0x7f.1", "0x7f000001", "0X7F.0X1",
		"a.0x", "017700000001", "1.2.3.08", "a.1", "a\tb", "a\n" };
	char label[80], long_[300] = "";

	ok(strcmp(canon("Example.COM"), "example.com") == 0, "lower case");
	ok(strcmp(canon("example.com."), "example.com") == 0, "one dot goes");
	ok(strcmp(canon("_dmarc.a-.x_y"), "_dmarc.a-.x_y") == 0,
	    "underscores, and a hyphen at an end");
	ok(strcmp(canon("1.2.3.4.in-addr.arpa"), "1.2.3.4.in-addr.arpa") == 0,
	    "numbers in front");
	ok(strcmp(canon("0x7g"), "0x7g") == 0, "what only begins as a number");
	for (size_t i = 0; i < LEN(bad); i++)
		ok(strcmp(canon(bad[i]), "-") == 0, "no name: %zu", i);
	memset(label, 'a', 64);
	label[63] = '\0';
	ok(strcmp(canon(label), label) == 0, "a label of 63");
	label[63] = 'a';
	label[64] = '\0';
	ok(strcmp(canon(label), "-") == 0, "but not of 64");
	for (int i = 0; i < 126; i++)
		strncat(long_, "a.", 3);
	strncat(long_, "b", 2);
	ok(strlen(canon(long_)) == 253, "a name of 253");
	strncat(long_, "b", 2);
	ok(strcmp(canon(long_), "-") == 0, "but not of 254");
	ok(strcmp(canon("b"), "b") == 0 && name_canon(out, "b\0c", 3) < 0,
	    "NUL ends nothing");
}

/* What inet_aton takes for an address is no name. */
static void
test_numbers(void)
{
	static const char of[] = "0123456789abcdefxX....";
	int misread = 0, numbers = 0;
	struct in_addr in;
	char s[16];

	srandom(2);
	for (int i = 0; i < 1000000; i++) {
		size_t n = 1 + (size_t)random() % 12;

		for (size_t j = 0; j < n; j++)
			s[j] = of[(size_t)random() % (sizeof of - 1)];
		s[n] = '\0';
		if (!inet_aton(s, &in))
			continue;
		numbers++;
		misread += strcmp(canon(s), "-") != 0;
	}
	ok(numbers > 10000 && !misread, "%d that inet_aton reads", numbers);
}

static void
test_under(void)
{
	ok(name_under("a.com", "a.com"), "a name is under itself");
	ok(name_under("b.a.com", "a.com"), "and what has labels in front");
	ok(!name_under("ba.com", "a.com"), "a label is not cut");
	ok(!name_under("com", "a.com"), "nor what is above it");
	ok(!name_under("a.com.net", "a.com"), "nor what has labels behind");
}

static void
test_lines(void)
{
	static const char *const v[][2] = {
		{ "allow tcp example.com 443", "allow tcp example.com 443" },
		{ "\tdeny  *\t.Example.COM. *  ", "deny * .example.com *" },
		{ "ask udp *.internal 53", "ask udp .internal 53" },
		{ "allow tcp *.a.com 443,80,81", "allow tcp .a.com 80-81,443" },
		{ "allow tcp a 5,1-3,2-4,9", "allow tcp a 1-5,9" },
		{ "allow tcp a 65535,1", "allow tcp a 1,65535" },
		{ "deny * 10.0.0.0/8 *", "deny * 10.0.0.0/8 *" },
		{ "deny * ::FFFF:10.0.0.1 *", "deny * 10.0.0.1 *" },
		{ "allow tcp 2001:DB8::/32 22", "allow tcp 2001:db8::/32 22" },
		{ "deny * @ads *", "deny * @ads *" },
		{ "allow tcp host 8080", "allow tcp host 8080" },
		{ "ask * * *", "ask * * *" },
		{ "allow icmp 1.1.1.1 *", "allow icmp 1.1.1.1 *" },
		{ "allow tcp a 1 until=1795299240 # x",
		    "allow tcp a 1 until=2026-11-21T22:14:00Z # x" },
		{ "allow tcp a 1 until=2028-02-29T00:00:00Z",
		    "allow tcp a 1 until=2028-02-29T00:00:00Z" },
		{ "allow tcp a 1 to=10.0.0.0/8,::1 until=1",
		    "allow tcp a 1 until=1970-01-01T00:00:01Z to=10.0.0.0/8,"
		    "::1" },
		{ "allow tcp a 1 #", "allow tcp a 1" },
		{ "allow tcp a 1 #x # y  z \t", "allow tcp a 1 # x # y  z" },
		{ "allow tcp a 1\r", "allow tcp a 1" }, { "", "blank" },
		{ " \t ", "blank" }, { "\r", "blank" },
		{ "# all of this", "blank" }, { " # f\303\274r uns", "blank" }
	};

	for (size_t i = 0; i < LEN(v); i++) {
		ok(strcmp(again(v[i][0]), v[i][1]) == 0, "line %zu: %s", i,
		    out);
		if (strcmp(v[i][1], "blank") != 0)
			ok(strcmp(again(v[i][1]), v[i][1]) == 0,
			    "which reads back");
	}
}

static const char *const refused[][2] = { { "allow", "VERDICT PROTO" },
	{ "allow tcp a", "VERDICT PROTO" },
	{ "allow tcp a # 443", "VERDICT PROTO" },
	{ "permit tcp a 443", "allow, deny and ask" },
	{ "Allow tcp a 443", "allow, deny and ask" },
	{ "allow sctp a 443", "tcp, udp, icmp" },
	{ "allow tcp,udp a 443", "tcp, udp, icmp" },
	{ "allow tcp a 0", "1 to 65535" },
	{ "allow tcp a 65536", "1 to 65535" },
	{ "allow tcp a 443,", "1 to 65535" },
	{ "allow tcp a ,443", "1 to 65535" },
	{ "allow tcp a 9-1", "1 to 65535" }, { "allow tcp a 1-", "1 to 65535" },
	{ "allow tcp a -1", "1 to 65535" }, { "allow tcp a 080", "1 to 65535" },
	{ "allow tcp a https", "1 to 65535" },
	{ "allow tcp a *,80", "1 to 65535" },
	{ "allow tcp a 1,3,5,7,9,11,13,15,17,19,21,23,25,27,29,31",
	    "more than 15" },
	{ "allow icmp a 80", "icmp has no ports" },
	{ "allow tcp m\303\274nchen.de 443", "xn--" },
	{ "allow tcp a 443 # f\303\274r", "ASCII" },
	{ "allow tcp a 443 # a\tb", "tab" },
	{ "allow tcp a\033[2J 443", "control byte \\033 in column 12" },
	{ "# \033", "control byte" }, { "allow tcp a\r 443", "control byte" },
	{ "allow tcp 10.0.0.1/8 *", "10.0.0.0/8 is" },
	{ "allow tcp 10.0.0.0/33 *", "0 to 32" },
	{ "allow tcp 1.2.3 *", "no address" },
	{ "allow tcp 1.2.3.04 *", "no address" },
	{ "allow tcp 127.1 *", "no address" },
	{ "allow tcp 0x7f.1 *", "ends in a number" },
	{ "allow tcp a.1 *", "ends in a number" },
	{ "allow tcp fe80::1%lo *", "no zone" },
	{ "allow tcp a:x:c *", "no colon" },
	{ "allow tcp [::1] *", "no brackets" },
	{ "allow tcp https://a.com/ *", "without a path" },
	{ "allow tcp a.com/x *", "without a path" },
	{ "allow tcp a*.com *", "*.example.com" },
	{ "allow tcp *. *", "*.example.com" },
	{ "allow tcp . *", "no host name" },
	{ "allow tcp 1..2 *", "no address" },
	{ "allow tcp -a *", "no host name" },
	{ "allow tcp any *", "write * for all" },
	{ "allow tcp HOST *", "host for this machine" },
	{ "allow tcp host. *", "host for this machine" },
	{ "allow tcp @ *", "a list's name" },
	{ "allow tcp @.. *", "a list's name" },
	{ "allow tcp @a/b *", "a list's name" },
	{ "allow tcp @-a *", "a list's name" },
	{ "allow tcp a 1 until=0", "2026-11-21T22:14:00Z" },
	{ "allow tcp a 1 until=", "no time" },
	{ "allow tcp a 1 until=-1", "no time" },
	{ "allow tcp a 1 until=253402300800", "no time" },
	{ "allow tcp a 1 until=99999999999999999999", "no time" },
	{ "allow tcp a 1 until=2027-02-29T00:00:00Z", "no time" },
	{ "allow tcp a 1 until=2026-11-21T24:00:00Z", "no time" },
	{ "allow tcp a 1 until=2026-11-21T22:14:60Z", "no time" },
	{ "allow tcp a 1 until=2026-11-21T22:14:00", "no time" },
	{ "allow tcp a 1 until=2026-11-21t22:14:00z", "no time" },
	{ "allow tcp a 1 until=2026-11-21T22:14:00+01", "no time" },
	{ "allow tcp a 1 until=1 until=2", "twice" },
	{ "allow tcp a 1 to=::1 to=::1", "twice" },
	{ "allow tcp a 1 to=", "no address" },
	{ "allow tcp a 1 to=::1,", "no address" },
	{ "allow tcp a 1 to=a.com", "no address" },
	{ "allow tcp a 1 to=::1,::2,::3,::4,::5,::6,::7,::8,::9",
	    "more than 8" },
	{ "deny tcp a 1 to=::1", "a deny has none" },
	{ "allow tcp a 1 for=1h", "until=TIME" },
	{ "allow tcp a 1 until", "until=TIME" },
	{ "allow tcp a 1 443", "until=TIME" } };

/* Each with what its message has to say. */
static void
test_refused(void)
{
	for (size_t i = 0; i < LEN(refused); i++)
		ok(strcmp(again(refused[i][0]), "-") == 0 &&
			why.code == EX_DATAERR &&
			strstr(why.text, refused[i][1]),
		    "refused: %s", why.text);
	ok(strcmp(again_n("allow tcp a\0b 443", 17), "-") == 0 &&
		strstr(why.text, "\\000"),
	    "NUL is a control byte");
}

static void
test_long(void)
{
	char line[RULE_LINE + 2];

	memset(line, 'x', sizeof line);
	memcpy(line, "allow tcp a 1 # ", 16);
	ok(again_n(line, RULE_LINE)[0] == 'a', "a line of 1024 bytes");
	ok(strcmp(again_n(line, RULE_LINE + 1), "-") == 0 &&
		strstr(why.text, "1024"),
	    "but not of 1025");
}

static const char *const dests[][4] = { { "1.1.1.1:443", "1.1.1.1:443/tcp",
					    "1.1.1.1:443/any",
					    "1.1.1.1:443/any" },
	{ "a.com", "a.com:80,443/tcp", "a.com:*/any", "a.com:*/any" },
	{ ".a.com", ".a.com:80,443/tcp", ".a.com:*/any", ".a.com:*/any" },
	{ "*.a.com:22", ".a.com:22/tcp", ".a.com:22/any", ".a.com:22/any" },
	{ "a.com/udp", "a.com:80,443/udp", "a.com:*/udp", "a.com:*/udp" },
	{ "a.com:53/udp", "a.com:53/udp", "a.com:53/udp", "a.com:53/udp" },
	{ "a.com/any", "a.com:80,443/any", "a.com:*/any", "a.com:*/any" },
	{ "a.com:*", "a.com:*/tcp", "a.com:*/any", "a.com:*/any" },
	{ "1.1.1.1/icmp", "1.1.1.1:*/icmp", "1.1.1.1:*/icmp",
	    "1.1.1.1:*/icmp" },
	{ "1.1.1.1:*/icmp", "1.1.1.1:*/icmp", "1.1.1.1:*/icmp",
	    "1.1.1.1:*/icmp" },
	{ "10.0.0.0/8", "10.0.0.0/8:80,443/tcp", "10.0.0.0/8:*/any",
	    "10.0.0.0/8:*/any" },
	{ "10.0.0.0/8:22/tcp", "10.0.0.0/8:22/tcp", "10.0.0.0/8:22/tcp",
	    "10.0.0.0/8:22/tcp" },
	{ "2001:db8::1", "[2001:db8::1]:80,443/tcp", "[2001:db8::1]:*/any",
	    "[2001:db8::1]:*/any" },
	{ "[2001:db8::1]:443", "[2001:db8::1]:443/tcp", "[2001:db8::1]:443/any",
	    "[2001:db8::1]:443/any" },
	{ "[2001:db8::/32]:443/tcp", "[2001:db8::/32]:443/tcp",
	    "[2001:db8::/32]:443/tcp", "[2001:db8::/32]:443/tcp" },
	{ "2001:db8::/32/udp", "[2001:db8::/32]:80,443/udp",
	    "[2001:db8::/32]:*/udp", "[2001:db8::/32]:*/udp" },
	{ "any", "any:80,443/tcp", "any:*/any", "any:*/any" },
	{ "*:25", "any:25/tcp", "any:25/any", "any:25/any" },
	{ "host:8080", "host:8080/tcp", "host:8080/any", "host:8080/any" },
	{ "@ads", "@ads:80,443/tcp", "@ads:*/any", "@ads:*/any" },
	{ "@npm:443/tcp", "@npm:443/tcp", "@npm:443/tcp", "@npm:443/tcp" } };
static const char *const no_dests[][2] = { { "", "no host;" },
	{ "a.com:", "no ports behind" }, { "a.com:0", "1 to 65535" },
	{ ":443", "no host;" }, { "a.com/sctp", "/tcp, /udp" },
	{ "a.com/TCP", "/tcp, /udp" }, { "a.com/", "/tcp, /udp" },
	{ "a.com/*", "/tcp, /udp" }, { "a.com:80/icmp", "icmp has no ports" },
	{ "[a.com]:80", "IPv6" }, { "[1.2.3.4]:80", "IPv6" },
	{ "[::1", "IPv6" }, { "[::1]80", "[2001:db8::/32]:443" },
	{ "[::1]:", "[2001:db8::/32]:443" }, { "a.com 443", "blanks" },
	{ "a\tb.com", "blanks" }, { "127.1", "no address" },
	{ "any.", "write * for all" }, { "m\303\274nchen.de", "xn--" },
	{ "https://a.com", "without http://" } };

static void
test_dests(void)
{
	for (size_t i = 0; i < LEN(dests); i++)
		for (int j = 0; j < 3; j++) {
			ok(strcmp(dest(j, dests[i][0]), dests[i][1 + j]) == 0,
			    "%s: %s", dests[i][0], out);
			ok(strcmp(dest(RULE_ASK, dests[i][1 + j]),
			       dests[i][1 + j]) == 0,
			    "which reads back");
		}
	for (size_t i = 0; i < LEN(no_dests); i++)
		ok(strcmp(dest(RULE_ALLOW, no_dests[i][0]), "-") == 0 &&
			why.code == EX_USAGE &&
			strstr(why.text, no_dests[i][1]),
		    "refused: %s", why.text);
	ok(rule_dest(&(struct rule){ 0 }, RULE_DENY, "a b", NULL) < 0,
	    "nobody asks why");
}

int
main(void)
{
	test_names();
	test_numbers();
	test_under();
	test_lines();
	test_refused();
	test_long();
	test_dests();
	return tap_end();
}
