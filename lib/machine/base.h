/* SPDX-License-Identifier: ISC */
/*
 * base: sealed images.  bases/NAME/base.ini tells the facts,
 * bases/NAME/GEN/ holds disk.qcow2 and efivars.qcow2 of each generation,
 * mode 0444, never changed.  A base exists when its base.ini does.
 *
 * base.ini: version format generation current arch firmware user memory disk
 * key link origin made; and for each generation a section [generation N] with
 * size mtime sha256 virtual efivars.
 */
#ifndef XRAY_BASE_H
#define XRAY_BASE_H

#include <stdint.h>

#include "conf.h"
#include "home.h"

struct base {
	char *name;
	int dir;
	struct conf *conf;
	long long generation; /* the newest */
	long long current; /* the one that create takes */
};

/* Open base `name`.  -1 with why: EX_NOINPUT and the nearest name, EX_DATAERR
 * for a base.ini that is not one. */
int base_open(
    struct home *h, const char *name, struct base *b, struct why *why);
void base_close(struct base *b);

/* What a generation was sealed with. */
struct seal {
	uint64_t size, virtual_size;
	long long mtime; /* ns since 1970 */
	const char *sha256; /* the conf's */
	int efivars; /* it has efivars.qcow2 */
};
int base_seal_of(const struct base *b, long long generation, struct seal *s,
    struct why *why);

/*
 * 0 when the generation's disk still is what was sealed, judged by size and
 * time, and by its hash when the time alone changed (which is then written
 * down); else -1 with why (EX_NOPERM, or EX_NOINPUT when it is gone).
 */
int base_check(
    struct home *h, struct base *b, long long generation, struct why *why);
/* The sha256 of dir/file as text. */
int base_hash(int dir, const char *file, char out[65], struct why *why);

/* A file's time of change in ns, as seals keep it. */
struct stat;
long long base_mtime(const struct stat *st);

/* The names of the VMs on base `name`, sorted. */
int base_users(
    struct home *h, const char *name, struct strv *out, struct why *why);

/*
 * Make a base of the files in the directory stage (below bases, its name
 * beginning with a dot): disk.qcow2 is inspected and refused (EX_NOPERM,
 * EX_DATAERR) unless it stands alone, hashed and sealed with the UEFI
 * variables the host's firmware begins with, and the directory becomes
 * bases/NAME by one rename.  facts are key=value lines for base.ini, may be
 * NULL.  EX_CANTCREAT when the name is taken.
 */
int base_make(struct home *h, const char *stage, const char *name,
    const char *facts, struct why *why);

/* A new staging directory below bases, and its name, the caller's; -1 with
 * why.  Stages left by the killed are removed on the way. */
int base_stage(struct home *h, char **name, struct why *why);

/* Set base `name` aside and remove it; 0 or -1 with why. */
int base_remove(struct home *h, const char *name, struct why *why);

#endif
