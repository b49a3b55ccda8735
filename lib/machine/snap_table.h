/* SPDX-License-Identifier: ISC */
/* snap_table: what snap list tells of snapshots, as a table. */
#ifndef XRAY_SNAP_TABLE_H
#define XRAY_SNAP_TABLE_H

#include "snap.h"
#include "table.h"

/* The table; several: with the VM's name, people: with a star in front of the
 * one that is current. */
struct table *snap_table(const struct out *out, int several, int people);
/* Add the VM's snapshots; 0 or -1 with why. */
int snap_rows(struct table *t, const struct vm *vm, struct why *why);

#endif
