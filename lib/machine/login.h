/* SPDX-License-Identifier: ISC */
/*
 * login: VMs that are started when their user logs in: start_at_login in
 * vm.ini, and what the system's service manager has of it, systemd's user
 * manager or launchd.
 */
#ifndef XRAY_LOGIN_H
#define XRAY_LOGIN_H

#include "vm.h"

/* 1 when vm.ini says so. */
int login_wanted(const struct vm *vm);
/* Add the names of all that want it, sorted; what is broken is left out. */
int login_names(struct home *h, struct strv *names, struct why *why);

/* No manager; one that reads its files when it is started; one that we can
 * reach now. */
enum login_manager { LOGIN_NOBODY, LOGIN_LATER, LOGIN_HEARS };

/*
 * Bring what the manager has into line with vm.ini of all VMs: also what a
 * command that was killed left behind.  The caller holds no lock.  What there
 * is of a manager, or -1 with why: EX_CANTCREAT when it starts the VMs of
 * another home, EX_CONFIG for a path that none of its files can hold.
 */
int login_sync(struct home *h, struct why *why);

/* ---- for login_linux.c and login_darwin.c ---- */

enum login_manager login_manager(void);
/* Make its files say that these are all; the home's lock is held. */
int login_files(
    const struct home *h, const struct strv *names, struct why *why);
/* Have it read them. */
int login_reload(struct why *why);
/* Read file of the share folder, put values[i] in place of @names[i]@; names
 * ends with NULL. */
int login_fill(const char *file, const char *const *names,
    const char *const *values, struct buf *out, struct why *why);

#endif
