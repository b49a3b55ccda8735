/* SPDX-License-Identifier: ISC */
/*
 * cause: the one reason why a VM is as it is, from the story of its run and,
 * of one that runs, from a look at it.  cause_look does what takes time;
 * cause_find only compares.
 */
#ifndef XRAY_CAUSE_H
#define XRAY_CAUSE_H

#include "home.h"
#include "story.h"

/* What a connection to the guest's port 22 came to. */
enum door {
	DOOR_UNKNOWN, /* it has no network, or was not asked */
	DOOR_SHUT, /* closed at once: nothing listens */
	DOOR_SILENT, /* kept, and nothing said */
	DOOR_ODD, /* words of something else */
	DOOR_SSH
};

struct look {
	const char *name; /* of the VM */
	int live; /* it runs: the rest says how */
	char *status; /* as vm_status; NULL: not live */
	int held; /* it is paused, by a command that is at it */
	char *run_state; /* QEMU's word; NULL: it does not answer */
	long long age, patience; /* ms since it was started, that a boot may
				    take */
	long long read; /* bytes of its disks, -1: not known */
	int bios; /* no firmware that speaks on the console */
	int gateway; /* its gateway is there, or it wants none */
	enum door door;
	int login; /* ssh: 0 it gets in, 1 it does not, -1 not in time */
	char *login_says; /* ssh's last words, masked; NULL: none */
	int clock_known;
	long long behind; /* seconds that the guest's clock is behind */
	int read_only; /* its root is */
	int full; /* percent of its root that are used, -1: not known */
	char *cloud; /* what cloud-init says went wrong; NULL: nothing */
	char *host_full; /* "8 MB free on /data"; NULL: there is room */
	int bare; /* net = proxy, and its programs do not know of it */
	char *tag; /* a snapshot to go back to; NULL: there is none */
};

struct cause {
	const char *word; /* a name for it, for programs */
	int wrong; /* not as it should be */
	char *text; /* one sentence, printable ASCII, without the VM's name */
	struct strv next; /* commands that help */
};

/* Look at the VM until deadline; never fails: what cannot be found out stays
 * unknown.  tell, when not NULL, gets a line of what is waited for. */
void cause_look(struct home *h, const struct vm *vm, struct look *l,
    long long deadline, void (*tell)(const char *text));
void look_free(struct look *l);

/* s NULL: it was never started.  l is that of the latest run, else one without
 * live. */
void cause_find(const struct story *s, const struct look *l, struct cause *c);
void cause_free(struct cause *c);

#endif
