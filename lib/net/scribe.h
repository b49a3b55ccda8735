/* SPDX-License-Identifier: ISC */
/*
 * scribe: answers become rules.  One after the other is handed to xray-fw,
 * which knows locks, order and the gateway; one that cannot be written now,
 * because another command is changing the VM, or be put in force, because its
 * gateway is being started again, is tried again until it is no longer worth
 * it.
 */
#ifndef XRAY_SCRIBE_H
#define XRAY_SCRIBE_H

#include <sys/types.h>

#include "dialog.h"

enum { SCRIBE_MAX = 128, SCRIBE_LIFE = 24 };

/* An answer that is to be written down. */
struct deed {
	struct ask_to to; /* what was asked */
	enum rule_verdict verdict;
	char life[SCRIBE_LIFE]; /* as xray-fw has it */
	char dest[DIALOG_DEST]; /* where the rule leads */
	unsigned id; /* of the question */
	long who; /* the caller's; -1: he is gone */
	long long until; /* ms: then it is given up */
	int told; /* that it takes longer */
};

/* What became of it: a rule, not yet, never; text is what xray-fw said, a
 * line. */
enum scribe_end { SCRIBE_WRITTEN, SCRIBE_LATER, SCRIBE_FAILED };

/* Start with { 0 }, and fill in program, vm, told and arg. */
struct scribe {
	const char *program; /* xray-fw */
	const char *vm;
	void (*told)(const struct deed *d, enum scribe_end end,
	    const char *text, void *arg);
	void *arg;
	struct deed v[SCRIBE_MAX]; /* the first is at work, or waits */
	size_t n;
	pid_t pid; /* of xray-fw, 0: none runs */
	int out; /* what it says */
	struct buf said;
	long long next; /* ms: not before */
};

/* -1 when there are too many. */
int scribe_add(struct scribe *s, const struct deed *d);
void scribe_gone(struct scribe *s, long who);
/* Whether the answer for to is about to be written: it, or NULL. */
const struct deed *scribe_owes(const struct scribe *s, const struct ask_to *to);
/* What to wait for, -1: nothing; go on; how many ms until there is something to
 * do, -1: not by time.  now in ms. */
int scribe_fd(const struct scribe *s);
void scribe_serve(struct scribe *s, int ready, long long now);
int scribe_wait(const struct scribe *s, long long now);
/* We end: what shall outlive the run of the VM is left to programs that wait
 * for nobody. */
void scribe_leave(struct scribe *s);

#endif
