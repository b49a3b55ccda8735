/* SPDX-License-Identifier: ISC */
/*
 * json: read and write JSON (RFC 8259).  jsmn cuts the text into tokens; what
 * it lets through and the RFC does not is refused here.
 *
 * Text is hostile: at most JSON_MAX bytes, JSON_DEPTH levels, and no more
 * tokens than there are bytes.
 */
#ifndef XRAY_JSON_H
#define XRAY_JSON_H

#include <stddef.h>

#include "mem.h"

enum { JSON_MAX = 4 << 20, JSON_DEPTH = 64 };

struct json;

/* Parse n bytes.  The document, the caller's until json_free, or NULL with
 * why (code EX_DATAERR: what and at which byte). */
struct json *json_parse(const char *text, size_t n, struct why *why);
void json_free(struct json *doc);
void json_autofree(struct json **doc);
#define autojson __attribute__((cleanup(json_autofree)))

/*
 * A value is the number of its token; 0 is the document's own, -1 is none,
 * and every function here takes -1 and answers "not there".
 */
/* The member at a path of names: json_get(doc, 0, "return.status"). */
int json_get(const struct json *doc, int obj, const char *path);
/* The first element of an array, and the one behind value v. */
int json_first(const struct json *doc, int array);
int json_next(const struct json *doc, int v);
#define json_each(doc, array, v) \
	for (int v = json_first(doc, array); v >= 0; v = json_next(doc, v))
int json_is_object(const struct json *doc, int v);
/* A string, unescaped, the caller's; NULL when v is none or holds \u0000. */
char *json_str(const struct json *doc, int v);
/* 1 when v is the string s. */
int json_is(const struct json *doc, int v, const char *s);
/* 0 and *out, or -1 when v is no integer in range. */
int json_int(const struct json *doc, int v, long long *out);
/* 1 true, 0 false, -1 neither. */
int json_bool(const struct json *doc, int v);
/* The text of value v as it stands; json_text leaves a string's quotes out,
 * json_raw keeps them. */
const char *json_raw(const struct json *doc, int v, size_t *n);
const char *json_text(const struct json *doc, int v, size_t *n);

/* Add s as a JSON string with its quotes.  Bytes that are not UTF-8 become
 * U+FFFD. */
void json_quote(struct buf *b, const char *s);

#endif
