/* SPDX-License-Identifier: ISC */
/* xray-start: start VMs, each under a supervisor of its own. */
#include "say.h"

#include <errno.h>
#include <fcntl.h>
#include <getopt.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "boot.h"
#include "io.h"
#include "opt.h"
#include "run.h"
#include "sel.h"
#include "ssh.h"
#include "sys.h"

enum { OPT_ACCEL = OPT_OWN, OPT_COLD };

static const struct opt opts[] = {
	{ 'F', "foreground", NULL,
	    "stay in the foreground; Ctrl-C is the "
	    "power button" },
	{ 'w', "wait", NULL, "wait until the guest answers ssh" },
	{ OPT_TIMEOUT, "timeout", "S", "give up waiting after S seconds" },
	{ OPT_ACCEL, "accel", "A", "auto, kvm, hvf or tcg" },
	{ OPT_COLD, "cold", NULL, "boot, whatever was reverted to" },
	{ 'j', "jobs", "N", "so many at a time (4)" },
	{ 'a', "all", NULL, "every VM that is stopped" },
	{ OPT_LOCK_WAIT, "lock-wait", "S", "wait for a VM's lock" },
	{ 0 },
};
static const struct usage use = { "xray-start", "(-a | - | VM ...)", opts, 0 };

static struct home home;
static const char *accel;
static int foreground, cold, wait_guest, jobs = 4;
static long long timeout_ms = -1, lock_ms = -1;

/* A start under way. */
struct job {
	struct vm vm;
	pid_t pid;
	int ready; /* reads a byte when the VM runs */
	int lock; /* the VM's, ours until it runs */
};

static void
supervisor_argv(
    const struct job *job, int run_lock, int ready, struct strv *argv)
{
	autofree char *bin = home_bin_dir(NULL);

	strv_fmt(argv, "%s/xray-supervise", bin ? bin : ".");
	strv_add(argv, "--lock");
	strv_fmt(argv, "%d", run_lock);
	if (ready >= 0) {
		strv_add(argv, "--ready");
		strv_fmt(argv, "%d", ready);
	}
	if (accel)
		strv_words(argv, "--accel", accel, NULL);
	if (cold)
		strv_add(argv, "--cold");
	if (foreground)
		strv_add(argv, "--foreground");
	strv_add(argv, job->vm.name);
}

/* 1 under way, 0 it runs already, -1 with why. */
static int
begin(const char *name, struct job *job, struct why *why)
{
	autostrv struct strv argv = { 0 };
	struct run r = RUN_PLAIN;
	int run_lock, p[2] = { -1, -1 }, keep[2];

	if (vm_open(&home, name, &job->vm, why) < 0)
		return -1;
	if (vm_alive(&job->vm)) {
		autofree char *status = vm_status(&job->vm);

		/* else it is being started, stopped or changed: 75 below */
		if (str_starts(status, "running") ||
		    str_starts(status, "paused")) {
			if (cold || accel)
				return why_set(why, EX_TEMPFAIL,
				    "%s: runs "
				    "already, and not as asked",
				    name);
			note("%s: runs already", name);
			return 0;
		}
	}
	job->lock = vm_lock(&home, &job->vm, lock_ms, why);
	if (job->lock < 0)
		return -1;
	run_lock = boot_lock(&job->vm, why);
	if (run_lock < 0 || sys_pipe(p) < 0)
		return -1;
	supervisor_argv(job, run_lock, p[1], &argv);
	keep[0] = run_lock;
	keep[1] = p[1];
	r.in = RUN_NULL;
	r.session = 1;
	r.keep = keep;
	r.nkeep = 2;
	job->ready = p[0];
	job->pid = run_spawn(&r, argv.v, why);
	close(run_lock);
	close(p[1]);
	return job->pid < 0 ? -1 : 1;
}

/* Wait for the supervisor's word; its messages went to our terminal.  0, or
 * the exit code it ended with. */
static int
await_ready(struct job *job)
{
	char c;
	ssize_t n;
	int code;

	do
		n = read(job->ready, &c, 1);
	while (n < 0 && errno == EINTR);
	if (n == 1)
		return 0;
	code = run_wait(job->pid, -1);
	return code > 0 ? code : EX_SOFTWARE;
}

static void
told(const struct vm *vm)
{
	autobuf struct buf b = { 0 };

	if (!say_chatty() || io_read_file(vm->dir, "accel", &b, 16) < 0)
		return;
	note("%s: booting (%s); xray ssh %s waits for it", vm->name, b.p,
	    vm->name);
}

static int
await_guest(const struct vm *vm)
{
	struct why why;
	long long ms = ssh_wait_ms(&home, vm, timeout_ms, &why);
	int fd = ssh_await(
	    vm, io_now() + ms, say_chatty() ? progress_text : NULL, &why);

	progress_end();
	if (fd < 0) {
		warn_why(&why);
		return why.code;
	}
	close(fd);
	return 0;
}

/* Start names[from..to) at once; the first exit code that is not 0. */
static int
batch(const struct strv *names, size_t from, size_t to)
{
	struct job *job = xcalloc(to - from, sizeof *job);
	int *state = xcalloc(to - from, sizeof *state), code = 0, got;

	for (size_t i = 0; i < to - from; i++) {
		struct why why = { .code = EX_OSERR, .text = "start" };

		job[i] = (struct job){
			.ready = -1,
			.lock = -1,
			.vm = { .dir = -1 },
		};
		state[i] = begin(names->v[from + i], &job[i], &why);
		if (state[i] < 0) {
			warn_why(&why);
			code = code ? code : why.code;
		}
	}
	for (size_t i = 0; i < to - from; i++) {
		got = state[i] > 0 ? await_ready(&job[i]) : 0;
		if (state[i] > 0 && !got)
			told(&job[i].vm);
		if (job[i].lock >= 0)
			close(job[i].lock);
		if (job[i].ready >= 0)
			close(job[i].ready);
		if (!got && state[i] >= 0 && wait_guest)
			got = await_guest(&job[i].vm);
		code = code ? code : got;
		vm_close(&job[i].vm);
	}
	free(job);
	free(state);
	return code;
}

/* -F: become the supervisor. */
static _Noreturn void
become(const char *name)
{
	autostrv struct strv argv = { 0 };
	struct job job = {
		.vm = { .dir = -1 },
	};
	struct why why;
	int run_lock, vm_lock_fd;

	if (vm_open(&home, name, &job.vm, &why) < 0)
		die_why(&why);
	if (vm_alive(&job.vm))
		die(EX_TEMPFAIL, "%s: runs already", name);
	if ((vm_lock_fd = vm_lock(&home, &job.vm, lock_ms, &why)) < 0 ||
	    (run_lock = boot_lock(&job.vm, &why)) < 0)
		die_why(&why);
	if (fcntl(run_lock, F_SETFD, 0) < 0 ||
	    fcntl(vm_lock_fd, F_SETFD, 0) < 0)
		die_sys(EX_OSERR, "%s", name);
	supervisor_argv(&job, run_lock, -1, &argv);
	strv_add(&argv, "--vm-lock");
	strv_fmt(&argv, "%d", vm_lock_fd);
	execv(argv.v[0], argv.v);
	die_sys(EX_CANTEXEC, "%s", argv.v[0]);
}

static void
options(int argc, char **argv, int *all)
{
	int c;

	while ((c = opt_next(argc, argv, &use)) != -1)
		switch (c) {
		case 'F':
			foreground = 1;
			break;
		case 'w':
			wait_guest = 1;
			break;
		case 'a':
			*all = 1;
			break;
		case 'j':
			jobs = (int)opt_int(&use, "-j", optarg, 1, 1000);
			break;
		case OPT_TIMEOUT:
			timeout_ms = opt_ms(&use, "--timeout", optarg);
			break;
		case OPT_LOCK_WAIT:
			lock_ms = opt_ms(&use, "--lock-wait", optarg);
			break;
		case OPT_ACCEL:
			accel = optarg;
			break;
		case OPT_COLD:
			cold = 1;
			break;
		}
}

int
main(int argc, char **argv)
{
	autostrv struct strv names = { 0 };
	struct why why;
	int all = 0, code = 0;

	options(argc, argv, &all);
	if (home_open(&home, &why) < 0)
		die_why(&why);
	if (sel_names(&home, argc, argv, optind, all ? SEL_STOPPED : SEL_NONE,
		&names, &why) < 0)
		die_selection(&use, &why);
	if (lock_ms < 0) {
		lock_ms = 0;
		if (home_ms(&home, "XRAY_LOCK_WAIT", "lock_wait", &lock_ms,
			&why) < 0)
			die_why(&why);
	}
	if (foreground && names.n != 1)
		die_usage(&use, "-F takes one VM");
	if (foreground)
		become(names.v[0]);
	for (size_t i = 0; i < names.n; i += (size_t)jobs) {
		size_t end = i + (size_t)jobs;
		int got = batch(&names, i, end < names.n ? end : names.n);

		code = code ? code : got;
	}
	(void)say_done();
	return code;
}
