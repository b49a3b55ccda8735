/* SPDX-License-Identifier: ISC */
/*
 * firewall: where the files of a VM's firewall are and what its keys say, for
 * the commands and for the command line of its gateway.
 */
#ifndef XRAY_FIREWALL_H
#define XRAY_FIREWALL_H

#include "vm.h"

/* In a VM's directory: its rules, and those that end with its run; they count
 * first. */
#define VM_RULES "rules"
#define VM_SESSION "rules.session"
#define VM_NAMES "names" /* the addresses its guest was told */

enum { FIREWALL_LISTS = 2, FIREWALL_PRIVATE = 32 }; /* blocks at most */

struct firewall {
	char *session, *rules; /* absolute, as are all paths here */
	char *defaults; /* default-firewall-rules.conf */
	char *lists[FIREWALL_LISTS]; /* folders with lists: home's, shipped */
	const char *mode; /* ask, deny, allow, learn; the conf's */
	const char *dns; /* synthetic, real; the conf's */
	int defaults_on;
	struct strv private_ok; /* blocks of addresses */
};

/* The words that mode and dns may be; they end with NULL. */
extern const char *const firewall_modes[], *const firewall_dns[];

/* Fill in f by vm.ini, else config.ini; the user's default domains are made
 * first when there are none.  -1 with why: EX_CONFIG for a key that cannot
 * be; EX_UNAVAILABLE when the installation is not whole. */
int firewall_open(
    struct home *h, const struct vm *vm, struct firewall *f, struct why *why);
void firewall_close(struct firewall *f);

/* The home's folder with lists, made when it is not there; and that with
 * presets; the caller's. */
char *firewall_lists(const struct home *h);
char *firewall_presets(struct why *why);

/* Tell the gateway a line, if one runs, and await its answer; one that has
 * ended is awaited for 3 s.  0: so from now on; 1: from the next start on, it
 * does not know that line; -1 with why: EX_UNAVAILABLE when it does not answer,
 * EX_TEMPFAIL with its words. */
int firewall_tell(const struct vm *vm, const char *line, struct why *why);
/* The rules of vm were changed: have its gateway go by them now.  *hint, the
 * caller's, is what a person should know, NULL: nothing.  -1 with why: they
 * are kept, and not yet in force. */
int firewall_reload(const struct vm *vm, char **hint, struct why *why);

#endif
