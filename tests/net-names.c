/* SPDX-License-Identifier: ISC */
/* names: one address for each name, and who leaves when there are too many. */
#include <stdlib.h>
#include <string.h>

#include "frame.h"
#include "names.h"
#include "tap.h"

#define ADDR FRAME_ADDR

static struct names *t;
static int fresh;

static uint32_t
get(const char *name)
{
	return names_get(t, name, &fresh, NULL, NULL);
}

static void
numbered(char out[32], unsigned i)
{
	(void)snprintf(out, 32, "n%u.test", i);
}

static uint32_t
get_nth(unsigned i)
{
	char name[32];

	numbered(name, i);
	return get(name);
}

static int
has_nth(unsigned i, uint32_t addr)
{
	char name[32];
	const char *got = names_at(t, addr);

	numbered(name, i);
	return got && strcmp(got, name) == 0;
}

static void
begin(void)
{
	names_free(t);
	t = names_new();
}

static void
test_few(void)
{
	uint32_t a, b;

	begin();
	a = get("a.test");
	ok(a == ADDR(198, 18, 1, 1) && fresh, "the first address");
	b = get("b.test");
	ok(b == ADDR(198, 18, 1, 2) && fresh, "the second");
	ok(get("a.test") == a && !fresh, "the same name has the same");
	ok(strcmp(names_at(t, a), "a.test") == 0 &&
		strcmp(names_at(t, b), "b.test") == 0,
	    "and is found by it");
	ok(!names_at(t, ADDR(198, 18, 1, 3)) && !names_at(t, 0) &&
		!names_at(t, ADDR(198, 18, 0, 0)) &&
		!names_at(t, ADDR(198, 20, 1, 1)) && !names_at(t, UINT32_MAX),
	    "other addresses have none");
	ok(names_has(ADDR(198, 18, 0, 0)) && names_has(ADDR(198, 19, 255, 255)),
	    "the net begins and ends");
	ok(!names_has(ADDR(198, 17, 255, 255)) &&
		!names_has(ADDR(198, 20, 0, 0)),
	    "where it should");
	names_hold(t, a, -1);
	names_hold(t, ADDR(10, 0, 0, 1), 1);
	names_hold(t, ADDR(198, 18, 1, 3), 1);
	ok(get("a.test") == a, "holding what is not there does nothing");
}

/* Ten tables full of names: what each address was given for, and when. */
static void
test_reuse(void)
{
	enum { ALL = 10 * NAMES_MAX };
	static unsigned last[1 << 17];
	unsigned soonest = ALL, bad = 0, edge = 0;

	begin();
	for (unsigned i = 1; i <= ALL; i++) {
		uint32_t a = get_nth(i), at = a - ADDR(198, 18, 0, 0);

		bad += !names_has(a) || !fresh || !has_nth(i, a);
		edge += at < 256 || at >= (1 << 17) - 256 || (at & 255) == 0 ||
		    (at & 255) == 255;
		if (last[at] && i - last[at] < soonest)
			soonest = i - last[at];
		last[at] = i;
	}
	ok(!bad, "each of %d names has an address", ALL);
	ok(!edge, "none at an edge");
	ok(soonest == 510 * 254, "an address comes again after %u others",
	    soonest);
	bad = 0;
	for (unsigned i = ALL - NAMES_MAX + 1; i <= ALL; i++)
		bad += last[get_nth(i) - ADDR(198, 18, 0, 0)] != i;
	ok(!bad, "the last of them are still there");
	ok(last[get_nth(ALL - NAMES_MAX) - ADDR(198, 18, 0, 0)] !=
		ALL - NAMES_MAX,
	    "the one before is not");
}

static void
test_order(void)
{
	uint32_t first, second, third;

	begin();
	first = get_nth(1);
	second = get_nth(2);
	third = get_nth(3);
	for (unsigned i = 4; i <= NAMES_MAX; i++)
		(void)get_nth(i);
	ok(has_nth(1, first), "a full table loses nothing");
	(void)get_nth(1);
	names_hold(t, third, 1);
	names_hold(t, third, 1);
	names_hold(t, third, -1);
	(void)get_nth(NAMES_MAX + 1);
	ok(has_nth(1, first) && !names_at(t, second),
	    "who was asked for longest ago leaves");
	(void)get_nth(NAMES_MAX + 2);
	ok(has_nth(3, third), "but not who is held");
	names_hold(t, third, -1);
	for (unsigned i = 3; i < NAMES_MAX; i++)
		(void)get_nth(NAMES_MAX + i);
	ok(has_nth(3, third), "who is let go was in use until then");
	for (unsigned i = 0; i < 3; i++)
		(void)get_nth(2 * NAMES_MAX + i);
	ok(!names_at(t, third), "and leaves in its turn");
}

static void
test_held(void)
{
	static uint32_t all[NAMES_MAX];
	int bad = 0;

	begin();
	for (unsigned i = 0; i < NAMES_MAX; i++) {
		all[i] = get_nth(i);
		names_hold(t, all[i], 1);
	}
	ok(get("more.test") == 0 && !fresh, "all held: no address");
	ok(get_nth(7) == all[7], "but for who has one");
	names_hold(t, all[99], -1);
	ok(get("more.test") != 0 && !names_at(t, all[99]), "one let go leaves");
	for (unsigned i = 0; i < NAMES_MAX; i++)
		bad += i != 99 && !has_nth(i, all[i]);
	ok(!bad, "and nobody else");
}

static unsigned looked;

static int
keep_even(const char *name, void *arg)
{
	(void)arg;
	looked++;
	return strtoul(name + 1, NULL, 10) % 2 == 0;
}

static int
keep_all(const char *name, void *arg)
{
	(void)name;
	(void)arg;
	looked++;
	return 1;
}

static uint32_t
get_keeping(unsigned i, int (*keep)(const char *, void *))
{
	char name[32];

	numbered(name, i);
	return names_get(t, name, &fresh, keep, NULL);
}

static void
test_keep(void)
{
	static uint32_t all[2 * NAMES_MAX];
	int bad = 0;

	begin();
	for (unsigned i = 0; i < 2 * NAMES_MAX; i++)
		all[i] = get_keeping(i < NAMES_MAX ? i : 2 * i + 1, keep_even);
	for (unsigned i = 0; i < NAMES_MAX; i += 2)
		bad += !has_nth(i, all[i]);
	ok(!bad, "those that keep speaks for stay");
	ok(looked <= 3 * NAMES_MAX, "each is looked at once: %u", looked);
	looked = 0;
	for (unsigned i = 0; i < NAMES_MAX; i++)
		all[i] = get_keeping(100000 + 2 * i, keep_even);
	bad = 0;
	for (unsigned i = 0; i < NAMES_MAX; i++)
		bad += !has_nth(100000 + 2 * i, all[i]);
	ok(!bad, "and leave when there are no others");
	for (unsigned i = 0; i < 3; i++)
		all[i] = get_keeping(200001 + 2 * i, keep_even);
	ok(has_nth(200001, all[0]) && has_nth(200003, all[1]),
	    "before those that were asked for just now");
	looked = 0;
	begin();
	for (unsigned i = 0; i < 4 * NAMES_MAX; i++)
		all[0] = get_keeping(i, keep_all);
	ok(has_nth(4 * NAMES_MAX - 1, all[0]) && looked <= 4 * NAMES_MAX,
	    "all are kept: the oldest leaves, without looking at all");
}

static char *
printed(void)
{
	struct buf b = { 0 };

	names_print(t, &b);
	return buf_take(&b);
}

static int
reads_as(const char *text, const char *want)
{
	char *got;
	int same;

	begin();
	names_read(t, text, strlen(text));
	got = printed();
	same = strcmp(got, want) == 0;
	if (!same)
		printf("# %s", got);
	free(got);
	return same;
}

static void
test_read(void)
{
	char line[NAMES_LINE], name[254];

	ok(names_line(line, ADDR(198, 19, 2, 3), "a.test") == 18 &&
		strcmp(line, "198.19.2.3 a.test\n") == 0,
	    "a line");
	memset(name, 'a', 253);
	name[253] = '\0';
	ok(names_line(line, ADDR(198, 19, 254, 254), name) == 269,
	    "the longest one");
	ok(reads_as("", ""), "an empty file");
	ok(reads_as("198.18.1.9 a.test\n198.18.1.2 b.test\n",
	       "198.18.1.9 a.test\n198.18.1.2 b.test\n"),
	    "the order is kept");
	ok(get("c.test") == ADDR(198, 18, 1, 1) &&
		get("d.test") == ADDR(198, 18, 1, 3),
	    "what is in the file is not given again");
	ok(get("a.test") == ADDR(198, 18, 1, 9) && !fresh, "names are known");
	ok(reads_as("198.18.1.1 a.test\n198.18.1.2 b.test\n"
		    "198.18.1.3 a.test\n",
	       "198.18.1.2 b.test\n198.18.1.3 a.test\n"),
	    "of two lines with one name the later counts");
	ok(get("c.test") == ADDR(198, 18, 1, 4), "an old address waits");
	ok(reads_as("198.18.1.1 a.test\n198.18.1.2 b.test\n"
		    "198.18.1.1 c.test\n",
	       "198.18.1.2 b.test\n198.18.1.1 c.test\n"),
	    "so of two with one address");
	ok(reads_as("198.18.1.1 a.test\n198.18.1.2 b.test\n"
		    "198.18.1.1 b.test\n198.18.1.1 b.test\n",
	       "198.18.1.1 b.test\n"),
	    "and of both");
	ok(reads_as("198.18.1.1 A.Test.\n", "198.18.1.1 a.test\n"),
	    "a name by another spelling");
	ok(reads_as("198.18.1.1\n198.18.1.1 \n x\n\n# a\n10.0.0.1 a.test\n"
		    "198.18.0.1 a.test\n198.19.255.1 a.test\n"
		    "198.18.01.1 a.test\n::1 a.test\n198.18.1.1  a.test\n"
		    "198.18.1.1 a.test b\n198.18.1.255 a.test\n"
		    "198.18.1.1 127.1\n198.18.1.1234567890123456789012345678901"
		    "234567890 a.test\n198.18.1.2 b.test",
	       ""),
	    "lines that are none are passed over, and half a line");
}

static void
test_again(void)
{
	char *before, *after;
	unsigned soonest = 0;
	uint32_t a;

	begin();
	for (unsigned i = 0; i < NAMES_MAX + 100; i++)
		(void)get_nth(i);
	for (unsigned i = NAMES_MAX; i > NAMES_MAX / 2; i--)
		(void)get_nth(i);
	before = printed();
	begin();
	names_read(t, before, strlen(before));
	after = printed();
	ok(strcmp(before, after) == 0, "a full table is read back as it was");
	a = get_nth(50);
	ok(fresh && a == ADDR(198, 18, 1, 1),
	    "addresses that are not in the file are fresh");
	names_read(t, before, strlen(before));
	names_read(t, before, strlen(before));
	free(after);
	after = printed();
	ok(strcmp(before, after) == 0, "read twice, too");
	for (; soonest < 300000; soonest++)
		if (get_nth(1000000 + soonest) == a)
			break;
	ok(soonest > 100000 && soonest < 300000,
	    "an address given back waits for %u others", soonest);
	free(before);
	free(after);
}

static void
test_old_lines(void)
{
	unsigned written = 0;

	begin();
	(void)get("a.test");
	for (unsigned i = 0; i < 4 * NAMES_MAX; i++) {
		(void)get_nth(i);
		(void)get("a.test");
		written += fresh != 0;
	}
	ok(written == 8, "a name in use is written down again: %u", written);
}

int
main(void)
{
	test_few();
	test_reuse();
	test_order();
	test_held();
	test_keep();
	test_read();
	test_again();
	test_old_lines();
	names_free(t);
	return tap_end();
}
