/* SPDX-License-Identifier: ISC */
/* addr: text of addresses and blocks, and what they are for. */
#include "addr.h"

#include <arpa/inet.h>
#include <stdlib.h>
#include <string.h>

#include "say.h"
#include "tap.h"

static struct addr
read_addr(const char *s)
{
	struct addr a = { { 0 } };

	if (addr_parse(&a, s) < 0)
		memset(&a, 0xee, sizeof a);
	return a;
}

static const char *
again(const char *s)
{
	static char out[ADDR_TEXT];
	struct addr a;

	if (addr_parse(&a, s) < 0)
		return "-";
	addr_print(&a, out);
	return out;
}

static void
test_text(void)
{
	static const char *const v[][2] = { { "1.2.3.4", "1.2.3.4" },
		{ "0.0.0.0", "0.0.0.0" },
		{ "255.255.255.255", "255.255.255.255" },
		{ "::ffff:1.2.3.4", "1.2.3.4" },
		{ "::FFFF:102:304", "1.2.3.4" },
		{ "0:0:0:0:0:ffff:1.2.3.4", "1.2.3.4" }, { "::", "::" },
		{ "::1", "::1" }, { "1::", "1::" },
		{ "0:0:0:0:0:0:0:1", "::1" },
		{ "2001:DB8:0:0:1:0:0:1", "2001:db8::1:0:0:1" },
		{ "2001:db8:0:1:1:1:1:1", "2001:db8:0:1:1:1:1:1" },
		{ "1:0:0:2:0:0:0:3", "1:0:0:2::3" },
		{ "1:2:3:4:5:6:7::", "1:2:3:4:5:6:7:0" },
		{ "::2:3:4:5:6:7:8", "0:2:3:4:5:6:7:8" },
		{ "64:ff9b::192.0.2.33", "64:ff9b::c000:221" },
		{ "1:2:3:4:5:6:1.2.3.4", "1:2:3:4:5:6:102:304" },
		{ "ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff",
		    "ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff" } };
	static const char *const bad[] = { "", "1", "1.2.3", "1.2.3.4.",
		".1.2.3.4", "1.2.3.4.5", "1..3.4", "01.2.3.4", "1.2.3.04",
		"00.0.0.0", "256.1.1.1", "1.2.3.1000", "0x1.2.3.4", " 1.2.3.4",
		"1.2.3.4 ", "+1.2.3.4", "-1.2.3.4", "1,2,3,4", "1.2.3.4/8", ":",
		":::", "1:::2", "1::2::3", "1:2:3:4:5:6:7",
		"1:2:3:4:5:6:7:", ":1:2:3:4:5:6:7", "1:2:3:4:5:6:7:8:9",
		"1:2:3:4::5:6:7:8", "::1:2:3:4:5:6:7:8",
		"1:2:3:4:5:6:7:8::", "::12345", "::g", "::1%lo", "[::1]",
		"::1.2.3", "::1.2.3.4.5", "::1.2.3.256", "::01.2.3.4",
		"1.2.3.4::", "::1.2.3.4:5", "1:2:3:4:5:6:7:1.2.3.4",
		"::ffff:0x7f.1", "1::2:", "::1 " };

	for (size_t i = 0; i < LEN(v); i++)
		ok(strcmp(again(v[i][0]), v[i][1]) == 0, "%s is %s", v[i][0],
		    v[i][1]);
	for (size_t i = 0; i < LEN(bad); i++)
		ok(strcmp(again(bad[i]), "-") == 0, "'%s' is no address",
		    bad[i]);
}

/* What the C library reads, and how it writes it, but for IPv4 in IPv6. */
static void
test_library(void)
{
	char text[ADDR_TEXT], theirs[ADDR_TEXT];
	int differs = 0;
	struct addr a, b;

	srandom(1);
	for (int i = 0; i < 20000; i++) {
		for (int j = 0; j < 16; j++)
			a.b[j] = random() % 3 ? 0 : (uint8_t)random();
		a.b[0] |= 0x20; /* they write ::1.2.3.4 */
		addr_print(&a, text);
		if (!inet_ntop(AF_INET6, a.b, theirs, sizeof theirs) ||
		    strcmp(text, theirs) != 0 || addr_parse(&b, text) < 0 ||
		    memcmp(&a, &b, sizeof a) != 0)
			differs++;
	}
	ok(differs == 0, "20000 addresses as inet_ntop writes them");
	for (int i = 0; i < 200000; i++) {
		static const char of[] = "0123:::.af1:2";
		size_t n = (size_t)random() % 16;
		int wrong;

		for (size_t j = 0; j < n; j++)
			text[j] = of[(size_t)random() % (sizeof of - 1)];
		text[n] = '\0';
		wrong = addr_parse(&a, text) == 0;
		if (strchr(text, ':'))
			wrong ^= inet_pton(AF_INET6, text, &b) == 1;
		else
			wrong ^= inet_pton(AF_INET, text, &b) == 1;
		differs += wrong;
	}
	ok(differs == 0, "200000 texts as inet_pton reads them");
}

static void
test_v4(void)
{
	struct addr a = addr_v4(0x01020304);

	ok(addr_is_v4(&a) && addr_to_v4(&a) == 0x01020304, "a number");
	a = read_addr("1.2.3.4");
	ok(addr_is_v4(&a) && addr_to_v4(&a) == 0x01020304, "and its text");
	a = read_addr("::1.2.3.4");
	ok(!addr_is_v4(&a), "a compatible one is none");
}

static const char *
block(const char *s)
{
	static char out[CIDR_TEXT];
	struct cidr c;

	if (cidr_parse(&c, s, NULL) < 0)
		return "-";
	cidr_print(&c, out);
	return out;
}

static void
test_blocks(void)
{
	static const char *const v[][2] = { { "10.0.0.0/8", "10.0.0.0/8" },
		{ "0.0.0.0/0", "0.0.0.0/0" }, { "::/0", "::/0" },
		{ "1.2.3.4", "1.2.3.4" }, { "1.2.3.4/32", "1.2.3.4" },
		{ "::1/128", "::1" }, { "2001:db8::/32", "2001:db8::/32" },
		{ "::ffff:10.0.0.0/104", "10.0.0.0/8" },
		{ "::ffff:0:0/96", "0.0.0.0/0" },
		{ "255.255.255.254/31", "255.255.255.254/31" } };
	static const char *const bad[] = { "", "/", "10.0.0.0/", "/8",
		"10.0.0.0/33", "10.0.0.0/08", "10.0.0.0/-1", "10.0.0.0/8 ",
		"10.0.0.0/8/8", "10.0.0.0/1000", "::/129", "10.0.0.1/8",
		"::ffff:0:0/95", "2001:db8::1/32", "10/8", "10.0.0.0/0x8",
		"10.0.0.0/255.0.0.0", "example.com/8" };
	struct why why;
	struct cidr c;

	for (size_t i = 0; i < LEN(v); i++)
		ok(strcmp(block(v[i][0]), v[i][1]) == 0, "%s is %s", v[i][0],
		    v[i][1]);
	for (size_t i = 0; i < LEN(bad); i++)
		ok(strcmp(block(bad[i]), "-") == 0, "'%s' is no block", bad[i]);
	ok(cidr_parse(&c, "10.1.2.3/8", &why) < 0 && why.code == EX_DATAERR &&
		strstr(why.text, "10.0.0.0/8 is"),
	    "the right one is named: %s", why.text);
}

static int
is_in(const char *block_, const char *addr)
{
	struct addr a = read_addr(addr);
	struct cidr c;

	return cidr_parse(&c, block_, NULL) == 0 && cidr_has(&c, &a);
}

static void
test_has(void)
{
	ok(is_in("10.0.0.0/8", "10.255.255.255"), "the last of a block");
	ok(!is_in("10.0.0.0/8", "11.0.0.0"), "the one behind it");
	ok(is_in("10.0.0.0/9", "10.127.0.1"), "a prefix within a byte");
	ok(!is_in("10.0.0.0/9", "10.128.0.1"), "and the other half");
	ok(is_in("0.0.0.0/0", "1.2.3.4") && !is_in("0.0.0.0/0", "::1"),
	    "0.0.0.0/0 is all of IPv4");
	ok(is_in("::/0", "::1") && !is_in("::/0", "1.2.3.4"),
	    "::/0 is all of IPv6 and no more");
	ok(!is_in("::/80", "1.2.3.4"),
	    "nor is what an IPv4 address is kept in");
	ok(is_in("1.2.3.4", "::ffff:1.2.3.4"), "a mapped address is one");
	ok(is_in("::1", "::1") && !is_in("::1", "::2"), "one address");
}

static const struct {
	const char *addr;
	enum addr_kind kind;
} kinds[] = { { "1.1.1.1", ADDR_PUBLIC }, { "9.255.255.255", ADDR_PUBLIC },
	{ "10.0.0.0", ADDR_PRIVATE }, { "10.255.255.255", ADDR_PRIVATE },
	{ "11.0.0.0", ADDR_PUBLIC }, { "0.0.0.0", ADDR_THIS },
	{ "0.1.2.3", ADDR_THIS }, { "100.63.255.255", ADDR_PUBLIC },
	{ "100.64.0.0", ADDR_PRIVATE }, { "100.100.100.200", ADDR_PRIVATE },
	{ "100.128.0.0", ADDR_PUBLIC }, { "127.0.0.1", ADDR_LOOPBACK },
	{ "127.255.255.255", ADDR_LOOPBACK }, { "128.0.0.0", ADDR_PUBLIC },
	{ "168.63.129.16", ADDR_LINK_LOCAL }, { "168.63.129.17", ADDR_PUBLIC },
	{ "169.254.169.254", ADDR_LINK_LOCAL },
	{ "169.253.255.255", ADDR_PUBLIC }, { "172.15.255.255", ADDR_PUBLIC },
	{ "172.16.0.0", ADDR_PRIVATE }, { "172.31.255.255", ADDR_PRIVATE },
	{ "172.32.0.0", ADDR_PUBLIC }, { "192.0.0.192", ADDR_RESERVED },
	{ "192.0.1.0", ADDR_PUBLIC }, { "192.0.2.1", ADDR_RESERVED },
	{ "192.88.99.1", ADDR_RESERVED }, { "192.168.0.1", ADDR_PRIVATE },
	{ "192.169.0.0", ADDR_PUBLIC }, { "198.17.255.255", ADDR_PUBLIC },
	{ "198.18.0.0", ADDR_RESERVED }, { "198.19.255.255", ADDR_RESERVED },
	{ "198.20.0.0", ADDR_PUBLIC }, { "198.51.100.7", ADDR_RESERVED },
	{ "203.0.113.7", ADDR_RESERVED }, { "223.255.255.255", ADDR_PUBLIC },
	{ "224.0.0.1", ADDR_MULTICAST }, { "239.255.255.255", ADDR_MULTICAST },
	{ "240.0.0.1", ADDR_RESERVED }, { "255.255.255.255", ADDR_RESERVED },
	{ "::", ADDR_THIS }, { "::1", ADDR_LOOPBACK }, { "::2", ADDR_THIS },
	{ "::127.0.0.1", ADDR_LOOPBACK }, { "::8.8.8.8", ADDR_RESERVED },
	{ "::ffff:0:127.0.0.1", ADDR_RESERVED },
	{ "64:ff9b::8.8.8.8", ADDR_PUBLIC },
	{ "64:ff9b::10.0.0.1", ADDR_PRIVATE },
	{ "64:ff9b:1::8.8.8.8", ADDR_RESERVED }, { "100::1", ADDR_RESERVED },
	{ "2000::1", ADDR_PUBLIC }, { "2001::1", ADDR_RESERVED },
	{ "2001:0:808:808::f7f7:f7f7", ADDR_RESERVED },
	{ "2001:0:808:808::80ff:fffe", ADDR_LOOPBACK },
	{ "2001:0:a00:1::f7f7:f7f7", ADDR_PRIVATE },
	{ "2001:2::1", ADDR_RESERVED }, { "2001:200::1", ADDR_PUBLIC },
	{ "2001:db8::1", ADDR_RESERVED }, { "2001:db9::1", ADDR_PUBLIC },
	{ "2002:808:808::1", ADDR_RESERVED },
	{ "2002:7f00:1::1", ADDR_LOOPBACK },
	{ "2002:a9fe:a9fe::", ADDR_LINK_LOCAL },
	{ "2606:4700::1111", ADDR_PUBLIC }, { "3fff:fff::1", ADDR_RESERVED },
	{ "3fff:1000::1", ADDR_PUBLIC }, { "4000::1", ADDR_RESERVED },
	{ "5f00::1", ADDR_RESERVED }, { "fc00::1", ADDR_PRIVATE },
	{ "fd00:ec2::254", ADDR_PRIVATE }, { "fe80::1", ADDR_LINK_LOCAL },
	{ "febf::1", ADDR_LINK_LOCAL }, { "fec0::2", ADDR_RESERVED },
	{ "ff02::1", ADDR_MULTICAST } };

static void
test_kinds(void)
{
	for (size_t i = 0; i < LEN(kinds); i++) {
		struct addr a = read_addr(kinds[i].addr);

		ok(addr_kind(&a) == kinds[i].kind, "%s is %s", kinds[i].addr,
		    addr_kind_text(kinds[i].kind));
	}
}

static void
test_special(void)
{
	static const char *const all[] = { "10.0.0.0/8", "10.1.2.3",
		"127.0.0.0/8", "192.168.1.0/24", "::1", "fc00::/7",
		"fd00:1::/64", "169.254.169.254", "64:ff9b::a00:0/104" };
	static const char *const not [] = { "0.0.0.0/0", "10.0.0.0/7",
		"192.0.0.0/2", "172.0.0.0/8", "1.1.1.1", "8.0.0.0/5", "::/0",
		"2000::/3", "2001::/16", "fc00::/6", "64:ff9b::/96",
		"64:ff9b::808:808" };
	struct cidr c;

	for (size_t i = 0; i < LEN(all); i++)
		ok(cidr_parse(&c, all[i], NULL) == 0 && cidr_special(&c),
		    "%s is special", all[i]);
	for (size_t i = 0; i < LEN(not ); i++)
		ok(cidr_parse(&c, not [i], NULL) == 0 && !cidr_special(&c),
		    "%s is not", not [i]);
}

static void
test_own(void)
{
	struct addr lo = read_addr("127.0.0.1"), far = read_addr("1.1.1.1");

	ok(addr_own(&lo) == 1, "127.0.0.1 is ours");
	ok(addr_own(&far) == 0, "1.1.1.1 is not");
}

int
main(void)
{
	test_text();
	test_library();
	test_v4();
	test_blocks();
	test_has();
	test_kinds();
	test_special();
	test_own();
	return tap_end();
}
