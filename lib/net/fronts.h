/* SPDX-License-Identifier: ISC */
/*
 * fronts: those of a talk who put questions before a person.
 */
#ifndef XRAY_FRONTS_H
#define XRAY_FRONTS_H

#include "dialog.h"
#include "talk.h"

enum { FRONTS_MOST = 32, FRONTS_NAME = 24 };

/* Start with { 0 } and fill in talk, which has FRONTS_MOST at most. */
struct fronts {
	struct talk *talk;
	struct {
		char name[FRONTS_NAME]; /* "": he shows nothing */
		long long pause; /* ms: an allow before that does not count */
		long long since; /* ms: when he was told a question last */
	} v[FRONTS_MOST];
};

/* who has said `front` and these words: a name, and seconds, which may be
 * NULL.  -1 when they are none. */
int fronts_join(
    struct fronts *f, size_t who, const char *name, const char *seconds);
void fronts_leave(struct fronts *f, size_t who);
size_t fronts_count(const struct fronts *f);
/* Their names with a comma between, or none. */
void fronts_names(const struct fronts *f, struct buf *out);
/* Say a line to all of them, or a question to who. */
void fronts_tell(struct fronts *f, const char *line, long long now);
void fronts_show(
    struct fronts *f, size_t who, const char *question, long long now);
/* 1 when who allows the question shown after too short a time: he is told, and
 * it is shown to him again. */
int fronts_hasty(struct fronts *f, size_t who, const struct dialog *shown,
    const struct decree *c, long long now);

#endif
