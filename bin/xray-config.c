/* SPDX-License-Identifier: ISC */
/* xray-config: the keys of config.ini and vm.ini. */
#include "say.h"

#include <getopt.h>
#include <stdlib.h>
#include <string.h>

#include "each.h"
#include "edit.h"
#include "forward.h"
#include "keys.h"
#include "opt.h"
#include "snap.h"

enum { OPT_ORIGIN = OPT_OWN };

static const struct opt no_opts[] = {
	{ 0 },
};
static const struct opt lock_opts[] = {
	{ OPT_LOCK_WAIT, "lock-wait", "S", "wait for the VM's lock" },
	{ 0 },
};
static const struct opt show_opts[] = {
	{ OPT_ORIGIN, "origin", NULL, "and where each value comes from" },
	{ 0 },
};
static const struct usage show_use = { "xray-config show", "[VM]", show_opts,
	0 };
static const struct usage get_use = { "xray-config get", "[VM] KEY", no_opts,
	0 };
static const struct usage set_use = { "xray-config set", "[VM] KEY VALUE",
	lock_opts, 0 };
static const struct usage unset_use = { "xray-config unset", "[VM] KEY",
	lock_opts, 0 };
static const struct usage path_use = { "xray-config path", "[VM]", no_opts, 0 };
static const struct usage edit_use = { "xray-config edit", "[VM]", lock_opts,
	0 };

/* What a verb was called with. */
static struct {
	struct each e;
	struct vm vm;
	int has_vm;
	const char *key, *value;
	int origin;
} in = { .e = EACH_INIT };

/* Options, and the VM when there are more than n operands. */
static void
parse(int argc, char **argv, const struct usage *use, int n)
{
	int c, edits = use == &edit_use; /* also what nobody can read */
	struct why why;

	while ((c = opt_next(argc, argv, use)) != -1)
		if (c == OPT_ORIGIN)
			in.origin = 1;
		else
			in.e.lock_ms = opt_ms(use, "--lock-wait", optarg);
	in.has_vm = argc - optind == n + 1;
	if (argc - optind != n && !in.has_vm)
		die_usage(use, "%s",
		    n == 0     ? "a VM, or nothing" :
			n == 1 ? "a key" :
				 "a key and a value");
	if (n > 0)
		in.key = argv[argc - n];
	if (n > 1)
		in.value = argv[argc - 1];
	if (!in.has_vm) {
		if ((edits ? home_open_any : home_open)(&in.e.home, &why) < 0)
			die_why(&why);
		return;
	}
	in.e.all = edits ? SEL_BROKEN : SEL_NONE;
	if (each_open(&in.e, optind + 1, argv, optind, &why) < 0 ||
	    sel_open(&in.e.home, in.e.all, in.e.names.v[0], &in.vm, &why) < 0)
		die_selection(use, &why);
}

static const struct vm *
its_vm(void)
{
	return in.has_vm ? &in.vm : NULL;
}

/* plugin.NAME.KEY is KEY in [plugin.NAME]: 1, section the caller's. */
static int
plugin(const char *name, char **section, const char **key)
{
	const char *dot = strrchr(name, '.');

	*section = NULL;
	if (!str_starts(name, "plugin.") || dot < name + strlen("plugin.") + 1)
		return 0;
	*section = xstrndup(name, (size_t)(dot - name));
	*key = dot + 1;
	return 1;
}

/* ---- show, get, path ---- */

static void
show_key(const struct key *k)
{
	int where = in.has_vm ? KEY_VM | KEY_CONFIG : KEY_CONFIG;
	char *v, *origin;

	if (!(k->where & where) ||
	    (in.has_vm && (k->where & KEY_BIRTH) && !(k->where & KEY_VM)))
		return;
	for (size_t i = 0; (v = key_value(&in.e.home, its_vm(), k, i, &origin));
	     i++) {
		if (in.origin)
			say("%s=%s\t%s\n", k->name, v, origin);
		else
			say("%s=%s\n", k->name, v);
		free(v);
		free(origin);
	}
}

/* What is in a file and no key of ours; what a plug-in has in config.ini counts
 * for a VM that does not say. */
static int
show_other(const char *section, const char *key, const char *value, int line,
    void *arg)
{
	const char *file = arg;
	int below = in.has_vm && strcmp(file, "config.ini") == 0;
	struct why why;

	if (!*section && (below || key_find(key, &why)))
		return 0;
	if (below &&
	    (!str_starts(section, "plugin.") ||
		conf_get(in.vm.conf, section, key)))
		return 0;
	if (!*section)
		warn("%s:%d: %s", file, line, why.text);
	say("%s%s%s=%s", section, *section ? "." : "", key, value);
	if (in.origin)
		say("\t%s:%d", file, line);
	say("\n");
	return 0;
}

static int
show(int argc, char **argv)
{
	char config[] = "config.ini";

	parse(argc, argv, &show_use, 0);
	for (size_t i = 0; i < nkeys; i++)
		show_key(&keys[i]);
	if (in.has_vm) {
		autofree char *file = xasprintf("vms/%s/vm.ini", in.vm.name);

		(void)conf_each(in.vm.conf, show_other, file);
	}
	(void)conf_each(in.e.home.conf, show_other, config);
	return say_done();
}

static int
get(int argc, char **argv)
{
	autofree char *section = NULL;
	const struct key *k;
	const char *key, *value;
	char *v, *origin;
	struct why why;
	size_t n = 0;

	parse(argc, argv, &get_use, 1);
	if (plugin(in.key, &section, &key)) {
		value = in.has_vm ? conf_get(in.vm.conf, section, key) : NULL;
		if (!value)
			value = conf_get(in.e.home.conf, section, key);
		if (value)
			say("%s\n", value);
		(void)say_done();
		return value ? 0 : EX_NO;
	}
	k = key_find(in.key, &why);
	if (!k)
		die_why(&why);
	for (; (v = key_value(&in.e.home, its_vm(), k, n, &origin)); n++) {
		say("%s\n", v);
		free(v);
		free(origin);
	}
	(void)say_done();
	return n ? 0 : EX_NO;
}

static int
path(int argc, char **argv)
{
	parse(argc, argv, &path_use, 0);
	if (in.has_vm)
		say("%s/vms/%s/vm.ini\n", in.e.home.path, in.vm.name);
	else
		say("%s/config.ini\n", in.e.home.path);
	return say_done();
}

/* ---- set, unset ---- */

/* The live snapshots that the VM as it is can load. */
static void
loadable(const struct vm *vm, struct strv *tags)
{
	const char *accel = strcmp(vm->accel, "auto") == 0 ? NULL : vm->accel;
	struct snaps s;

	if (snaps_read(vm, &s, NULL) < 0)
		return;
	for (size_t i = 0; i < s.n; i++)
		if (s.v[i].live && snap_loads(vm, s.v[i].tag, accel, NULL) == 0)
			strv_add(tags, s.v[i].tag);
	snaps_free(&s);
}

static void
tell_lost(
    const struct vm *vm, const struct strv *before, const struct strv *after)
{
	autobuf struct buf b = { 0 };
	size_t n = 0;

	for (size_t i = 0; i < before->n; i++)
		if (!strv_has(after, before->v[i]))
			buf_fmt(&b, "%s%s", n++ ? ", " : "", before->v[i]);
	if (n)
		note("%s: with this %s not load: %s; set it back to use %s",
		    vm->name, n > 1 ? "snapshots do" : "a snapshot does", b.p,
		    n > 1 ? "them" : "it");
}

/* The VM is locked.  0, 1 when it was so, -1. */
static int
change_vm(struct vm *vm, const struct key *k, struct why *why)
{
	autostrv struct strv before = { 0 }, after = { 0 };
	const char *now = conf_get(vm->conf, NULL, k->name);

	if (in.value ? now && strcmp(now, in.value) == 0 : !now)
		return 1;
	loadable(vm, &before);
	if (conf_set(vm->conf, k->name, in.value, why) < 0 ||
	    vm_save(vm, why) < 0)
		return -1;
	loadable(vm, &after);
	tell_lost(vm, &before, &after);
	if (vm_alive(vm) && !(k->where & KEY_NOW))
		note("%s: runs; this counts from its next start", vm->name);
	return 0;
}

/* The same for a plug-in's key; what it is for, only the plug-in knows. */
static int
change_plugin(
    struct vm *vm, const char *section, const char *key, struct why *why)
{
	const char *now = conf_get(vm->conf, section, key);

	if (in.value ? now && strcmp(now, in.value) == 0 : !now)
		return 1;
	if (conf_set_in(vm->conf, section, key, in.value, why) < 0)
		return -1;
	return vm_save(vm, why);
}

static int
change_key(struct each *e, struct vm *vm, struct why *why)
{
	const struct key *k = key_find(in.key, why);
	long long port;

	if (!k)
		return -1;
	if (!(k->where & KEY_VM))
		return why_set(why, EX_USAGE,
		    "%s: not a key of one VM; xray config set %s VALUE%s",
		    in.key, in.key,
		    strcmp(in.key, "disk") == 0 ? ", or xray resize" : "");
	if (in.value && strcmp(k->name, "ssh_port") == 0) {
		if (key_check(k, in.value, why) < 0 ||
		    num_int(in.value, 1, 65535, &port) < 0)
			return -1;
		return forward_ssh(&e->home, vm, (int)port, why);
	}
	if (k->where & (KEY_FACT | KEY_OWN))
		return why_set(why, EX_NOPERM, "%s: %s stays: %s", vm->name,
		    k->name, k->how);
	if (in.value && key_check(k, in.value, why) < 0)
		return -1;
	return change_vm(vm, k, why);
}

/* Set or unset in vm.ini. */
static int
change_one(struct each *e, struct vm *vm, struct why *why)
{
	autofree char *section = NULL;
	const char *key;
	int r = plugin(in.key, &section, &key) ?
	    change_plugin(vm, section, key, why) :
	    change_key(e, vm, why);

	if (r > 0)
		note(in.value ? "%s: %s: so already" : "%s: %s: was not set",
		    vm->name, in.key);
	return r < 0 ? -1 : 0;
}

/* The base may be imported later: told, not refused. */
static void
tell_base(void)
{
	struct base base;
	struct why why;

	if (base_open(&in.e.home, in.value, &base, &why) < 0)
		warn_why(&why);
	else
		base_close(&base);
}

/* Set or unset in config.ini. */
static void
change_config(void)
{
	autofree char *section = NULL;
	const char *key = in.key;
	const struct key *k = NULL;
	struct why why;
	int r;

	if (!plugin(in.key, &section, &key)) {
		k = key_find(in.key, &why);
		if (!k)
			die_why(&why);
		if (!(k->where & KEY_CONFIG))
			die(EX_USAGE,
			    "%s: a key of one VM; xray config set VM %s VALUE",
			    in.key, in.key);
		if (in.value && key_check(k, in.value, &why) < 0)
			die_why(&why);
	}
	r = edit_config(
	    &in.e.home, section ? section : "", key, in.value, &why);
	if (r < 0)
		die_why(&why);
	if (r > 0)
		note(in.value ? "%s: so already" : "%s: was not set", in.key);
	else if (k && in.value && strcmp(k->name, "base") == 0)
		tell_base();
}

static int
change(void)
{
	const struct key *k = key_find(in.key, NULL);
	autofree char *text = k && in.value ? key_text(k, in.value) : NULL;
	int code = 0;

	if (text)
		in.value = text;
	if (!in.has_vm)
		change_config();
	else
		code = each_locked(&in.e, change_one, warn_why);
	if (!code && in.value)
		say_result("Set %s = %s\n", in.key, in.value);
	else if (!code)
		say_result("Unset %s\n", in.key);
	(void)say_done();
	return code;
}

static int
set(int argc, char **argv)
{
	parse(argc, argv, &set_use, 2);
	return change();
}

static int
unset(int argc, char **argv)
{
	parse(argc, argv, &unset_use, 1);
	return change();
}

/* ---- edit ---- */

static int
edit(int argc, char **argv)
{
	struct why why;
	int r;

	parse(argc, argv, &edit_use, 0);
	r = edit_file(&in.e.home, in.has_vm ? &in.vm : NULL, in.e.lock_ms,
	    warn_why, &why);
	if (r < 0)
		die_why(&why);
	if (r > 0)
		note("nothing changed");
	else if (in.has_vm && vm_alive(&in.vm))
		note("%s: runs; this counts from its next start", in.vm.name);
	return say_done();
}

static const struct verb verbs[] = {
	{ &show_use, show, "all keys and their values" },
	{ &get_use, get, "the value of one" },
	{ &set_use, set, "set one" },
	{ &unset_use, unset, "take one out, so that the default counts" },
	{ &path_use, path, "where the file is" },
	{ &edit_use, edit, "change the file in $VISUAL or $EDITOR" },
};

int
main(int argc, char **argv)
{
	return opt_verb(argc, argv, verbs, LEN(verbs));
}
