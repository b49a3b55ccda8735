/* SPDX-License-Identifier: ISC */
/* egress: the xray-proxy of a VM, as others find it. */
#ifndef XRAY_EGRESS_H
#define XRAY_EGRESS_H

#include "vm.h"

/* In a VM's folder while it runs: where its proxy can be used on this machine,
 * and where that calls for the guest. */
#define VM_PROXY "proxy.sock"
#define VM_CALLS "calls.sock"

/* 1 when the VM may have one while it runs, beside its gateway.  With net =
 * proxy it is the gateway. */
int egress_wanted(const struct vm *vm);
/* Its command line, by the keys as they are now; as gateway_argv. */
int egress_argv(
    struct home *h, const struct vm *vm, struct strv *argv, struct why *why);

#endif
