/* SPDX-License-Identifier: ISC */
/*
 * page: a question as text on a terminal that scrolls, and what is said when a
 * key was pressed or something came of it.  What is to be printed is added to
 * a buffer, as it is: printable ASCII and ends of lines.
 */
#ifndef XRAY_PAGE_H
#define XRAY_PAGE_H

#include "press.h"

/* Start with { 0 }. */
struct page {
	struct press press;
	int cols; /* of the terminal, as it is now: the caller's */
};

/* d, or nothing, is to be shown now: 1 when that is another one than was
 * shown, and what was typed before is no answer to it. */
int page_look(
    struct page *p, const struct dialog *d, long long now, struct buf *out);
/* A question is there, and was not answered here. */
int page_open(const struct page *p);
/* A key was pressed while d is shown: 1 when it is an answer, decree. */
int page_key(struct page *p, const struct dialog *d, int key, long long now,
    struct decree *decree, struct buf *out);
/* A line that says what became of an answer; d as above. */
void page_heard(struct page *p, const struct dialog *d, const char *line,
    long long now, struct buf *out);

#endif
