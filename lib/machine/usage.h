/* SPDX-License-Identifier: ISC */
/* usage: what takes how much of the disk, as a table. */
#ifndef XRAY_DISK_USAGE_H
#define XRAY_DISK_USAGE_H

#include "table.h"
#include "vm.h"

/* What would free most when it went, for a hint; start with { 0 }. */
struct most {
	uint64_t bytes;
	char *command; /* its end is the caller's to free */
};

/* A table; several: with the name of the VM or base in front. */
struct table *usage_table(const struct out *out, int several);
/* Add the rows of a VM, of a base.  -1 with why. */
int usage_vm(struct table *t, struct home *h, const struct vm *vm,
    struct most *most, struct why *why);
int usage_base(struct table *t, struct home *h, const char *name,
    struct most *most, struct why *why);

#endif
