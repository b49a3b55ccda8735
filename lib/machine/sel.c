/* SPDX-License-Identifier: ISC */
#include "sel.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "io.h"
#include "say.h"

static int
from_stdin(struct strv *names, struct why *why)
{
	autobuf struct buf b = { 0 };

	if (io_read(0, &b, 1 << 20) < 0)
		return why_sys(why, EX_IOERR, "standard input");
	for (char *s = b.p; *s;) {
		size_t n = strcspn(s, "\n");
		char end = s[n];

		s[n] = '\0';
		if (*s)
			strv_add(names, s);
		s += n + (end != '\0');
	}
	return 0;
}

static int
all_of(struct home *h, enum sel_all all, struct strv *names, struct why *why)
{
	autostrv struct strv list = { 0 };

	if (name_list(h->vms, &list, why) < 0)
		return -1;
	for (size_t i = 0; i < list.n; i++) {
		struct why broken;
		struct vm vm;

		if (vm_open(h, list.v[i], &vm, &broken) < 0)
			continue;
		if (all == SEL_ALL || (all == SEL_RUNNING) == vm_alive(&vm))
			strv_add(names, list.v[i]);
		vm_close(&vm);
	}
	return 0;
}

int
sel_open(struct home *h, enum sel_all all, const char *name, struct vm *vm,
    struct why *why)
{
	int port = name[strspn(name, "0123456789")] == '\0';

	if (all == SEL_BROKEN && !port)
		return vm_open_any(h, name, vm, why);
	return vm_open(h, name, vm, why);
}

/* Each once, where it stood first. */
static void
drop_again(struct strv *names)
{
	size_t n = 0;

	for (size_t i = 0; i < names->n; i++) {
		size_t k = 0;

		while (k < n && strcmp(names->v[k], names->v[i]) != 0)
			k++;
		if (k < n)
			free(names->v[i]);
		else
			names->v[n++] = names->v[i];
	}
	if (n < names->n)
		names->v[names->n = n] = NULL;
}

int
sel_names(struct home *h, int argc, char **argv, int from, enum sel_all all,
    struct strv *names, struct why *why)
{
	if (all == SEL_BROKEN)
		all = from < argc ? SEL_BROKEN : SEL_NONE;
	else if (all != SEL_NONE && from < argc)
		return why_set(why, EX_USAGE, "-a and names: one of them");
	if (all != SEL_NONE && all != SEL_BROKEN)
		return all_of(h, all, names, why);
	if (from == argc)
		return why_set(why, EX_USAGE, "no VM named");
	for (int i = from; i < argc; i++)
		if (strcmp(argv[i], "-") != 0)
			strv_add(names, argv[i]);
		else if (from_stdin(names, why) < 0)
			return -1;
	for (size_t i = 0; i < names->n; i++) {
		struct vm vm;

		if (sel_open(h, all, names->v[i], &vm, why) < 0)
			return -1;
		free(names->v[i]); /* a port is a VM's name too */
		names->v[i] = xstrdup(vm.name);
		vm_close(&vm);
	}
	drop_again(names);
	return 0;
}
