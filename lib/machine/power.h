/* SPDX-License-Identifier: ISC */
/* power: stop a running VM's processors, and let them go on. */
#ifndef XRAY_POWER_H
#define XRAY_POWER_H

#include "vm.h"

/*
 * Both: 0 done, 1 it was so already, -1 with why (EX_UNAVAILABLE when it is
 * not running); the caller holds the VM's lock.  Readers see the new status
 * when they return.
 */
int power_pause(const struct vm *vm, struct why *why);
/* EX_TEMPFAIL when the guest stopped again at once: its disk is full still. */
int power_resume(const struct vm *vm, struct why *why);

/* Run xray-start or xray-stop, which say themselves what is wrong, with an
 * option and its value (each may be NULL).  Its exit code, -1 with why. */
int power_tool(const struct vm *vm, const char *tool, const char *option,
    const char *value, struct why *why);

#endif
