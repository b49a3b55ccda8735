/* SPDX-License-Identifier: ISC */
/* json_value: what stands in a document, and strings going into one. */
#include "json_priv.h"

#include <stdlib.h>
#include <string.h>

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

	if (obj < 0 || doc->t[obj].type != TOKEN_OBJECT)
		return -1;
	key = obj + 1;
	for (int i = 0; i < doc->t[obj].size; i++) {
		const struct token *t = &doc->t[key];

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
	if (array < 0 || doc->t[array].type != TOKEN_ARRAY ||
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
	return v >= 0 && doc->t[v].type == TOKEN_OBJECT;
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

	if (s && doc->t[v].type == TOKEN_STRING) {
		*n += 2;
		return s - 1;
	}
	return s;
}

static unsigned
hex4(const char *s)
{
	char text[5] = { s[0], s[1], s[2], s[3], 0 };

	return (unsigned)strtoull(text, NULL, 16);
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

	if (v < 0 || doc->t[v].type != TOKEN_STRING)
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

	if (v < 0 || doc->t[v].type != TOKEN_PRIMITIVE)
		return -1;
	s = json_text(doc, v, &n);
	text = xstrndup(s, n);
	return num_int(text, -INT64_MAX, INT64_MAX, out);
}

int
json_bool(const struct json *doc, int v)
{
	if (v < 0 || doc->t[v].type != TOKEN_PRIMITIVE)
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

		len = json_utf8((const unsigned char *)s + i, n - i);
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
