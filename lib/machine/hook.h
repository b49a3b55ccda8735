/* SPDX-License-Identifier: ISC */
/*
 * hook: the scripts of a VM's hooks, in the order they are run, and what
 * became of them; see xray-hooks(7).
 *
 * Sources, in order: builtin, plugin:NAME, user, vm.  Within one the base
 * names are in order; what is in its folder guest/ is run in the guest.  A
 * later source's script masks those of earlier ones that have its base name;
 * plug-ins do not mask each other.
 */
#ifndef XRAY_HOOK_H
#define XRAY_HOOK_H

#include "vm.h"

/* create, initial-boot, boot; they end with NULL. */
extern const char *const hook_types[];
#define HOOK_CREATE "create"
#define HOOK_INITIAL "initial-boot"
#define HOOK_BOOT "boot"

struct hook {
	int rank; /* of its source */
	char *source;
	char *name; /* its base name, by which it masks */
	char *script; /* NAME, guest/NAME */
	char *path;
	int guest; /* run in the guest */
	char *off; /* why it is not run, NULL: it is */
	int refused; /* off says why, and the others are not run either */
};

struct hooks {
	struct hook *v;
	size_t n;
};

/* Add all scripts of that type, those that are not run, too, in order; vm
 * NULL: those of no VM's own.  -1 with why when a folder cannot be read. */
int hooks_collect(const struct home *h, const struct vm *vm, const char *type,
    struct hooks *out, struct why *why);
void hooks_free(struct hooks *hooks);
/* Forget those that say that they are for VMs with another network. */
void hooks_keep_net(struct hooks *hooks, const char *net);
/* The first that is refused; NULL: none is. */
const struct hook *hooks_refused(const struct hooks *hooks);
/* How many are run. */
size_t hooks_count(const struct hooks *hooks);
/* The first to be run that is the one called at (SOURCE/SCRIPT), or comes
 * behind where that would be; hooks->n: none. */
size_t hooks_from(const struct hooks *hooks, const char *at);

/*
 * What became of the scripts, at their last run: the file vms/NAME/hooks, a
 * line TYPE SOURCE SCRIPT STATE each, tabs between.  STATE is running, done,
 * failed (...), timed out, interrupted or refused.
 */
struct hook_states {
	struct strv type, source, script, state; /* side by side */
};
#define HOOKS_FILE "hooks"
/* No file, no lines: that is no error.  -1 with errno. */
int hook_states_read(const struct vm *vm, struct hook_states *s);
/* Only who holds the hooks' lock writes. */
int hook_states_write(
    const struct vm *vm, const struct hook_states *s, struct why *why);
void hook_states_free(struct hook_states *s);
/* The state of that script, NULL: it was not run; s's. */
const char *hook_state(
    const struct hook_states *s, const char *type, const struct hook *hook);
/* Set it; NULL: forget it. */
void hook_set_state(struct hook_states *s, const char *type,
    const struct hook *hook, const char *state);
/* Forget those of that type that are not in hooks. */
void hook_keep_states(
    struct hook_states *s, const char *type, const struct hooks *hooks);

/* The lock of who runs hooks of the VM, waited for at most ms milliseconds: a
 * descriptor, or -1 with why (EX_TEMPFAIL, naming the holder).  hooks_busy:
 * somebody has it. */
int hooks_lock(const struct vm *vm, long long ms, struct why *why);
int hooks_busy(const struct vm *vm);

/* How far the hooks of a running VM's start are. */
enum hooks_phase {
	HOOKS_AWAITED, /* nobody has marked anything yet */
	HOOKS_RUN,
	HOOKS_NONE, /* there were none, or none were wanted */
	HOOKS_DONE,
	HOOKS_FAILED
};
/* Note it for those who look: HOOKS_RUN, then HOOKS_DONE whatever became of
 * them, by who has the lock; HOOKS_NONE by who starts a VM without them. */
void hooks_mark(const struct vm *vm, enum hooks_phase phase);
/* what, when not NULL, gets "boot user/10-x.sh (exit 3)" of those that failed,
 * "boot user/10-x.sh" of those that run, the caller's; NULL when nobody
 * knows. */
enum hooks_phase hooks_phase(const struct vm *vm, char **what);
/* Wait until those of this start have ended, now and then telling which one
 * runs (tell may be NULL): 0; -1 with why: EX_NO when one failed, EX_TEMPFAIL
 * past the deadline, and as dial_live. */
int hooks_await(const struct vm *vm, long long deadline,
    void (*tell)(const char *text), struct why *why);

#endif
