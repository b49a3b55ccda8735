/* SPDX-License-Identifier: ISC */
/* logger: lines for a log: standard error, or a file that a child writes, for
 * who is not to open files. */
#ifndef XRAY_LOGGER_H
#define XRAY_LOGGER_H

#include "mem.h"

/* Start with { .fd = 2 }: standard error. */
struct logger {
	int fd;
};

/* Start the child that writes to path, a ring; it ends when we do.  -1 with
 * why. */
int logger_open(struct logger *l, const char *path, struct why *why);
/* 1 when a line is taken now; 0; -1 when nobody writes it any more. */
int logger_state(const struct logger *l);
/* Write a line, given without its end; who reads it may be stopped: then it is
 * lost. */
void logger_line(const struct logger *l, const char *text);

#endif
