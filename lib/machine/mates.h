/* SPDX-License-Identifier: ISC */
/*
 * mates: what runs beside QEMU and its gateway for as long as a VM does: its
 * hooks, who asks a person, and its proxy, from when that is wanted first.
 * For the supervisor, which has one VM and libuv's loop.
 */
#ifndef XRAY_MATES_H
#define XRAY_MATES_H

#include "ring.h"
#include "vm.h"

/* The end of a pipe by which the gateway says that the proxy is wanted; -1: it
 * cannot be. */
int mates_bell(void);
/* Start them, the hooks if they are wanted; show: what those print goes to our
 * standard error too.  What the others say goes into net, trouble into qemu.
 * All of it must live on. */
void mates_start(struct home *h, const struct vm *vm, int hooks, int show,
    struct ring *qemu, struct ring *net);
/* 1 when pid, which has ended, was one of them; who asks, and the proxy, are
 * started again. */
int mates_reap(pid_t pid, int status);
/* QEMU has ended: so shall they. */
void mates_end(void);
/* How many have not. */
int mates_left(void);

#endif
