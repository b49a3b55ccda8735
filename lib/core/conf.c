/* SPDX-License-Identifier: ISC */
/*
 * libinih is handed one trimmed line at a time by a reader of ours.  That
 * gives line numbers on every build of it, and no line of ours begins with a
 * blank, so its continuation lines never happen.  What its dialect would read
 * otherwise than we write it is refused before it gets there.
 */
#include "conf.h"

#include <ctype.h>
#include <errno.h>
#include <ini.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "io.h"
#include "say.h"

struct item {
	char *section, *key, *value;
	int line;
};

struct conf {
	char *name;
	struct buf text;
	struct item *items;
	size_t n, cap;
};

struct reader {
	struct conf *c;
	const char *at;
	int line;
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

static void
drop_items(struct conf *c)
{
	for (size_t i = 0; i < c->n; i++) {
		free(c->items[i].section);
		free(c->items[i].key);
		free(c->items[i].value);
	}
	c->n = 0;
}

void
conf_free(struct conf *c)
{
	if (!c)
		return;
	drop_items(c);
	free(c->items);
	free(c->name);
	buf_free(&c->text);
	free(c);
}

void
conf_autofree(struct conf **c)
{
	conf_free(*c);
}

static int
key_ok(const char *key, size_t n)
{
	if (!n || n > 48)
		return 0;
	for (size_t i = 0; i < n; i++)
		if (!islower((unsigned char)key[i]) &&
		    !isdigit((unsigned char)key[i]) &&
		    !strchr("_.-", key[i]))
			return 0;
	return 1;
}

/* A value that libinih hands over as it stands: no inline comment, no
 * control byte, no blank at either end. */
static int
value_ok(const char *v, size_t n)
{
	for (size_t i = 0; i < n; i++) {
		if ((unsigned char)v[i] < 0x20 && v[i] != '\t')
			return 0;
		if (v[i] == 0x7f || (v[i] == ';' && i &&
		    isspace((unsigned char)v[i - 1])))
			return 0;
	}
	return !n || (!isspace((unsigned char)v[0]) &&
	    !isspace((unsigned char)v[n - 1]) && v[0] != ';');
}

/* What is wrong with a trimmed line, NULL when nothing is. */
static const char *
line_fault(const char *s, size_t n)
{
	const char *eq = memchr(s, '=', n);
	size_t k;

	if (n > CONF_LINE)
		return "line too long";
	if (memchr(s, '\0', n))
		return "NUL byte";
	if (!n || *s == '#' || *s == ';')
		return NULL;
	if (*s == '[')
		return s[n - 1] == ']' && n > 2 && n <= 48 &&
		    !memchr(s, ';', n) ? NULL : "not a [section]";
	if (!eq)
		return "neither key = value nor [section]";
	for (k = (size_t)(eq - s); k && isspace((unsigned char)s[k - 1]);)
		k--;
	if (!key_ok(s, k))
		return "bad key";
	for (eq++; eq < s + n && isspace((unsigned char)*eq);)
		eq++;
	if (!value_ok(eq, (size_t)(s + n - eq)))
		return "bad value";
	return NULL;
}

static char *
next_line(char *out, int size, void *arg)
{
	struct reader *r = arg;
	const char *s = r->at, *fault;
	size_t n;

	if (r->failed || !*s)
		return NULL;
	n = strcspn(s, "\n");
	r->at = s + n + (s[n] == '\n');
	r->line++;
	while (n && isspace((unsigned char)*s)) {
		s++;
		n--;
	}
	while (n && isspace((unsigned char)s[n - 1]))
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
	memcpy(out, s, n);
	out[n] = '\0';
	return out;
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
	c->items[c->n++] = (struct item){ xstrdup(section), xstrdup(key),
		xstrdup(value), r->line };
	return 1;
}

static int
parse(struct conf *c, struct why *why)
{
	struct reader r = { .c = c, .why = why };
	int bad;

	drop_items(c);
	buf_add(&c->text, "", 0);
	r.at = c->text.p;
	if (strlen(c->text.p) != c->text.n)
		return why_set(why, EX_DATAERR, "%s: NUL byte", c->name);
	bad = ini_parse_stream(next_line, &r, take, &r);
	if (r.failed)
		return -1;
	if (bad)
		return why_set(why, EX_DATAERR, "%s:%d: not understood",
		    c->name, bad);
	return 0;
}

struct conf *
conf_read(int dir, const char *file, const char *label, struct why *why)
{
	struct conf *c = conf_new(label);
	int r = io_read_file(dir, file, &c->text, CONF_MAX);

	if (r < 0)
		why_sys(why, errno == ENOENT ? EX_NOINPUT : EX_IOERR, "%s",
		    label);
	else if ((r = parse(c, why)) == 0)
		return c;
	conf_free(c);
	return NULL;
}

static const struct item *
find(const struct conf *c, const char *section, const char *key, size_t nth)
{
	section = section ? section : "";
	for (size_t i = 0; i < c->n; i++)
		if (strcmp(c->items[i].key, key) == 0 &&
		    strcmp(c->items[i].section, section) == 0 && nth-- == 0)
			return &c->items[i];
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
	const struct item *it = find(c, section, key, i);

	return it ? it->value : NULL;
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
	const struct item *it = find(c, NULL, key, 0);
	char want[64];

	if (!it)
		return 1;
	if (num_int(it->value, lo, hi, out) == 0)
		return 0;
	(void)snprintf(want, sizeof want, "a number from %lld to %lld", lo,
	    hi);
	return mistyped(c, it, want, why);
}

int
conf_size(const struct conf *c, const char *key, uint64_t unit, uint64_t *out,
    struct why *why)
{
	const struct item *it = find(c, NULL, key, 0);

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
	const struct item *it = find(c, NULL, key, 0);

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
conf_ms(const struct conf *c, const char *key, long long *out,
    struct why *why)
{
	const struct item *it = find(c, NULL, key, 0);

	if (!it)
		return 1;
	if (num_duration(it->value, out) == 0)
		return 0;
	return mistyped(c, it, "a duration", why);
}

/* The byte range of line number `line` (from 1), with its newline. */
static void
span(const struct conf *c, int line, size_t *from, size_t *to)
{
	const char *s = c->text.p;

	while (--line && *s)
		s += strcspn(s, "\n") + 1;
	*from = (size_t)(s - c->text.p);
	s += strcspn(s, "\n");
	*to = (size_t)(s - c->text.p) + (*s == '\n');
}

static void
splice(struct conf *c, size_t from, size_t to, const char *with)
{
	struct buf b = { 0 };

	buf_add(&b, c->text.p, from);
	if (from && b.p[from - 1] != '\n')
		buf_str(&b, "\n");
	buf_str(&b, with);
	buf_add(&b, c->text.p + to, c->text.n - to);
	buf_free(&c->text);
	c->text = b;
}

/* Where a new key of the section goes: behind its last key, 0 when it has
 * none. */
static size_t
end_of_section(const struct conf *c, const char *section)
{
	size_t from, to = 0;
	int last = 0;

	for (size_t i = 0; i < c->n; i++)
		if (strcmp(c->items[i].section, section) == 0)
			last = c->items[i].line;
	if (last)
		span(c, last, &from, &to);
	return to;
}

/* The same for no section; without a key there, before the first section. */
static size_t
end_of_keys(const struct conf *c)
{
	const char *s = c->text.p ? c->text.p : "";
	size_t to = end_of_section(c, "");
	const char *p = s;

	if (to)
		return to;
	while (*p && *(p + strspn(p, " \t")) != '[') {
		p += strcspn(p, "\n");
		p += *p == '\n';
	}
	return (size_t)(p - s);
}

int
conf_check(const char *name, const char *key, const char *value,
    struct why *why)
{
	if (!key_ok(key, strlen(key)))
		return why_set(why, EX_USAGE, "%s: %s: bad key", name, key);
	if (strlen(key) + 3 + strlen(value) <= CONF_LINE &&
	    value_ok(value, strlen(value)))
		return 0;
	return why_set(why, EX_USAGE,
	    "%s: %s: a value of one line of at most %d bytes, without ; "
	    "behind a blank", name, key, CONF_LINE);
}

static int
written(struct conf *c, const char *key, const char *value, char **line,
    struct why *why)
{
	if (conf_check(c->name, key, value, why) < 0)
		return -1;
	*line = xasprintf("%s = %s\n", key, value);
	return 0;
}

int
conf_set(struct conf *c, const char *key, const char *value, struct why *why)
{
	return conf_set_in(c, "", key, value, why);
}

/* A section's name must read back as it is and end no line. */
static int
section_ok(const char *s)
{
	size_t n = strlen(s);

	return n && n <= 46 && !strpbrk(s, "];\n") && value_ok(s, n);
}

int
conf_set_in(struct conf *c, const char *section, const char *key,
    const char *value, struct why *why)
{
	const struct item *it = find(c, section, key, 0);
	autofree char *line = NULL, *head = NULL;
	size_t from, to;

	if (!value && !it)
		return 0;
	if (*section && !section_ok(section))
		return why_set(why, EX_USAGE, "%s: %s: bad section", c->name,
		    section);
	if (value && written(c, key, value, &line, why) < 0)
		return -1;
	if (it)
		span(c, it->line, &from, &to);
	else if (!*section)
		from = to = end_of_keys(c);
	else if (!(from = to = end_of_section(c, section))) {
		from = to = c->text.n;
		head = xasprintf("%s[%s]\n%s", from ? "\n" : "", section,
		    line);
	}
	splice(c, from, to, head ? head : value ? line : "");
	return parse(c, why);
}

int
conf_has(const struct conf *c, const char *section)
{
	for (size_t i = 0; i < c->n; i++)
		if (strcmp(c->items[i].section, section) == 0)
			return 1;
	return 0;
}

int
conf_drop_section(struct conf *c, const char *section)
{
	autofree char *head = xasprintf("[%s]", section);
	const char *s = c->text.p ? c->text.p : "", *end;
	size_t n = strlen(head);

	for (; *s; s += strcspn(s, "\n"), s += *s == '\n')
		if (strncmp(s, head, n) == 0 && (s[n] == '\n' || !s[n]))
			break;
	if (!*s)
		return 0;
	for (end = s + n; *end && !(end[0] == '\n' && end[1] == '[');)
		end++;
	splice(c, (size_t)(s - c->text.p),
	    (size_t)(end - c->text.p) + (*end == '\n'), "");
	return parse(c, NULL);
}

int
conf_add(struct conf *c, const char *key, const char *value, struct why *why)
{
	autofree char *line = NULL;
	size_t at = end_of_keys(c);

	if (written(c, key, value, &line, why) < 0)
		return -1;
	splice(c, at, at, line);
	return parse(c, why);
}

int
conf_drop(struct conf *c, const char *key, const char *value)
{
	const struct item *it;
	size_t from, to;

	for (size_t i = 0; (it = find(c, NULL, key, i)); i++)
		if (strcmp(it->value, value) == 0) {
			span(c, it->line, &from, &to);
			splice(c, from, to, "");
			return parse(c, NULL);
		}
	return -1;
}

const char *
conf_text(const struct conf *c, size_t *n)
{
	*n = c->text.n;
	return c->text.p ? c->text.p : "";
}

void
conf_each(const struct conf *c, const char *section,
    void (*fn)(const char *key, const char *value, int line, void *arg),
    void *arg)
{
	section = section ? section : "";
	for (size_t i = 0; i < c->n; i++)
		if (strcmp(c->items[i].section, section) == 0)
			fn(c->items[i].key, c->items[i].value,
			    c->items[i].line, arg);
}
