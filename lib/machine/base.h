/* SPDX-License-Identifier: ISC */
/*
 * base: sealed images.  bases/NAME/base.ini tells the facts,
 * bases/NAME/GEN/ holds disk.qcow2 and efivars.qcow2 of each generation,
 * mode 0444, never changed.  A base exists when its base.ini does, a
 * generation when base.ini has its section.
 *
 * The disk of a linked generation is a symbolic link to a file of the user's,
 * whose identity is kept.
 *
 * base.ini: version format generation current arch firmware user memory disk
 * key cloud_init origin made; and for each generation a section
 * [generation N] with size mtime sha256 virtual efivars efivars_sha256
 * efivars_mtime link file.
 * bases/NAME/rules, where it is there, holds the rules new VMs begin with.
 */
#ifndef XRAY_BASE_H
#define XRAY_BASE_H

#include <stdint.h>

#include "conf.h"
#include "home.h"

/* Bytes of the file `rules`, with which a base's VMs begin. */
enum { BASE_RULES_MAX = 1 << 20 };

struct base {
	char *name;
	int dir;
	struct conf *conf;
	long long generation; /* the newest */
	long long current; /* the one that create takes */
};

/* Open base `name`.  -1 with why: EX_NOINPUT (name_missing), EX_DATAERR
 * for a base.ini that is not one. */
int base_open(
    struct home *h, const char *name, struct base *b, struct why *why);
void base_close(struct base *b);

/* What a generation was sealed with. */
struct seal {
	uint64_t size, virtual_size;
	long long mtime; /* ns since 1970 */
	const char *sha256; /* the conf's */
	const char *link, *file; /* of a linked one, the conf's; else NULL */
	int efivars; /* it has efivars.qcow2 */
	const char *vars_sha; /* its hash, the conf's; NULL in older bases */
	long long vars_mtime; /* -1: not known */
};
int base_seal_of(const struct base *b, long long generation, struct seal *s,
    struct why *why);

/*
 * 0 when the generation's disk and UEFI variables still are what was sealed,
 * judged by size and time (and file and path, of a linked one), and by their
 * hashes when those alone changed, which is then written down; and when
 * nobody else can change or replace a linked disk.  Else -1 with why
 * (EX_NOPERM, or EX_NOINPUT when it is gone).  base_check_full hashes in any
 * case.
 */
int base_check(
    struct home *h, struct base *b, long long generation, struct why *why);
int base_check_full(
    struct home *h, struct base *b, long long generation, struct why *why);
/* The sha256 of the file fd from its beginning, as text. */
int base_hash(int fd, char out[65], struct why *why);

/* A file's time of change in ns, and which file it is on this machine ("DEV
 * INODE", the caller's), as seals keep them. */
struct stat;
long long base_mtime(const struct stat *st);
char *base_file_id(const struct stat *st);

/* The names of the VMs on base `name`, or on one generation of it (0: any),
 * sorted. */
int base_users(struct home *h, const char *name, long long generation,
    struct strv *out, struct why *why);

/* The generations there are, as text, oldest first. */
void base_generations(const struct base *b, struct strv *out);

/*
 * Changes.  All but base_stage take the home's lock themselves.
 *
 * base_use makes new VMs stand on a generation.  base_label takes words
 * key=value, ended by NULL, all looked at before the first is set: user arch
 * firmware disk memory, or rules (the path of a file, which is copied to
 * bases/NAME/rules); an empty value removes; EX_USAGE for what cannot be one.
 */
int base_use(
    struct home *h, const char *name, long long generation, struct why *why);
int base_label(struct home *h, const char *name, char **words, struct why *why);
/* 0 when the label could be set; nothing is changed. */
int base_label_check(const char *key, const char *value, struct why *why);

/*
 * base_garbage lists the generations, as text, that are neither the current
 * one nor stood on.  base_gc removes them, or with dry says what it would, and
 * tells a line for each and for what keeps the other old ones.
 */
int base_garbage(
    struct home *h, const char *name, struct strv *gens, struct why *why);
int base_gc(struct home *h, const char *name, int dry,
    void (*tell)(const char *line), struct why *why);

/* Take the home's lock, open base `name` to change it, and sweep it.  The
 * lock, for the caller to close after base_close, or -1 with why. */
int base_change(
    struct home *h, const char *name, struct base *b, struct why *why);
/* Write b's conf back, and remove directories of generations that it does not
 * name, which the killed left.  The caller holds the home's lock and opened b
 * under it. */
int base_write(struct base *b, struct why *why);

/* 0 when the qcow2 image fd may be sealed, and its header in q; else -1 with
 * why (EX_NOPERM, EX_DATAERR), name first. */
struct qcow2;
int base_inspect(int fd, const char *name, struct qcow2 *q, struct why *why);

/*
 * Make a base of the files in the directory stage (below bases, its name
 * beginning with a dot): disk.qcow2 is inspected and refused (EX_NOPERM,
 * EX_DATAERR) unless it stands alone, hashed and sealed with efivars.qcow2 or
 * the UEFI variables the host's firmware begins with, and the directory
 * becomes bases/NAME by one rename.  facts are key=value lines for base.ini,
 * may be NULL; link=PATH says that disk.qcow2 is a symbolic link to PATH.
 * EX_CANTCREAT when the name is taken.
 */
int base_make(struct home *h, const char *stage, const char *name,
    const char *facts, struct why *why);
/* Of such lines: the value of the first of that key, the caller's, NULL: none;
 * put those that a base.ini has into c, of several of one key the last; -1 with
 * why (EX_DATAERR, EX_USAGE) for what no file can hold. */
char *base_fact(const char *facts, const char *key);
int base_add_facts(struct conf *c, const char *facts, struct why *why);
/* The same, as the next generation of base `name`, which becomes current;
 * *generation is its number. */
int base_next(struct home *h, const char *stage, const char *name,
    const char *facts, long long *generation, struct why *why);

/* Make dir/efivars.qcow2, when it is not there, of the variables that the
 * firmware for arch begins with: raw pflash could not be snapshotted.  *made:
 * it is there; not on a host without UEFI firmware. */
int base_efivars(int dir, const char *arch, int *made, struct why *why);

/* A new staging directory below bases, and its name, the caller's; -1 with
 * why.  Stages left by the killed are removed on the way. */
int base_stage(struct home *h, char **name, struct why *why);

/* 0 when no VM stands on base `name`, which may be broken; else -1 with why
 * (EX_TEMPFAIL, naming them; EX_NOINPUT).  base_remove looks again under the
 * home's lock, sets it aside and removes it. */
int base_removable(struct home *h, const char *name, struct why *why);
int base_remove(struct home *h, const char *name, struct why *why);

#endif
