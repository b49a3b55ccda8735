/* SPDX-License-Identifier: ISC */
/*
 * recipe: programs in share/recipes that make an image.
 *
 * A recipe runs in an empty folder with XRAY_ARCH, XRAY_SSH_PUBKEY, XRAY_CACHE
 * and, where one is wished for, XRAY_SSH_USER, XRAY_PACKAGES, XRAY_TIMEZONE,
 * XRAY_LOCALE and XRAY_SCRIPT in its environment.  It tells
 * its progress on standard error, and leaves disk.qcow2 and facts (key=value
 * lines).
 */
#ifndef XRAY_RECIPE_H
#define XRAY_RECIPE_H

#include "home.h"

/* The names of the recipes, sorted. */
int recipe_list(struct strv *names, struct why *why);
/* 0 when there is such a recipe, else -1 with why (EX_NOINPUT). */
int recipe_check(const char *recipe, struct why *why);
/* Run it in a stage with the words of args (ended by NULL) behind its name,
 * and make base `name` of what it left; user NULL: the one it has.  -1 with
 * why: the recipe's own exit code when it is one of ours, 128 + n when signal
 * n came meanwhile, of which the recipe is told; EX_IOERR; what base_make
 * says. */
int recipe_base(struct home *h, const char *recipe, const char *name,
    const char *arch, const char *user, char **args, struct why *why);

#endif
