/* SPDX-License-Identifier: ISC */
/* asker: the xray-ask of a VM, as others find it. */
#ifndef XRAY_ASKER_H
#define XRAY_ASKER_H

#include "vm.h"

/* In a VM's folder while it runs; its questions, for one that was killed. */
#define VM_ASK "ask.sock"
#define VM_ASKED "asked"

/* 1 when the VM has one while it runs: rules count there. */
int asker_wanted(const struct vm *vm);
/* Its command line; 0 or -1 with why. */
int asker_argv(const struct vm *vm, struct strv *argv, struct why *why);
/* What it says behind "ok" when it is asked for its status, the caller's; NULL:
 * it does not answer. */
char *asker_status(const struct vm *vm);

/*
 * How many questions of the VM are open: shown, or waiting for it.  They are
 * told in a file in its folder that xray-ask keeps locked, so that who lists
 * VMs need connect to none; when it was killed, none is.  asks_begin is its
 * own: a descriptor for asks_tell, -1 when there is none; asks_end takes the
 * file away.
 */
#define VM_ASKS "asks"
unsigned asks_open(const struct vm *vm);
int asks_begin(const struct vm *vm);
void asks_tell(int fd, unsigned n);
void asks_end(const struct vm *vm, int fd);

/* A connection of one's own, for who can wait. */
struct asker {
	int fd;
	struct buf in;
};
/* Connect.  -1 with why (EX_UNAVAILABLE). */
int asker_open(struct asker *a, const struct vm *vm, struct why *why);
void asker_close(struct asker *a);
/* Say a line, without its end; the next that comes, the caller's, NULL when the
 * deadline passed or nobody is there. */
int asker_say(struct asker *a, const char *line);
char *asker_hear(struct asker *a, long long deadline);

/* Connect to the one of the VM called name, or, with sock, to that path.  -1
 * with why (EX_UNAVAILABLE). */
int asker_connect(
    const struct home *h, const char *name, const char *sock, struct why *why);
/* Start an ssh to host, which tells the questions of those VMs there, of all
 * when names has none; *fd is a socket on which it does.  Its pid, -1 with
 * why. */
pid_t asker_elsewhere(
    const char *host, const struct strv *names, int *fd, struct why *why);

/* Put the names of those VMs, which end with NULL, into names; -1 with why. */
int askers_names(
    struct home *h, char *const *vms, struct strv *names, struct why *why);

#endif
