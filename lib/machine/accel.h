/* SPDX-License-Identifier: ISC */
/*
 * accel: the accelerator of a VM: kvm or hvf where it works, else tcg.
 *
 * A device that opens proves nothing: there are hosts whose /dev/kvm answers
 * and whose guests stand still in it.  So a payload of a few hundred bytes
 * (payload.S) runs under the candidate, with a deadline, and what came of it
 * is kept in accel.ini by the kernel and the QEMU it was tried with.
 */
#ifndef XRAY_ACCEL_H
#define XRAY_ACCEL_H

#include "home.h"

enum accel_state {
	ACCEL_WORKS,
	ACCEL_ABSENT, /* this host has none */
	ACCEL_DENIED, /* it is there and not ours to use; never kept */
	ACCEL_FAILS /* the payload did not run to its end */
};

struct accel_probe {
	enum accel_state state;
	char text[200]; /* for people: "/dev/kvm: Permission denied" */
};

/*
 * Look whether the host's own accelerator (sys_accel_name) works with the
 * QEMU at path program, as kept or by running the payload.  -1 with why when
 * the payload cannot be run at all.
 */
int accel_probe(struct home *h, const char *program, struct accel_probe *p,
    struct why *why);

/* Whether an answer is kept for these circumstances, which may be NULL; it is
 * in p then. */
int accel_kept(struct home *h, const char *accel, const char *circumstances,
    struct accel_probe *p);

/*
 * The accelerator for a guest of arch under program when `want` (auto, kvm,
 * hvf, tcg) was asked for; *told, which may be NULL, gets a line for the
 * person the first time that auto means tcg here, the caller's.  NULL with
 * why: EX_USAGE for a word nobody knows, EX_UNAVAILABLE for what this host
 * cannot give.
 */
const char *accel_choose(struct home *h, const char *want, const char *arch,
    const char *program, char **told, struct why *why);

#endif
