/* SPDX-License-Identifier: ISC */
/*
 * keep: the questions of a VM in a file, so that whoever starts after one that
 * was killed knows them, and by the same numbers.
 *
 * A line each, as listed_print has it, but with the seconds since 1970 at which
 * it was asked.  Those of which the rule is not yet written are there too: who
 * is killed before asks once more.  The file ends with the run of the VM.
 */
#ifndef XRAY_KEEP_H
#define XRAY_KEEP_H

#include "ask.h"
#include "mem.h"
#include "scribe.h"

enum { KEEP_MS = 500, KEEP_MAX = 65536 };

/* Begin with keep_open. */
struct keep {
	int dir; /* the VM's folder */
	const char *name, *vm;
	long long epoch; /* ms between 1970 and the clock of `now` */
	long long next; /* ms: it is not written before */
	struct buf was;
};

/* Take the questions in file dir/name to a, as late ones; what is none is left
 * out.  name and vm must live on; now in ms. */
void keep_open(struct keep *k, int dir, const char *name, const char *vm,
    struct ask *a, long long now);
/* Write down those of a and s, when they have changed; at most once in KEEP_MS,
 * what comes between with the next call.  What cannot be written is as if it
 * had not been asked. */
void keep_write(
    struct keep *k, const struct ask *a, const struct scribe *s, long long now);

#endif
