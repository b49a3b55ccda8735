/* SPDX-License-Identifier: ISC */
/*
 * ring: a log that cannot fill the disk.  NAME is written until it holds
 * its part, then it becomes NAME.1, that NAME.2, and so on; the oldest of
 * RING_FILES goes.  Each line begins with the time it began
 * (RFC 3339 UTC, ms) and a blank; its bytes follow as they come.
 */
#ifndef XRAY_RING_H
#define XRAY_RING_H

#include <stddef.h>
#include <stdint.h>

#include "mem.h"

enum { RING_SIZE = 1 << 20, RING_FILES = 4 };
enum { RING_TOTAL = RING_FILES * RING_SIZE };

struct ring {
	int dir, fd;
	char *name;
	size_t size, max; /* of the file */
	int inside; /* in the middle of a line */
};

/* Open dir/name to append; dir must stay open.  0 or -1 with errno. */
int ring_open(struct ring *r, int dir, const char *name);
/* All files together shall take that many bytes, at least 64 KiB; RING_TOTAL
 * when nobody says. */
void ring_limit(struct ring *r, uint64_t total);
/* Append n bytes as a source wrote them.  Carriage returns are left out.
 * Trouble with the disk is not told: a log must not stop what it logs. */
void ring_write(struct ring *r, const char *p, size_t n);
/* Append a line of our own. */
void ring_line(struct ring *r, const char *fmt, ...) PRINTF(2, 3);
void ring_close(struct ring *r);
/* Append what can be read of fd, and what the source said last, the caller's;
 * words of ours when that is nothing. */
char *ring_last_words(struct ring *r, int fd);

/* The last line of dir/name with more than blanks in it, without its time,
 * the caller's; NULL when there is none.  since is a time as in the log;
 * lines before it do not count (NULL: all do). */
char *ring_last(int dir, const char *name, const char *since);

#endif
