/* SPDX-License-Identifier: ISC */
/* conf: what is written reads back; what libinih would misread is refused. */
#include "conf.h"

#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "io.h"
#include "say.h"
#include "tap.h"

static int dir;

static struct conf *
read_text(const char *text, struct why *why)
{
	if (io_replace(dir, "c", 0600, text, strlen(text)) < 0)
		return NULL;
	return conf_read(dir, "c", "c", why);
}

/* A file of this text is refused, at this line. */
static void
refused(const char *text, int line, const char *what)
{
	autofree char *at = xasprintf("c:%d: ", line);
	struct why why = { 0 };
	struct conf *c = read_text(text, &why);

	ok(!c && why.code == EX_DATAERR && str_starts(why.text, at),
	    "%s is refused (%s)", what, why.text);
	conf_free(c);
}

static void
refusals(void)
{
	autobuf struct buf longish = { 0 };

	buf_str(&longish, "note = ");
	for (int i = 0; i < 300; i++)
		buf_str(&longish, "A");
	buf_str(&longish, " evil=allow\n");
	refused(longish.p, 1, "a long line whose tail would be a key");
	refused("a = 1\n[unterminated\nb = 2\n", 2, "half a section");
	refused("a = 1\n1.1.1.1:443 = allow\n", 2, "a key with a colon");
	refused("a : 1\n", 1, "a colon for an equals sign");
	refused("a = b ; c\n", 1, "an inline comment");
	refused("A = 1\n", 1, "a key in capitals");
	refused("a = x\001y\n", 1, "a control byte");
	refused("a = 1\nnonsense\n", 2, "neither key nor section");
	refused("= 1\n", 1, "no key");
	refused("[a]b\n", 1, "text behind a section");
}

static void
reading(void)
{
	struct why why;
	autoconf struct conf *c =
	    read_text("# head\n\n  name = a b  \n"
		      "  cpus=4\n; note\nempty =\nport = 1:2\nport = 3:4\n"
		      "size = 2G\nyes = on\n[x]\nname = inner\n",
		&why);
	long long n = 0;
	uint64_t size = 0;
	int yes = 0;

	ok(c != NULL, "a file with all there is");
	ok(strcmp(conf_get(c, NULL, "name"), "a b") == 0,
	    "an indented line is no continuation");
	ok(conf_int(c, "cpus", 1, 9, &n, &why) == 0 && n == 4, "a number");
	ok(conf_int(c, "cpus", 5, 9, &n, &why) < 0 &&
		str_starts(why.text, "c:4: cpus = 4"),
	    "%s", why.text);
	ok(conf_int(c, "none", 1, 9, &n, &why) == 1, "a key not there");
	ok(*conf_get(c, NULL, "empty") == '\0', "an empty value");
	ok(strcmp(conf_nth(c, NULL, "port", 1), "3:4") == 0 &&
		!conf_nth(c, NULL, "port", 2),
	    "a repeated key");
	ok(conf_size(c, "size", 1, &size, &why) == 0 &&
		size == (uint64_t)2 << 30,
	    "a size");
	ok(conf_bool(c, "yes", &yes, &why) == 0 && yes == 1, "a truth");
	ok(strcmp(conf_get(c, "x", "name"), "inner") == 0, "a section's key");
	ok(conf_has(c, "x") && !conf_has(c, "y"), "sections there and not");
}

/* A file that somebody wrote by hand: heads that are indented, a section that
 * is there twice. */
static void
drop_by_hand(void)
{
	struct why why;
	autoconf struct conf *c =
	    read_text("a = 1\n\n[s]\nk = 1\n  [t]\nk = 2\n[s]\nk = 3\n"
		      "\t[u]\nk = 4\n",
		&why);
	autoconf struct conf *d = read_text("\f[s]\nk = 1\n", &why);
	size_t n;

	ok(conf_drop_section(c, "s") == 0 && !conf_has(c, "s"),
	    "a section that is there twice goes twice");
	ok(strcmp(conf_text(c, &n), "a = 1\n\n  [t]\nk = 2\n\t[u]\nk = 4\n") ==
		0,
	    "and no other goes with it");
	ok(conf_drop_section(c, "t") == 0 && !conf_has(c, "t") &&
		conf_has(c, "u"),
	    "so does one whose head is indented");
	ok(conf_set(d, "a", "1", &why) == 0 &&
		strcmp(conf_get(d, NULL, "a"), "1") == 0,
	    "a key goes before the first head, however that is indented");
	ok(!read_text("[a]b]\nk = 1\n", &why), "a bracket in a section's name");
}

static void
editing(void)
{
	struct why why;
	autoconf struct conf *c =
	    read_text("# head\na = 1\n# about b\n"
		      "b = 2\n\n[s]\n# inside\nk = v\n[t]\nk = w\n",
		&why);
	autofree char *was = NULL;
	size_t n;

	ok(conf_set(c, "a", "9", &why) == 0 &&
		conf_set(c, "c", "3", &why) == 0 &&
		conf_set(c, "b", NULL, &why) == 0 &&
		conf_add(c, "port", "1:1", &why) == 0 &&
		conf_add(c, "port", "2:2", &why) == 0 &&
		conf_drop(c, "port", "1:1") == 0 &&
		conf_set_in(c, "s", "k2", "x", &why) == 0 &&
		conf_set_in(c, "new", "k", "y", &why) == 0 &&
		conf_drop_section(c, "t") == 0,
	    "nine edits");
	ok(strcmp(conf_text(c, &n),
	       "# head\na = 9\n# about b\nc = 3\n"
	       "port = 2:2\n\n[s]\n# inside\nk = v\nk2 = x\n[new]\nk = y\n") ==
		0,
	    "comments and order stay");
	was = xstrdup(conf_text(c, &n));
	ok(conf_set_in(c, "last", "k", "z", &why) == 0 &&
		strcmp(conf_text(c, &n), was) != 0 &&
		conf_drop_section(c, "last") == 0 &&
		strcmp(conf_text(c, &n), was) == 0,
	    "a section that comes and goes leaves nothing");
	drop_by_hand();
	ok(conf_set(c, "a", "x ; y", &why) < 0 && why.code == EX_USAGE,
	    "a value that would not read back is refused");
	ok(conf_set(c, "a", "two\nlines", &why) < 0, "so are two lines");
	ok(conf_set(c, "a b", "x", &why) < 0, "so is a bad key");
	ok(conf_set_in(c, "s]\nevil = 1", "k", "v", &why) < 0,
	    "so is a bad section");
	ok(strcmp(conf_get(c, NULL, "a"), "9") == 0, "and nothing changed");
}

/* For all values: refused, or read back as written. */
static void
round_trip(void)
{
	static const char bytes[] = "aZ0 ;#=:[]\"'\\\t.,%$\xc3\xa9";
	unsigned seed = 7;
	int taken = 0, wrong = 0;

	for (int i = 0; i < 5000; i++) {
		autoconf struct conf *c = conf_new("c");
		struct conf *back;
		char value[24];
		size_t n = seed / 3 % sizeof value;

		for (size_t k = 0; k < n; k++) {
			seed = seed * 1103515245 + 12345;
			value[k] = bytes[seed / 65536 % (sizeof bytes - 1)];
		}
		value[n < sizeof value ? n : sizeof value - 1] = '\0';
		seed = seed * 1103515245 + 12345;
		if (conf_set(c, "first", "1", NULL) < 0 ||
		    conf_set(c, "k", value, NULL) < 0 ||
		    conf_set(c, "last", "2", NULL) < 0)
			continue;
		taken++;
		back = read_text(conf_text(c, &n), NULL);
		wrong += !back ||
		    strcmp(conf_get(back, NULL, "k"), value) != 0 ||
		    strcmp(conf_get(back, NULL, "last"), "2") != 0;
		conf_free(back);
	}
	ok(taken > 500 && wrong == 0, "%d values read back, %d wrongly", taken,
	    wrong);
}

int
main(void)
{
	char name[] = "/tmp/xray-conf.XXXXXX";

	if (!mkdtemp(name) || (dir = io_opendir(AT_FDCWD, name)) < 0)
		return 1;
	refusals();
	reading();
	editing();
	round_trip();
	close(dir);
	(void)io_remove_tree(AT_FDCWD, name);
	return tap_end();
}
