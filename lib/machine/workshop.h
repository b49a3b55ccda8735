/* SPDX-License-Identifier: ISC */
/*
 * workshop: the VM `maintenance`, whose disk stands alone and becomes a base.
 * There is one at a time.
 */
#ifndef XRAY_WORKSHOP_H
#define XRAY_WORKSHOP_H

#include "vm.h"

#define WORKSHOP "maintenance"

/*
 * Make it: an empty disk of spec->disk bytes, spec->cdrom in its drive, to be
 * sealed as base spec->becomes.  *vm is open on success.  -1 with why:
 * EX_CANTCREAT when one is there or the base's name is taken, else as
 * vm_make.
 */
int workshop_make(
    struct home *h, struct vm_spec *spec, struct vm *vm, struct why *why);

/*
 * Seal its disk as base `name` (NULL: the one it was made for) and remove the
 * VM; *sealed is the base's name, the caller's.  user is the one to log in
 * as, NULL: not known.  -1 with why: EX_NOINPUT when there is no workshop,
 * EX_TEMPFAIL while it runs, EX_CANTCREAT, what base_make says.
 */
int workshop_seal(struct home *h, const char *name, const char *user,
    char **sealed, struct why *why);

/* Why it ended: guest-shutdown and the other reasons of QEMU's SHUTDOWN event,
 * or crash; the caller's.  NULL when it has not run. */
char *workshop_ended(const struct vm *vm);

#endif
