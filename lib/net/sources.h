/* SPDX-License-Identifier: ISC */
/* sources: what sources_load and the clerk share: how a rule file is opened,
 * refused, and read. */
#ifndef XRAY_SOURCES_H
#define XRAY_SOURCES_H

#include <sys/stat.h>

#include "clerk.h"

/* What is wrong with a file, besides errno's numbers. */
enum {
	SOURCE_NOT_PLAIN = -1,
	SOURCE_FOREIGN = -2, /* neither ours nor root's */
	SOURCE_WRITABLE = -3, /* others may write to it */
	SOURCE_NO_LIST = -4, /* no such list */
	SOURCE_LARGE = -5 /* larger than RULES_TEXT_MAX */
};

enum { SOURCE_PATH = 4096, SOURCE_LIST_MAX = 65 }; /* with their NUL */

/* Open a rule file for reading; -1 with *fault. */
int source_open(const char *path, int *fault);
/* 1 when the file is not there, which is the same as empty. */
int source_absent(int fault);
/* Say what is wrong with the file that messages call origin.  -1. */
int source_refuse(
    struct why *why, const char *origin, const char *path, int fault);

/* 1 when a list can have that name. */
int source_is_list(const char *name);
/* The i-th path where a list may be, into out (SOURCE_PATH bytes); -1 behind
 * the last. */
int source_list_path(
    const struct sources *s, size_t i, const char *name, char *out);
/* Open the list: it is the *where-th path.  -1 with *fault. */
int source_open_list(
    const struct sources *s, const char *name, size_t *where, int *fault);
/* Say what is wrong with the list there.  -1. */
int source_refuse_list(struct why *why, const struct sources *s,
    const char *name, size_t where, int fault);

/* Add what source i has to the rules, fd for its file (-1: it is text, or not
 * there); or a list.  fd is closed.  -1 with why. */
int source_add(struct rules *t, const struct sources *s, size_t i, int fd,
    struct why *why);
int source_add_list(struct rules *t, const char *name, int fd, struct why *why);

#endif
