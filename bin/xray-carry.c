/* SPDX-License-Identifier: ISC */
/* xray-carry: rules from elsewhere and for it; run by xray-fw. */
#include "say.h"

#include <errno.h>
#include <fcntl.h>
#include <getopt.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "carry.h"
#include "each.h"
#include "firewall.h"
#include "io.h"
#include "opt.h"
#include "own.h"
#include "rules.h"
#include "show.h"

enum { OPT_FORMAT = OPT_OWN, OPT_LIST };

#define FORMAT_OPT                                       \
	{                                                \
		OPT_FORMAT, "format", "F",               \
		    "xray, opensnitch or lsrules (xray)" \
	}

static const struct opt no_opts[] = {
	{ 0 },
};
static const struct opt import_opts[] = {
	FORMAT_OPT,
	{ OPT_LIST, "list", "NAME", "domains, into the list @NAME" },
	{ OPT_LOCK_WAIT, "lock-wait", "S", "wait for the VM's lock" },
	{ 0 },
};
static const struct opt export_opts[] = {
	FORMAT_OPT,
	{ 0 },
};
static const struct usage import_use = { "xray-fw import", "VM FILE|-",
	import_opts, 0 };
static const struct usage export_use = { "xray-fw export", "VM", export_opts,
	0 };
static const struct usage presets_use = { "xray-fw presets", "[NAME]", no_opts,
	0 };

/* What a verb was called with. */
static struct {
	struct each e;
	const struct usage *use;
	int format; /* enum carry_form, -1: our own */
	const char *list, *file;
	struct rulein rules; /* to be added */
} in = { .e = EACH_INIT, .format = -1 };

static void
option(int c)
{
	switch (c) {
	case OPT_FORMAT:
		in.format = carry_form(optarg);
		if (in.format < 0 && strcmp(optarg, "xray") != 0)
			die_usage(in.use,
			    "--format: %s: xray, opensnitch or lsrules",
			    optarg);
		break;
	case OPT_LIST:
		in.list = optarg;
		break;
	case OPT_LOCK_WAIT:
		in.e.lock_ms = opt_ms(in.use, "--lock-wait", optarg);
		break;
	}
}

/* Options, and n operands, of which the first is the VM. */
static void
begin(int argc, char **argv, const struct usage *use, int n)
{
	int c;

	in.use = use;
	while ((c = opt_next(argc, argv, use)) != -1)
		option(c);
	if (argc - optind != n || strcmp(argv[optind], "-") == 0)
		die_usage(use, n == 1 ? "one VM" : "a VM and a file");
	if (n == 2)
		in.file = argv[optind + 1];
}

static void
open_vm(char **argv, struct vm *vm)
{
	struct why why;

	if (each_open(&in.e, optind + 1, argv, optind, &why) < 0)
		die_selection(in.use, &why);
	if (vm && vm_open(&in.e.home, in.e.names.v[0], vm, &why) < 0)
		die_why(&why);
}

static int
reload(const struct vm *vm, struct why *why)
{
	autofree char *hint = NULL;

	if (firewall_reload(vm, &hint, why) < 0)
		return -1;
	if (hint)
		note("%s", hint);
	return 0;
}

/* ---- import ---- */

/* All that is in the file, or on standard input. */
static void
read_input(struct buf *b)
{
	int is_stdin = strcmp(in.file, "-") == 0;
	int r = is_stdin ? io_read(0, b, RULES_TEXT_MAX) :
			   io_read_file(AT_FDCWD, in.file, b, RULES_TEXT_MAX);

	if (r < 0)
		die_sys(errno == ENOENT ? EX_NOINPUT : EX_IOERR, "%s",
		    is_stdin ? "standard input" : in.file);
	buf_str(b, "");
}

/* Whether the text can be a list, before it is one; how many it has. */
static size_t
check_list(const struct buf *text)
{
	autofree char *rule = xasprintf("deny * @%s *\n", in.list);
	struct rules *t = rules_new();
	struct why why;
	size_t n;

	if (rules_add(t, "--list", RULES_LINES, rule, strlen(rule), &why) < 0)
		die_usage(
		    &import_use, "--list: %s: no name of a list", in.list);
	if (rules_add_list(t, in.list, in.file, text->p, text->n, &why) < 0)
		die_why(&why);
	n = rules_list_size(t, in.list);
	rules_free(t);
	return n;
}

/* A list is the home's, and for every VM with a rule about it. */
static int
import_list(char **argv)
{
	autobuf struct buf text = { 0 };
	autoclose int dir = -1;
	struct vm vm;
	struct why why;
	size_t n;
	int lock;

	read_input(&text);
	n = check_list(&text);
	open_vm(argv, &vm);
	if ((lock = home_lock(&in.e.home, &why)) < 0)
		die_why(&why);
	dir = io_mkdir(in.e.home.fd, "lists");
	if (dir < 0 || io_replace(dir, in.list, 0600, text.p, text.n) < 0)
		die_sys(EX_IOERR, "%s/lists/%s", in.e.home.path, in.list);
	close(lock);
	if (reload(&vm, &why) < 0)
		die_why(&why);
	say_result("Imported list: %s\n", in.list);
	note("@%s: %zu %s; in force where a rule names it: xray fw deny %s @%s",
	    in.list, n, n == 1 ? "destination" : "destinations", vm.name,
	    in.list);
	return say_done();
}

static void
left_out(const char *what, const char *why)
{
	warn("%s: left out: %s", what, why);
}

static int
add_both(struct own *o, void *arg, struct why *why)
{
	struct vm *vm = arg;
	struct firewall f;
	int r;

	if (firewall_open(&in.e.home, vm, &f, why) < 0)
		return -1;
	r = own_check_lists(&in.rules, f.lists, FIREWALL_LISTS, why);
	firewall_close(&f);
	return r < 0 ? -1 : own_add(o, &in.rules, 1, RULEFILE_FIT, why);
}

static int
add_rules(struct each *e, struct vm *vm, struct why *why)
{
	struct own o = { 0 };
	int r = own_change(&o, vm->dir, vm->name, add_both, vm, why);

	(void)e;
	own_free(&o);
	if (r < 0 || reload(vm, why) < 0)
		return -1;
	for (int k = 0; k < RULEIN_KINDS; k++)
		for (size_t i = 0; i < in.rules.of[k].n; i++) {
			const struct rule *one = &in.rules.of[k].v[i];
			autofree char *dest = show_dest(one);

			say_result("Rule added: %s -> %s\n", dest,
			    show_verdict(one->verdict));
		}
	return 0;
}

static int
import(int argc, char **argv)
{
	autobuf struct buf text = { 0 }, lines = { 0 };
	struct why why;
	int code;

	begin(argc, argv, &import_use, 2);
	if (in.list && in.format >= 0)
		die_usage(&import_use, "--list or --format");
	if (in.list)
		return import_list(argv);
	read_input(&text);
	if (in.format >= 0) {
		if (carry_in((enum carry_form)in.format, text.p, text.n, &lines,
			left_out, &why) < 0)
			die(why.code, "%s: %s", in.file, why.text);
		buf_str(&lines, "");
	}
	if (rulein_read(&in.rules, in.file, in.format >= 0 ? lines.p : text.p,
		in.format >= 0 ? lines.n : text.n, &why) < 0)
		die_why(&why);
	open_vm(argv, NULL);
	code = each_locked(&in.e, add_rules, warn_why);
	(void)say_done();
	return code;
}

/* ---- export ---- */

static int export(int argc, char **argv)
{
	autobuf struct buf text = { 0 }, out = { 0 };
	const struct rule **v;
	struct rulefile f;
	struct vm vm;
	struct why why;
	size_t n = 0;

	begin(argc, argv, &export_use, 1);
	open_vm(argv, &vm);
	if (io_read_file(vm.dir, VM_RULES, &text, RULES_TEXT_MAX) < 0 &&
	    errno != ENOENT)
		die_sys(EX_IOERR, "%s: %s", vm.name, VM_RULES);
	buf_str(&text, "");
	if (rulefile_read(&f, VM_RULES, text.p, text.n, &why) < 0)
		die(why.code, "%s: %s", vm.name, why.text);
	if (in.format < 0) {
		rulefile_print(&f, &out);
		if (out.n && fwrite(out.p, 1, out.n, stdout) != out.n)
			die_sys(EX_IOERR, "standard output");
		return say_done();
	}
	v = xcalloc(f.n + 1, sizeof *v);
	for (size_t i = 0; i < f.n; i++)
		if (f.v[i].is_rule)
			v[n++] = &f.v[i].rule;
	carry_out((enum carry_form)in.format, vm.name, v, n, &out, left_out);
	say("%s", out.p);
	return say_done();
}

/* ---- presets ---- */

/* The lines of a preset, as strings. */
static void
read_preset(int dir, const char *name, struct strv *lines)
{
	autobuf struct buf b = { 0 };
	char *save = NULL;

	if (io_read_file(dir, name, &b, RULES_TEXT_MAX) < 0) {
		if (errno == ENOENT)
			die(EX_NOINPUT,
			    "%s: no such preset; xray fw presets lists them",
			    name);
		die_sys(EX_IOERR, "%s", name);
	}
	buf_str(&b, "");
	for (char *l = strtok_r(b.p, "\n", &save); l;
	     l = strtok_r(NULL, "\n", &save))
		strv_add(lines, l);
}

/* The length of a comment's first sentence. */
static int
sentence(const char *text)
{
	int n = 0;

	while (text[n] &&
	    !(strchr(".:;", text[n]) && (!text[n + 1] || text[n + 1] == ' ')))
		n++;
	return n;
}

static void
list_presets(int dir)
{
	autostrv struct strv names = { 0 };
	struct why why;

	if (name_list(dir, &names, &why) < 0)
		die_why(&why);
	for (size_t i = 0; i < names.n; i++) {
		autostrv struct strv lines = { 0 };
		const char *text;

		read_preset(dir, names.v[i], &lines);
		text = lines.n && str_starts(lines.v[0], "# ") ?
		    lines.v[0] + 2 :
		    "";
		say("%s\t%.*s\n", names.v[i], sentence(text), text);
	}
}

/* As the rules that it is good for. */
static void
show_preset(int dir, const char *name)
{
	autostrv struct strv lines = { 0 };
	int quiet = strcmp(name, "quiet") == 0;

	read_preset(dir, name, &lines);
	for (size_t i = 0; i < lines.n; i++) {
		autobuf struct buf b = { 0 };
		struct why why;
		struct rule r;

		if (*lines.v[i] == '#')
			continue;
		if (rule_dest(&r, quiet ? RULE_DENY : RULE_ALLOW, lines.v[i],
			&why) < 0)
			die_why(&why);
		rule_print(&r, &b);
		say("%s\n", b.p);
		rule_free(&r);
	}
}

static int
presets(int argc, char **argv)
{
	autofree char *path = NULL;
	autoclose int dir = -1;
	struct why why;

	while (opt_next(argc, argv, &presets_use) != -1)
		continue;
	if (argc - optind > 1)
		die_usage(&presets_use, "one preset, or none");
	if (!(path = firewall_presets(&why)))
		die_why(&why);
	if ((dir = io_opendir(AT_FDCWD, path)) < 0)
		die_sys(EX_UNAVAILABLE, "%s", path);
	if (optind == argc)
		list_presets(dir);
	else if (name_valid(argv[optind]))
		show_preset(dir, argv[optind]);
	else
		die(EX_NOINPUT, "%s: no such preset", argv[optind]);
	return say_done();
}

static const struct verb verbs[] = {
	{ &import_use, import, "take over rules, or a list of domains" },
	{ &export_use, export, "print the rules for another firewall" },
	{ &presets_use, presets, "the lists that are shipped" },
};

int
main(int argc, char **argv)
{
	return opt_verb(argc, argv, verbs, LEN(verbs));
}
