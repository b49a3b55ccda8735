/* SPDX-License-Identifier: ISC */
/* xray-port: the ports of the host that lead into VMs. */
#include "say.h"

#include <getopt.h>
#include <stdio.h>
#include <string.h>

#include "each.h"
#include "forward.h"
#include "opt.h"
#include "table.h"

static const struct opt lock_opts[] = {
	{ OPT_LOCK_WAIT, "lock-wait", "S", "wait for the VM's lock" },
	{ 0 },
};
static const struct usage add_use = { "xray-port add",
	"VM [ADDR:]HOST:GUEST[/udp] ...", lock_opts, 0 };
static const struct usage remove_use = { "xray-port remove",
	"VM [ADDR:]HOST:GUEST[/udp] ...", lock_opts, 0 };

/* What change_all hands to each. */
static char **ports;
static const struct usage *use;
static int code;

static void
failed(const struct why *why)
{
	warn_why(why);
	code = code ? code : why->code;
}

/* All are tried; each is there whole or not at all. */
static int
change(struct each *e, struct vm *vm, struct why *why)
{
	int adds = use == &add_use;

	for (char **p = ports; *p; p++) {
		int r = adds ? forward_add(&e->home, vm, *p, why) :
			       forward_remove(&e->home, vm, *p, why);

		if (r < 0)
			failed(why);
		else if (r > 0)
			note("%s: has %s already", vm->name, *p);
		else
			say_result("%s port forward: %s\n",
			    adds ? "Added" : "Removed", *p);
	}
	if (adds && !code && strcmp(vm->net, "none") == 0)
		note("%s: net = none; nothing leads in until that changes",
		    vm->name);
	return 0;
}

static int
change_all(int argc, char **argv)
{
	struct each e = EACH_INIT;
	struct forward f;
	struct why why;
	int got;

	while (opt_next(argc, argv, use) != -1)
		e.lock_ms = opt_ms(use, "--lock-wait", optarg);
	if (argc - optind < 2)
		die_usage(use, "a VM, and what leads where");
	ports = argv + optind + 1;
	for (char **p = ports; *p; p++)
		if (forward_parse(*p, &f, &why) < 0)
			die_why(&why);
	if (each_open(&e, optind + 1, argv, optind, &why) < 0)
		die_selection(use, &why);
	got = each_locked(&e, change, warn_why);
	(void)say_done();
	return got ? got : code;
}

static int
add(int argc, char **argv)
{
	use = &add_use;
	return change_all(argc, argv);
}

static int
remove_ports(int argc, char **argv)
{
	use = &remove_use;
	return change_all(argc, argv);
}

/* ---- list ---- */

enum { VM, ADDRESS, HOST, GUEST, PROTO, NCOLS };

static const struct col cols[] = {
	[VM] = { "vm", COL_TEXT, 1, NULL },
	[ADDRESS] = { "address", COL_TEXT, 1, NULL },
	[HOST] = { "host", COL_INT, 1, NULL },
	[GUEST] = { "guest", COL_INT, 1, NULL },
	[PROTO] = { "proto", COL_TEXT, 1, NULL },
};

static const struct opt list_opts[] = {
	OUT_OPTS,
	{ 0 },
};
static const struct usage list_use = { "xray-port list", "[VM ...]", list_opts,
	0 };
static struct table *table;

static int
rows(struct each *e, struct vm *vm, struct why *why)
{
	const char *text;
	struct forward f;

	(void)e;
	for (size_t i = 0; (text = conf_nth(vm->conf, NULL, "port", i)); i++) {
		char *cells[NCOLS] = { 0 };

		if (forward_parse(text, &f, why) < 0)
			return -1;
		cells[VM] = xstrdup(vm->name);
		cells[ADDRESS] = xstrdup(f.addr);
		cells[HOST] = num_text((uint64_t)f.host);
		cells[GUEST] = num_text((uint64_t)f.guest);
		cells[PROTO] = xstrdup(f.udp ? "udp" : "tcp");
		table_take(table, cells);
	}
	return 0;
}

static int
list(int argc, char **argv)
{
	struct each e = EACH_INIT;
	struct out out = { 0 };
	struct why why;
	int c, got;

	while ((c = opt_next(argc, argv, &list_use)) != -1)
		(void)out_opt(&out, c, optarg);
	table = table_new(&out, cols, NCOLS);
	if (optind == argc)
		e.all = SEL_ALL;
	if (each_open(&e, argc, argv, optind, &why) < 0)
		die_selection(&list_use, &why);
	got = each_vm(&e, rows, warn_why);
	table_print(table);
	(void)say_done();
	return got;
}

/* xray port VM: the one that leads to its ssh. */
static int
ssh_port(struct each *e, struct vm *vm, struct why *why)
{
	(void)e, (void)why;
	say("%lld\n", vm->ssh_port);
	return 0;
}

static const struct verb verbs[] = {
	{ &add_use, add, "let ports of the host lead into a VM" },
	{ &remove_use, remove_ports, "let them no longer" },
	{ &list_use, list, "list them" },
};

int
main(int argc, char **argv)
{
	struct each e = EACH_INIT;
	struct why why;
	int got;

	if (argc != 2 || name_check(argv[1], NULL) < 0)
		return opt_verb(argc, argv, verbs, LEN(verbs));
	say_name("xray-port");
	if (each_open(&e, argc, argv, 1, &why) < 0)
		die_why(&why);
	got = each_vm(&e, ssh_port, warn_why);
	(void)say_done();
	return got;
}
