/* SPDX-License-Identifier: ISC */
/*
 * boot: what is made ready before a VM's processes start, and put away after
 * they ended.
 */
#ifndef XRAY_BOOT_H
#define XRAY_BOOT_H

#include "qemu.h"
#include "vm.h"

struct boot {
	struct qemu qemu;
	struct strv argv; /* QEMU's, behind what starts it */
	int apart; /* of which so many words put it apart, see run.h */
	struct strv told; /* lines for the person */
	const char *resume; /* a snapshot to load, NULL: none; the vm's */
	int made; /* made_watch of the VM's folder, -1: the system has none */
};

/* How a VM is to be started. */
struct boot_how {
	int cold; /* forget the snapshot that was reverted to */
	struct strv set; /* settings of this run, key=value, see once.h */
};

/*
 * Make ready: the base is what was sealed, the ports are free (an automatic
 * ssh port that is taken moves, and vm.ini says so), credentials and log
 * folder are there, leftovers of the last run are gone.  The caller holds the
 * VM's lock and its run.lock.  -1 with why: EX_NOPERM, EX_TEMPFAIL for a
 * port the user gave, EX_UNAVAILABLE, EX_USAGE for a setting that is none.
 */
int boot_prepare(struct home *h, struct vm *vm, const struct boot_how *how,
    struct boot *b, struct why *why);

/* 0 when the VM's ports are free; an ssh port that was not given moves when it
 * is taken, and told gets a line.  -1 with why: EX_TEMPFAIL. */
int boot_ports(
    struct home *h, struct vm *vm, struct strv *told, struct why *why);

/* Take run.lock: a descriptor to hand to QEMU, or -1 with why (EX_TEMPFAIL
 * when the VM is alive). */
int boot_lock(const struct vm *vm, struct why *why);

/* Write what readers look at: pid, started, accel, once; and the state. */
int boot_started(
    const struct vm *vm, const struct boot *b, pid_t qemu, struct why *why);
void boot_state(const struct vm *vm, const char *state);
/* Open the VM's three logs, as large as config.ini says, and begin that of
 * QEMU with how it is started. */
struct ring;
int boot_logs(const struct home *h, const struct vm *vm, const struct boot *b,
    struct ring *qemu, struct ring *net, struct ring *console, struct why *why);

/* Connect to a socket that QEMU is about to make: at once when it is there,
 * which b->made tells.
 * -1 with why when the deadline passed (EX_TEMPFAIL) or gone() says that QEMU
 * has ended (EX_UNAVAILABLE). */
int boot_reach(const struct vm *vm, const struct boot *b, const char *name,
    long long deadline, int (*gone)(void), struct why *why);
/* Remove the sockets and files of a running VM; boot_end also writes down, in
 * the file VM_ENDED, why it ended: the reason of QEMU's SHUTDOWN event
 * (guest-shutdown, host-qmp-quit ...), "" when there was none. */
void boot_clear(const struct vm *vm);
void boot_end(const struct vm *vm, const char *reason);
#define VM_ENDED "ended"
/* Write down why a start failed, "CODE TIME TEXT" in the file VM_TROUBLE; NULL:
 * it did not. */
void boot_trouble(const struct vm *vm, const struct why *why);
#define VM_TROUBLE "trouble"

#endif
