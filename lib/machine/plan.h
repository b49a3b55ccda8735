/* SPDX-License-Identifier: ISC */
/* plan: what a new VM will be, settled before anything is made. */
#ifndef XRAY_PLAN_H
#define XRAY_PLAN_H

#include "vm.h"

/* All that a VM begins with, after flags, environment and files. */
struct plan {
	const struct vm_spec *spec;
	struct base base;
	struct seal seal;
	long long generation, cpus;
	uint64_t memory, disk;
	const char *arch, *machine, *firmware, *net, *user, *display;
	int port;
	int seed; /* the base takes a NoCloud seed */
	struct buf user_data, provision;
	struct buf rules; /* the base's, for its VMs to begin with */
};

/*
 * Fill p, whose spec is set and whose base is closed (dir -1), from the spec,
 * the environment, the base and config.ini.  The base is for the caller to
 * close.  -1 with why, as vm_make.
 */
int plan_make(struct home *h, struct plan *p, struct why *why);

#endif
