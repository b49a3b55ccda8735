/* SPDX-License-Identifier: ISC */
/*
 * import: an image from elsewhere becomes a base.  Nothing about it is
 * trusted: its format is told by its content, its header is read by us
 * before QEMU sees it, and what is refused leaves nothing behind.
 */
#ifndef XRAY_IMPORT_H
#define XRAY_IMPORT_H

#include "home.h"

struct import {
	const char *from; /* a file's path, or a URL */
	const char *name; /* of the base */
	const char *format; /* as image_format returned it; NULL: by content */
	const char *sha256; /* what it has to be; NULL */
	const char *user, *arch, *firmware; /* NULL: found, or not known */
	int link; /* stand on the file, do not copy it */
	int force; /* min_free does not count */
	void (*tell)(const char *text); /* progress; may be NULL */
	struct strv notes; /* what people should know, filled by import_run */
};

/* The name that `from` suggests: its last part up to the last dot, without a
 * URL's query; the caller's. */
char *import_stem(const char *from);

/* 0 when the options go together, else -1 with why (EX_USAGE). */
int import_check(const struct import *im, struct why *why);

/*
 * Import.  -1 with why: EX_NOINPUT (no such file), EX_DATAERR (not an image
 * that is taken; another sum), EX_NOPERM (refused), EX_CANTCREAT (somebody
 * else took the name), EX_TEMPFAIL (no room, download cut off), EX_IOERR.
 */
int import_run(struct home *h, struct import *im, struct why *why);

#endif
