/* SPDX-License-Identifier: ISC */
/* json: what RFC 8259 allows is read, all else is refused. */
#include "json.h"

#include <stdlib.h>
#include <string.h>

#include "say.h"
#include "tap.h"

static const char *const good[] = { "{}", "[]", "null", "true", "false", "0",
	"-0", "12", "-1.5e+10", "1E5", "\"\"", "\"a\"", "\"\\u00e9\\n\\\"\"",
	"\"\\ud83d\\ude00\"", "\"\xc3\xa9\"", " [ 1 , 2 ] ", "[[],[[]],{}]",
	"{\"a\":{\"b\":[1,{\"c\":null}]}}", "{\"a\":1,\"a\":2}",
	"[\"a\",1,true]", "\t{\r\n\"x\" : 1 }\n" };

static const char *const bad[] = { "", " ", "{", "}", "[", "]", "[1,]", "[,1]",
	"[1 2]", "{\"a\"}", "{\"a\":}", "{\"a\":1,}", "{a:1}", "{'a':1}",
	"{1:2}", "{\"a\" 1}", "{}{}", "1 2", "tru", "nul", "truee", "01", "-",
	"+1", "1.", ".5", "1e", "1e+", "0x1", "NaN", "Infinity", "\"", "\"a",
	"\"\\x\"", "\"\\u12\"", "\"\\u12g4\"", "\"\t\"", "\"\n\"", "\"\xff\"",
	"\"\xc0\xaf\"", "\"\xed\xa0\x80\"", "\"\xf5\x80\x80\x80\"", "[\"a\"",
	"[1]]", "{\"a\":1]", "[1}", "//c\n1", "[1,,2]", "{\"a\":1 \"b\":2}",
	"{\"a\":\"b\":\"c\"}", "{[]:1}", "[\"a\":1]", "{\"a\",\"b\"}",
	"\xef\xbb\xbf{}" };

static struct json *
parse(const char *s)
{
	return json_parse(s, strlen(s), NULL);
}

static void
values(void)
{
	autojson struct json *doc = parse(
	    "{\"return\":{\"status\":\"run\\u00e9"
	    "\\ud83d\\ude00\",\"n\":-42,\"big\":99999999999999999999,"
	    "\"yes\":true,\"nul\":\"a\\u0000b\",\"list\":[{\"x\":1},[2,3],"
	    "\"s\"]},\"id\":7}");
	autofree char *s = json_str(doc, json_get(doc, 0, "return.status"));
	long long n = 0;
	int count = 0;
	size_t len;

	ok(s && strcmp(s, "run\xc3\xa9\xf0\x9f\x98\x80") == 0, "a string");
	ok(json_int(doc, json_get(doc, 0, "return.n"), &n) == 0 && n == -42,
	    "an integer");
	ok(json_int(doc, json_get(doc, 0, "return.big"), &n) < 0,
	    "an integer that is too big is none");
	ok(json_bool(doc, json_get(doc, 0, "return.yes")) == 1, "a truth");
	ok(json_str(doc, json_get(doc, 0, "return.nul")) == NULL,
	    "a string with a NUL is none");
	ok(json_get(doc, 0, "return.nope.x") < 0, "a path that is not there");
	ok(json_get(doc, 0, "status") < 0, "a name from deeper down");
	json_each (doc, json_get(doc, 0, "return.list"), v)
		count += v > 0;
	ok(count == 3, "three elements, whatever is inside them");
	(void)json_raw(doc, json_get(doc, 0, "return.status"), &len);
	ok(len == 23, "raw text keeps the quotes (%zu)", len);
	ok(json_int(doc, json_get(doc, 0, "id"), &n) == 0 && n == 7,
	    "what stands behind a nested value");
	ok(json_str(doc, -1) == NULL && json_get(doc, -1, "a") == -1,
	    "none stays none");
}

static void
bombs(void)
{
	autobuf struct buf deep = { 0 }, flat = { 0 };
	struct json *doc;

	for (int i = 0; i < 100000; i++)
		buf_str(&deep, "[");
	ok(json_parse(deep.p, deep.n, NULL) == NULL, "depth 100000");
	for (int n = JSON_DEPTH; n <= JSON_DEPTH + 1; n++) {
		autobuf struct buf b = { 0 };

		for (int i = 0; i < n; i++)
			buf_str(&b, "[");
		for (int i = 0; i < n; i++)
			buf_str(&b, "]");
		doc = json_parse(b.p, b.n, NULL);
		ok(!doc == (n > JSON_DEPTH), "depth %d", n);
		json_free(doc);
	}
	buf_str(&flat, "[0");
	for (int i = 0; i < 200000; i++)
		buf_str(&flat, ",0");
	buf_str(&flat, "]");
	doc = json_parse(flat.p, flat.n, NULL);
	ok(doc != NULL, "200001 elements");
	json_free(doc);
	while (flat.n <= JSON_MAX)
		buf_str(&flat, " ");
	ok(json_parse(flat.p, flat.n, NULL) == NULL, "a byte too many");
	for (size_t n = 0; n < 200; n++) {
		char text[200];

		memset(text, "[{\"\\"[n % 4], sizeof text);
		json_free(json_parse(text, n, NULL));
	}
	ok(json_parse("{\0}", 3, NULL) == NULL, "a NUL byte");
}

/* Every cut of a good text is refused or good in itself; no byte changed at
 * random does harm (the sanitizers watch). */
static void
mutations(void)
{
	static const char text[] =
	    "{\"QMP\":{\"version\":{\"qemu\":{\"micro\":"
	    "22,\"minor\":2}},\"capabilities\":[\"oob\",null,-1.5e3]}}";
	char copy[sizeof text];
	unsigned seed = 1;

	for (size_t n = 0; n < sizeof text - 1; n++)
		if (json_parse(text, n, NULL))
			ok(0, "cut at %zu is taken", n);
	for (int i = 0; i < 20000; i++) {
		memcpy(copy, text, sizeof text);
		for (int k = 0; k < 3; k++) {
			seed = seed * 1103515245 + 12345;
			copy[seed / 65536 % (sizeof text - 1)] =
			    "{}[]\",:\\0e-tn\x80"[seed / 7 % 15];
		}
		json_free(json_parse(copy, sizeof text - 1, NULL));
	}
	ok(1, "cuts and mutations");
}

int
main(void)
{
	autobuf struct buf b = { 0 };

	for (size_t i = 0; i < LEN(good); i++) {
		struct json *doc = parse(good[i]);

		ok(doc != NULL, "good %zu", i);
		json_free(doc);
	}
	for (size_t i = 0; i < LEN(bad); i++) {
		struct why why = { 0 };

		ok(!json_parse(bad[i], strlen(bad[i]), &why) &&
			why.code == EX_DATAERR,
		    "bad %zu", i);
	}
	values();
	bombs();
	mutations();
	json_quote(&b, "a\"\\\n\x01\xff\xc3\xa9");
	ok(strcmp(b.p, "\"a\\\"\\\\\\u000a\\u0001\\ufffd\xc3\xa9\"") == 0,
	    "quoting: %s", b.p);
	return tap_end();
}
