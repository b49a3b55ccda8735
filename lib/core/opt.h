/* SPDX-License-Identifier: ISC */
/*
 * opt: options from a table that also prints the usage text.
 */
#ifndef XRAY_OPT_H
#define XRAY_OPT_H

#include "mem.h"

/* One option.  c is what opt_next returns; when it is a printable character
 * it is the short option too.  arg names its argument, NULL when it takes
 * none; "[=TAG]" one that may be left out, then optarg is NULL, and there is
 * no short option.  A table ends with { 0 }. */
struct opt {
	int c;
	const char *name;
	const char *arg;
	const char *help;
};

/* Codes of options without a letter start here. */
enum {
	OPT_LONG = 256,
	OPT_JSON,
	OPT_TIMEOUT,
	OPT_LOCK_WAIT,
	OPT_DRY_RUN,
	OPT_OWN /* a command's own go on from here */
};

struct usage {
	const char *name; /* "xray-snap create" */
	const char *operands; /* "VM [TAG]" */
	const struct opt *opts;
	int inorder; /* options end at the first operand */
};

/* A verb of a command that has several: xray-snap create. */
struct verb {
	const struct usage *usage; /* its last word is the verb */
	int (*run)(int argc, char **argv);
	const char *help;
};

/*
 * The next option's code, -1 at the end; optarg and optind as in getopt(3),
 * operands moved behind the options unless inorder.  -h, --help, --version,
 * -q, -v and --color are dealt with here, unless the table has them itself.
 * An option that is not there, or without its argument: the usage line on
 * standard error, exit 64.
 */
int opt_next(int argc, char **argv, const struct usage *u);

/* Run the verb that argv[1] names; n verbs.  Exits 64 when there is none. */
int opt_verb(int argc, char **argv, const struct verb *verbs, unsigned n);

/* Print "xray-foo: text" and the usage line to standard error, exit 64. */
_Noreturn void die_usage(const struct usage *u, const char *fmt, ...)
    __attribute__((format(printf, 2, 3)));

/* die_why, with the usage line when why says that the call was wrong. */
_Noreturn void die_selection(const struct usage *u, const struct why *why);

/* The argument of a numeric option, or die 64: an integer from lo to hi; a
 * size in bytes (bare number: units of `unit`); a duration in ms. */
long long opt_int(const struct usage *u, const char *name, const char *arg,
    long long lo, long long hi);
unsigned long long opt_size(const struct usage *u, const char *name,
    const char *arg, unsigned long long unit);
long long opt_ms(const struct usage *u, const char *name, const char *arg);
/* The one of words, which end with NULL, that arg is. */
const char *opt_word(const struct usage *u, const char *name, const char *arg,
    const char *const *words);
/* An inherited descriptor, close-on-exec from now on. */
int opt_fd(const struct usage *u, const char *name, const char *arg);

#endif
