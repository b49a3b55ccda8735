/* SPDX-License-Identifier: ISC */
/*
 * untar: unpack below a folder what a guest sends, which is hostile.
 *
 * Only files and folders are made, and only what was asked for.  No link that
 * is there already is followed or written through: every folder is opened
 * from the one above it, a file is written under a name that nobody can know
 * and renamed when it is whole.
 */
#ifndef XRAY_UNTAR_H
#define XRAY_UNTAR_H

#include <stdint.h>

#include "mem.h"

struct untar {
	int dir; /* the folder */
	const char *want; /* the one name in it that may come, "." for any */
	/* When not NULL: a file goes to dir/as in place of dir/want, a folder
	 * into the folder dir/as, which is made if need be. */
	const char *as;
	int archive; /* modes and times too */
	int prune; /* remove below a folder that comes what did not come */
	/* Asked before `need` bytes are written to dir; -1 with why stops. */
	int (*room)(int dir, uint64_t need, void *arg, struct why *why);
	void *arg;

	/* What was done; also after an error. */
	uint64_t files, bytes;
	uint64_t links, others; /* left out */
	/* The file that is being written, for one who is killed meanwhile:
	 * unlinkat(half_dir, half, 0) when half_dir is not -1. */
	volatile int half_dir;
	char half[32];
};

enum {
	UNTAR_ENTRIES = 1000000, /* at most */
	UNTAR_DEPTH = 128
};

/* What a stream has behind its end when its writer met no error; without it
 * nothing is removed. */
#define UNTAR_WHOLE "whole\n"

/*
 * Unpack the stream `in`.  0, or -1 with why: EX_PROTOCOL for a stream that
 * is cut short, no tar, or sends what was not asked for; EX_CANTCREAT when
 * something that is there is in the way; that of room; EX_IOERR.  What was
 * whole by then stays.
 */
int untar(int in, struct untar *u, struct why *why);

#endif
