/* SPDX-License-Identifier: ISC */
/*
 * front: one who puts questions before a person, at the xray-ask of each of
 * several VMs; the person's end of the lines in xray-ask(1).
 */
#ifndef XRAY_FRONT_H
#define XRAY_FRONT_H

#include "dialog.h"
#include "mem.h"
#include "talk.h"

enum { FRONT_VMS = 512, FRONT_FDS = 1 + FRONT_VMS, FRONT_OPEN = 8 };

/* In place of a VM: whoever is there speaks for all that he names. */
#define FRONT_ANY "*"

/* Start with { 0 } and front_init. */
struct front {
	struct talk talk;
	const char *name; /* what it is: prompt */
	char vm[FRONT_VMS][DIALOG_VM]; /* "": no connection */
	/* The questions that are shown, the oldest first; mostly one. */
	struct dialog open[FRONT_OPEN];
	size_t nopen;
	/* A line that a VM's says, which is printable ASCII; what is none is
	 * passed over.  open is as it says. */
	void (*line)(const char *vm, const char *line, void *arg);
	void *arg;
};

void front_init(struct front *f, const char *name);
/* Whether we are connected to vm. */
int front_has(const struct front *f, const char *vm);
/* fd, which is ours from now on, is a connection to the xray-ask of vm, or
 * FRONT_ANY: to one who has said front to several.  -1: there are too many. */
int front_join(struct front *f, const char *vm, int fd);
/*
 * Connect to those of the VMs called names to which we are not; each has a
 * folder in vms with a socket in it called sock.  Those that are not there are
 * passed over.  joined, which may be NULL, hears of each that is, with its
 * folder, which is open until it returns.
 */
typedef void front_joined(const char *vm, int dir);
void front_find(struct front *f, int vms, const struct strv *names,
    const char *sock, front_joined *joined);
/* Say a line to vm's; 0, or -1 when it is not there. */
int front_say(struct front *f, const char *vm, const char *line);
/* What a person says; -1 when the VM is not there. */
int front_decree(struct front *f, const struct decree *d);

#endif
