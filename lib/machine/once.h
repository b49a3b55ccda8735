/* SPDX-License-Identifier: ISC */
/*
 * once: settings of one run of a VM, over those of vm.ini and never written
 * there: start --memory and the like.
 */
#ifndef XRAY_ONCE_H
#define XRAY_ONCE_H

#include "vm.h"

/* What may be set: accel display memory cpus kernel initrd append net; NULL and
 * 0 mean as vm.ini has it.  The strings are those of the settings. */
struct once {
	const char *accel, *display, *kernel, *initrd, *append, *net;
	uint64_t memory; /* bytes */
	long long cpus;
};

/* Take one setting, key=value, which must live on; -1 with why (EX_USAGE). */
int once_set(struct once *o, const char *setting, struct why *why);
/* Put them over the vm's own, until the vm is read again. */
void once_apply(const struct once *o, struct vm *vm);

/* Remember what the VM runs with, whatever vm.ini says later, until it has
 * ended: 0, or -1 with errno. */
int once_keep(const struct vm *vm);
/* Put over the vm's own what it runs with; the text the strings are in is in
 * *text, which is to be freed after the vm's last use.  Nothing when it does
 * not run. */
void once_recall(struct vm *vm, struct buf *text);

#define VM_ONCE "once" /* the file, in the VM's directory */

#endif
