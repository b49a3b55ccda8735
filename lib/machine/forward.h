/* SPDX-License-Identifier: ISC */
/*
 * forward: a VM's ports while it exists: in vm.ini, claimed, and at once in
 * the gateway of one that runs.  Who changes something holds the VM's lock;
 * both changes survive being killed and may be done again.
 */
#ifndef XRAY_FORWARD_H
#define XRAY_FORWARD_H

#include "vm.h"

/*
 * Publish text, [ADDR:]HOST:GUEST[/udp].  0, 1 when it was there, -1 with
 * why: EX_USAGE for what is none, EX_TEMPFAIL when the port is taken, by
 * whom.
 */
int forward_add(
    struct home *h, struct vm *vm, const char *text, struct why *why);
/* Publish it no longer; connections that are open stay.  0, or -1 with why:
 * EX_NOINPUT when it is not there. */
int forward_remove(
    struct home *h, struct vm *vm, const char *text, struct why *why);
/* How many things of the VM's are on that port of the host's, by vm.ini; *same:
 * one with the same protocol. */
int forward_uses(const struct vm *vm, int port, int udp, int *same);
/* Give the VM's ssh another port, for good: FORWARD_SSH_MIN to 65535, which the
 * caller sees to.  0, 1 when it had it, -1 with why. */
enum { FORWARD_SSH_MIN = 1024 };
int forward_ssh(struct home *h, struct vm *vm, int port, struct why *why);

#endif
