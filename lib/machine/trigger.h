/* SPDX-License-Identifier: ISC */
/*
 * trigger: what a person's own files say about an ssh into a VM: programs
 * that run before and after it, and ssh_config(5) from four sources.
 *
 * In the home, for all VMs: config/triggers/pre-ssh, config/triggers/post-ssh
 * and config/ssh_config.  For one: triggers/ and ssh_config in its folder,
 * each before that of config/projects/NAME.  A link to /dev/null stands for
 * nothing.  What others could have changed is not run and not read.
 */
#ifndef XRAY_TRIGGER_H
#define XRAY_TRIGGER_H

#include "vm.h"

/*
 * Run the pre-ssh triggers, everyone's and then the VM's, and add to conf
 * what ssh(1) is to read: the output of the VM's, of everyone's, the VM's
 * ssh_config, everyone's, each behind a line of its own that ends the blocks
 * of the one before.  Nothing is added when all are empty.  -1 with why:
 * EX_TRIGGER when one refused, EX_TEMPFAIL past hook_timeout, EX_NOPERM when
 * others could have changed a file or a trigger is not executable, EX_DATAERR
 * for what is no text or too much of it.
 */
int trigger_before(
    struct home *h, const struct vm *vm, struct buf *conf, struct why *why);
/* Whether there is something to run when ssh has ended. */
int trigger_has_after(const struct home *h, const struct vm *vm);
/* Run the post-ssh triggers, which learn the exit code; tell is called for
 * each that failed. */
void trigger_after(struct home *h, const struct vm *vm, int code,
    void (*tell)(const struct why *why));

#endif
