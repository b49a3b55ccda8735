/* SPDX-License-Identifier: ISC */
/*
 * aside: our terminal while a VM runs in the foreground: it shows the guest's
 * console, and between that the VM's questions, by xray-beside.  Without a
 * terminal to read keys from it shows the console alone.
 */
#ifndef XRAY_ASIDE_H
#define XRAY_ASIDE_H

#include "vm.h"

/* From now on; vm must live on. */
void aside_start(const struct vm *vm);
/* Show what the console says.  Nothing waits: while a question is there, what
 * is too much is not shown. */
void aside_show(const char *p, size_t n);
/* 1 when pid, which has ended, was xray-beside. */
int aside_reap(pid_t pid);
/* The VM has ended: put the terminal back. */
void aside_end(void);

#endif
