/* SPDX-License-Identifier: ISC */
/*
 * doctor: is all well?  Each part looks at one matter and adds rows; what is
 * wrong is a row too, with the command that mends it, and never ends the look.
 */
#ifndef XRAY_DOCTOR_H
#define XRAY_DOCTOR_H

#include "home.h"
#include "vm.h"

enum doctor_state { DOCTOR_OK, DOCTOR_NOTE, DOCTOR_BAD };

struct doctor_row {
	enum doctor_state state;
	const char *what; /* the matter: qemu, disk, vm ... */
	char *vm, *text; /* vm NULL: no single VM's */
};

/* Start with { 0 }; home NULL: it could not be opened. */
struct doctor {
	struct home *home;
	struct doctor_row *rows;
	size_t n;
	int bad; /* how many are */
};

/* Add a row; vm may be NULL. */
void doctor_add(struct doctor *d, enum doctor_state state, const char *what,
    const char *vm, const char *fmt, ...) __attribute__((format(printf, 5, 6)));
/* The same with what a function said, masked, and what mends it behind (NULL:
 * the text says). */
void doctor_why(struct doctor *d, enum doctor_state state, const char *what,
    const char *vm, const struct why *why, const char *mend);

/* The command that installs what is missing of a group of share/deps, and
 * the names of what is, a blank between; both the caller's. */
char *doctor_install(const char *group);
char *doctor_missing(const char *group);

/* The version in what a QEMU said of itself, "7.2.22", the caller's, and
 * whether it is 7.2 or newer; NULL: it says none. */
char *doctor_version(const char *said, int *recent);
/* The machine: QEMU, accelerator, firmware, programs, the user. */
void doctor_host(struct doctor *d);
void doctor_accel(struct doctor *d, const char *program);

/* Where the home is: room, and what its file system can. */
void doctor_disk(struct doctor *d);
/* The home itself: modes, config.ini, keys, leftovers, claims on ports; and
 * the bases. */
void doctor_home(struct doctor *d);
void doctor_bases(struct doctor *d);
/* The VMs, or the one called only: record, disks, base, ports. */
void doctor_vms(struct doctor *d, const char *only);
/* Scripts of hooks that are refused or cannot be run: the VM's own, NULL: all
 * VMs'. */
void doctor_hooks(struct doctor *d, const struct vm *vm);
/* What plain ssh knows of the VMs. */
void doctor_ssh(struct doctor *d);

/* The controls on a running VM, looked up in the system and in QEMU. */
void doctor_controls(struct doctor *d, const struct vm *vm);
void doctor_network(struct doctor *d, const struct vm *vm, pid_t qemu);

#endif
