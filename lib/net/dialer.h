/* SPDX-License-Identifier: ISC */
/*
 * dialer: a child process that connects to unix sockets for one that may not:
 * to those it was told of before, by their place in that list, and to nothing
 * else.
 */
#ifndef XRAY_DIALER_H
#define XRAY_DIALER_H

#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

#include "mem.h"

enum { DIALER_PATHS = 4 };

struct dialer {
	int fd; /* to be polled for POLLIN; -1: the child has ended */
	pid_t pid;
};

/* Start the child, which keeps the working directory that the n paths may be
 * relative to; it ends with us.  -1 with why. */
int dialer_start(
    struct dialer *d, const char *const *paths, size_t n, struct why *why);
/* Connect to path i: an answer follows.  -1: not now. */
int dialer_ask(struct dialer *d, size_t i);
/* What came: 1, about path *i: *fd is the caller's and does not block, -1:
 * nobody is there.  0 nothing yet; -1 the child has ended. */
int dialer_next(struct dialer *d, size_t *i, int *fd);

#endif
