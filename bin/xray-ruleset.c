/* SPDX-License-Identifier: ISC */
/* xray-ruleset: the rules of a VM as a whole; run by xray-fw. */
#include "say.h"

#include <errno.h>
#include <fcntl.h>
#include <getopt.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "each.h"
#include "edit.h"
#include "firewall.h"
#include "io.h"
#include "opt.h"
#include "own.h"
#include "rules.h"

enum { OPT_SESSION = OPT_OWN, OPT_EXPIRED };

#define LOCK_OPT                                                          \
	{                                                                 \
		OPT_LOCK_WAIT, "lock-wait", "S", "wait for the VM's lock" \
	}
static const struct opt clear_opts[] = {
	{ 'y', "yes", NULL, "do not ask" },
	{ OPT_SESSION, "session", NULL, "those that end with the session" },
	{ OPT_EXPIRED, "expired", NULL, "those whose time is over" },
	LOCK_OPT,
	{ 0 },
};
static const struct opt lock_opts[] = {
	LOCK_OPT,
	{ 0 },
};
static const struct usage clear_use = { "xray-fw clear", "VM", clear_opts, 0 };
static const struct usage edit_use = { "xray-fw edit", "VM", lock_opts, 0 };
static const struct usage mode_use = { "xray-fw mode",
	"VM [ask|deny|allow|learn]", lock_opts, 0 };
static const struct usage defaults_use = { "xray-fw defaults", "VM [on|off]",
	lock_opts, 0 };
static const struct usage learn_use = { "xray-fw learn", "VM [on|off]",
	lock_opts, 0 };
/* What a verb was called with. */
static struct {
	struct each e;
	const struct usage *use;
	int yes, session, expired;
} in = { .e = EACH_INIT };

static void
option(int c)
{
	switch (c) {
	case 'y':
		in.yes = 1;
		break;
	case OPT_SESSION:
		in.session = 1;
		break;
	case OPT_EXPIRED:
		in.expired = 1;
		break;
	case OPT_LOCK_WAIT:
		in.e.lock_ms = opt_ms(in.use, "--lock-wait", optarg);
		break;
	}
}

/* Options, and the VM. */
static void
begin(int argc, char **argv, const struct usage *use)
{
	int c;

	in.use = use;
	while ((c = opt_next(argc, argv, use)) != -1)
		option(c);
	if (argc - optind != 1 || strcmp(argv[optind], "-") == 0)
		die_usage(use, "one VM");
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
finish(each_act *act)
{
	int code = each_locked(&in.e, act, warn_why);

	(void)say_done();
	return code;
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

static int
change(struct vm *vm, own_act *act, struct why *why)
{
	struct own o = { 0 };
	int r = own_change(&o, vm->dir, vm->name, act, vm, why);

	own_free(&o);
	return r < 0 ? -1 : reload(vm, why);
}

/* ---- clear ---- */

static int
clear_both(struct own *o, void *vm, struct why *why)
{
	(void)vm, (void)why;
	for (int k = 0; k < OWN_FILES; k++)
		if (k == OWN_SESSION || !in.session)
			(void)rulefile_remove_if(
			    &o->f[k], in.expired ? rule_over : NULL, o->now);
	return 0;
}

static int
clear_rules(struct each *e, struct vm *vm, struct why *why)
{
	(void)e;
	if (change(vm, clear_both, why) < 0)
		return -1;
	say_result("%s firewall rules cleared for '%s'\n",
	    in.expired	   ? "Expired" :
		in.session ? "All session" :
			     "All",
	    vm->name);
	return 0;
}

static int
clear(int argc, char **argv)
{
	begin(argc, argv, &clear_use);
	if (in.session && in.expired)
		die_usage(&clear_use, "--session or --expired");
	open_vm(argv, NULL);
	/* what is over does nothing, and is nothing to ask about */
	if (!confirm(in.yes || in.expired, "Clear all %sfirewall rules?",
		in.session ? "session " : ""))
		return EX_NO;
	return finish(clear_rules);
}

/* ---- edit ---- */

static struct firewall edited;

static int
check_text(const char *name, const char *text, size_t n, struct why *why)
{
	struct rulefile f;
	struct why w;
	int r = 0;

	if (rulefile_read(&f, name, text, n, why) < 0)
		return -1;
	for (size_t i = 0; r == 0 && i < f.n; i++)
		if (f.v[i].is_rule &&
		    own_check_list(
			&f.v[i].rule, edited.lists, FIREWALL_LISTS, &w) < 0)
			r = why_set(
			    why, w.code, "%s:%zu: %s", name, i + 1, w.text);
	rulefile_free(&f);
	return r;
}

static int
edit(int argc, char **argv)
{
	struct vm vm;
	struct why why;
	int r;

	begin(argc, argv, &edit_use);
	open_vm(argv, &vm);
	if (firewall_open(&in.e.home, &vm, &edited, &why) < 0)
		die_why(&why);
	r = edit_rules(&in.e.home, &vm, in.e.lock_ms, check_text, &why);
	if (r < 0 || (r == 0 && reload(&vm, &why) < 0))
		die_why(&why);
	if (r > 0)
		note("nothing changed");
	return say_done();
}

/* ---- mode ---- */

#define LEARN "learn"
#define BEFORE "mode_before" /* what the mode was before learning */

static const char *const on_off[] = { "on", "off", NULL };

static struct {
	const char *key, *value, *line;
} set;

/* The gateway goes by it when this returns. */
static int
save(struct vm *vm, struct why *why)
{
	struct why w;
	int r;

	if (vm_save(vm, why) < 0)
		return -1;
	r = firewall_tell(vm, set.line, &w);
	if (r > 0)
		note("%s: its gateway is older than this; %s counts from its "
		     "next start",
		    vm->name, set.key);
	if (r < 0)
		return why_set(why, w.code,
		    "%s; %s is kept, and not yet in force", w.text, set.key);
	return 0;
}

static int
set_key(struct each *e, struct vm *vm, struct why *why)
{
	(void)e;
	if (conf_set(vm->conf, set.key, set.value, why) < 0)
		return -1;
	return save(vm, why);
}

/* The word behind the VM, which is set; NULL: none, vm and f are open. */
static const char *
key_word(int argc, char **argv, const struct usage *use,
    const char *const *words, struct firewall *f)
{
	struct vm vm;
	struct why why;

	in.use = use;
	while (opt_next(argc, argv, use) != -1)
		option(OPT_LOCK_WAIT);
	if (argc - optind < 1 || argc - optind > 2 ||
	    strcmp(argv[optind], "-") == 0)
		die_usage(use, "one VM, and what it shall be");
	if (argc - optind == 2)
		set.value =
		    opt_word(use, argv[optind], argv[optind + 1], words);
	open_vm(argv, &vm);
	if (!set.value && firewall_open(&in.e.home, &vm, f, &why) < 0)
		die_why(&why);
	return set.value;
}

/* A mode that is set forgets what it was before learning. */
static int
set_mode(struct each *e, struct vm *vm, struct why *why)
{
	(void)conf_set(vm->conf, BEFORE, NULL, NULL); /* cannot fail */
	return set_key(e, vm, why);
}

static int
mode(int argc, char **argv)
{
	struct firewall f;

	set.key = "mode";
	if (!key_word(argc, argv, &mode_use, firewall_modes, &f)) {
		say("%s\n", f.mode);
		return say_done();
	}
	set.line = xasprintf("mode %s", set.value);
	return finish(set_mode);
}

/* ---- learn ---- */

/* What the mode is when learning is over; NULL: what config.ini says. */
static const char *
mode_after(const struct vm *vm)
{
	const char *own = conf_get(vm->conf, NULL, BEFORE);
	const char *all = conf_get(in.e.home.conf, NULL, "mode");

	return own || !all || strcmp(all, LEARN) != 0 ? own : "ask";
}

static int
begin_learning(struct vm *vm, struct why *why)
{
	const char *own = conf_get(vm->conf, NULL, "mode");
	autofree char *before = own ? xstrdup(own) : NULL;

	if (conf_set(vm->conf, BEFORE, before, why) < 0 ||
	    conf_set(vm->conf, "mode", LEARN, why) < 0 || save(vm, why) < 0)
		return -1;
	note("%s: what no rule names is allowed, and logged; then "
	     "xray fw learn %s off, xray fw suggest %s",
	    vm->name, vm->name, vm->name);
	return 0;
}

static int
end_learning(struct vm *vm, struct why *why)
{
	const char *now = mode_after(vm);
	autofree char *own = now ? xstrdup(now) : NULL;
	const char *all = conf_get(in.e.home.conf, NULL, "mode");

	if (conf_set(vm->conf, "mode", own, why) < 0 ||
	    conf_set(vm->conf, BEFORE, NULL, why) < 0)
		return -1;
	set.line = xasprintf("mode %s", own ? own : all ? all : "ask");
	return save(vm, why);
}

static int
set_learning(struct each *e, struct vm *vm, struct why *why)
{
	int on = strcmp(set.value, "on") == 0, is;
	struct firewall f;

	if (firewall_open(&e->home, vm, &f, why) < 0)
		return -1;
	is = strcmp(f.mode, LEARN) == 0;
	firewall_close(&f);
	if (is == on) {
		note("%s: %s", vm->name,
		    on ? "learns already" : "does not learn");
		return 0;
	}
	set.key = "mode";
	return on ? begin_learning(vm, why) : end_learning(vm, why);
}

static int
learn(int argc, char **argv)
{
	struct firewall f;

	if (!key_word(argc, argv, &learn_use, on_off, &f)) {
		say("%s\n", strcmp(f.mode, LEARN) == 0 ? "on" : "off");
		return say_done();
	}
	set.line = "mode " LEARN;
	return finish(set_learning);
}

/* ---- defaults ---- */

static int
defaults(int argc, char **argv)
{
	struct firewall f;

	set.key = "defaults";
	if (!key_word(argc, argv, &defaults_use, on_off, &f)) {
		say("%s\n", f.defaults_on ? "on" : "off");
		return say_done();
	}
	set.line = xasprintf("defaults %s", set.value);
	set.value = strcmp(set.value, "on") == 0 ? "yes" : "no";
	return finish(set_key);
}

static const struct verb verbs[] = {
	{ &clear_use, clear, "take all rules out" },
	{ &edit_use, edit, "change the rules in $VISUAL or $EDITOR" },
	{ &mode_use, mode, "what becomes of what no rule names" },
	{ &learn_use, learn, "let it pass, and take note" },
	{ &defaults_use, defaults, "do the default domains count?" },
};

int
main(int argc, char **argv)
{
	return opt_verb(argc, argv, verbs, LEN(verbs));
}
