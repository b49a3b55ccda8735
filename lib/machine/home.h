/* SPDX-License-Identifier: ISC */
/*
 * home: where everything is kept ($XRAY_HOME, else ~/.xray), the names that
 * may stand in it, and the ports it has given out.
 */
#ifndef XRAY_HOME_H
#define XRAY_HOME_H

#include <stddef.h>

#include "conf.h"
#include "mem.h"

struct home {
	char *path; /* absolute */
	int fd; /* the directory */
	int vms, bases; /* its directories vms and bases */
	struct conf *conf; /* config.ini, empty when there is none */
};

/* Where the home is, the caller's; NULL with why (EX_CONFIG). */
char *home_path(struct why *why);
/*
 * Open the home, made with mode 0700 when it is not there.  -1 with why:
 * EX_CONFIG for a path that cannot be one, EX_NOPERM when others own it or
 * can write to it.  What killed commands left of VMs to be thrown away goes on
 * the way, see throw.h; with home_open_within it stays: for who is handed the
 * locks of a VM, which may be one of those.
 */
int home_open(struct home *h, struct why *why);
int home_open_within(struct home *h, struct why *why);
/* The same although config.ini cannot be read: it counts as empty. */
int home_open_any(struct home *h, struct why *why);
void home_close(struct home *h);

/* A duration in ms: the environment variable env, else config.ini's key, else
 * *ms as it is.  -1 with why (EX_CONFIG) for what is no duration. */
int home_ms(const struct home *h, const char *env, const char *key,
    long long *ms, struct why *why);

/*
 * The home's lock, held for milliseconds by those who make, name or remove
 * things, and waited for (10 s).  A descriptor to close, or -1 with why
 * (EX_TEMPFAIL, naming the holder).
 */
int home_lock(struct home *h, struct why *why);

/*
 * Take the lock file dir/name, waiting at most ms milliseconds, and write
 * our pid and program into it.  A descriptor to close, or -1 with why
 * (EX_TEMPFAIL: "what: locked by xray-foo, pid 42").
 */
int lock_take(
    int dir, const char *name, const char *what, long long ms, struct why *why);

/* 0 for a name a VM or base may have, else -1 with why (EX_USAGE). */
int name_check(const char *name, struct why *why);
/* 1 when a VM or base could have that name, reserved or not. */
int name_valid(const char *name);
/* 0 for a tag a snapshot may have, else -1 with why (EX_USAGE). */
int tag_check(const char *tag, struct why *why);
/* 0 when no entry of dir has that name, in any case of letters; else -1 with
 * why (EX_CANTCREAT).  what is "VM" or "base". */
int name_taken(int dir, const char *what, const char *name, struct why *why);
/* Set why to "name: no such what (nearest?)", EX_NOINPUT, with the nearest
 * entry of directory dir, or where they are listed.  Returns -1. */
int name_missing(int dir, const char *what, const char *name, struct why *why);
/* Remove what processes that are gone left half made or half removed in dir
 * (vms, bases, the home): .stage-PID, .gone-PID, .edit-PID.ini,
 * .ssh-PID.conf. */
void home_sweep(int dir);
/* The same in vms, the claims of ports first, so that whoever is killed here
 * leaves what has them looked at again.  The caller holds the home's lock. */
void home_sweep_vms(struct home *h);
/* The entries of dir that can be names, sorted. */
int name_list(int dir, struct strv *out, struct why *why);

/*
 * Ports of the host.  A claim is the file ports/PORT with the VM's name in
 * it; the caller holds the home's lock.  port_claim takes `want`, or with
 * want 0 the first from 2222 that nobody claims or listens on; 0 and *got,
 * or -1 with why (EX_TEMPFAIL, naming who has it).  A claim whose VM is gone
 * does not count.
 */
int port_claim(
    struct home *h, const char *vm, int want, int *got, struct why *why);
/* Make a claim last beyond a power cut, as has to be before the VM says that
 * it has the port.  0 or -1 with why. */
int port_sync(struct home *h, int port, struct why *why);
/* Drop the claim of vm's, or of a VM that is gone; 0 or -1 with errno. */
int port_release(struct home *h, const char *vm, int port);
/* Drop the claims of VMs that are gone; the caller holds the home's lock. */
void port_sweep(struct home *h);
/* The VM that has the port (its digits), the caller's; NULL: nobody has. */
char *port_holder(struct home *h, const char *port);
/* Write a claim for `to`; with from not NULL for whichever of the two exists,
 * or when both do has it in vm.ini.  0 or -1 with why. */
int port_rename(struct home *h, int port, const char *from, const char *to,
    struct why *why);
/* 1 when addr:port (dotted quad, TCP or UDP) can be bound now, or when that
 * cannot be tried; port_free: TCP on 127.0.0.1. */
int port_free_at(const char *addr, int port, int udp);
int port_free(int port);

/* The folder of the programs (this one's own) and of share, the caller's;
 * NULL with why. */
char *home_bin_dir(struct why *why);
char *home_share_dir(struct why *why);

#endif
