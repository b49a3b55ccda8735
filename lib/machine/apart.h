/* SPDX-License-Identifier: ISC */
/* apart: a VM's QEMU in namespaces of its own, by xray-isolate. */
#ifndef XRAY_APART_H
#define XRAY_APART_H

#include "vm.h"

/* The words before QEMU's own that put it there where the host allows it.
 * None when it would lose its window, which is on another machine: then told
 * gets a line.  0 or -1 with why. */
int apart_argv(
    const struct vm *vm, struct strv *argv, struct strv *told, struct why *why);

/* Whether the QEMU of a running VM is: "yes", "no (why)" or "unknown", the
 * caller's; NULL when it does not run. */
char *apart_said(const struct vm *vm);

#endif
