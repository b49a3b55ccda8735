/* SPDX-License-Identifier: ISC */
/* facts: what list and info tell of a VM, as columns of a table. */
#ifndef XRAY_FACTS_H
#define XRAY_FACTS_H

#include "table.h"
#include "vm.h"

extern const struct col facts_cols[];
extern const size_t facts_ncols;

/* Add the row of the VM called name to t; only the columns that are printed
 * are looked up.  With broken not NULL it has status broken, that reason, and
 * little else; vm may be NULL then. */
/* Whether a column is wanted that vm_glance is not enough for. */
int facts_want_folder(const struct table *t);
void facts_row(struct table *t, struct home *h, const char *name,
    const struct vm *vm, const struct why *broken);
/* One fact as text, the caller's; NULL when it has no value. */
char *facts_value(struct home *h, const struct vm *vm, const char *field);

#endif
