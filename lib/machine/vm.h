/* SPDX-License-Identifier: ISC */
/*
 * vm: a VM's record, vms/NAME/vm.ini, and whether it runs.
 *
 * Two locks stand in its directory.  run.lock is inherited by QEMU, so it is
 * held exactly while the VM is alive, whoever else was killed.  lock is held
 * by the command that changes something.  Readers take neither.
 */
#ifndef XRAY_VM_H
#define XRAY_VM_H

#include <stdint.h>
#include <sys/types.h>

#include "base.h"
#include "conf.h"
#include "home.h"

struct vm {
	char *name;
	int dir; /* -1 after vm_glance at one that is stopped */
	int vms; /* then: the folder it is in, the home's */
	struct conf *conf; /* the strings below are the conf's */
	const char *base, *arch, *machine, *firmware, *net, *accel, *mac, *uuid,
	    *ssh_user, *resume, *display;
	const char *kernel, *initrd, *append, *cdrom; /* NULL: none */
	long long generation, hardware, cpus, ssh_port;
	uint64_t memory; /* bytes */
	int port_fixed; /* the user gave the ssh port */
	int guarded; /* protected = yes */
	int seed; /* it has a NoCloud seed disk */
	int hold; /* run.lock, held by us so that it stays off; -1: not */
	int broken; /* vm.ini could not be read; only vm_open_any */
};

/* The words that arch, firmware, net, accel and display may be; they end with
 * NULL. */
extern const char *const vm_archs[],
    *const vm_firmwares[], *const vm_nets[], *const vm_accels[],
						 *const vm_displays[];

/* Open the VM; a name of digits alone is a VM's ssh port.  -1 with why:
 * EX_NOINPUT and the nearest name; EX_DATAERR or EX_CONFIG for a vm.ini that is
 * broken, EX_IOERR for one that cannot be read. */
int vm_open(struct home *h, const char *name, struct vm *vm, struct why *why);
/* The same, and a VM whose vm.ini is broken, or not there, opens as broken,
 * why saying how. */
int vm_open_any(
    struct home *h, const char *name, struct vm *vm, struct why *why);
/* Look at it for a list, as vm_open does; of one that is stopped the folder is
 * not opened: only what vm.ini says, and vm_stat, can be known of it.  With
 * brief only base, firmware, memory, cpus and ssh_port are read of that. */
int vm_glance(struct home *h, const char *name, int brief, struct vm *vm,
    struct why *why);
/* stat(2) of a file in its folder. */
struct stat;
int vm_stat(const struct vm *vm, const char *file, struct stat *st);
void vm_close(struct vm *vm);
/* Write vm.ini back after conf_set on vm->conf; the caller holds the lock. */
int vm_save(struct vm *vm, struct why *why);

/* 1 while the VM's QEMU (or its supervisor, cleaning up) lives. */
int vm_alive(const struct vm *vm);
/* One of: stopped starting running paused stopping, with a reason in brackets
 * behind some.  Its memory is the caller's. */
char *vm_status(const struct vm *vm);
/* QEMU's pid and start time as sys_kill wants them; -1 when it is not
 * running. */
int vm_pid(const struct vm *vm, pid_t *pid, unsigned long long *start);
/* The process that such a file of a VM names, "PID START\n", which may be gone
 * or another by now; -1 when it names none. */
int vm_noted(const struct vm *vm, const char *file, pid_t *pid,
    unsigned long long *start);
/* Wait until the VM is not alive: 1, or 0 when the deadline passed. */
int vm_wait_end(const struct vm *vm, long long deadline);

/*
 * Take the VM's lock for changes, waiting at most ms milliseconds, and read
 * vm.ini again.  A descriptor to close, or -1 with why: EX_TEMPFAIL naming
 * the holder, EX_NOINPUT when the VM was removed meanwhile.
 */
int vm_lock(struct home *h, struct vm *vm, long long ms, struct why *why);
/* As home_ms, where vm.ini's key counts before config.ini's. */
int vm_ms(const struct home *h, const struct vm *vm, const char *env,
    const char *key, long long *ms, struct why *why);
/* Bytes that each of a VM's logs may take, for ring_limit. */
uint64_t vm_log_size(const struct home *h);

/* In a VM's folder: a script that its guest runs at its first boot, and what
 * xray provision runs. */
#define VM_PROVISION "provision"
enum { VM_PROVISION_MAX = 16 << 20 }; /* bytes */

/* What a new VM shall be; 0 and NULL mean the default, but base NULL is a VM
 * with an empty disk of its own. */
struct vm_spec {
	const char *name, *base;
	long long generation, cpus;
	uint64_t memory, disk; /* bytes */
	int ssh_port;
	const char *ssh_user, *net, *firmware, *accel, *label, *display, *arch;
	const char *user_data; /* a file for cloud-init */
	const char *provision; /* a script for the guest's first boot */
	const char *cdrom; /* an ISO image, absolute; base NULL: a new disk */
	const char *becomes; /* the base that its disk shall be */
	struct strv ports; /* [ADDR:]HOST:GUEST[/udp] */
	struct strv ssh_keys; /* absolute paths of public keys */
	const char *mode; /* of its firewall, NULL: config.ini's */
	int no_defaults; /* it goes by its own rules alone */
	struct buf rules; /* lines of them, before those of its base */
	const char *uuid; /* NULL: a new one */
};
/* A new uuid, the caller's. */
char *vm_uuid(void);

/*
 * Make the VM: overlays by our own writer, vm.ini last, the directory renamed
 * into place, all of it synced.  On success *vm is open.  -1 with why and
 * nothing left behind: EX_CANTCREAT for a name that is there (in any case),
 * EX_NOINPUT, EX_TEMPFAIL for a port, EX_UNAVAILABLE for a firmware that is
 * not there, EX_CONFIG for settings that cannot be.
 */
int vm_make(
    struct home *h, const struct vm_spec *spec, struct vm *vm, struct why *why);
/* Remove a VM that is not alive, with its claims on ports; the caller holds
 * its lock. */
int vm_remove(struct home *h, struct vm *vm, struct why *why);

/* One port forward: [ADDR:]HOST:GUEST[/udp]. */
struct forward {
	char addr[16];
	int host, guest, udp;
};
/* Read text into f, 127.0.0.1 when no address is given; -1 with why
 * (EX_USAGE). */
int forward_parse(const char *text, struct forward *f, struct why *why);

/* The writable disks of a VM, in the order snapshots take them: the block
 * node's name and the file in the VM's directory.  The number of them. */
struct vm_disk {
	const char *node, *file, *base_file;
};
enum { VM_DISKS = 3 };
int vm_disks(const struct vm *vm, struct vm_disk disks[VM_DISKS]);

#endif
