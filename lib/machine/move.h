/* SPDX-License-Identifier: ISC */
/* move: another name for a VM. */
#ifndef XRAY_MOVE_H
#define XRAY_MOVE_H

#include "vm.h"

/*
 * Name the VM `to`, which it is not yet; the caller holds its lock.  It has one
 * name or the other, with its ports and its host key, whenever the caller is
 * killed.  -1 with why: EX_USAGE for no name, EX_CANTCREAT when it is taken (in
 * any case of letters), EX_TEMPFAIL when the VM is alive.
 */
int vm_move(struct home *h, struct vm *vm, const char *to, struct why *why);

#endif
