/* SPDX-License-Identifier: ISC */
/* edit: change config.ini, or let a person change a file of keys. */
#ifndef XRAY_EDIT_H
#define XRAY_EDIT_H

#include "vm.h"

/* Set key of section ("" none) in config.ini, NULL removes it; under the
 * home's lock.  0, 1 when it was so, -1 with why. */
int edit_config(struct home *h, const char *section, const char *key,
    const char *value, struct why *why);

/*
 * Let $VISUAL, $EDITOR or vi change a copy of config.ini, or of vm's vm.ini
 * when vm is not NULL, and put it in place when it can be (see keys_check);
 * no lock is held while the person works, at most lock_ms are waited for it
 * then.  The file need not be one that can be read, but what comes must.  0, 1
 * when nothing was changed, -1 with why: EX_USAGE without a terminal and an
 * editor named; the copy is kept, and the text says where.
 */
int edit_file(struct home *h, struct vm *vm, long long lock_ms,
    void (*unknown)(const struct why *why), struct why *why);

/* The same with vm's rules, at most EDIT_MAX bytes; check says whether they
 * can be, 0 or -1 with why, which names the line. */
enum { EDIT_MAX = 16 << 20 };
typedef int edit_check(
    const char *name, const char *text, size_t n, struct why *why);
int edit_rules(struct home *h, struct vm *vm, long long lock_ms,
    edit_check *check, struct why *why);

#endif
