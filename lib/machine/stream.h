/* SPDX-License-Identifier: ISC */
/* stream: what a child or a socket says, read by libuv's default loop.  Only
 * xray-supervise links that. */
#ifndef XRAY_STREAM_H
#define XRAY_STREAM_H

#include <uv.h>

#include "ring.h"

struct stream {
	uv_pipe_t pipe;
	struct ring *ring; /* gets what comes, NULL: none */
	/* The n bytes at p came; n 0: that was the end. */
	void (*came)(struct stream *st, const char *p, size_t n);
	int open;
};

/* Read fd, which is the stream's from now on, -1: nothing; ring and came are
 * set. */
void stream_follow(struct stream *st, int fd);
/* Its descriptor, -1 when it is closed. */
int stream_fd(const struct stream *st);
/* Read to its end; who writes has gone. */
void stream_drain(struct stream *st);

#endif
