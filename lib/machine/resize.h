/* SPDX-License-Identifier: ISC */
/* resize: a larger disk for a VM. */
#ifndef XRAY_RESIZE_H
#define XRAY_RESIZE_H

#include "vm.h"

/* The size of the VM's disk as the guest sees it.  0 or -1 with why. */
int disk_size(const struct vm *vm, uint64_t *size, struct why *why);

/*
 * Make the disk `size` bytes large, at once when the VM runs; the caller
 * holds its lock.  0, 1 when it has that size, -1 with why: EX_NOPERM for a
 * smaller one, and, unless force, for one that its file system cannot hold.
 */
int disk_resize(
    struct home *h, struct vm *vm, uint64_t size, int force, struct why *why);

#endif
