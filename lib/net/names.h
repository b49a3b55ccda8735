/* SPDX-License-Identifier: ISC */
/*
 * names: an address of its own for each name a guest asks for, out of
 * 198.18.0.0/15 (RFC 2544), so that the flow that follows is known by name.
 *
 * The table is bounded: when it is full, the name that was asked for or let go
 * longest ago and that nobody holds leaves, and its address is used again, as
 * late as can be.  No I/O.
 */
#ifndef XRAY_NAMES_H
#define XRAY_NAMES_H

#include <stddef.h>
#include <stdint.h>

#include "mem.h"

enum { NAMES_MAX = 16384 };

struct names;

struct names *names_new(void);
void names_free(struct names *t);
/* Whether addr (host byte order) is in 198.18.0.0/15. */
int names_has(uint32_t addr);
/*
 * The address of a name, as name_canon writes it; *fresh is set when it was
 * given just now, or its line in the file has become an old one: then it is to
 * be written down.  0 when all are held.  keep, when not NULL, says of a name
 * that is to leave whether it should not: those leave last.
 */
uint32_t names_get(struct names *t, const char *name, int *fresh,
    int (*keep)(const char *name, void *arg), void *arg);
/* The name that has addr, in the table's memory until names_get; NULL. */
const char *names_at(const struct names *t, uint32_t addr);
/* A flow to addr begins (1), ends (-1). */
void names_hold(struct names *t, uint32_t addr, int by);

/* The file: a line "198.18.0.17 example.com" for each, oldest first; of two
 * with one address or one name the later one counts.  Lines that are none are
 * passed over.  names_line has NAMES_LINE bytes; its length.  A file has at
 * most NAMES_FILE bytes, and is written anew when it has more lines than
 * NAMES_LINES. */
enum {
	NAMES_LINE = 272,
	NAMES_LINES = 4 * NAMES_MAX,
	NAMES_FILE = 2 * NAMES_LINES * NAMES_LINE
};
void names_read(struct names *t, const char *text, size_t n);
void names_print(const struct names *t, struct buf *out);
size_t names_line(char *out, uint32_t addr, const char *name);

#endif
