/* SPDX-License-Identifier: ISC */
/* recent: the last verdicts of several VMs, by time, as lines for people. */
#ifndef XRAY_RECENT_H
#define XRAY_RECENT_H

#include "tail.h"

enum { RECENT_LINES = 200 };

/* Start with { 0 }. */
struct recent {
	struct {
		char stamp[TAIL_STAMP + 1];
		char *text;
	} v[RECENT_LINES]; /* the newest last */
	size_t n;
};

/* A line of vm's net.log; 1 when it was a verdict, and is there now. */
int recent_add(struct recent *r, const char *vm, const char *stamp,
    const char *p, size_t n);

#endif
