/* SPDX-License-Identifier: ISC */
/*
 * conf: INI files, read through libinih and edited in place.
 *
 * A file is at most CONF_MAX bytes of lines of at most CONF_LINE; a line is
 * blank, a comment (# or ;), [section] or key = value.  Keys are lower-case
 * letters, digits, _ . and -.  libinih's continuation lines, inline comments
 * and `:` are not part of our files: a line that would mean something else to
 * it is refused.
 */
#ifndef XRAY_CONF_H
#define XRAY_CONF_H

#include <stddef.h>
#include <stdint.h>

#include "mem.h"

enum { CONF_MAX = 1 << 20, CONF_LINE = 190 };

struct conf;

/* An empty file called name in messages. */
struct conf *conf_new(const char *name);
/*
 * Read dir/file; label is its name in messages.  NULL with why: EX_NOINPUT
 * when there is none, EX_DATAERR with the line's number, or when it is no file
 * or larger than CONF_MAX, EX_IOERR when it could not be read.
 */
struct conf *conf_read(
    int dir, const char *file, const char *label, struct why *why);
/* The same of those keys alone, which end with NULL; the other lines must still
 * be such as can stand in a file.  It is not to be written back. */
struct conf *conf_glance(int dir, const char *file, const char *label,
    const char *const *keys, struct why *why);
void conf_free(struct conf *c);
void conf_autofree(struct conf **c);
#define autoconf __attribute__((cleanup(conf_autofree)))

/* The value of the first such key, NULL when it is not there; the conf's.
 * section NULL is what stands before the first section. */
const char *conf_get(
    const struct conf *c, const char *section, const char *key);
/* The i-th value of a key that is repeated, NULL behind the last. */
const char *conf_nth(
    const struct conf *c, const char *section, const char *key, size_t i);
/* The line it stands on, from 1; 0 when it is not there. */
int conf_line(
    const struct conf *c, const char *section, const char *key, size_t i);
/* Call fn for each key, in the file's order, until it returns -1; section is
 * "" before the first one. */
int conf_each(const struct conf *c,
    int (*fn)(const char *section, const char *key, const char *value, int line,
	void *arg),
    void *arg);
/* Typed: 0 and *out; 1 when the key is not there, *out untouched; -1 with why
 * (EX_CONFIG, file and line). */
int conf_int(const struct conf *c, const char *key, long long lo, long long hi,
    long long *out, struct why *why);
int conf_size(const struct conf *c, const char *key, uint64_t unit,
    uint64_t *out, struct why *why);
int conf_bool(const struct conf *c, const char *key, int *out, struct why *why);
int conf_ms(
    const struct conf *c, const char *key, long long *out, struct why *why);

/*
 * Set a key before the first section to value, in place where it stands,
 * else after the last key there; a NULL value removes it.  Comments and order
 * stay.  conf_add adds one more line for a repeated key, conf_drop removes the
 * line with that value.  -1 with why (EX_USAGE) for what would not read back
 * as it was given.
 */
int conf_set(
    struct conf *c, const char *key, const char *value, struct why *why);
int conf_add(
    struct conf *c, const char *key, const char *value, struct why *why);
int conf_drop(struct conf *c, const char *key, const char *value);
/* The same for a key in [section], which is made at the end of the file when
 * it is not there; and a whole section, gone with its header. */
int conf_set_in(struct conf *c, const char *section, const char *key,
    const char *value, struct why *why);
int conf_drop_section(struct conf *c, const char *section);
/* 1 when the file has [section] with at least one key. */
int conf_has(const struct conf *c, const char *section);

/* 0 when key = value would read back as it is, else -1 with why (EX_USAGE);
 * name is the file's in the message. */
int conf_check(
    const char *name, const char *key, const char *value, struct why *why);

/* The file's text as it would be written; the conf's. */
const char *conf_text(const struct conf *c, size_t *n);

#endif
