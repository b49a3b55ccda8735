/* SPDX-License-Identifier: ISC */
/*
 * dial: a connection to a TCP port of a guest, through its gateway.  Each port
 * that was asked for is the unix socket guest-PORT.sock in the VM's directory;
 * with net = proxy it is the port of this machine's on which it is published.
 */
#ifndef XRAY_DIAL_H
#define XRAY_DIAL_H

#include "vm.h"

/* One try: a descriptor, or -1 with errno. */
int dial_once(const struct vm *vm, int port);

/* Whether the guest may answer at all: 0, or -1 with why (EX_UNAVAILABLE) for
 * a VM that is not alive, or is paused, unless whoever holds its lock is at it.
 * dial_network, alive or not: it has no network. */
int dial_live(const struct vm *vm, struct why *why);
int dial_network(const struct vm *vm, struct why *why);

/*
 * Connect; the gateway is asked for the port when nobody has yet, and waited
 * for while it is started again.  The gateway takes connections at once: that
 * the guest does is not said.  A descriptor, or -1 with why: EX_UNAVAILABLE
 * for a VM that is not alive, has no network, or whose gateway refuses;
 * EX_TEMPFAIL when the deadline passed.
 */
int dial_port(
    const struct vm *vm, int port, long long deadline, struct why *why);

/* 1 when something in the guest listens on the port: it sends, or keeps a
 * connection for half a second; 0 when not, or not before the deadline; -1
 * with why.  The guest's system has to be up. */
int dial_listens(
    const struct vm *vm, int port, long long deadline, struct why *why);

#endif
