/* SPDX-License-Identifier: ISC */
/*
 * tail: read a ring (see ring.h) from its oldest line on, and then what
 * comes, through its turns.
 */
#ifndef XRAY_TAIL_H
#define XRAY_TAIL_H

#include <sys/types.h>

#include "mem.h"

enum { TAIL_STAMP = 24 }; /* bytes of the time before a line */

/* A line without its end; one that goes on where a file ends has the stamp of
 * the line before.  p is not ended by NUL. */
typedef void tail_line(
    const char stamp[TAIL_STAMP + 1], const char *p, size_t n, void *arg);

struct tail {
	int dir; /* must stay open */
	const char *file; /* must live on */
	int fd; /* the newest file, read to its end; -1: none yet */
	ino_t inode;
	struct buf rest; /* of a line that goes on */
	char stamp[TAIL_STAMP + 1]; /* of the last line */
};

/* Read the whole ring dir/file.  0, also when there is none; -1 with errno. */
int tail_open(
    struct tail *t, int dir, const char *file, tail_line *fn, void *arg);
/* Read what came since. */
int tail_more(struct tail *t, tail_line *fn, void *arg);
/* What is left is a line too: nobody writes any more. */
void tail_end(struct tail *t, tail_line *fn, void *arg);

/* A time as in a log for people, the caller's: local, with its day when that
 * is not today, to the millisecond when ms is 1.  What is no time as it is. */
char *tail_local(const char *stamp, int ms);

#endif
