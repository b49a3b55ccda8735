/* SPDX-License-Identifier: ISC */
/*
 * libinih is handed one trimmed line at a time by a reader of ours.  That
 * gives line numbers on every build of it, and no line of ours begins with a
 * blank, so its continuation lines never happen.  What its dialect would read
 * otherwise than we write it is refused before it gets there.
 */
#include "conf_priv.h"

#include <errno.h>
#include <ini.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "io.h"
#include "say.h"

struct reader {
	struct conf *c;
	const char *at, *end;
	int line;
	const char *const *keys; /* the others are passed over; NULL: none is */
	struct why *why;
	int failed;
};

struct conf *
conf_new(const char *name)
{
	struct conf *c = xcalloc(1, sizeof *c);

	c->name = xstrdup(name);
	return c;
}

void
conf_free(struct conf *c)
{
	if (!c)
		return;
	free(c->items);
	free(c->store);
	free(c->name);
	buf_free(&c->text);
	free(c);
}

void
conf_autofree(struct conf **c)
{
	conf_free(*c);
}

int
conf_key_ok(const char *key, size_t n)
{
	if (!n || n > 48)
		return 0;
	for (size_t i = 0; i < n; i++)
		if (!(key[i] >= 'a' && key[i] <= 'z') &&
		    !(key[i] >= '0' && key[i] <= '9') && key[i] != '_' &&
		    key[i] != '.' && key[i] != '-')
			return 0;
	return 1;
}

int
conf_blank(char c)
{
	return c == ' ' || (c >= '\t' && c <= '\r');
}

/* A value that libinih hands over as it stands: no inline comment, no
 * control byte, no blank at either end. */
int
conf_value_ok(const char *v, size_t n)
{
	for (size_t i = 0; i < n; i++) {
		if ((unsigned char)v[i] < 0x20 && v[i] != '\t')
			return 0;
		if (v[i] == 0x7f || (v[i] == ';' && i && conf_blank(v[i - 1])))
			return 0;
	}
	return !n ||
	    (!conf_blank(v[0]) && !conf_blank(v[n - 1]) && v[0] != ';');
}

/* What is wrong with a trimmed line, NULL when nothing is. */
static const char *
line_fault(const char *s, size_t n)
{
	const char *eq;
	size_t k;

	if (n > CONF_LINE)
		return "line too long";
	if (!n || *s == '#' || *s == ';')
		return NULL;
	if (*s == '[')
		return s[n - 1] == ']' && n > 2 && n <= 48 &&
			!memchr(s, ';', n) && !memchr(s, ']', n - 1) ?
		    NULL :
		    "not a [section]";
	if (!(eq = memchr(s, '=', n)))
		return "neither key = value nor [section]";
	for (k = (size_t)(eq - s); k && conf_blank(s[k - 1]);)
		k--;
	if (!conf_key_ok(s, k))
		return "bad key";
	for (eq++; eq < s + n && conf_blank(*eq);)
		eq++;
	if (!conf_value_ok(eq, (size_t)(s + n - eq)))
		return "bad value";
	return NULL;
}

/* Whether libinih need not see the line: it would look through it to pass it
 * over, or it has a key that nobody asked for. */
static int
passed_over(const struct reader *r, const char *s, size_t n)
{
	const char *const *key = r->keys;
	size_t k;

	if (!n || *s == '#' || *s == ';')
		return 1;
	if (!key || *s == '[')
		return 0;
	for (; *key; key++) {
		k = strlen(*key);
		if (**key == *s && k < n && memcmp(*key, s, k) == 0 &&
		    (s[k] == '=' || conf_blank(s[k])))
			return 0;
	}
	return 1;
}

static char *
next_line(char *out, int size, void *arg)
{
	struct reader *r = arg;
	const char *s = r->at, *fault, *nl;
	size_t n = (size_t)(r->end - s);

	if (r->failed || !n)
		return NULL;
	nl = memchr(s, '\n', n);
	n = nl ? (size_t)(nl - s) : n;
	r->at = nl ? nl + 1 : r->end;
	r->line++;
	while (n && conf_blank(*s)) {
		s++;
		n--;
	}
	while (n && conf_blank(s[n - 1]))
		n--;
	fault = line_fault(s, n);
	if (!fault && n + 1 > (size_t)size)
		fault = "line too long";
	if (fault) {
		r->failed = 1;
		why_set(r->why, EX_DATAERR, "%s:%d: %s", r->c->name, r->line,
		    fault);
		return NULL;
	}
	if (passed_over(r, s, n))
		n = 0;
	memcpy(out, s, n);
	out[n] = '\0';
	return out;
}

static const char *
keep(struct conf *c, const char *s)
{
	size_t n = strlen(s) + 1;
	char *at = c->store + c->stored;

	memcpy(at, s, n);
	c->stored += n;
	return at;
}

static int
take(void *arg, const char *section, const char *key, const char *value)
{
	struct reader *r = arg;
	struct conf *c = r->c;

	if (c->n == c->cap) {
		c->cap = c->cap ? 2 * c->cap : 32;
		c->items = xreallocarray(c->items, c->cap, sizeof *c->items);
	}
	if (!c->n || strcmp(c->items[c->n - 1].section, section) != 0)
		section = keep(c, section);
	else
		section = c->items[c->n - 1].section;
	key = keep(c, key);
	c->items[c->n++] =
	    (struct item){ section, key, keep(c, value), r->line };
	return 1;
}

static int
parse(struct conf *c, const char *const *keys, struct why *why)
{
	struct reader r = { .c = c, .keys = keys, .why = why };
	int bad;

	c->n = c->stored = 0;
	buf_add(&c->text, "", 0);
	free(c->store);
	c->store = xmalloc(c->text.n + 8);
	r.at = c->text.p;
	r.end = c->text.p + c->text.n;
	if (memchr(c->text.p, '\0', c->text.n))
		return why_set(why, EX_DATAERR, "%s: NUL byte", c->name);
	bad = ini_parse_stream(next_line, &r, take, &r);
	if (r.failed)
		return -1;
	if (bad)
		return why_set(
		    why, EX_DATAERR, "%s:%d: not understood", c->name, bad);
	return 0;
}

int
conf_parse(struct conf *c, struct why *why)
{
	return parse(c, NULL, why);
}

/* What it is, or that it cannot be read now. */
static int
unread(int error)
{
	switch (error) {
	case ENOENT:
		return EX_NOINPUT;
	case EFBIG:
	case EISDIR:
	case EINVAL: /* no regular file */
	case ENXIO: /* a socket */
	case ELOOP:
		return EX_DATAERR;
	default:
		return EX_IOERR;
	}
}

struct conf *
conf_glance(int dir, const char *file, const char *label,
    const char *const *keys, struct why *why)
{
	struct conf *c = conf_new(label);
	int r = io_read_file(dir, file, &c->text, CONF_MAX);

	if (r < 0)
		why_sys(why, unread(errno), "%s", label);
	else if ((r = parse(c, keys, why)) == 0)
		return c;
	conf_free(c);
	return NULL;
}

struct conf *
conf_read(int dir, const char *file, const char *label, struct why *why)
{
	return conf_glance(dir, file, label, NULL, why);
}

const struct item *
conf_find(
    const struct conf *c, const char *section, const char *key, size_t nth)
{
	section = section ? section : "";
	for (size_t i = 0; i < c->n; i++) {
		const struct item *it = &c->items[i];

		if (*it->key == *key && strcmp(it->key, key) == 0 &&
		    strcmp(it->section, section) == 0 && nth-- == 0)
			return it;
	}
	return NULL;
}

const char *
conf_get(const struct conf *c, const char *section, const char *key)
{
	return conf_nth(c, section, key, 0);
}

const char *
conf_nth(const struct conf *c, const char *section, const char *key, size_t i)
{
	const struct item *it = conf_find(c, section, key, i);

	return it ? it->value : NULL;
}

int
conf_line(const struct conf *c, const char *section, const char *key, size_t i)
{
	const struct item *it = conf_find(c, section, key, i);

	return it ? it->line : 0;
}

int
conf_each(const struct conf *c,
    int (*fn)(const char *section, const char *key, const char *value, int line,
	void *arg),
    void *arg)
{
	for (size_t i = 0; i < c->n; i++)
		if (fn(c->items[i].section, c->items[i].key, c->items[i].value,
			c->items[i].line, arg) < 0)
			return -1;
	return 0;
}

static int
mistyped(const struct conf *c, const struct item *it, const char *want,
    struct why *why)
{
	return why_set(why, EX_CONFIG, "%s:%d: %s = %s: not %s", c->name,
	    it->line, it->key, it->value, want);
}

int
conf_int(const struct conf *c, const char *key, long long lo, long long hi,
    long long *out, struct why *why)
{
	const struct item *it = conf_find(c, NULL, key, 0);
	char want[64];

	if (!it)
		return 1;
	if (num_int(it->value, lo, hi, out) == 0)
		return 0;
	(void)snprintf(want, sizeof want, "a number from %lld to %lld", lo, hi);
	return mistyped(c, it, want, why);
}

int
conf_size(const struct conf *c, const char *key, uint64_t unit, uint64_t *out,
    struct why *why)
{
	const struct item *it = conf_find(c, NULL, key, 0);

	if (!it)
		return 1;
	if (num_size(it->value, unit, out) == 0)
		return 0;
	return mistyped(c, it, "a size", why);
}

int
conf_bool(const struct conf *c, const char *key, int *out, struct why *why)
{
	static const char *const words[] = { "no", "yes", "false", "true",
		"off", "on", "0", "1" };
	const struct item *it = conf_find(c, NULL, key, 0);

	if (!it)
		return 1;
	for (size_t i = 0; i < LEN(words); i++)
		if (strcmp(it->value, words[i]) == 0) {
			*out = (int)(i % 2);
			return 0;
		}
	return mistyped(c, it, "yes or no", why);
}

int
conf_ms(const struct conf *c, const char *key, long long *out, struct why *why)
{
	const struct item *it = conf_find(c, NULL, key, 0);

	if (!it)
		return 1;
	if (num_duration(it->value, out) == 0)
		return 0;
	return mistyped(c, it, "a duration", why);
}

const char *
conf_text(const struct conf *c, size_t *n)
{
	*n = c->text.n;
	return c->text.p ? c->text.p : "";
}
