/* SPDX-License-Identifier: ISC */
/* json_priv: what json.c and json_value.c share. */
#ifndef XRAY_JSON_PRIV_H
#define XRAY_JSON_PRIV_H

#include "json.h"

enum token_type { TOKEN_OBJECT, TOKEN_ARRAY, TOKEN_STRING, TOKEN_PRIMITIVE };

/* A piece of the text: [start, end), how many children, whose child. */
struct token {
	enum token_type type;
	int start, end, size, parent;
};

struct json {
	char *text;
	size_t n;
	struct token *t;
	int nt;
};

/* The length of the UTF-8 character at p, 0 when it is none (RFC 3629). */
size_t json_utf8(const unsigned char *p, size_t n);

#endif
