/* SPDX-License-Identifier: ISC */
/* conf_edit: change a file's text in place, and read it again. */
#include "conf_priv.h"

#include <stdlib.h>
#include <string.h>

#include "say.h"

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
	if (to < c->text.n)
		buf_add(&b, c->text.p + to, c->text.n - to);
	buf_free(&c->text);
	c->text = b;
}

/* Whether the line at s is a header, that of section when it is not NULL. */
static int
is_head(const char *s, const char *section)
{
	size_t n = strcspn(s, "\n"), m = section ? strlen(section) : 0;

	while (n && conf_blank(*s)) {
		s++;
		n--;
	}
	while (n && conf_blank(s[n - 1]))
		n--;
	if (!n || *s != '[')
		return 0;
	return !section || (n == m + 2 && memcmp(s + 1, section, m) == 0);
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
	while (*p && !is_head(p, NULL)) {
		p += strcspn(p, "\n");
		p += *p == '\n';
	}
	return (size_t)(p - s);
}

int
conf_check(
    const char *name, const char *key, const char *value, struct why *why)
{
	if (!conf_key_ok(key, strlen(key)))
		return why_set(why, EX_USAGE, "%s: %s: bad key", name, key);
	if (strlen(key) + 3 + strlen(value) <= CONF_LINE &&
	    conf_value_ok(value, strlen(value)))
		return 0;
	return why_set(why, EX_USAGE,
	    "%s: %s: a value of one line of at most %d bytes, without ; "
	    "behind a blank",
	    name, key, CONF_LINE);
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

	return n && n <= 46 && !strpbrk(s, "];\n") && conf_value_ok(s, n);
}

int
conf_set_in(struct conf *c, const char *section, const char *key,
    const char *value, struct why *why)
{
	const struct item *it = conf_find(c, section, key, 0);
	autofree char *line = NULL, *head = NULL;
	size_t from, to;

	if (!value && !it)
		return 0;
	if (*section && !section_ok(section))
		return why_set(
		    why, EX_USAGE, "%s: %s: bad section", c->name, section);
	if (value && written(c, key, value, &line, why) < 0)
		return -1;
	if (it)
		span(c, it->line, &from, &to);
	else if (!*section)
		from = to = end_of_keys(c);
	else if (!(from = to = end_of_section(c, section))) {
		from = to = c->text.n;
		head = xasprintf("%s[%s]\n%s", from ? "\n" : "", section, line);
	}
	splice(c, from, to, head ? head : value ? line : "");
	return conf_parse(c, why);
}

int
conf_has(const struct conf *c, const char *section)
{
	for (size_t i = 0; i < c->n; i++)
		if (strcmp(c->items[i].section, section) == 0)
			return 1;
	return 0;
}

/* Wherever it stands, and however often: by hand it may be there twice. */
int
conf_drop_section(struct conf *c, const char *section)
{
	const char *s = c->text.p ? c->text.p : "", *next;
	struct buf b = { 0 };
	int in = 0, found = 0;

	buf_add(&b, "", 0);
	for (; *s; s = next) {
		next = s + strcspn(s, "\n");
		next += *next == '\n';
		if (is_head(s, NULL))
			in = is_head(s, section);
		found |= in;
		if (!in)
			buf_add(&b, s, (size_t)(next - s));
	}
	if (!found) {
		buf_free(&b);
		return 0;
	}
	/* with the last goes the blank line that was put before it */
	if (in && b.n >= 2 && memcmp(b.p + b.n - 2, "\n\n", 2) == 0)
		b.p[--b.n] = '\0';
	buf_free(&c->text);
	c->text = b;
	return conf_parse(c, NULL);
}

int
conf_add(struct conf *c, const char *key, const char *value, struct why *why)
{
	autofree char *line = NULL;
	size_t at = end_of_keys(c);

	if (written(c, key, value, &line, why) < 0)
		return -1;
	splice(c, at, at, line);
	return conf_parse(c, why);
}

int
conf_drop(struct conf *c, const char *key, const char *value)
{
	const struct item *it;
	size_t from, to;

	for (size_t i = 0; (it = conf_find(c, NULL, key, i)); i++)
		if (strcmp(it->value, value) == 0) {
			span(c, it->line, &from, &to);
			splice(c, from, to, "");
			return conf_parse(c, NULL);
		}
	return -1;
}
