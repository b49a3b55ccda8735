/* SPDX-License-Identifier: ISC */
/*
 * fat: a small FAT12 file system made in memory, for a disk that tells a
 * guest something.  Follows Microsoft's FAT specification 1.03, with long
 * names.
 */
#ifndef XRAY_FAT_H
#define XRAY_FAT_H

#include "mem.h"

/* Of every image; so much fits. */
enum { FAT_SIZE = 4 << 20, FAT_MAX = 3 << 20 };

struct fat_file {
	const char *name; /* letters, digits, - and _; at most 26 */
	const char *p;
	size_t n;
};

/*
 * Add to out the image of a volume called label (at most 11 upper-case
 * letters) with these files in its root, at most 16: the bytes up to the last
 * one in use; the rest up to FAT_SIZE is zero.  The same files give the same
 * bytes.  -1 with why (EX_DATAERR) when they do not fit.
 */
int fat_image(const char *label, const struct fat_file *files, size_t n,
    struct buf *out, struct why *why);

#endif
