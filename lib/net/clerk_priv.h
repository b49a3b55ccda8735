/* SPDX-License-Identifier: ISC */
/* clerk_priv: what a clerk and its child say to each other. */
#ifndef XRAY_CLERK_PRIV_H
#define XRAY_CLERK_PRIV_H

#include <stdint.h>

#include "sources.h"

/*
 * The child hands over all files as one batch: CLERK_BEGIN, with the number of
 * the last CLERK_SWITCH or CLERK_LOOK before it, CLERK_SOURCE for each that is
 * on, with its descriptor, CLERK_END.  Then it is asked for
 * lists, one after the other: CLERK_WANT, and CLERK_LIST with a descriptor.  A
 * new batch may begin at any time.  After whatever it was sent it says
 * CLERK_DONE, so that a parent whose socket was full hears when it no longer
 * is.
 */
enum clerk_kind {
	CLERK_BEGIN,
	CLERK_SOURCE,
	CLERK_END,
	CLERK_LIST,
	CLERK_DONE,
	/* to the child */
	CLERK_NAME,
	CLERK_SWITCH,
	CLERK_LOOK,
	CLERK_WANT
};

struct clerk_note {
	uint32_t kind, batch; /* of CLERK_SWITCH and CLERK_LOOK: a number */
	uint32_t i; /* of a source, of a list's folder; a name's address; what
		     * a batch answers */
	int32_t fault; /* of a file, 0: none; or 1: the source is off */
	char text[RULE_NAME_MAX]; /* a name, of a list too */
};

/* The names file of the child. */
struct book;

/* Open it, made when it is not there.  NULL with errno. */
struct book *book_open(const char *path);
/* The descriptors that it needs. */
enum { BOOK_FDS = 2 };
void book_fds(const struct book *b, int fds[BOOK_FDS]);
void book_free(struct book *b);
/* Read it, and cut off half a line at its end. */
void book_begin(struct book *b);
/* Append lines, n of them; a file that has grown long is written anew. */
void book_add(struct book *b, const struct buf *lines, size_t n);

/* The child: serve at fd until its end; book, the caller's, may be NULL.  A
 * parent that takes nothing ends the process. */
void clerk_serve(int fd, const struct sources *s, struct book *book);

#endif
