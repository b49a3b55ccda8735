/* SPDX-License-Identifier: ISC */
/*
 * xray-wait: until guests are as far as one wants them.  They get there by
 * themselves and all have the same deadline, so they are looked at one after
 * the other.
 */
#include "say.h"

#include <getopt.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "asker.h"
#include "dial.h"
#include "hook.h"
#include "io.h"
#include "opt.h"
#include "run.h"
#include "sel.h"
#include "ssh.h"
#include "vm.h"

enum { OPT_FOR = OPT_OWN, LOOK_MS = 300, LONG_MS = 4000, CLOCK_S = 2 };

static const struct opt opts[] = {
	{ OPT_FOR, "for", "COND",
	    "ssh, boot, cloud-init, hooks, ready, clock, asked, port:N or "
	    "stopped" },
	{ OPT_TIMEOUT, "timeout", "S", "give up after S seconds" },
	{ 'a', "all", NULL, "every VM that runs" },
	{ 0 },
};
static const struct usage use = { "xray-wait", "(-a | - | VM ...)", opts, 0 };

static struct home home;
static int port;

static int
late(const struct vm *vm, const char *what, struct why *why)
{
	return why_set(why, EX_TEMPFAIL, "%s: %s", vm->name, what);
}

static int
for_ssh(const struct vm *vm, long long deadline, struct why *why)
{
	int fd =
	    ssh_await(vm, deadline, say_chatty() ? progress_text : NULL, why);

	if (fd >= 0)
		close(fd);
	return fd < 0 ? -1 : 0;
}

static int
for_stopped(const struct vm *vm, long long deadline, struct why *why)
{
	return vm_wait_end(vm, deadline) ? 0 : late(vm, "still runs", why);
}

/* A login on the console counts too: not every guest has ssh, or a network. */
static int
for_boot(const struct vm *vm, long long deadline, struct why *why)
{
	/* a guest that is slow needs longer to greet */
	for (int look = LOOK_MS;; look = look < LONG_MS ? 2 * look : look) {
		long long turn = io_now() + look;
		autofree char *line = ssh_last_line(vm);
		size_t n = line ? strlen(line) : 0;

		while (n && line[n - 1] == ' ')
			n--;
		if (n >= 6 && strncmp(line + n - 6, "login:", 6) == 0)
			return 0;
		if (turn > deadline)
			turn = deadline;
		if (dial_network(vm, why) < 0) {
			if (dial_live(vm, why) < 0)
				return -1;
			io_sleep(io_left(turn));
		} else if (for_ssh(vm, turn, why) == 0)
			return 0;
		else if (why->code != EX_TEMPFAIL)
			return -1;
		if (io_left(deadline) == 0)
			return why_set(why, EX_TEMPFAIL,
			    "%s: has not booted%s%s", vm->name,
			    line ? "; console: " : "", line ? line : "");
	}
}

/* Run words in the guest until the deadline; its exit code, -1 with why. */
static int
in_guest(const struct vm *vm, const char *words, struct buf *out,
    long long deadline, struct why *why)
{
	autostrv struct strv argv = { 0 };

	if (for_ssh(vm, deadline, why) < 0 ||
	    ssh_argv(&home, vm, NULL, 0, io_left(deadline), &argv, why) < 0)
		return -1;
	strv_take(&argv, ssh_host(vm));
	strv_add(&argv, words);
	return run_capture(argv.v, out, 4096, io_left(deadline), why);
}

static int
for_cloud_init(const struct vm *vm, long long deadline, struct why *why)
{
	autobuf struct buf b = { 0 };
	int code = in_guest(vm,
	    "command -v cloud-init >/dev/null || exit 127;"
	    " cloud-init status --wait >/dev/null",
	    &b, deadline, why);

	switch (code) {
	case -1:
		return why->code == EX_TEMPFAIL ?
		    late(vm, "cloud-init has not ended", why) :
		    -1;
	case 2:
		note("%s: cloud-init: done, with errors it got over", vm->name);
		return 0;
	case 0:
		return 0;
	case 127:
		return why_set(why, EX_UNAVAILABLE,
		    "%s: no cloud-init in the guest", vm->name);
	case 255:
		return why_set(why, EX_PROTOCOL, "%s: ssh: no login", vm->name);
	}
	return why_set(why, EX_PROTOCOL,
	    "%s: cloud-init failed; xray ssh %s cloud-init status --long",
	    vm->name, vm->name);
}

/* They may take long: what is waited for is shown. */
static int
for_hooks(const struct vm *vm, long long deadline, struct why *why)
{
	return hooks_await(
	    vm, deadline, say_chatty() ? progress_text : NULL, why);
}

/* Without a network, or cloud-init, that is not waited for. */
static int
for_ready(const struct vm *vm, long long deadline, struct why *why)
{
	if (dial_network(vm, why) < 0) {
		if (for_boot(vm, deadline, why) < 0)
			return -1;
	} else if (for_ssh(vm, deadline, why) < 0 ||
	    (for_cloud_init(vm, deadline, why) < 0 &&
		why->code != EX_UNAVAILABLE))
		return -1;
	return for_hooks(vm, deadline, why);
}

static int
clock_off(const struct vm *vm, long long off, struct why *why)
{
	return why_set(
	    why, EX_TEMPFAIL, "%s: its clock is off by %lld s", vm->name, off);
}

static int
for_clock(const struct vm *vm, long long deadline, struct why *why)
{
	for (long long off = 0;;) {
		autobuf struct buf b = { 0 };
		long long there, before = time(NULL);
		int code = in_guest(vm, "date +%s", &b, deadline, why);

		/* the last try may not come to its end */
		if (code < 0)
			return off && why->code == EX_TEMPFAIL ?
			    clock_off(vm, off, why) :
			    -1;
		if (b.n)
			b.p[strcspn(b.p, "\n")] = '\0';
		if (code || num_int(b.p, 0, INT64_MAX, &there) < 0)
			return why_set(why, EX_PROTOCOL,
			    "%s: the guest does not tell its time", vm->name);
		if (there >= before - CLOCK_S && there <= time(NULL) + CLOCK_S)
			return 0;
		off = there - before;
		if (io_left(deadline) < LOOK_MS)
			return clock_off(vm, off, why);
		io_sleep(LOOK_MS);
	}
}

/* A guest that is not up yet does not refuse either. */
static int
for_port(const struct vm *vm, long long deadline, struct why *why)
{
	int r;

	if (dial_network(vm, why) < 0 || for_boot(vm, deadline, why) < 0)
		return -1;
	while ((r = dial_listens(vm, port, deadline, why)) == 0) {
		if (io_left(deadline) == 0)
			return why_set(why, EX_TEMPFAIL,
			    "%s: nothing listens on port %d", vm->name, port);
		io_sleep(
		    io_left(deadline) < LOOK_MS ? io_left(deadline) : LOOK_MS);
	}
	return r < 0 ? -1 : 0;
}

/* A question is open: somebody is there to be asked, or it is held. */
static int
for_asked(const struct vm *vm, long long deadline, struct why *why)
{
	if (!asker_wanted(vm))
		return why_set(why, EX_UNAVAILABLE,
		    "%s: net = %s; nothing is asked", vm->name, vm->net);
	while (!asks_open(vm)) {
		if (dial_live(vm, why) < 0)
			return -1;
		if (io_left(deadline) == 0)
			return late(vm, "nothing was asked", why);
		io_sleep(
		    io_left(deadline) < LOOK_MS ? io_left(deadline) : LOOK_MS);
	}
	return 0;
}

static const struct condition {
	const char *name;
	int (*wait)(const struct vm *vm, long long deadline, struct why *why);
} conditions[] = {
	{ "ssh", for_ssh },
	{ "boot", for_boot },
	{ "cloud-init", for_cloud_init },
	{ "hooks", for_hooks },
	{ "ready", for_ready },
	{ "clock", for_clock },
	{ "asked", for_asked },
	{ "stopped", for_stopped },
	{ "port", for_port },
};

/* port:N, or `port N` with the number as the next operand. */
static const struct condition *
condition(const char *arg)
{
	size_t n = strcspn(arg, ":");

	for (size_t i = 0; i < LEN(conditions); i++) {
		const struct condition *c = &conditions[i];

		if (strlen(c->name) != n || strncmp(arg, c->name, n) != 0)
			continue;
		if (c->wait == for_port && arg[n])
			port = (int)opt_int(
			    &use, "--for port", arg + n + 1, 1, 65535);
		if (c->wait == for_port || !arg[n])
			return c;
	}
	die_usage(&use,
	    "--for: %s: ssh, boot, cloud-init, hooks, ready, clock, asked, "
	    "port:N or stopped",
	    arg);
}

/* begin: when the command began; all VMs are waited for from then on. */
static int
wait_one(const char *name, const struct condition *cond, long long begin,
    long long arg)
{
	struct why why = { 0 };
	struct vm vm;
	long long ms;
	int r;

	if (vm_open(&home, name, &vm, &why) < 0) { /* removed meanwhile */
		warn_why(&why);
		return why.code;
	}
	if ((ms = ssh_wait_ms(&home, &vm, arg, &why)) < 0)
		die_why(&why);
	r = cond->wait(&vm, begin + ms, &why);
	progress_end();
	if (r < 0)
		warn_why(&why);
	vm_close(&vm);
	return r < 0 ? why.code : 0;
}

int
main(int argc, char **argv)
{
	autostrv struct strv names = { 0 };
	const struct condition *cond = &conditions[0];
	struct why why;
	long long ms = -1, begin = io_now();
	int c, all = 0, code = 0;

	while ((c = opt_next(argc, argv, &use)) != -1)
		switch (c) {
		case OPT_FOR:
			cond = condition(optarg);
			break;
		case OPT_TIMEOUT:
			ms = opt_ms(&use, "--timeout", optarg);
			break;
		case 'a':
			all = 1;
			break;
		}
	signal(SIGPIPE, SIG_IGN);
	if (cond->wait == for_port && !port) {
		if (optind == argc)
			die_usage(&use, "--for port: which one");
		port =
		    (int)opt_int(&use, "--for port", argv[optind++], 1, 65535);
	}
	if (home_open(&home, &why) < 0 ||
	    sel_names(&home, argc, argv, optind, all ? SEL_RUNNING : SEL_NONE,
		&names, &why) < 0)
		die_selection(&use, &why);
	for (size_t i = 0; i < names.n; i++) {
		int got = wait_one(names.v[i], cond, begin, ms);

		code = code ? code : got;
	}
	return code;
}
