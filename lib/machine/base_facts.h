/* SPDX-License-Identifier: ISC */
/* base_facts: what can be told about a base, as columns of a table. */
#ifndef XRAY_BASE_FACTS_H
#define XRAY_BASE_FACTS_H

#include "base.h"
#include "table.h"

extern const struct col base_cols[]; /* for lists: vms is a count */
extern const struct col base_cols_one[]; /* all; vms are their names */
extern const size_t base_ncols;

/* Add the row of a base; with one, vms are names.  -1 with why when it cannot
 * be told: no row. */
int base_row(struct table *t, struct home *h, const char *name, int one,
    struct why *why);

/* "qcow2, 597 MB (3.5 GiB virtual), x86_64, uefi, generation 1, sha256 ...",
 * the caller's; NULL with why. */
char *base_summary(struct home *h, const char *name, struct why *why);

/*
 * Add a row for each generation of a base: ok, changed, missing or unknown;
 * what is not ok is told too.  With full all are hashed.  0, EX_NO when one is
 * not ok, or the code of a base that cannot be read.
 */
extern const struct col base_verify_cols[];
extern const size_t base_verify_ncols;
int base_verify(struct table *t, struct home *h, const char *name, int full,
    void (*tell)(const struct why *why));

#endif
