/* SPDX-License-Identifier: ISC */
/* mem: numbers, sizes, durations, buffers, distances. */
#include "mem.h"

#include <errno.h>
#include <limits.h>
#include <stdlib.h>
#include <string.h>

#include "tap.h"

static void
integers(void)
{
	static const struct {
		const char *text;
		int good;
		long long want;
	} cases[] = {
		{ "0", 1, 0 },
		{ "7", 1, 7 },
		{ "-3", 1, -3 },
		{ "9223372036854775807", 1, LLONG_MAX },
		{ "9223372036854775808", 0, 0 },
		{ "99999999999999999999999", 0, 0 },
		{ "", 0, 0 },
		{ "-", 0, 0 },
		{ "+1", 0, 0 },
		{ " 1", 0, 0 },
		{ "1 ", 0, 0 },
		{ "0x10", 0, 0 },
		{ "1e3", 0, 0 },
	};

	for (size_t i = 0; i < LEN(cases); i++) {
		long long n = 42;
		int r = num_int(cases[i].text, LLONG_MIN, LLONG_MAX, &n);

		ok(r == (cases[i].good ? 0 : -1) &&
			n == (cases[i].good ? cases[i].want : 42),
		    "integer '%s'", cases[i].text);
	}
}

static void
sizes(void)
{
	static const struct {
		const char *text;
		uint64_t unit, want; /* want 0: refused */
	} cases[] = {
		{ "512M", 1, 512u << 20 },
		{ "4G", 1, (uint64_t)4 << 30 },
		{ "4GiB", 1, (uint64_t)4 << 30 },
		{ "4g", 1, (uint64_t)4 << 30 },
		{ "4096", 1 << 20, (uint64_t)4096 << 20 },
		{ "100B", 1 << 20, 100 },
		{ "4X", 1, 0 },
		{ "4.5G", 1, 0 },
		{ "G", 1, 0 },
		{ "-1G", 1, 0 },
		{ "9999999999T", 1, 0 },
		{ "4Gi b", 1, 0 },
	};

	for (size_t i = 0; i < LEN(cases); i++) {
		uint64_t n = 0;
		int r = num_size(cases[i].text, cases[i].unit, &n);

		ok((r == 0) == (cases[i].want != 0) && n == cases[i].want,
		    "size '%s'", cases[i].text);
	}
	for (uint64_t n = 1; n && n <= (uint64_t)1 << 50; n *= 7) {
		autofree char *text = num_size_text(n);
		uint64_t back = 0;

		if (num_size(text, 1, &back) < 0 || back != n)
			ok(0, "%s reads back as it was written", text);
	}
	ok(1, "sizes read back as they were written");
}

static void
durations(void)
{
	long long ms = 0;

	ok(num_duration("90", &ms) == 0 && ms == 90000, "90");
	ok(num_duration("15m", &ms) == 0 && ms == 900000, "15m");
	ok(num_duration("2d", &ms) == 0 && ms == 172800000, "2d");
	ok(num_duration("1mm", &ms) < 0, "1mm is none");
	ok(num_duration("99999999999", &ms) < 0 && errno == ERANGE, "too long");
}

static void
reasons(void)
{
	char lots[2000] = { 0 };
	struct why why;

	ok(why_set(&why, 65, "%s: bad", "a\033[2J\r\177b") == -1 &&
		why.code == 65 &&
		strcmp(why.text, "a\\033[2J\\015\\177b: bad") == 0,
	    "why_set masks what would reach a terminal: %s", why.text);
	(void)why_set(&why, 65, "\302\233x \2332J \200\233");
	ok(strcmp(why.text, "\302\\233x \\2332J \\200\\233") == 0,
	    "of eight bits, too");
	(void)why_set(&why, 65, "\303\251\342\200\223\t\n");
	ok(strcmp(why.text, "\303\251\342\200\223\t\n") == 0, "but no letters");
	memset(lots, 27, sizeof lots - 1);
	(void)why_set(&why, 65, "%s", lots);
	ok(strlen(why.text) > 900 && strlen(why.text) < sizeof why.text,
	    "as many as fit");
	errno = ENOENT;
	(void)why_sys(&why, 66, "\033");
	ok(strcmp(why.text, "\\033: No such file or directory") == 0,
	    "why_sys");
}

int
main(void)
{
	const char *best = NULL;
	autobuf struct buf b = { 0 };
	autofree char *a = num_human(597000000), *c = num_human(1234567890);

	integers();
	sizes();
	durations();
	reasons();
	buf_vis(&b, "a\033[31m\n\xff", 8);
	ok(strcmp(b.p, "a\\033[31m\\012\\377") == 0, "buf_vis: %s", b.p);
	buf_drop(&b, 5);
	ok(strncmp(b.p, "[31m", 4) == 0, "buf_drop");
	buf_drop(&b, 1000);
	ok(b.n == 0 && *b.p == '\0', "buf_drop beyond the end");
	buf_word(&b, "it's $x\n\\", 9);
	ok(strcmp(b.p, "'it'\\''s $x\n\\'") == 0, "buf_word: %s", b.p);
	ok(strcmp(a, "597 MB") == 0 && strcmp(c, "1.2 GB") == 0,
	    "sizes for people: %s, %s", a, c);
	str_nearest(&best, "lsit", "edit");
	ok(!best, "two slips of four are none");
	str_nearest(&best, "lsit", "list");
	str_nearest(&best, "lsit", "lsi");
	ok(best && strcmp(best, "list") == 0, "a swap is one, the first stays");
	str_nearest(&best, "lsit", "lsit");
	ok(strcmp(best, "lsit") == 0, "the nearest counts");
	return tap_end();
}
