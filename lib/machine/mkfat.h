/* SPDX-License-Identifier: ISC */
/*
 * mkfat: a small FAT12 file system made in memory, for a disk that tells a
 * guest something.  Follows Microsoft's FAT specification 1.03, with long
 * names.
 */
#ifndef XRAY_MKFAT_H
#define XRAY_MKFAT_H

#include "mem.h"

/* Of every image; so much fits. */
enum { MKFAT_SIZE = 4 << 20, MKFAT_MAX = 3 << 20 };

struct mkfat_file {
	const char *name; /* letters, digits, - and _; at most 26 */
	const char *p;
	size_t n;
};

/*
 * Add to out the image of a volume called label (at most 11 upper-case
 * letters) with these files in its root, at most 16: the bytes up to the last
 * one in use; the rest up to MKFAT_SIZE is zero.  The same files give the same
 * bytes.  -1 with why (EX_DATAERR) when they do not fit.
 */
int mkfat_image(const char *label, const struct mkfat_file *files, size_t n,
    struct buf *out, struct why *why);

#endif
