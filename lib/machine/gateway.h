/* SPDX-License-Identifier: ISC */
/* gateway: the xray-net of one VM, as others see it; with net = proxy its
 * xray-proxy. */
#ifndef XRAY_GATEWAY_H
#define XRAY_GATEWAY_H

#include "vm.h"

/* 0 when a gateway for that kind of network was built; -1 with why
 * (EX_UNAVAILABLE): this host has no libslirp. */
int gateway_built(const char *net, struct why *why);
/* 1 when the VM has one while it runs. */
int gateway_wanted(const struct vm *vm);

/*
 * Its command line by vm.ini as that is now, which may be later than vm: ports
 * come and go while a VM runs.  ready is a descriptor that it writes to when
 * all listens, -1: none; bell one that it rings for the VM's proxy, -1: none.
 * 0; 1 with why: vm.ini cannot be read, so only what a rule allows is; -1 with
 * why.
 */
int gateway_argv(struct home *h, const struct vm *vm, int ready, int bell,
    struct strv *argv, struct why *why);
/* Of that what it has in common with a proxy: what may pass, by mode, rules and
 * lists; as gateway_argv. */
int gateway_rules(
    struct home *h, const struct vm *vm, struct strv *argv, struct why *why);

/* Write down its pid, so that one whose supervisor was killed is ended before
 * the next start; and end that one: it would hold the ports, and take the new
 * QEMU for its own. */
void gateway_note(const struct vm *vm, pid_t gateway);
void gateway_end(const struct vm *vm);
#define VM_GATEWAY "gateway" /* the file that it is written down in */

/* Send it a line: 1 it did so, 0 it could not; words is what it says of that,
 * the caller's.  -1 it says nothing within ms milliseconds (errno is EAGAIN)
 * or is not there. */
int gateway_say(const struct vm *vm, const char *line, int ms, char **words);
/* The same for a command: what it says, the caller's, or NULL with why:
 * EX_UNAVAILABLE when it is not there, EX_TEMPFAIL with its words when it could
 * not, or when it is there and says nothing for 10 s. */
char *gateway_ask(const struct vm *vm, const char *line, struct why *why);
/* Ask it to cut all that is open through it: how many connections there were,
 * -1 when it does not answer. */
int gateway_cut(const struct vm *vm);
/* What it says confines it, words with commas between them, the caller's; NULL
 * when it does not say.  Only this tells of Landlock: the system does not. */
char *gateway_confined(const struct vm *vm);

#endif
