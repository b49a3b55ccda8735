/* SPDX-License-Identifier: ISC */
/*
 * script: a script run for a VM, here or in its guest, with a deadline, its
 * output line by line into log/hooks.log.
 *
 * What runs here gets these of our environment: XRAY_*, LC_*, HOME USER TERM
 * LANG XDG_RUNTIME_DIR DBUS_SESSION_BUS_ADDRESS and what hook_env names; PATH
 * with our programs in front; of the VM XRAY_HOME XRAY_VM_NAME XRAY_VM_DIR
 * XRAY_HOOK XRAY_QMP XRAY_SSH_CONFIG XRAY_SSH_KEY XRAY_SSH_PORT XRAY_SSH_USER
 * XRAY_SSH_HOST; and SSH_AUTH_SOCK, an agent that holds xray's key alone.
 *
 * What runs in the guest is sent to it by ssh, is run by the interpreter that
 * its first line names, else sh, when all of it came, and gets XRAY_VM_NAME
 * and XRAY_HOOK.
 */
#ifndef XRAY_SCRIPT_H
#define XRAY_SCRIPT_H

#include <signal.h>

#include "ring.h"
#include "vm.h"

struct script {
	const char *path; /* the file */
	const char *label; /* before each line in the log: "[boot] 10-x.sh" */
	int guest; /* run in the guest */
	long long ms; /* until it is killed */
};

/* Those of one hook, one after the other.  Begin with SCRIPTS_NONE. */
struct scripts {
	struct home *home;
	const struct vm *vm;
	const char *hook; /* XRAY_HOOK: create, initial-boot, boot, provision */
	const char *user; /* in the guest; NULL: the VM's */
	const volatile sig_atomic_t *stop; /* not 0: end; NULL: never */
	void (*show)(const char *line); /* each line, masked; NULL: nobody */
	struct ring log; /* the rest is ours */
	struct strv env;
	pid_t agent, holder;
	int hold;
	char *socket;
};
#define SCRIPTS_NONE                                                      \
	{                                                                 \
		.agent = -1, .holder = -1, .hold = -1, .log = {.fd = -1 } \
	}

/* Open the log; home, vm, hook and what else is wanted are set.  -1 with
 * why. */
int scripts_begin(struct scripts *s, struct why *why);
/*
 * Run one and wait for it.  Its exit code, 128 + n when signal n ended it; -1
 * with why: EX_TEMPFAIL past its deadline or when told to stop, EX_NOPERM when
 * others could have changed it, EX_PROTOCOL when ssh did not get it to the
 * guest, EX_NOINPUT, EX_CANTEXEC, EX_NOTFOUND.  A process that it leaves behind
 * goes on; past the deadline, and on stop, all of its process group is killed.
 */
int scripts_run(
    struct scripts *s, const struct script *script, struct why *why);
/* A line of our own, to the log and to show. */
void scripts_tell(struct scripts *s, const char *fmt, ...) PRINTF(2, 3);
void scripts_end(struct scripts *s);

#endif
