/* SPDX-License-Identifier: ISC */
/* xray-hooks: the scripts that are run when VMs are made and started. */
#include "say.h"

#include <errno.h>
#include <fcntl.h>
#include <getopt.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "dial.h"
#include "hook.h"
#include "hook_run.h"
#include "io.h"
#include "opt.h"
#include "ring.h"
#include "ssh.h"
#include "table.h"

enum { OPT_ONLY = OPT_OWN };
/* Whoever has the hooks' lock when a VM is started may have begun before. */
enum { START_LOCK_MS = 600000 };

static const struct opt none[] = { { 0 } };
static const struct opt list_opts[] = { OUT_OPTS, { 0 } };
static const struct opt run_opts[] = {
	{ 'u', "user", "U", "who runs them in the guest" },
	{ OPT_ONLY, "only", "SCRIPT", "this one alone" },
	{ OPT_TIMEOUT, "timeout", "S", "how long to wait for the guest" },
	{ 0 },
};
static const struct opt lock_opts[] = {
	{ OPT_LOCK_WAIT, "lock-wait", "S", "wait for the VM's lock" },
	{ 0 },
};
static const struct usage init_use = { "xray-hooks init", "[VM]", none, 0 };
static const struct usage list_use = { "xray-hooks list", "VM", list_opts, 0 };
static const struct usage run_use = { "xray-hooks run",
	"VM create|initial-boot|boot", run_opts, 0 };
static const struct usage reset_use = { "xray-hooks reset-initial-boot", "VM",
	lock_opts, 0 };
static const struct usage start_use = { "xray-hooks start", "VM", none, 0 };

static struct home home;
static struct vm vm;
static volatile sig_atomic_t stop;

/* Open the home and the one VM that is named. */
static void
open_vm(const char *name)
{
	struct why why;

	if (home_open(&home, &why) < 0 || vm_open(&home, name, &vm, &why) < 0)
		die_why(&why);
}

/* The same, with the lock of who runs hooks; what is known of it was read
 * behind that, since another run may just have ended. */
static int
open_locked(const char *name, long long ms, struct why *why)
{
	open_vm(name);
	if (hooks_lock(&vm, ms, why) < 0)
		return -1;
	vm_close(&vm);
	return vm_open(&home, name, &vm, why);
}

/* ---- init ---- */

/* Make scripts/ in dir, which is called path, and what is in it. */
static void
make_folders(int dir, const char *path)
{
	autoclose int scripts = io_mkdir(dir, "scripts");

	if (scripts < 0)
		die_sys(EX_IOERR, "%s/scripts", path);
	for (size_t i = 0; hook_types[i]; i++) {
		autoclose int type = io_mkdir(scripts, hook_types[i]);
		int host = strcmp(hook_types[i], HOOK_CREATE) == 0;
		autoclose int guest =
		    type < 0 || host ? -1 : io_mkdir(type, "guest");

		if (type < 0 || (!host && guest < 0))
			die_sys(EX_IOERR, "%s/scripts/%s", path, hook_types[i]);
		say("%s/scripts/%s\n", path, hook_types[i]);
	}
}

static int
init(int argc, char **argv)
{
	struct why why;

	while (opt_next(argc, argv, &init_use) != -1)
		continue;
	if (argc - optind > 1)
		die_usage(&init_use, "one VM");
	if (optind < argc)
		open_vm(argv[optind]);
	else if (home_open(&home, &why) < 0)
		die_why(&why);
	make_folders(home.fd, home.path);
	if (optind < argc) {
		autofree char *path =
		    xasprintf("%s/vms/%s", home.path, vm.name);

		make_folders(vm.dir, path);
	}
	return say_done();
}

/* ---- list ---- */

static const struct col cols[] = {
	{ "type", COL_TEXT, 1, NULL },
	{ "source", COL_TEXT, 1, NULL },
	{ "script", COL_TEXT, 1, NULL },
	{ "state", COL_TEXT, 1, NULL },
	{ "path", COL_TEXT, 0, NULL },
};

/* What became of one that is run. */
static const char *
state_of(const char *type, const struct hook *k, const struct hook_states *s)
{
	const char *state = hook_state(s, type, k);

	if (state && strcmp(state, "running") == 0)
		return hooks_busy(&vm) ? state : "interrupted";
	if (state)
		return state;
	return strcmp(type, HOOK_INITIAL) == 0 && hooks_completed(&vm) ?
	    "not run (first boot is over)" :
	    "pending";
}

static size_t
add_type(struct table *t, const char *type, const struct hook_states *s)
{
	struct hooks hooks;
	struct why why;
	size_t n;

	if (hooks_collect(&home, &vm, type, &hooks, &why) < 0)
		die_why(&why);
	for (size_t i = 0; i < hooks.n; i++) {
		const struct hook *k = &hooks.v[i];
		struct buf name = { 0 }, path = { 0 };
		const char *state = k->off ? k->off : state_of(type, k, s);

		buf_vis(&name, k->script, strlen(k->script));
		buf_vis(&path, k->path, strlen(k->path));
		table_take(t,
		    (char *[]){ xstrdup(type), xstrdup(k->source),
			buf_take(&name), xstrdup(state), buf_take(&path) });
	}
	n = hooks.n;
	hooks_free(&hooks);
	return n;
}

static int
list(int argc, char **argv)
{
	struct out out = { 0 };
	struct hook_states states;
	struct table *t;
	size_t n = 0;
	int c;

	while ((c = opt_next(argc, argv, &list_use)) != -1)
		(void)out_opt(&out, c, optarg);
	t = table_new(&out, cols, LEN(cols));
	if (argc - optind != 1)
		die_usage(&list_use, "one VM");
	open_vm(argv[optind]);
	if (hook_states_read(&vm, &states) < 0)
		die_sys(EX_IOERR, "%s: %s", vm.name, HOOKS_FILE);
	for (size_t i = 0; hook_types[i]; i++)
		n += add_type(t, hook_types[i], &states);
	if (!n)
		hint("No hooks found. Make folders for them: xray hooks init");
	table_print(t);
	return say_done();
}

/* ---- run, start ---- */

static void
told_to_stop(int sig)
{
	(void)sig;
	stop = 1;
}

/* From now on a signal ends the script that runs, and then us. */
static void
catch_signals(void)
{
	static const int sigs[] = { SIGTERM, SIGINT, SIGHUP };
	struct sigaction a = { .sa_handler = told_to_stop };

	for (size_t i = 0; i < LEN(sigs); i++)
		(void)sigaction(sigs[i], &a, NULL);
	signal(SIGPIPE, SIG_IGN);
}

static void
show(const char *line)
{
	fprintf(stderr, "%s\n", line);
}

/* Wait until the guest can be reached.  One without a network cannot: its
 * hooks may do without. */
static int
reach(long long ms, struct why *why)
{
	int fd;

	if (dial_live(&vm, why) < 0)
		return -1;
	if (dial_network(&vm, why) < 0)
		return 0;
	if ((ms = ssh_wait_ms(&home, &vm, ms, why)) < 0)
		return -1;
	fd = ssh_await(
	    &vm, io_now() + ms, say_chatty() ? progress_text : NULL, why);
	progress_end();
	if (fd < 0)
		return -1;
	close(fd);
	return 0;
}

static const char *
type_called(const char *name)
{
	for (size_t i = 0; hook_types[i]; i++)
		if (strcmp(hook_types[i], name) == 0)
			return hook_types[i];
	die_usage(&run_use, "%s: create, initial-boot or boot", name);
}

/* What is due, with the lock: its exit code. */
static int
run_type(const struct hook_run *r, long long ms)
{
	int booted = strcmp(r->type, HOOK_CREATE) != 0;
	struct why why;
	int due, code = 0;

	if ((due = hooks_due(r, &why)) < 0 ||
	    (due && booted && reach(ms, &why) < 0))
		die_why(&why);
	if (!due)
		note("%s: no %s scripts; xray hooks list %s", vm.name, r->type,
		    vm.name);
	catch_signals();
	if (booted)
		hooks_mark(&vm, HOOKS_RUN);
	if (hooks_run(r, &why) < 0) {
		warn_why(&why);
		code = why.code;
	}
	if (booted)
		hooks_mark(&vm, HOOKS_DONE);
	return code;
}

static int
run(int argc, char **argv)
{
	struct hook_run r = { .home = &home, .vm = &vm, .stop = &stop };
	long long ms = -1;
	struct why why;
	int c;

	while ((c = opt_next(argc, argv, &run_use)) != -1)
		if (c == 'u')
			r.user = optarg;
		else if (c == OPT_ONLY)
			r.only = optarg;
		else
			ms = opt_ms(&run_use, "--timeout", optarg);
	if (argc - optind != 2)
		die_usage(&run_use, "one VM and one type");
	r.type = type_called(argv[optind + 1]);
	r.show = say_quiet ? NULL : show;
	if (open_locked(argv[optind], 0, &why) < 0 ||
	    (strcmp(r.type, HOOK_CREATE) != 0 && dial_live(&vm, &why) < 0))
		die_why(&why);
	return run_type(&r, ms);
}

/* Nobody sees what we print at a start: the log has it. */
static _Noreturn void
give_up(const struct why *why)
{
	struct ring log = { .fd = -1 };
	int dir = vm.dir < 0 ? -1 : io_mkdir(vm.dir, "log");

	if (dir >= 0 && ring_open(&log, dir, "hooks.log") == 0)
		ring_line(&log, "%s", why->text);
	die_why(why);
}

/* All of a start, in order.  An initial-boot that failed does not keep back
 * boot: it mounts and starts what one needs to look into that. */
static int
start(int argc, char **argv)
{
	struct hook_run r[] = {
		{ &home, &vm, HOOK_INITIAL, NULL, NULL, &stop, show },
		{ &home, &vm, HOOK_BOOT, NULL, NULL, &stop, show },
	};
	int due[LEN(r)] = { 0 }, code = 0;
	size_t first;
	struct why why;

	while (opt_next(argc, argv, &start_use) != -1)
		continue;
	if (argc - optind != 1)
		die_usage(&start_use, "one VM");
	if (open_locked(argv[optind], START_LOCK_MS, &why) < 0)
		give_up(&why);
	hooks_mark(&vm, HOOKS_RUN);
	first = hooks_completed(&vm) ? 1 : 0;
	for (size_t i = first; i < LEN(r); i++)
		if ((due[i] = hooks_due(&r[i], &why)) < 0)
			give_up(&why);
	if ((due[0] || due[1]) && reach(-1, &why) < 0) {
		hooks_fail(&r[due[0] ? 0 : 1], "no ssh");
		hooks_mark(&vm, HOOKS_DONE);
		die_why(&why);
	}
	catch_signals();
	for (size_t i = first; i < LEN(r) && !stop; i++)
		if (hooks_run(&r[i], &why) < 0) {
			warn_why(&why);
			code = code ? code : why.code;
		}
	hooks_mark(&vm, HOOKS_DONE);
	return code;
}

/* ---- reset-initial-boot ---- */

static int
reset(int argc, char **argv)
{
	long long ms = 0;
	int given = 0;
	struct why why;

	while (opt_next(argc, argv, &reset_use) != -1) {
		ms = opt_ms(&reset_use, "--lock-wait", optarg);
		given = 1;
	}
	if (argc - optind != 1)
		die_usage(&reset_use, "one VM");
	open_vm(argv[optind]);
	if ((!given &&
		home_ms(&home, "XRAY_LOCK_WAIT", "lock_wait", &ms, &why) < 0) ||
	    hooks_reset(&home, &vm, ms, &why) < 0)
		die_why(&why);
	say_result("Reset initial-boot flag for '%s'\n", vm.name);
	return say_done();
}

static const struct verb verbs[] = {
	{ &init_use, init, "make the folders for scripts" },
	{ &list_use, list, "the scripts for a VM, and how they fared" },
	{ &run_use, run, "run those of one type now" },
	{ &reset_use, reset, "let initial-boot be run again" },
	{ &start_use, start, "run what a start runs; by start" },
};

int
main(int argc, char **argv)
{
	return opt_verb(argc, argv, verbs, LEN(verbs));
}
