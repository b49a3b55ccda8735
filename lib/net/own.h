/* SPDX-License-Identifier: ISC */
/*
 * own: the files of rules that are a VM's own, read, changed in memory and put
 * in place.  The caller holds the VM's lock.
 *
 * The lasting one is put in place first: whoever is killed between leaves the
 * session's answers as they were.
 */
#ifndef XRAY_OWN_H
#define XRAY_OWN_H

#include "rulefile.h"
#include "rulein.h"

/* In the order in which they count; their names are those of the files. */
enum { OWN_SESSION, OWN_KEPT, OWN_FILES };
extern const char *const own_names[OWN_FILES];

struct own {
	struct rulefile f[OWN_FILES];
	struct buf was[OWN_FILES];
	long long now; /* s since 1970 */
};

/*
 * Read them from folder dir of a VM, have act change them, and put those that
 * changed in place, without answers that are over; one that is not there is
 * empty.  -1 with why: what act says, EX_DATAERR ("web: rules:3: ..."),
 * EX_IOERR.  own_free in any case.
 */
typedef int own_act(struct own *o, void *arg, struct why *why);
int own_change(struct own *o, int dir, const char *vm, own_act *act, void *arg,
    struct why *why);
void own_free(struct own *o);

/* Add rules of both kinds (see rulein.h) so that they count.  together: those
 * of a kind keep their order, else each stands for itself, as rulefile_add has
 * it.  -1 with why. */
int own_add(struct own *o, const struct rulein *in, int together, long at,
    struct why *why);

/* 0 when the list that r may name is in one of n folders; else -1 with why
 * (EX_NOINPUT): without it no rule could be read. */
int own_check_list(
    const struct rule *r, char *const *lists, size_t n, struct why *why);
/* The same for all of in. */
int own_check_lists(
    const struct rulein *in, char *const *lists, size_t n, struct why *why);

#endif
