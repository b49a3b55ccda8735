/* SPDX-License-Identifier: ISC */
/* xray-rule: change the rules of a VM; run by xray-fw. */
#include "say.h"

#include <fcntl.h>
#include <getopt.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "each.h"
#include "firewall.h"
#include "io.h"
#include "opt.h"
#include "own.h"
#include "rules.h"
#include "show.h"

enum { OPT_FOR = OPT_OWN, OPT_TO, OPT_NOTE, OPT_FIRST, OPT_LINE };
/* s that an answer for once counts; a person's no is asked about again later */
enum { ONCE_ALLOW = 30, ONCE_DENY = 60 };

#define ADD_OPTS                                                           \
	{ OPT_FOR, "for", "LIFE", "once, session, always, or 15m" },       \
	    { OPT_TO, "to", "CIDR", "where its name may lead besides" },   \
	    { OPT_NOTE, "note", "TEXT", "a remark" },                      \
	    { OPT_FIRST, "first", NULL, "before all others" },             \
	    { OPT_LINE, "line", "N", "as line N of the file" },            \
	    { OPT_LOCK_WAIT, "lock-wait", "S", "wait for the VM's lock" }, \
	{                                                                  \
		0                                                          \
	}

static const struct opt add_opts[] = { ADD_OPTS };
static const struct opt remove_opts[] = {
	{ OPT_LINE, "line", "[FILE:]N", "the rule on that line" },
	{ OPT_LOCK_WAIT, "lock-wait", "S", "wait for the VM's lock" },
	{ 0 },
};
static const struct usage add_use = { "xray-fw add",
	"(VM DEST ... allow|deny|ask | VM -)", add_opts, 0 };
static const struct usage allow_use = { "xray-fw allow", "VM DEST ...",
	add_opts, 0 };
static const struct usage deny_use = { "xray-fw deny", "VM DEST ...", add_opts,
	0 };
static const struct usage remove_use = { "xray-fw remove",
	"(VM DEST ... | --line [FILE:]N VM)", remove_opts, 0 };
/* What a verb was called with. */
static struct {
	struct each e;
	const struct usage *use;
	const char *life, *note, *line;
	long at; /* as rulefile_add has it */
	struct cidr to[RULE_TO];
	size_t nto;
	char **dests;
	size_t ndests; /* of the command line */
	struct rulein rules; /* to be added */
	struct strv removed;
} in = { .e = EACH_INIT };

/* ---- add ---- */

static void
tell_added(const struct rule *r)
{
	autofree char *dest = show_dest(r);

	say_result("Rule added: %s -> %s", dest, show_verdict(r->verdict));
	if (in.life && strcmp(in.life, "always") != 0)
		say_result(" (%s)", in.life);
	say_result("\n");
}

/* Where a person put it, another may count before. */
static void
tell_dead(const struct rulefile *f, const struct rule *r, long long now)
{
	const struct rule *s = in.at ? rulefile_shadow(f, r, 0, now) : NULL;
	autofree char *dest = show_dest(r);
	autobuf struct buf b = { 0 };

	if (!s)
		return;
	rule_print(s, &b);
	note("%s: perhaps without effect behind: %s", dest, b.p);
}

static void
tell_all(const struct own *o)
{
	static const int file[] = {
		[RULEIN_KEPT] = OWN_KEPT, [RULEIN_SESSION] = OWN_SESSION
	};

	for (int k = 0; k < RULEIN_KINDS; k++)
		for (size_t i = 0; i < in.rules.of[k].n; i++) {
			tell_added(&in.rules.of[k].v[i]);
			tell_dead(&o->f[file[k]], &in.rules.of[k].v[i], o->now);
		}
}

/* Change both files, and have the gateway go by them. */
static int
change(struct vm *vm, own_act *act, struct own *o, struct why *why)
{
	autofree char *hint = NULL;

	if (own_change(o, vm->dir, vm->name, act, vm, why) < 0 ||
	    firewall_reload(vm, &hint, why) < 0)
		return -1;
	if (hint)
		note("%s", hint);
	return 0;
}

static int
add_both(struct own *o, void *vm, struct why *why)
{
	struct firewall f;
	int r;

	if (firewall_open(&in.e.home, vm, &f, why) < 0)
		return -1;
	r = own_check_lists(&in.rules, f.lists, FIREWALL_LISTS, why);
	firewall_close(&f);
	return r < 0 ? -1 : own_add(o, &in.rules, !in.ndests, in.at, why);
}

static int
add_rules(struct each *e, struct vm *vm, struct why *why)
{
	struct own o = { 0 };
	int r = change(vm, add_both, &o, why);

	(void)e;
	if (r == 0)
		tell_all(&o);
	own_free(&o);
	return r;
}

/* ---- what a verb was called with ---- */

static int
parse_to(char *arg, struct why *why)
{
	char *save = NULL;

	for (char *s = strtok_r(arg, ",", &save); s;
	     s = strtok_r(NULL, ",", &save)) {
		if (in.nto == RULE_TO)
			return why_set(why, EX_USAGE,
			    "--to: more than %d blocks", RULE_TO);
		if (cidr_parse(&in.to[in.nto++], s, why) < 0)
			return -1;
	}
	return 0;
}

/* rules.session:3 is line 3 of that file, 3 and rules:3 of the other. */
static int
which_line(long *n)
{
	const char *colon = strrchr(in.line, ':');
	long long at;
	int k = OWN_KEPT;

	if (colon)
		for (k = 0; k < OWN_FILES; k++)
			if (strlen(own_names[k]) == (size_t)(colon - in.line) &&
			    str_starts(in.line, own_names[k]))
				break;
	if (k == OWN_FILES ||
	    num_int(colon ? colon + 1 : in.line, 1, RULES_MAX, &at) < 0)
		die_usage(
		    in.use, "--line: %s: a number, or as list has it", in.line);
	*n = (long)at;
	return k;
}

static void
option(int c)
{
	struct why why;

	switch (c) {
	case OPT_FOR:
		in.life = optarg;
		break;
	case OPT_TO:
		if (parse_to(optarg, &why) < 0)
			die_usage(in.use, "--to: %s", why.text);
		break;
	case OPT_NOTE:
		in.note = optarg;
		break;
	case OPT_FIRST:
		in.at = RULEFILE_FIRST;
		break;
	case OPT_LINE:
		in.line = optarg;
		break;
	case OPT_LOCK_WAIT:
		in.e.lock_ms = opt_ms(in.use, "--lock-wait", optarg);
		break;
	}
}

/* Options, the VM, and the operands behind it. */
static void
begin(int argc, char **argv, const struct usage *use)
{
	int c;

	in.use = use;
	while ((c = opt_next(argc, argv, use)) != -1)
		option(c);
	if (optind == argc)
		die_usage(use, "no VM named");
	in.dests = argv + optind + 1;
	in.ndests = (size_t)(argc - optind - 1);
}

static void
open_vm(char **argv)
{
	struct why why;
	struct vm vm;

	if (strcmp(argv[optind], "-") == 0)
		die_usage(in.use, "one VM");
	if (each_open(&in.e, optind + 1, argv, optind, &why) == 0)
		return;
	if (in.ndests && vm_open(&in.e.home, in.dests[0], &vm, NULL) == 0)
		die(why.code, "%s: no VM; %s is one, and comes first: %s %s",
		    argv[optind], vm.name, strrchr(in.use->name, ' ') + 1,
		    in.use->operands);
	die_selection(in.use, &why);
}

static int
finish(each_act *act)
{
	int code = each_locked(&in.e, act, warn_why);

	(void)say_done();
	return code;
}

/* When a rule of --for ends; which kind it is. */
static int
live(struct rule *r, int kind)
{
	long long ms;

	if (!in.life)
		return kind;
	r->until = 0;
	if (strcmp(in.life, "always") == 0)
		return RULEIN_KEPT;
	if (strcmp(in.life, "session") == 0)
		return RULEIN_SESSION;
	if (strcmp(in.life, "once") == 0)
		ms = (r->verdict == RULE_DENY ? ONCE_DENY : ONCE_ALLOW) * 1000;
	else if (num_duration(in.life, &ms) < 0 || ms < 1000)
		die_usage(in.use,
		    "--for: %s: once, session, always, or as long as 15m",
		    in.life);
	r->until = (long long)time(NULL) + ms / 1000;
	return RULEIN_SESSION;
}

static int
is_preset(const char *name)
{
	autofree char *dir = strchr(name, '.') ? NULL : firewall_presets(NULL);
	autofree char *path = dir ? xasprintf("%s/%s", dir, name) : NULL;

	return path && access(path, F_OK) == 0;
}

static void
take_dest(const char *dest, enum rule_verdict verdict)
{
	struct why why;
	struct rule r;

	if (show_parse_verdict(dest) >= 0)
		die_usage(in.use,
		    "%s: a verdict, not a destination: xray fw add %s DEST %s",
		    dest, in.dests[-1], dest);
	if (rule_dest(&r, verdict, dest, &why) < 0)
		die_why(&why);
	if (r.host == RULE_NAME && is_preset(r.name))
		note(
		    "%s: a host of that name; the list is @%s", r.name, r.name);
	r.verdict = (uint8_t)verdict;
	if (in.nto && verdict != RULE_ALLOW)
		die_usage(in.use, "--to: for what is allowed");
	memcpy(r.to, in.to, sizeof r.to);
	r.nto = in.nto;
	r.note = in.note ? xstrdup(in.note) : NULL;
	rulein_add(&in.rules, live(&r, RULEIN_KEPT), &r);
}

/* The n bytes of a text, of rules or as fw list has them. */
static void
take_text(const char *name, const char *text, size_t n)
{
	struct rulein got;
	struct why why;

	if (in.nto || in.note)
		die_usage(in.use, "--to and --note go with a destination");
	if (rulein_read(&got, name, text, n, &why) < 0)
		die_why(&why);
	for (int k = 0; k < RULEIN_KINDS; k++) {
		for (size_t i = 0; i < got.of[k].n; i++)
			rulein_add(&in.rules, live(&got.of[k].v[i], k),
			    &got.of[k].v[i]);
		free(got.of[k].v);
	}
}

static int
add_all(char **argv, int verdict)
{
	if (in.line && in.at)
		die_usage(in.use, "--first or --line");
	if (in.line)
		(void)which_line(&in.at);
	if (!in.ndests)
		die_usage(in.use, "a VM, and where to");
	for (size_t i = 0; i < in.ndests; i++)
		take_dest(in.dests[i], (enum rule_verdict)verdict);
	open_vm(argv);
	return finish(add_rules);
}

static int
add_stdin(char **argv)
{
	autobuf struct buf b = { 0 };

	in.ndests = 0;
	if (in.line)
		(void)which_line(&in.at);
	if (io_read(0, &b, RULES_TEXT_MAX) < 0)
		die_sys(EX_IOERR, "standard input");
	take_text("standard input", b.n ? b.p : "", b.n);
	open_vm(argv);
	return finish(add_rules);
}

static int
add(int argc, char **argv)
{
	int verdict;

	begin(argc, argv, &add_use);
	if (in.ndests == 1 && strcmp(in.dests[0], "-") == 0)
		return add_stdin(argv);
	if (in.ndests < 2)
		die_usage(&add_use, "a VM, where to, and allow, deny or ask");
	verdict = show_parse_verdict(in.dests[--in.ndests]);
	if (verdict < 0)
		die_usage(&add_use, "%s: not allow, deny or ask",
		    in.dests[in.ndests]);
	return add_all(argv, verdict);
}

static int
allow(int argc, char **argv)
{
	begin(argc, argv, &allow_use);
	return add_all(argv, RULE_ALLOW);
}

static int
deny(int argc, char **argv)
{
	begin(argc, argv, &deny_use);
	return add_all(argv, RULE_DENY);
}

/* ---- remove ---- */

/* Remove the rules that dest would have added; how many. */
static size_t
remove_dest(struct rulefile *f, const char *dest)
{
	size_t n = 0;

	for (size_t i = f->n; i-- > 0;) {
		struct rule d, *r = &f->v[i].rule;
		autofree char *text = NULL;

		if (!f->v[i].is_rule ||
		    rule_dest(&d, (enum rule_verdict)r->verdict, dest, NULL) <
			0)
			continue;
		if (rule_same(r, &d)) {
			text = show_dest(r);
			strv_fmt(&in.removed, "%s", text);
			(void)rulefile_remove_line(f, i + 1);
			n++;
		}
		rule_free(&d);
	}
	return n;
}

static int
remove_line(const struct vm *vm, struct own *o, struct why *why)
{
	long n;
	int k = which_line(&n);
	const struct rulefile *f = &o->f[k];

	if ((size_t)n > f->n || !f->v[n - 1].is_rule)
		return why_set(why, EX_NOINPUT,
		    "%s: no rule on line %ld of %s; xray fw list --own %s",
		    vm->name, n, own_names[k], vm->name);
	strv_take(&in.removed, show_dest(&f->v[n - 1].rule));
	(void)rulefile_remove_line(&o->f[k], (size_t)n);
	return 0;
}

static int
remove_both(struct own *o, void *arg, struct why *why)
{
	const struct vm *vm = arg;

	if (in.line)
		return remove_line(vm, o, why);
	for (size_t i = 0; i < in.ndests; i++)
		if (!(remove_dest(&o->f[OWN_SESSION], in.dests[i]) +
			remove_dest(&o->f[OWN_KEPT], in.dests[i])))
			return why_set(why, EX_NOINPUT,
			    "%s: no rule of its own for %s; xray fw list "
			    "--own %s",
			    vm->name, in.dests[i], vm->name);
	return 0;
}

static int
remove_rules(struct each *e, struct vm *vm, struct why *why)
{
	struct own o = { 0 };
	int r = change(vm, remove_both, &o, why);

	(void)e;
	for (size_t i = 0; r == 0 && i < in.removed.n; i++)
		say_result("Rule removed: %s\n", in.removed.v[i]);
	own_free(&o);
	return r;
}

static int
remove_verb(int argc, char **argv)
{
	struct why why;
	struct rule d;
	long n;

	begin(argc, argv, &remove_use);
	if (in.line)
		(void)which_line(&n);
	if ((in.ndests > 0) == (in.line != NULL))
		die_usage(&remove_use, "destinations, or --line");
	for (size_t i = 0; i < in.ndests; i++) {
		if (rule_dest(&d, RULE_ALLOW, in.dests[i], &why) < 0)
			die_why(&why);
		rule_free(&d);
	}
	open_vm(argv);
	return finish(remove_rules);
}

static const struct verb verbs[] = {
	{ &add_use, add, "say what becomes of a destination" },
	{ &allow_use, allow, "allow destinations" },
	{ &deny_use, deny, "deny them" },
	{ &remove_use, remove_verb, "take rules out" },
};

int
main(int argc, char **argv)
{
	return opt_verb(argc, argv, verbs, LEN(verbs));
}
