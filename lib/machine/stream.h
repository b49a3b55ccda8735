/* SPDX-License-Identifier: ISC */
/*
 * stream: what a child or a socket says, read by libuv's default loop.  Only
 * long-lived programs call it, so only they link libuv.
 */
#ifndef XRAY_STREAM_H
#define XRAY_STREAM_H

#include "ring.h"
#include "run.h"

struct stream_pipe; /* libuv's */

struct stream {
	struct stream_pipe *pipe;
	struct ring *ring; /* gets what comes, NULL: none */
	/* The n bytes at p came; n 0: that was the end. */
	void (*came)(struct stream *st, const char *p, size_t n);
	int open;
};

/* Before all others: -1 with why (EX_OSERR) when there is no loop to be had. */
int stream_begin(struct why *why);
/* Set what becomes of what comes. */
void stream_to(struct stream *st, struct ring *ring,
    void (*fn)(struct stream *st, const char *p, size_t n));
/* Read fd, which is the stream's from now on, -1: nothing; ring and came are
 * set. */
void stream_follow(struct stream *st, int fd);
/* Start argv as r says; what it prints is the stream's.  Its pid, or -1 with
 * why. */
pid_t stream_start(struct stream *st, const struct run *r, char *const argv[],
    struct why *why);
/* Its descriptor, -1 when it is closed. */
int stream_fd(const struct stream *st);
/* Read to its end; who writes has gone. */
void stream_drain(struct stream *st);
/* Read no more, whoever may yet write. */
void stream_close(struct stream *st);

/* Call turn whenever fd can be read; -1 with errno when that cannot be. */
int stream_watch(int fd, void (*turn)(void));
/* Call caught when the signal comes; where it is safe to do anything. */
void stream_signal(int sig, void (*caught)(void));
/* Call tick every ms milliseconds; call then once, ms milliseconds from now. */
void stream_every(int ms, void (*tick)(void));
void stream_once(int ms, void (*then)(void));
/* Run all that was asked for until stream_stop. */
void stream_run(void);
void stream_stop(void);

#endif
