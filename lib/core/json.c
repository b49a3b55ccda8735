/* SPDX-License-Identifier: ISC */
/*
 * jsmn without strict mode takes anything made of braces, so the tokens are
 * walked once more: between them only what the grammar wants there, keys that
 * are strings, numbers and words that follow RFC 8259, strings without raw
 * control bytes.  JSMN_PARENT_LINKS keeps it linear on flat text; nesting is
 * quadratic with it, so depth is counted before jsmn sees anything.
 */
#include "json.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#define JSMN_STATIC
#define JSMN_PARENT_LINKS
#include <jsmn.h>

#include "say.h"

struct json {
	char *text;
	size_t n;
	jsmntok_t *t;
	int nt;
};

/* The walk over tokens: where we are in the text, which token is next. */
struct walk {
	const char *s;
	size_t n, at;
	const jsmntok_t *t;
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
	while (w->at < w->n && strchr(" \t\r\n", w->s[w->at]) &&
	    w->s[w->at])
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
static size_t
utf8(const unsigned char *p, size_t n)
{
	static const struct {
		unsigned char lo, hi, lo2, hi2, len;
	} forms[] = {
		{ 0x00, 0x7f, 0, 0, 1 }, { 0xc2, 0xdf, 0x80, 0xbf, 2 },
		{ 0xe0, 0xe0, 0xa0, 0xbf, 3 }, { 0xe1, 0xec, 0x80, 0xbf, 3 },
		{ 0xed, 0xed, 0x80, 0x9f, 3 }, { 0xee, 0xef, 0x80, 0xbf, 3 },
		{ 0xf0, 0xf0, 0x90, 0xbf, 4 }, { 0xf1, 0xf3, 0x80, 0xbf, 4 },
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
		len = utf8((const unsigned char *)s + i, n - i);
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
	const jsmntok_t *t = &w->t[w->next];

	if (w->next >= w->nt || t->type != JSMN_STRING ||
	    expect(w, '"') < 0 || w->at != (size_t)t->start ||
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
		if (object && (w->next >= w->nt || w->t[w->next].size != 1 ||
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
	const jsmntok_t *t = &w->t[w->next];
	int object;

	if (w->next >= w->nt)
		return -1;
	blanks(w);
	if (t->type == JSMN_STRING)
		return t->size == 0 ? string(w) : -1;
	if (w->at != (size_t)t->start)
		return -1;
	if (t->type == JSMN_PRIMITIVE) {
		if (t->size || !word_ok(w->s + t->start,
		    (size_t)(t->end - t->start)))
			return -1;
		w->at = (size_t)t->end;
		w->next++;
		return 0;
	}
	object = t->type == JSMN_OBJECT;
	w->next++;
	w->at++;
	if (members(w, t->size, object) < 0)
		return -1;
	return expect(w, object ? '}' : ']');
}

static int
tokenise(struct json *doc)
{
	unsigned cap = 64;

	for (;; cap *= 4) {
		jsmn_parser p;

		doc->t = xreallocarray(doc->t, cap, sizeof *doc->t);
		jsmn_init(&p);
		doc->nt = jsmn_parse(&p, doc->text, doc->n, doc->t, cap);
		if (doc->nt != JSMN_ERROR_NOMEM)
			return doc->nt < 1 ? -1 : 0;
		if (cap > doc->n)
			return -1;
	}
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

/* The token behind v and all that is inside it. */
static int
skip(const struct json *doc, int v)
{
	int end = doc->t[v].end, i = v + 1;

	while (i < doc->nt && doc->t[i].start < end)
		i++;
	return i;
}

static int
member(const struct json *doc, int obj, const char *name, size_t n)
{
	int key;

	if (obj < 0 || doc->t[obj].type != JSMN_OBJECT)
		return -1;
	key = obj + 1;
	for (int i = 0; i < doc->t[obj].size; i++) {
		const jsmntok_t *t = &doc->t[key];

		if ((size_t)(t->end - t->start) == n &&
		    memcmp(doc->text + t->start, name, n) == 0)
			return key + 1;
		key = skip(doc, key + 1);
	}
	return -1;
}

int
json_get(const struct json *doc, int obj, const char *path)
{
	size_t n;

	for (;; path += n + 1) {
		n = strcspn(path, ".");
		obj = member(doc, obj, path, n);
		if (obj < 0 || !path[n])
			return obj;
	}
}

int
json_first(const struct json *doc, int array)
{
	if (array < 0 || doc->t[array].type != JSMN_ARRAY ||
	    doc->t[array].size == 0)
		return -1;
	return array + 1;
}

int
json_next(const struct json *doc, int v)
{
	int next = skip(doc, v);

	if (next >= doc->nt || doc->t[next].parent != doc->t[v].parent)
		return -1;
	return next;
}

int
json_is_object(const struct json *doc, int v)
{
	return v >= 0 && doc->t[v].type == JSMN_OBJECT;
}

const char *
json_text(const struct json *doc, int v, size_t *n)
{
	if (v < 0) {
		*n = 0;
		return NULL;
	}
	*n = (size_t)(doc->t[v].end - doc->t[v].start);
	return doc->text + doc->t[v].start;
}

const char *
json_raw(const struct json *doc, int v, size_t *n)
{
	const char *s = json_text(doc, v, n);

	if (s && doc->t[v].type == JSMN_STRING) {
		*n += 2;
		return s - 1;
	}
	return s;
}

static unsigned
hex4(const char *s)
{
	char text[5] = { s[0], s[1], s[2], s[3], 0 };

	return (unsigned)strtoul(text, NULL, 16);
}

static void
put_utf8(struct buf *b, unsigned c)
{
	char s[4];
	size_t n = 0;

	if (c < 0x80)
		s[n++] = (char)c;
	else if (c < 0x800) {
		s[n++] = (char)(0xc0 | c >> 6);
		s[n++] = (char)(0x80 | (c & 0x3f));
	} else if (c < 0x10000) {
		s[n++] = (char)(0xe0 | c >> 12);
		s[n++] = (char)(0x80 | (c >> 6 & 0x3f));
		s[n++] = (char)(0x80 | (c & 0x3f));
	} else {
		s[n++] = (char)(0xf0 | c >> 18);
		s[n++] = (char)(0x80 | (c >> 12 & 0x3f));
		s[n++] = (char)(0x80 | (c >> 6 & 0x3f));
		s[n++] = (char)(0x80 | (c & 0x3f));
	}
	buf_add(b, s, n);
}

/* The escape \uXXXX at s, a surrogate pair as one character; how many bytes
 * of s it took, 0 for a lone surrogate or U+0000. */
static size_t
unicode(struct buf *b, const char *s, size_t n)
{
	unsigned c = hex4(s + 2), low;

	if (c == 0 || (c >= 0xdc00 && c <= 0xdfff))
		return 0;
	if (c < 0xd800 || c > 0xdfff) {
		put_utf8(b, c);
		return 6;
	}
	if (n < 12 || s[6] != '\\' || s[7] != 'u')
		return 0;
	low = hex4(s + 8);
	if (low < 0xdc00 || low > 0xdfff)
		return 0;
	put_utf8(b, 0x10000 + ((c - 0xd800) << 10) + (low - 0xdc00));
	return 12;
}

char *
json_str(const struct json *doc, int v)
{
	static const char from[] = "\"\\/bfnrt", to[] = "\"\\/\b\f\n\r\t";
	struct buf b = { 0 };
	const char *s;
	size_t n, step;

	if (v < 0 || doc->t[v].type != JSMN_STRING)
		return NULL;
	s = json_text(doc, v, &n);
	for (size_t i = 0; i < n; i += step) {
		if (s[i] != '\\') {
			buf_add(&b, &s[i], 1);
			step = 1;
		} else if (s[i + 1] == 'u') {
			step = unicode(&b, s + i, n - i);
			if (!step) {
				buf_free(&b);
				return NULL;
			}
		} else {
			buf_add(&b, &to[strchr(from, s[i + 1]) - from], 1);
			step = 2;
		}
	}
	return buf_take(&b);
}

int
json_is(const struct json *doc, int v, const char *s)
{
	autofree char *have = json_str(doc, v);

	return have && strcmp(have, s) == 0;
}

int
json_int(const struct json *doc, int v, long long *out)
{
	autofree char *text = NULL;
	const char *s;
	size_t n;

	if (v < 0 || doc->t[v].type != JSMN_PRIMITIVE)
		return -1;
	s = json_text(doc, v, &n);
	text = xstrndup(s, n);
	return num_int(text, -INT64_MAX, INT64_MAX, out);
}

int
json_bool(const struct json *doc, int v)
{
	if (v < 0 || doc->t[v].type != JSMN_PRIMITIVE)
		return -1;
	switch (doc->text[doc->t[v].start]) {
	case 't':
		return 1;
	case 'f':
		return 0;
	default:
		return -1;
	}
}

void
json_quote(struct buf *b, const char *s)
{
	size_t n = strlen(s), len;

	buf_str(b, "\"");
	for (size_t i = 0; i < n; i += len) {
		unsigned char c = (unsigned char)s[i];

		len = utf8((const unsigned char *)s + i, n - i);
		if (!len) {
			buf_str(b, "\\ufffd");
			len = 1;
		} else if (c == '"' || c == '\\')
			buf_fmt(b, "\\%c", c);
		else if (c < 0x20 || c == 0x7f)
			buf_fmt(b, "\\u%04x", c);
		else
			buf_add(b, s + i, len);
	}
	buf_str(b, "\"");
}
