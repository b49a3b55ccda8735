/* SPDX-License-Identifier: ISC */
/*
 * clock: a guest does not know that time went by while it was saved or the host
 * asleep; it is told by ssh.  For the supervisor, which has one VM and libuv's
 * loop.
 */
#ifndef XRAY_CLOCK_H
#define XRAY_CLOCK_H

#include "ring.h"
#include "vm.h"

/* From now on set the guest's clock whenever the host has slept, unless *paused
 * then; trouble goes into log.  All of it must live on. */
void clock_keep(
    struct home *h, const struct vm *vm, const int *paused, struct ring *log);
/* Set it, by a child; when there is no ssh to do so, it stays. */
void clock_set(void);
/* 1 when pid, which has ended with status as of waitpid(2), was that child. */
int clock_reap(pid_t pid, int status);

#endif
