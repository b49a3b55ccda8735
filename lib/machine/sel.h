/* SPDX-License-Identifier: ISC */
/* sel: the VMs a command line names: (-a | - | VM ...). */
#ifndef XRAY_SEL_H
#define XRAY_SEL_H

#include "vm.h"

/* What -a stands for, SEL_NONE when it was not given; SEL_BROKEN: it was not,
 * and VMs whose vm.ini is broken count too. */
enum sel_all { SEL_NONE, SEL_BROKEN, SEL_ALL, SEL_RUNNING, SEL_STOPPED };

/*
 * Fill names from the operands argv[from...], from standard input for "-"
 * (one a line), or with -a from the home.  Each stands there once, by its
 * name.  All are checked: -1 with why for
 * the first that is no VM (EX_NOINPUT), and for a command line that names
 * nothing, or both (EX_USAGE).  With -a, what is broken is left out.
 */
int sel_names(struct home *h, int argc, char **argv, int from, enum sel_all all,
    struct strv *names, struct why *why);

/* Open one of them; with SEL_BROKEN one whose vm.ini is broken, too. */
int sel_open(struct home *h, enum sel_all all, const char *name, struct vm *vm,
    struct why *why);

#endif
