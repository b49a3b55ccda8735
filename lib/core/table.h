/* SPDX-License-Identifier: ISC */
/*
 * table: lists of things, and single things, as data.
 *
 * A list on a terminal is aligned, for people; in a pipe it is tab-separated
 * with a header line.  One thing is printed as key=value lines.  Both know
 * -H (no header; with -o the bare value), -o FIELDS and --json.
 */
#ifndef XRAY_TABLE_H
#define XRAY_TABLE_H

#include <stddef.h>

#include "opt.h"

/* Cells are given as text: bytes for sizes, RFC 3339 UTC for times, yes and
 * no for truth, NULL for nothing.  On a terminal COL_SIZE becomes 1.2 GB,
 * COL_MEM 2 GiB, COL_TIME local time. */
enum col_kind {
	COL_TEXT,
	COL_INT,
	COL_SIZE,
	COL_MEM,
	COL_TIME,
	COL_BOOL,
	COL_MARK, /* as COL_BOOL, for people a star */
	COL_STATUS
};

struct col {
	const char *name; /* for -o and JSON: lower case */
	enum col_kind kind;
	int shown; /* without -o */
	const char *head; /* NULL: the name in upper case */
};

/* What -H, -o and --json said; start with { 0 }. */
struct out {
	int bare, json;
	const char *fields;
};

/* The options, for the table of a command. */
#define OUT_OPTS                                                           \
	{ 'H', NULL, NULL, "no header; with -o the bare value" },          \
	    { 'o', NULL, "FIELD,...", "print these; -o help lists them" }, \
	{                                                                  \
		OPT_JSON, "json", NULL, "print JSON"                       \
	}
#define OUT_USAGE "[-H] [-o FIELD,...] [--json]"
/* 1 when option c was one of them and out took note of it. */
int out_opt(struct out *out, int c, const char *arg);

struct table;

/*
 * A table of these n columns; cols must live on.  Dies with 64 when -o names
 * a field that is not there, prints the names and exits for -o help: call it
 * before anything is done.
 */
struct table *table_new(
    const struct out *out, const struct col *cols, size_t n);
/* 1 when column i will be printed: costly cells need not be filled. */
int table_wants(const struct table *t, size_t i);
/* 1 when a person will read it, with a header: on a terminal, as a list. */
int table_for_people(const struct table *t);
/* Add a row of n cells; they are copied. */
void table_row(struct table *t, const char *const *cells);
/* The same with cells whose memory the table takes over. */
void table_take(struct table *t, char *const *cells);
/* Print as a list, or each row as key=value lines with a blank line between
 * (in JSON: one object, an array of them when there are several), and free. */
void table_print(struct table *t);
void table_print_facts(struct table *t);

#endif
