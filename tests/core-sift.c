/* SPDX-License-Identifier: ISC */
/* sift: what reaches a terminal is text, in whatever pieces it comes. */
#include "sift.h"

#include <stdio.h>
#include <string.h>

#include "tap.h"

/* n bytes in two pieces, cut at `at`; the caller's. */
static char *
run(const char *p, size_t n, size_t at)
{
	struct sift s = { 0 };
	struct buf b = { 0 };

	sift(&s, p, at, &b);
	sift(&s, p + at, n - at, &b);
	sift_end(&s, &b);
	return buf_take(&b);
}

static void
is(const char *text, size_t n, const char *want)
{
	int bad = 0;

	for (size_t at = 0; at <= n; at++) {
		autofree char *got = run(text, n, at);

		bad += strcmp(got, want) != 0;
		if (strcmp(got, want) != 0)
			printf("# cut at %zu: %s\n", at, got);
	}
	ok(!bad, "%s", want);
}
#define IS(text, want) is(text, sizeof(text) - 1, want)

/* Whether nothing but ours stands in it: no C1 either. */
static int
is_clean(const char *s)
{
	for (; *s; s++) {
		unsigned char c = (unsigned char)*s;

		if (c == 0x7f || (c < ' ' && !strchr("\n\r\t\b", c)) ||
		    (c == 0xc2 && (unsigned char)s[1] < 0xa0) || c == 0xc0 ||
		    c == 0xc1 || c > 0xf4)
			return 0;
	}
	return 1;
}

static void
test_random(void)
{
	/* bytes that mean something here */
	static const char bytes[] = "a\033\x9b\xc2\xc3\xe0\xe2\x82\xac\xf0\x9f"
				    "\x90\xff\xc0\x80\n[";
	unsigned seed = 20261122, bad = 0;
	char text[40];

	for (int i = 0; i < 100000; i++) {
		autofree char *got = NULL;

		for (size_t k = 0; k < sizeof text; k++) {
			seed = seed * 1664525 + 1013904223;
			text[k] = bytes[(seed >> 16) % (sizeof bytes - 1)];
		}
		got = run(text, sizeof text, (size_t)i % sizeof text);
		bad += !is_clean(got);
	}
	ok(!bad, "of 100,000 strings none controls");
}

int
main(void)
{
	IS("plain\n\ttext\r\b ~", "plain\n\ttext\r\b ~");
	IS("\033[2J\007\177", "\\033[2J\\007\\177");
	IS("\0a\0", "\\000a\\000");
	IS("\xc3\xa4 \xe2\x9c\x94 \xf0\x9f\x90\x8b",
	    "\xc3\xa4 \xe2\x9c\x94 \xf0\x9f\x90\x8b");
	IS("\xc2\x9b"
	   "2J",
	    "\\302\\2332J"); /* C1, as UTF-8 */
	IS("\x9b"
	   "2J",
	    "\\2332J"); /* and by itself */
	IS("\xc2\xa0", "\xc2\xa0");
	IS("\xc3"
	   "a\xe2\x9c"
	   "b",
	    "\\303a\\342\\234b"); /* cut off */
	IS("\xc0\x9b \xe0\x80\x9b",
	    "\\300\\233 \\340\\200\\233"); /* overlong */
	IS("\xf0\x80\x80\x9b", "\\360\\200\\200\\233");
	IS("\xff\xfe\xf5", "\\377\\376\\365");
	IS("\xe2\x9c", "\\342\\234"); /* nothing comes any more */
	test_random();
	return tap_end();
}
