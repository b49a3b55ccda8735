/* SPDX-License-Identifier: ISC */
/*
 * fuzz-conf: the first line is a change, its words between tabs: set, add,
 * drop, in or out, a key, a value, a section; the rest is an ini file.
 */
#include <sys/mman.h>

#include "conf_priv.h"
#include "fuzz.h"

enum { VERB, KEY, VALUE, SECTION, WORDS };

static void
check_types(const struct conf *c, const char *key)
{
	long long n = 5, ms = -1;
	uint64_t size = 0;
	struct why why;
	int yes = -1;

	if (conf_int(c, key, 3, 1000, &n, &why) == 0)
		must(n >= 3 && n <= 1000);
	if (conf_size(c, key, 1 << 20, &size, &why) == 0)
		must(size <= INT64_MAX);
	if (conf_bool(c, key, &yes, &why) == 0)
		must(yes == 0 || yes == 1);
	if (conf_ms(c, key, &ms, &why) == 0)
		must(ms >= 0);
}

/* What was read can be written, and reads back so. */
static int
check_item(const char *section, const char *key, const char *value, int line,
    void *arg)
{
	const struct conf *c = arg;
	size_t i = 0;

	must(line > 0 && line <= CONF_MAX);
	must(conf_key_ok(key, strlen(key)));
	must(conf_value_ok(value, strlen(value)));
	must(conf_has(c, section));
	while (conf_line(c, section, key, i) != line)
		must(conf_nth(c, section, key, i++));
	must(strcmp(conf_nth(c, section, key, i), value) == 0);
	if (!*section)
		check_types(c, key);
	return 0;
}

/* Whoever reads but some keys finds there what is there. */
static void
check_glance(const struct conf *c)
{
	static const char *const keys[] = { "a", "key", "memory", NULL };
	static int fd = -1;
	char path[32];
	struct conf *some;
	size_t n;
	const char *text = conf_text(c, &n);

	if (fd < 0)
		must((fd = memfd_create("conf", MFD_CLOEXEC)) >= 0);
	must(ftruncate(fd, 0) == 0 && pwrite(fd, text, n, 0) == (ssize_t)n);
	(void)snprintf(path, sizeof path, "/proc/self/fd/%d", fd);
	some = conf_glance(AT_FDCWD, path, "glance", keys, NULL);
	must(some);
	for (const char *const *k = keys; *k; k++)
		for (size_t i = 0;; i++) {
			const char *x = conf_nth(c, NULL, *k, i);
			const char *y = conf_nth(some, NULL, *k, i);

			must(!x == !y && (!x || strcmp(x, y) == 0));
			if (!x)
				break;
		}
	conf_free(some);
}

/* Items that are neither of that key nor of that section, one after the other,
 * are in both. */
static void
check_others(const struct conf *a, const struct conf *b, const char *key,
    const char *section, int whole)
{
	size_t i = 0, k = 0;

	for (;; i++, k++) {
		const struct conf *c[] = { a, b };
		size_t *at[] = { &i, &k };

		for (int n = 0; n < 2; n++)
			while (*at[n] < c[n]->n &&
			    strcmp(c[n]->items[*at[n]].section, section) == 0 &&
			    (whole ||
				strcmp(c[n]->items[*at[n]].key, key) == 0))
				++*at[n];
		must((i == a->n) == (k == b->n));
		if (i == a->n)
			break;
		must(strcmp(a->items[i].section, b->items[k].section) == 0);
		must(strcmp(a->items[i].key, b->items[k].key) == 0);
		must(strcmp(a->items[i].value, b->items[k].value) == 0);
	}
}

static void
change(struct conf *c, const struct conf *was, char *const *w)
{
	struct why why;
	int in = strcmp(w[VERB], "in") == 0;

	if (in || strcmp(w[VERB], "set") == 0) {
		const char *section = in ? w[SECTION] : "";
		int r = in ? conf_set_in(c, section, w[KEY], w[VALUE], &why) :
			     conf_set(c, w[KEY], w[VALUE], &why);

		if (r < 0)
			return;
		must(strcmp(conf_get(c, section, w[KEY]), w[VALUE]) == 0);
		check_others(was, c, w[KEY], section, 0);
		must(conf_set_in(c, section, w[KEY], NULL, &why) == 0);
		check_others(was, c, w[KEY], section, 0);
	} else if (strcmp(w[VERB], "add") == 0) {
		if (conf_add(c, w[KEY], w[VALUE], &why) < 0)
			return;
		must(c->n == was->n + 1);
		check_others(was, c, w[KEY], "", 0);
		must(conf_drop(c, w[KEY], w[VALUE]) == 0 && c->n == was->n);
	} else if (strcmp(w[VERB], "drop") == 0) {
		if (conf_drop(c, w[KEY], w[VALUE]) == 0)
			must(c->n + 1 == was->n);
		check_others(was, c, w[KEY], "", 0);
	} else if (strcmp(w[VERB], "out") == 0 && *w[SECTION]) {
		must(conf_drop_section(c, w[SECTION]) == 0);
		must(!conf_has(c, w[SECTION]));
		check_others(was, c, "", w[SECTION], 1);
	}
}

static struct conf *
read_text(const char *text, size_t n, struct why *why)
{
	struct conf *c = conf_new("fuzz");

	buf_add(&c->text, text, n);
	if (conf_parse(c, why) == 0)
		return c;
	must(why->code && *why->text);
	conf_free(c);
	return NULL;
}

int
LLVMFuzzerTestOneInput(const uint8_t *p, size_t n)
{
	char *text = fuzz_text(p, n), *word[WORDS], *at = text;
	struct why why = { 0 };
	size_t first = strcspn(text, "\n");
	const char *rest = text + first + (first < n);
	size_t left = n - (size_t)(rest - text);
	struct conf *c, *was;

	text[first] = '\0';
	for (size_t i = 0; i < WORDS; i++) {
		word[i] = at;
		at += strcspn(at, "\t");
		if (*at)
			*at++ = '\0';
	}
	c = read_text(rest, left, &why);
	was = c ? read_text(rest, left, &why) : NULL;
	if (c) {
		(void)conf_each(c, check_item, c);
		check_glance(c);
		change(c, was, word);
	}
	conf_free(was);
	conf_free(c);
	free(text);
	return 0;
}
