/* SPDX-License-Identifier: ISC */
/* curl_priv: what a server says, between curl.c and curl_head.c. */
#ifndef XRAY_CURL_PRIV_H
#define XRAY_CURL_PRIV_H

#include "curl.h"

/* curl's standard error: the headers of each answer, and one line when it
 * fails.  Start with { .a = answer }. */
struct curl_wire {
	char line[1024];
	size_t n;
	int roomy; /* this answer's room was looked at */
	struct answer *a;
};

/* Take n bytes of it; a is as the last header says. */
void curl_hear(struct curl_wire *w, const char *p, size_t n);

#endif
