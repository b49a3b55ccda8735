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
	"{\"a\":{\"b\":[1,{\"c\":null}]}}", "{\"a\":1,\"a\":2}", "[]", "[[] ]",
	"[\"\"]", "[7 ]", "[null, 7, \"7\", {}]", "[7\n]", " [7]",
	"[7,null,null,null,2]", "[2] ", "[31e15]", "[0e+1]", "[0e1]", "[ 4]",
	"[-0.000000000000000000000000000000000000000000000000000000000000001]",
	"[30e2]", "[-0]", "[-123]", "[-1]", "[1E22]", "[1E-2]", "[1E+2]",
	"[17e19]", "[65.4e12]", "[1e-2]", "[1e+2]", "[27.1828]",
	"{\"k\":\"v\",\"l\":\"w\"}", "{\"k\":\"v\"}", "{\"\":0}",
	"{\"k\\u0000l\":43}", "{\"low\":-2.5e+9,\"high\":2.5e+9}",
	"{\"a\":\"\\u0416\\u0438\"}", "{\n\"k\":\"v\"\n}",
	"[\"\\u0061\\u012b\\u12CD\"]", "[\"\\uD802\\udc48\"]",
	"[\"\\ud83c\\udf32\\ud83d\\ude80\"]",
	"[\"\\\"\\\\\\/\\b\\f\\n\\r\\t\"]", "[\"\\\\u0000\"]", "[\"\\\"\"]",
	"[\"r/*s*/t//u\"]", "[\"\\\\a\"]", "[\"\\\\n\"]", "[\"\\u0012\"]",
	"[\"\\uFFFF\"]", "[\"rst\"]", "[ \"rst\"]", "[\"\xf4\x8f\xbf\xbf\"]",
	"[\"\xef\xbf\xbf\"]", "[\"\\u0000\"]", "[\"\\u002c\"]",
	"[\"\xcf\x80\"]", "[\"\xf0\x9b\xbf\xbf\"]", "[\"rst \"]", "\" \"",
	"[\"\\u0831\"]", "[\"\xe2\x80\xa8\xe2\x80\xa9\"]", "[\"\x7f\"]",
	"[\"a\x7f\"]", "[\"\\u200A\\u2062\\uFDD1\\uFFFD\"]",
	"[\"\xe2\x82\xac\"]", "false", "42", "-0.1", "null", "\"rst\"", "true",
	"[\"a\"]\n", "[true]", " [] ", "\r\n\t [\r\n\t ]\r\n\t ",
	"{\"a\":[],\"a\":{}}", "[\"a\",1,true]", "\t{\r\n\"x\" : 1 }\n" };

static const char *const bad[] = { "", " ", "{", "}", "[", "]", "[1,]", "[,1]",
	"[1 2]", "{\"a\"}", "{\"a\":}", "{\"a\":1,}", "{a:1}", "{'a':1}",
	"{1:2}", "{\"a\" 1}", "{}{}", "1 2", "tru", "nul", "truee", "01", "-",
	"+1", "1.", ".5", "1e", "1e+", "0x1", "NaN", "Infinity", "\"", "\"a",
	"\"\\x\"", "\"\\u12\"", "\"\\u12g4\"", "\"\t\"", "\"\n\"", "\"\xff\"",
	"\"\xc0\xaf\"", "\"\xed\xa0\x80\"", "\"\xf5\x80\x80\x80\"", "[\"a\"",
	"[1]]", "{\"a\":1]", "[1}", "//c\n1", "[1,,2]", "{\"a\":1 \"b\":2}",
	"{\"a\":\"b\":\"c\"}", "{[]:1}", "[\"a\":1]", "{\"a\",\"b\"}",
	"\xef\xbb\xbf{}" };

/* By what is wrong: an array, an object, a number, a string, a word, the
 * whole.  One of each kind that readers are known to let through. */
static const char *const bad_array[] = { "[7 true]", "[7: 8]", "[\"k\": 8],",
	"[7],", "[7]8", "[3[4]]", "[\"r\",]", "[7,,]", "[\"r\",,8]", "[8]]",
	"[7;8]", "[,]", "[-]", "[ , \"r\"]", "[\"r\",\n8\n,7", "[7,]", "[7,,]",
	"[\"\v r\"\f]", "[*]", "[\"r\"", "[7,", "[7,\n7\n,7", "[{}", "[fals]",
	"[nul]", "[tru]", "[\xff]", "[r\xe5]", "[[[[7]]]", "[\f]", "[7\v]",
	"[#7]", "[7/**/,8]", "[0, 8", "[\"r\" 8]", "[[7] [8]]", "[{} {}]" };

static const char *const bad_object[] = { "[\"k\", ]", "{\"k\", 7}",
	"{[\"k\": 7}", "{\"k\":: 7}", "{\"k\": 7 8}", "{\"k\":7}x",
	"{key: 'v'}", "{'k': 7}", "{\"k\" 7}", "{: 7}", "{\"k\" : }", "{\"k\"",
	"{\"k\":", "{\"k\":7", "{7: 8}", "{8888E8888: 8}", "{null:null}",
	"{\"k\":7,,,}", "{'k'}", "{\"k\":7,}", "{\"k\":7}/**/",
	"{\"k\":7}/**//", "{\"k\":7}//", "{\"k\":7}/", "{\"k\":7,,\"l\":8}",
	"{k: 7}", "{\"k\":\"v", "{\"k\":7,\"l\"}", "{\"k\":7}#",
	"{\"\xb9\":7,}", "{\"k\":7 \"l\":8}", "{\"k\"=7}", "{\"k\":7;\"l\":8}",
	"{,}", "{\"k\":7}}", "{true:7}", "{{\"k\":7}:8}",
	"{\xf0\x9f\x92\xa1}" };

static const char *const bad_number[] = { "++7", "+7", "+Inf", "-07", "-3.5.",
	"-7.", "-NaN", ".-7", ".5e-3", "0.7.9", "0.7e+", "0.7e", "0.e7", "0E+",
	"0E", "0e+", "0e", "7.0e+", "7.0e-", "7.0e", "7 000", "7eE2", "7.e+3",
	"7.e-3", "7.e3", "9.e+", "Inf", "NaN", "\xef\xbc\x97", "7+8", "0x7",
	"0x42", "Infinity", "0e+-7", "-12.3x", "7\xe5", "7e7\xe5", "0\xe5",
	"-Infinity", "-x", "- 7", "-012", "-.7", "-7x", "7ea", "7e\xe5", "7.",
	".7", "7.8a", "1.2a-3", "2.5H-3", "012", "00", "-00", "1_000", "1'000",
	"7f", "7L", "0b1", "0o7", "--7", "7-", "7e", "7e1.5", "1,5",
	"\xd9\xa7" };

static const char *const bad_string[] = { "\"\\uD800\\\"", "\"\\uD800\\u\"",
	"\"\\uD800\\u1\"", "\"\\uD800\\u1x\"", "\xc3\xa9", "\"\\x00\"",
	"\"\\\\\\\"", "\"\\\t\"", "\"\\\xf0\x9f\x8c\x80\"", "\"\\\"",
	"\"\\u00A\"", "\"\\uD834\\uDd\"", "\"\\uD800\\uD800\\x\"",
	"\"\\u\xe5\"", "\"\\a\"", "\"\\uwxyz\"", "\"\\\xe5\"", "\\u0020\"r\"",
	"\\n", "\"", "'one'", "one", "\"\\", "\"r\x01r\"", "\"new\nline\"",
	"\"\t\"", "\"\\UA123\"", "\"r\"x", "\"\\'\"", "\"\\0\"", "\"\\v\"",
	"\"\\ \"", "\"\\u 041\"", "\"\\u-041\"", "\"\\u+041\"", "\"\\u0x1\"",
	"\"\x1f\"", "\"\xc3\"", "\"\xe2\x82\"", "\"\x80\"", "\"\xe0\x80\xaf\"",
	"\"\xf0\x80\x80\xaf\"", "\"\xf4\x90\x80\x80\"", "\"\xfe\"",
	"\"\xed\xbf\xbf\"", "`r`", "\xe2\x80\x9cr\xe2\x80\x9d" };

static const char *const bad_whole[] = { "<.>", "[<null>]", "[7]x", "[7]]",
	"[\"one]", "a\xc3\xa5", "[True]", "TRUE", "Null", "nil", "undefined",
	"7]", "{\"x\": true,", "[][]", "]", "\xef\xbb{}", "\xe5", "[",
	"\xef\xbb\xbf", "2@", "{}}", "{\"\":", "{\"k\":/*v*/7}",
	"{\"k\": true} \"x\"", "['", "[,", "[{", "[\"r", "[\"r\"", "{", "{]",
	"{,", "{[", "{\"k", "{'k'", "[\"\\}{\"\\}", "*", "{\"k\":\"v\"}#{}",
	"[\\u000A\"\"]", "[7", "[ false, nul", "[ true, fals", "[ false, tru",
	"{\"k\":\"v\"", "[\xe2\x81\xa0]", "\xe2\x81\xa0", "[\x0c]",
	"\xc2\xa0[]", "\xc2\x85[]", "[]\v", "[]\x1a", "0 0", "null null",
	"\"a\"\"b\"", "[],[]", "{},", ":", ",", "true false", "nulll",
	"truefalse" };

/* What may be refused or not: it is said here which, and does no harm. */
static const struct {
	const char *text;
	int taken;
} free_to[] = { { "7e-9999999", 1 }, { "-1e+9999", 1 },
	{ "100000000000000000000000", 1 }, { "\"\\uDABC\"", 1 },
	{ "\"\\uD8AB\\u2345\"", 1 }, { "\"\\uD800\\n\"", 1 },
	{ "\"\\udfff\"", 1 }, { "\"\xe5\"", 0 }, { "\"\xed\xa0\x80\"", 0 },
	{ "\"\xc1\xbf\"", 0 }, { "\"\xf8\x88\x80\x80\x80\"", 0 },
	{ "\xff\xfe[", 0 }, { "\xef\xbb\xbf[]", 0 } };

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

static void
refused(const char *what, const char *const *v, size_t n)
{
	for (size_t i = 0; i < n; i++) {
		struct why why = { 0 };
		struct json *doc = json_parse(v[i], strlen(v[i]), &why);

		ok(!doc && why.code == EX_DATAERR, "%s %zu", what, i);
		json_free(doc);
	}
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
	refused("bad", bad, LEN(bad));
	refused("bad array", bad_array, LEN(bad_array));
	refused("bad object", bad_object, LEN(bad_object));
	refused("bad number", bad_number, LEN(bad_number));
	refused("bad string", bad_string, LEN(bad_string));
	refused("bad whole", bad_whole, LEN(bad_whole));
	for (size_t i = 0; i < LEN(free_to); i++) {
		struct json *doc = parse(free_to[i].text);

		ok(!doc == !free_to[i].taken, "free to be %zu", i);
		json_free(doc);
	}
	values();
	bombs();
	mutations();
	json_quote(&b, "a\"\\\n\x01\xff\xc3\xa9");
	ok(strcmp(b.p, "\"a\\\"\\\\\\u000a\\u0001\\ufffd\xc3\xa9\"") == 0,
	    "quoting: %s", b.p);
	return tap_end();
}
