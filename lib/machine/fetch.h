/* SPDX-License-Identifier: ISC */
/*
 * fetch: a URL into the cache, by curl(1), so that a second call goes on
 * where the first was cut off.
 */
#ifndef XRAY_FETCH_H
#define XRAY_FETCH_H

#include "img.h"

/* A download: the file name in the directory dir of the cache, its
 * descriptor, and the lock beside it. */
struct fetch {
	int dir, fd, lock;
	char *name;
	char *origin; /* as fetch_origin has it: for messages */
};

/* 1 when text is a URL (has "://" behind a scheme). */
int fetch_is_url(const char *text);
/* The URL without user, password, query and fragment, the caller's. */
char *fetch_origin(const char *url);
/* 0 for a URL that is taken: https, and http when there is a sum to hold it
 * to; else -1 with why, EX_USAGE. */
int fetch_check(const char *url, const char *sha256, struct why *why);

/*
 * Download url whole.  What is there of it is gone on with, when the server
 * says that it is the same file still.  -1 with why: EX_NOINPUT (the server
 * has none), EX_NOPERM (its certificate, a redirect to another protocol),
 * EX_TEMPFAIL (cut off, what came is kept; no room; another one fetches it),
 * EX_IOERR.
 */
int fetch_url(const struct img_job *j, const char *url, const char *sha256,
    struct fetch *f, struct why *why);
/* Close it, and remove it from the cache unless keep. */
void fetch_end(struct fetch *f, int keep);

#endif
