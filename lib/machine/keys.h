/* SPDX-License-Identifier: ISC */
/*
 * keys: the keys of config.ini and vm.ini: what each may be, what it is when
 * nobody says, and where it counts.
 */
#ifndef XRAY_KEYS_H
#define XRAY_KEYS_H

#include "vm.h"

enum key_type {
	KEY_BOOL,
	KEY_INT, /* from lo to hi */
	KEY_SIZE, /* a bare number has the unit hi; at least lo */
	KEY_TIME,
	KEY_WORD, /* one of words */
	KEY_PROGRAM, /* the same, or the absolute path of one */
	KEY_NAME,
	KEY_USER,
	KEY_TEXT,
	KEY_PATH, /* absolute */
	KEY_FORWARD,
	KEY_VARIABLE, /* of the environment */
	KEY_BLOCK /* of addresses */
};

/* Where a key counts.  BIRTH: config.ini and the environment are asked when a
 * VM is made and no longer; LIST: it may be repeated; FACT: it stays as it
 * is; OWN: another command changes it; NOW: it counts for a VM that runs. */
enum {
	KEY_CONFIG = 1,
	KEY_VM = 2,
	KEY_BIRTH = 4,
	KEY_LIST = 8,
	KEY_FACT = 16,
	KEY_OWN = 32,
	KEY_NOW = 64
};

struct key {
	const char *name;
	enum key_type type;
	int where;
	const char *none; /* built in, NULL: nothing */
	const char *env;
	long long lo, hi;
	const char *const *words;
	const char *how; /* FACT, OWN: why, or what changes it */
};

extern const struct key keys[];
extern const size_t nkeys;

/* The key; NULL with why (EX_NOINPUT), and the nearest. */
const struct key *key_find(const char *name, struct why *why);
/* 0 when value may be the key's, else -1 with why (EX_USAGE). */
int key_check(const struct key *k, const char *value, struct why *why);

/* Value as it is written, the caller's: a bare number of a size gets its
 * unit. */
char *key_text(const struct key *k, const char *value);

/*
 * The key's i-th value and where it comes from ("built in", "config.ini:3",
 * "vms/web/vm.ini:4", the variable), both the caller's; NULL when it has
 * none.  vm NULL: what config.ini's readers see.
 */
char *key_value(const struct home *h, const struct vm *vm, const struct key *k,
    size_t i, char **origin);

/*
 * Check a whole file, config.ini (vm NULL) or vm's vm.ini, that was edited;
 * old is what it was, NULL when that cannot be read.  -1 with why, EX_DATAERR
 * with the line, EX_NOPERM for a changed fact.  unknown is called for what no
 * key is called, with a text.
 */
int keys_check(const struct conf *c, const struct conf *old,
    const struct vm *vm, void (*unknown)(const struct why *why),
    struct why *why);

/* Call tell for each line of config.ini (vm NULL) or vm's vm.ini that is no
 * key there, with file and line. */
void keys_unknown(const struct conf *c, const struct vm *vm,
    void (*tell)(const struct why *why));

#endif
