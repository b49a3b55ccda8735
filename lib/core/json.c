/* SPDX-License-Identifier: ISC */
/*
 * jsmn without strict mode takes anything made of braces, so the tokens are
 * walked once more: between them only what the grammar wants there, keys that
 * are strings, numbers and words that follow RFC 8259, strings without raw
 * control bytes.  JSMN_PARENT_LINKS keeps it linear on flat text; nesting is
 * quadratic with it, so depth is counted before jsmn sees anything.
 */
#include "json_priv.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#define JSMN_STATIC
#define JSMN_PARENT_LINKS
#include <jsmn.h>

#include "say.h"

/* The walk over tokens: where we are in the text, which token is next. */
struct walk {
	const char *s;
	size_t n, at;
	const struct token *t;
	int nt, next;
};

static int value(struct walk *w);

static int
depth_ok(const char *s, size_t n)
{
	int depth = 0, quoted = 0;

	for (size_t i = 0; i < n; i++) {
		if (quoted) {
			if (s[i] == '\\')
				i++;
			else if (s[i] == '"')
				quoted = 0;
		} else if (s[i] == '"')
			quoted = 1;
		else if (s[i] == '{' || s[i] == '[') {
			if (++depth > JSON_DEPTH)
				return 0;
		} else if (s[i] == '}' || s[i] == ']')
			depth--;
	}
	return 1;
}

static void
blanks(struct walk *w)
{
	while (w->at < w->n && strchr(" \t\r\n", w->s[w->at]) && w->s[w->at])
		w->at++;
}

static int
expect(struct walk *w, char c)
{
	blanks(w);
	if (w->at >= w->n || w->s[w->at] != c)
		return -1;
	w->at++;
	return 0;
}

/* The length of the UTF-8 character at p, 0 when it is none (RFC 3629). */
size_t
json_utf8(const unsigned char *p, size_t n)
{
	static const struct {
		unsigned char lo, hi, lo2, hi2, len;
	} forms[] = {
		{ 0x00, 0x7f, 0, 0, 1 },
		{ 0xc2, 0xdf, 0x80, 0xbf, 2 },
		{ 0xe0, 0xe0, 0xa0, 0xbf, 3 },
		{ 0xe1, 0xec, 0x80, 0xbf, 3 },
		{ 0xed, 0xed, 0x80, 0x9f, 3 },
		{ 0xee, 0xef, 0x80, 0xbf, 3 },
		{ 0xf0, 0xf0, 0x90, 0xbf, 4 },
		{ 0xf1, 0xf3, 0x80, 0xbf, 4 },
		{ 0xf4, 0xf4, 0x80, 0x8f, 4 },
	};

	for (size_t i = 0; i < LEN(forms); i++) {
		if (p[0] < forms[i].lo || p[0] > forms[i].hi)
			continue;
		if (forms[i].len > n)
			return 0;
		if (forms[i].len > 1 &&
		    (p[1] < forms[i].lo2 || p[1] > forms[i].hi2))
			return 0;
		for (size_t k = 2; k < forms[i].len; k++)
			if ((p[k] & 0xc0) != 0x80)
				return 0;
		return forms[i].len;
	}
	return 0;
}

static int
string_ok(const char *s, size_t n)
{
	size_t len;

	for (size_t i = 0; i < n; i += len) {
		len = json_utf8((const unsigned char *)s + i, n - i);
		if (!len || (unsigned char)s[i] < 0x20)
			return 0;
		if (s[i] != '\\')
			continue;
		if (++i >= n || !strchr("\"\\/bfnrtu", s[i]) || !s[i])
			return 0;
		len = 1;
		if (s[i] != 'u')
			continue;
		for (size_t k = 1; k <= 4; k++)
			if (i + k >= n || !s[i + k] ||
			    !strchr("0123456789abcdefABCDEF", s[i + k]))
				return 0;
		len = 5;
	}
	return 1;
}

static size_t
run_of_digits(const char *s, size_t n)
{
	size_t i = 0;

	while (i < n && s[i] >= '0' && s[i] <= '9')
		i++;
	return i;
}

static int
number_ok(const char *s, size_t n)
{
	size_t i = n && s[0] == '-', d = run_of_digits(s + i, n - i);

	if (!d || (d > 1 && s[i] == '0'))
		return 0;
	i += d;
	if (i < n && s[i] == '.') {
		if (!(d = run_of_digits(s + i + 1, n - i - 1)))
			return 0;
		i += 1 + d;
	}
	if (i < n && (s[i] == 'e' || s[i] == 'E')) {
		i++;
		if (i < n && (s[i] == '+' || s[i] == '-'))
			i++;
		if (!(d = run_of_digits(s + i, n - i)))
			return 0;
		i += d;
	}
	return i == n;
}

static int
word_ok(const char *s, size_t n)
{
	return (n == 4 && memcmp(s, "true", 4) == 0) ||
	    (n == 5 && memcmp(s, "false", 5) == 0) ||
	    (n == 4 && memcmp(s, "null", 4) == 0) || number_ok(s, n);
}

static int
string(struct walk *w)
{
	const struct token *t = &w->t[w->next];

	if (w->next >= w->nt || t->type != TOKEN_STRING || expect(w, '"') < 0 ||
	    w->at != (size_t)t->start ||
	    !string_ok(w->s + t->start, (size_t)(t->end - t->start)))
		return -1;
	w->at = (size_t)t->end + 1;
	w->next++;
	return 0;
}

static int
members(struct walk *w, int count, int object)
{
	for (int i = 0; i < count; i++) {
		if (i && expect(w, ',') < 0)
			return -1;
		if (object &&
		    (w->next >= w->nt || w->t[w->next].size != 1 ||
			string(w) < 0 || expect(w, ':') < 0))
			return -1;
		if (value(w) < 0)
			return -1;
	}
	return 0;
}

static int
value(struct walk *w)
{
	const struct token *t = &w->t[w->next];
	int object;

	if (w->next >= w->nt)
		return -1;
	blanks(w);
	if (t->type == TOKEN_STRING)
		return t->size == 0 ? string(w) : -1;
	if (w->at != (size_t)t->start)
		return -1;
	if (t->type == TOKEN_PRIMITIVE) {
		if (t->size ||
		    !word_ok(w->s + t->start, (size_t)(t->end - t->start)))
			return -1;
		w->at = (size_t)t->end;
		w->next++;
		return 0;
	}
	object = t->type == TOKEN_OBJECT;
	w->next++;
	w->at++;
	if (members(w, t->size, object) < 0)
		return -1;
	return expect(w, object ? '}' : ']');
}

/* jsmn's numbers differ from one version to the next. */
static enum token_type
kind(jsmntype_t type)
{
	switch (type) {
	case JSMN_OBJECT:
		return TOKEN_OBJECT;
	case JSMN_ARRAY:
		return TOKEN_ARRAY;
	case JSMN_STRING:
		return TOKEN_STRING;
	default:
		return TOKEN_PRIMITIVE;
	}
}

/* Our tokens from jsmn's, so that its types stay here. */
static void
take_over(struct json *doc, const jsmntok_t *t)
{
	doc->t = xcalloc((size_t)doc->nt, sizeof *doc->t);
	for (int i = 0; i < doc->nt; i++)
		doc->t[i] = (struct token){ kind(t[i].type), t[i].start,
			t[i].end, t[i].size, t[i].parent };
}

static int
tokenise(struct json *doc)
{
	autofree jsmntok_t *t = NULL;
	unsigned cap = 64;

	for (;; cap *= 4) {
		jsmn_parser p;

		t = xreallocarray(t, cap, sizeof *t);
		jsmn_init(&p);
		doc->nt = jsmn_parse(&p, doc->text, doc->n, t, cap);
		if (doc->nt != JSMN_ERROR_NOMEM)
			break;
		if (cap > doc->n)
			return -1;
	}
	if (doc->nt < 1)
		return -1;
	take_over(doc, t);
	return 0;
}

struct json *
json_parse(const char *text, size_t n, struct why *why)
{
	struct json *doc;
	struct walk w;

	if (n > JSON_MAX || !depth_ok(text, n)) {
		why_set(why, EX_DATAERR, "JSON too large or too deep");
		return NULL;
	}
	doc = xcalloc(1, sizeof *doc);
	doc->text = xstrndup(text, n);
	doc->n = n;
	w = (struct walk){ .s = doc->text, .n = n };
	if (strlen(doc->text) == n && tokenise(doc) == 0) {
		w.t = doc->t;
		w.nt = doc->nt;
		if (value(&w) == 0) {
			blanks(&w);
			if (w.at == n && w.next == w.nt)
				return doc;
		}
	}
	why_set(why, EX_DATAERR, "not JSON at byte %zu", w.at);
	json_free(doc);
	return NULL;
}

void
json_free(struct json *doc)
{
	if (!doc)
		return;
	free(doc->text);
	free(doc->t);
	free(doc);
}

void
json_autofree(struct json **doc)
{
	json_free(*doc);
}
