/* SPDX-License-Identifier: ISC */
/*
 * seed: the disk that tells cloud-init what a VM is: NoCloud, a volume
 * CIDATA with meta-data and user-data.
 *
 * It names the user, whom our key and those of ssh_keys let in, the host
 * name, a host key of our making, and a password for the console alone; what
 * create --user-data gave comes with it.
 */
#ifndef XRAY_SEED_H
#define XRAY_SEED_H

#include "vm.h"

enum { SEED_USER_DATA_MAX = 1 << 20 };

/*
 * Make VM_SEED, and the password, when they are not there or say something
 * else than the VM's record does now; ssh_credentials has made the keys.
 * Nothing for a VM that has no seed.  0, or -1 with why.
 */
int seed_make(struct home *h, const struct vm *vm, struct why *why);

#define VM_PASSWORD "password" /* the console's, a line; not by ssh */
#define VM_USER_DATA "user-data" /* what create --user-data gave */

#endif
