/* SPDX-License-Identifier: ISC */
/*
 * qemu: the program, the accelerator, and the argument vector of a VM.
 *
 * QEMU runs with the VM's directory as its working directory; all names in
 * the vector are relative to it, so no socket's path is too long and the
 * tree can be moved.
 */
#ifndef XRAY_QEMU_H
#define XRAY_QEMU_H

#include "mem.h"
#include "vm.h"

/* What the host adds to a VM's record. */
struct qemu {
	char *program; /* path of qemu-system-ARCH, it owns */
	const char *accel; /* kvm, hvf, tcg */
	char *code; /* UEFI code, NULL for BIOS, it owns */
	char *told; /* a line for the person, NULL: nothing, it owns */
	char *netdev; /* net = proxy: QEMU's own network, it owns */
};

/*
 * Find what the VM needs here.  accel overrides (NULL: XRAY_ACCEL, the VM's,
 * config.ini, auto).  -1 with why: EX_UNAVAILABLE for a program, firmware or
 * accelerator that is not there, EX_USAGE for an accelerator nobody knows.
 */
int qemu_find(struct home *h, const struct vm *vm, const char *accel,
    struct qemu *q, struct why *why);
void qemu_free(struct qemu *q);
/* 1 when the VM has a screen, and with it a pointer. */
int qemu_screen(const struct vm *vm);

/*
 * The argument vector.  smbios lists files, relative to the VM's directory,
 * whose text goes to the guest as SMBIOS type 11 strings.  paused starts it
 * stopped, for a snapshot to be loaded.
 */
void qemu_argv(const struct vm *vm, const struct qemu *q,
    const struct strv *smbios, int paused, struct strv *argv);

/* Names of the sockets and files in the VM's directory while it runs. */
#define VM_QMP "qmp.sock"
#define VM_EVENTS "events.sock" /* for whoever wants to watch */
#define VM_WATCH "watch.sock" /* the supervisor's own */
#define VM_CONSOLE "console.sock"
#define VM_TTY "tty.sock" /* the console, shared out by the supervisor */
#define VM_NET "net.sock"
#define VM_CONTROL "gateway.sock" /* the gateway's requests */
#define VM_SSH "guest-22.sock" /* the guest's port 22 */
#define VM_VNC "vnc.sock"
#define VM_SPICE "spice.sock"

#define VM_SEED "seed.img" /* what cloud-init is told; stays */

#endif
