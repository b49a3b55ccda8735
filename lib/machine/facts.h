/* SPDX-License-Identifier: ISC */
/* facts: what list and info tell of a VM, as columns of a table. */
#ifndef XRAY_FACTS_H
#define XRAY_FACTS_H

#include "table.h"
#include "vm.h"

extern const struct col facts_cols[];
extern const size_t facts_ncols;

/* What the columns that are wanted need of a VM. */
enum facts_need {
	FACTS_BRIEF, /* vm_glance, brief */
	FACTS_RECORD, /* vm_glance */
	FACTS_FOLDER /* vm_open */
};
enum facts_need facts_need(const struct table *t);
/* Add the row of the VM called name to t; only the columns that are printed
 * are looked up.  With broken not NULL it has status broken, that reason, and
 * little else; vm may be NULL then. */
void facts_row(struct table *t, struct home *h, const char *name,
    const struct vm *vm, const struct why *broken);
/* One fact as text, the caller's; NULL when it has no value. */
char *facts_value(struct home *h, const struct vm *vm, const char *field);

#endif
