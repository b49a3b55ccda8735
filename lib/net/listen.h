/* SPDX-License-Identifier: ISC */
/* listen: a place where clients are awaited, as it is written on a command
 * line: ADDR:PORT, [ADDR]:PORT, or unix:PATH. */
#ifndef XRAY_LISTEN_H
#define XRAY_LISTEN_H

#include "mem.h"

struct listener {
	int fd; /* does not block, close-on-exec */
	int local; /* a unix socket, which only its owner can open */
	int open; /* others than this machine can reach it */
	char label[128]; /* for messages: "127.0.0.1:1080" */
};

/* Listen there; port 0 is one that is free, and stands in label.  What is left
 * behind as PATH is replaced.  What connects sends small messages at once.  -1
 * with why: EX_USAGE, or EX_TEMPFAIL when it is taken. */
int listen_at(struct listener *l, const char *arg, struct why *why);

#endif
