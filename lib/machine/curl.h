/* SPDX-License-Identifier: ISC */
/* curl: one run of curl(1), and what its server said. */
#ifndef XRAY_CURL_H
#define XRAY_CURL_H

#include "img.h"

enum { CURL_TAG = 160, CURL_RANGE = 33 /* its code: no ranges there */ };

/* What to fetch: into fd (opened to append), into the file system of dir. */
struct curl {
	const char *url;
	int http; /* http will do, too */
	uint64_t begin; /* go on from here, 0: all of it */
	char tag[CURL_TAG]; /* only if it is still this; "" */
	int fd, dir;
	int lock; /* it keeps this open, for as long as it writes */
};

/* What the last server said. */
struct answer {
	int status;
	uint64_t length; /* of what it was about to send, 0: not told */
	char tag[CURL_TAG], failure[256];
};

/* Run it.  Its exit code, or -1 with why when it could not be run or had to
 * be ended (EX_TEMPFAIL: no room). */
int curl_get(const struct img_job *j, const struct curl *c, struct answer *a,
    struct why *why);
/* Set why to what its exit code means for the URL told as origin, with bytes
 * of it here.  Returns -1. */
int curl_explain(const char *origin, uint64_t bytes, int code,
    const struct answer *a, struct why *why);

#endif
