/* SPDX-License-Identifier: ISC */
/*
 * usernet: net = proxy, QEMU's own user network, shut but for ports that are
 * published and two addresses behind which there are sockets of ours.
 *
 * The guest is 10.0.2.15.  A connection of its to 10.0.2.100:1080 is one to
 * VM_PROXY, where SOCKS5 is spoken, one to 10.0.2.101:53 one to VM_RESOLVER,
 * where names are told; for each QEMU starts an xray-join.  There is no
 * xray-net.
 */
#ifndef XRAY_USERNET_H
#define XRAY_USERNET_H

#include "egress.h"
#include "vm.h"

/* In the VM's folder while it runs, by its xray-proxy. */
#define VM_RESOLVER "resolver.sock"

/* 1 when that is the VM's network, by its settings. */
int usernet_is(const struct vm *vm);
/* 1 when the VM runs, and runs with that, whatever vm.ini says by now. */
int usernet_runs(const struct vm *vm);
/* What goes behind -netdev, the caller's; NULL with why: EX_CONFIG when it
 * cannot be said to QEMU where our programs are. */
char *usernet_netdev(const struct vm *vm, struct why *why);
/* Connect to a TCP port of the guest's that is published, by vm.ini as it is
 * now; QEMU takes connections at once.  -1 with errno, ENOENT: it is not
 * published; ETIMEDOUT: QEMU has not taken it for a second. */
int usernet_dial(const struct vm *vm, int port);
/* Have the QEMU that runs publish f (on), or not any more.  0, 1 when none
 * runs; -1 with why: EX_TEMPFAIL when it could not. */
int usernet_forward(
    const struct vm *vm, const struct forward *f, int on, struct why *why);

#endif
