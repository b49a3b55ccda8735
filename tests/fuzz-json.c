/* SPDX-License-Identifier: ISC */
/*
 * fuzz-json: the bytes are a JSON text.  A second reader, which only says yes
 * or no, has to agree.
 */
#include "fuzz.h"
#include "json.h"
#include "json_priv.h"

/* ---- the second reader, by the grammar of RFC 8259 ---- */

struct at {
	const unsigned char *p, *end;
	int depth;
};

static int second_value(struct at *a);

static void
blanks(struct at *a)
{
	while (a->p < a->end &&
	    (*a->p == ' ' || *a->p == '\t' || *a->p == '\n' || *a->p == '\r'))
		a->p++;
}

static int
eat(struct at *a, char c)
{
	if (a->p == a->end || *a->p != (unsigned char)c)
		return 0;
	a->p++;
	return 1;
}

static int
is_hex(unsigned char c)
{
	return (c >= '0' && c <= '9') || ((c | 32) >= 'a' && (c | 32) <= 'f');
}

/* A character past ASCII, from its bits: of the fewest bytes, no surrogate. */
static int
second_wide(struct at *a)
{
	static const uint32_t least[] = { 0, 0, 0x80, 0x800, 0x10000 };
	uint32_t c = *a->p++;
	int more = c >= 0xf0 ? 3 : c >= 0xe0 ? 2 : 1;

	if (c < 0xc0 || c > 0xf7)
		return 0;
	c &= 0x3fU >> more;
	for (int i = 0; i < more; i++) {
		if (a->p == a->end || (*a->p & 0xc0) != 0x80)
			return 0;
		c = c << 6 | (*a->p++ & 0x3f);
	}
	return c >= least[more + 1] && c <= 0x10ffff &&
	    !(c >= 0xd800 && c <= 0xdfff);
}

static int
second_string(struct at *a)
{
	if (!eat(a, '"'))
		return 0;
	while (a->p < a->end && *a->p != '"') {
		if (*a->p < ' ')
			return 0;
		if (*a->p >= 0x80) {
			if (!second_wide(a))
				return 0;
			continue;
		}
		if (*a->p++ != '\\')
			continue;
		if (a->p == a->end || !*a->p || !strchr("\"\\/bfnrtu", *a->p))
			return 0;
		if (*a->p++ != 'u')
			continue;
		for (int i = 0; i < 4; i++)
			if (a->p == a->end || !is_hex(*a->p++))
				return 0;
	}
	return eat(a, '"');
}

static int
second_digits(struct at *a)
{
	const unsigned char *from = a->p;

	while (a->p < a->end && *a->p >= '0' && *a->p <= '9')
		a->p++;
	return a->p > from;
}

static int
second_number(struct at *a)
{
	(void)eat(a, '-');
	if (!eat(a, '0') && !second_digits(a))
		return 0;
	if (eat(a, '.') && !second_digits(a))
		return 0;
	if (!eat(a, 'e') && !eat(a, 'E'))
		return 1;
	if (!eat(a, '+'))
		(void)eat(a, '-');
	return second_digits(a);
}

static int
second_word(struct at *a)
{
	static const char *const words[] = { "true", "false", "null" };

	for (size_t i = 0; i < LEN(words); i++) {
		size_t n = strlen(words[i]);

		if ((size_t)(a->end - a->p) >= n &&
		    memcmp(a->p, words[i], n) == 0) {
			a->p += n;
			return 1;
		}
	}
	return second_number(a);
}

static int
second_members(struct at *a, char end, int named)
{
	blanks(a);
	if (eat(a, end))
		return 1;
	do {
		blanks(a);
		if (named) {
			if (!second_string(a))
				return 0;
			blanks(a);
			if (!eat(a, ':'))
				return 0;
		}
		if (!second_value(a))
			return 0;
		blanks(a);
	} while (eat(a, ','));
	return eat(a, end);
}

static int
second_value(struct at *a)
{
	int ok;

	blanks(a);
	if (a->p == a->end)
		return 0;
	if (*a->p == '"')
		return second_string(a);
	if (*a->p != '[' && *a->p != '{')
		return second_word(a);
	if (++a->depth > JSON_DEPTH)
		return 0;
	ok = *a->p++ == '[' ? second_members(a, ']', 0) :
			      second_members(a, '}', 1);
	a->depth--;
	return ok;
}

static int
second_says(const uint8_t *p, size_t n)
{
	struct at a = { p, p + n, 0 };

	if (!second_value(&a))
		return 0;
	blanks(&a);
	return a.p == a.end;
}

/* ---- what was read ---- */

/* What a string says is said by what json_quote makes of it. */
static void
check_string(const char *s)
{
	autobuf struct buf b = { 0 };
	struct json *doc;
	char *again;

	json_quote(&b, s);
	for (size_t i = 0; i < b.n; i++)
		must((unsigned char)b.p[i] >= ' ');
	doc = json_parse(b.p, b.n, NULL);
	must(doc);
	again = json_str(doc, 0);
	must(again && strcmp(again, s) == 0 && json_is(doc, 0, s));
	free(again);
	json_free(doc);
}

/* A value's own text is a document with as much in it. */
static void
check_alone(const struct json *doc, int v)
{
	size_t n;
	const char *raw = json_raw(doc, v, &n);
	struct json *alone = json_parse(raw, n, NULL);
	long long a = 0, b = 0;
	int count = 1;

	must(alone);
	for (int i = v + 1; i < doc->nt && doc->t[i].start < doc->t[v].end; i++)
		count++;
	must(alone->nt == count);
	must(json_int(alone, 0, &a) == json_int(doc, v, &b) && a == b);
	must(json_bool(alone, 0) == json_bool(doc, v));
	json_free(alone);
}

static void
check_value(const struct json *doc, int v)
{
	char *s = json_str(doc, v);
	int n = 0;

	if (s)
		check_string(s);
	free(s);
	must(json_is_object(doc, v) == (doc->t[v].type == TOKEN_OBJECT));
	json_each (doc, v, e) {
		must(doc->t[e].parent == v);
		n++;
	}
	must(n == (doc->t[v].type == TOKEN_ARRAY ? doc->t[v].size : 0));
}

/* The first member of that name is found by it. */
static void
check_member(const struct json *doc, int key)
{
	size_t n;
	const char *text = json_text(doc, key, &n);
	char *name = xstrndup(text, n);
	int v = json_get(doc, doc->t[key].parent, name);

	if (!strchr(name, '.'))
		must(v > 0 && v <= key + 1);
	free(name);
}

int
LLVMFuzzerTestOneInput(const uint8_t *p, size_t n)
{
	char *text = fuzz_text(p, n);
	struct why why = { 0 };
	struct json *doc = json_parse(text, n, &why);

	must(!doc == !second_says(p, n));
	if (!doc)
		must(why.code && *why.text);
	for (int v = 0; doc && v < doc->nt && v < 100; v++) {
		int parent = doc->t[v].parent;

		if (v < 8 &&
		    !(doc->t[v].type == TOKEN_STRING &&
			doc->t[v].size)) /* a key is no value */
			check_alone(doc, v);
		check_value(doc, v);
		if (parent >= 0 && doc->t[parent].type == TOKEN_OBJECT)
			check_member(doc, v);
	}
	json_free(doc);
	free(text);
	return 0;
}
