/* SPDX-License-Identifier: ISC */
/*
 * sift: text of a guest's that goes to a terminal piece by piece.  Lines,
 * tabs, backspaces and returns stay, and so does UTF-8; other control bytes,
 * C1 in either form among them, and what is no UTF-8 are shown as \ooo.
 */
#ifndef XRAY_SIFT_H
#define XRAY_SIFT_H

#include "mem.h"

/* What is left of a character that is not whole yet.  Start with { 0 }. */
struct sift {
	char part[4];
	size_t n, want;
};

/* Add what n more bytes come to. */
void sift(struct sift *s, const char *p, size_t n, struct buf *out);
/* Nothing comes any more. */
void sift_end(struct sift *s, struct buf *out);

#endif
