/* SPDX-License-Identifier: ISC */
#include "boot.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "apart.h"
#include "asker.h"
#include "egress.h"
#include "gateway.h"
#include "io.h"
#include "made.h"
#include "once.h"
#include "ring.h"
#include "say.h"
#include "seed.h"
#include "snap.h"
#include "ssh.h"
#include "sys.h"
#include "usernet.h"

/* Who waits for a socket looks so often whether QEMU has ended. */
enum { LOOK_MS = 20 };

static void
free_boot(struct boot *b)
{
	qemu_free(&b->qemu);
	strv_free(&b->argv);
	strv_free(&b->told);
}

int
boot_lock(const struct vm *vm, struct why *why)
{
	struct why w = { 0 };
	int fd = lock_take(vm->dir, "run.lock", vm->name, 0, &w);
	const char *who = w.text + strlen(vm->name);

	if (fd >= 0)
		return fd;
	if (w.code != EX_TEMPFAIL)
		return why_set(why, w.code, "%s", w.text);
	return why_set(why, EX_TEMPFAIL,
	    "%s: is being started or stopped%s; if that is gone: xray stop "
	    "-f %s",
	    vm->name, str_starts(who, ": ") ? who : "", vm->name);
}

static int
check_base(struct home *h, const struct vm *vm, struct why *why)
{
	struct base b;
	int r;

	if (base_open(h, vm->base, &b, why) < 0)
		return -1;
	r = base_check(h, &b, vm->generation, why);
	base_close(&b);
	return r;
}

static const char *const leftovers[] = { VM_QMP, VM_EVENTS, VM_WATCH,
	VM_CONSOLE, VM_TTY, VM_NET, VM_CONTROL, VM_CALLS, VM_PROXY, VM_VNC,
	VM_SPICE, VM_ONCE, VM_ASK, VM_ASKED, VM_RESOLVER, VM_PROXY ".lock",
	VM_RESOLVER ".lock", "pid", "state", "started", "accel", VM_GATEWAY,
	"up", "hooked" };

int
boot_logs(const struct home *h, const struct vm *vm, const struct boot *b,
    struct ring *qemu, struct ring *net, struct ring *console, struct why *why)
{
	int log = io_mkdir(vm->dir, "log"); /* the rings' from now on */

	if (log < 0 || ring_open(qemu, log, "qemu.log") < 0 ||
	    ring_open(net, log, "net.log") < 0 ||
	    ring_open(console, log, "console.log") < 0)
		return why_sys(why, EX_IOERR, "%s: log", vm->name);
	ring_limit(qemu, vm_log_size(h));
	ring_limit(net, vm_log_size(h));
	ring_limit(console, vm_log_size(h));
	ring_line(qemu, "start: %s, %s, %lld MiB, %lld cpus", b->qemu.accel,
	    vm->machine, (long long)(vm->memory >> 20), vm->cpus);
	return 0;
}

int
boot_reach(const struct vm *vm, const struct boot *b, const char *name,
    long long deadline, int (*gone)(void), struct why *why)
{
	int fd;

	while ((fd = io_connect(vm->dir, name)) < 0) {
		int there = errno != ENOENT; /* it listens in a moment */

		if (gone())
			return why_set(
			    why, EX_UNAVAILABLE, "%s: QEMU ended", vm->name);
		if (io_left(deadline) == 0)
			return why_set(why, EX_TEMPFAIL,
			    "%s: QEMU does not open %s", vm->name, name);
		made_wait(there ? -1 : b->made, LOOK_MS);
	}
	return fd;
}

/* What a gateway published; one that was killed, or is confined, cannot. */
static int
clear_published(const char *name, void *arg)
{
	const struct vm *vm = arg;
	size_t n = strlen(name);

	if (str_starts(name, "guest-") && n > 5 &&
	    strcmp(name + n - 5, ".sock") == 0)
		(void)unlinkat(vm->dir, name, 0); /* the next start will */
	return 0;
}

void
boot_clear(const struct vm *vm)
{
	struct vm here = *vm;

	gateway_end(vm);
	(void)io_walk(vm->dir, clear_published, &here);
	for (size_t i = 0; i < LEN(leftovers); i++)
		(void)unlinkat(vm->dir, leftovers[i], 0); /* may not be there */
}

void
boot_end(const struct vm *vm, const char *reason)
{
	const char *text = *reason ? reason : "crash";

	(void)io_put(vm->dir, VM_ENDED, 0600, text, strlen(text));
	boot_clear(vm);
}

void
boot_trouble(const struct vm *vm, const struct why *why)
{
	autofree char *line = NULL;
	char now[32];

	if (!why) {
		(void)unlinkat(vm->dir, VM_TROUBLE, 0); /* may not be there */
		return;
	}
	io_timestamp(now, 1);
	line = xasprintf("%d %s %s\n", why->code, now, why->text);
	(void)io_put(vm->dir, VM_TROUBLE, 0600, line, strlen(line));
}

static int
check_accel(const char *accel, struct why *why)
{
	if (strcmp(accel, "tcg") == 0 || sys_accel(accel) == 0)
		return 0;
	return why_sys(why, EX_UNAVAILABLE,
	    "%s: cannot be used here; "
	    "--accel tcg is slower and always works",
	    accel);
}

static int
forget_resume(struct vm *vm, struct why *why)
{
	if (!vm->resume)
		return 0;
	if (conf_set(vm->conf, "resume", NULL, why) < 0)
		return -1;
	return vm_save(vm, why);
}

/* A disk with two names is about to be a base's, or is: whoever sealed it was
 * killed.  What he had staged goes, and then the disk is the VM's again. */
static int
check_disk(struct home *h, const struct vm *vm, struct why *why)
{
	struct vm_disk d[VM_DISKS];
	int n = vm_disks(vm, d);
	struct stat st;

	home_sweep(h->bases);
	for (int i = 0; i < n; i++) {
		const char *file = d[i].file;

		if (fstatat(vm->dir, file, &st, AT_SYMLINK_NOFOLLOW) < 0)
			return why_sys(
			    why, EX_NOINPUT, "%s: %s", vm->name, file);
		if (st.st_nlink > 1)
			return why_set(why, EX_NOPERM,
			    "%s: its %s is a base's too; xray base seal, or "
			    "xray remove %s",
			    vm->name, file, vm->name);
		if (!(st.st_mode & S_IWUSR) &&
		    fchmodat(vm->dir, file, 0600, 0) < 0)
			return why_sys(why, EX_IOERR, "%s: %s", vm->name, file);
	}
	return 0;
}

/* All that may write vm.ini. */
static int
settle(
    struct home *h, struct vm *vm, int cold, struct strv *told, struct why *why)
{
	char *line = NULL;
	autoclose int log = -1;

	boot_clear(vm);
	home_sweep(h->fd);
	log = io_mkdir(vm->dir, "log");
	if (log < 0)
		return why_sys(why, EX_IOERR, "%s: log", vm->name);
	if ((!*vm->base && check_disk(h, vm, why) < 0) ||
	    (*vm->base && check_base(h, vm, why) < 0) ||
	    snap_recover(vm, &line, why) < 0)
		return -1;
	if (line)
		strv_take(told, line);
	if (cold && forget_resume(vm, why) < 0)
		return -1;
	if (!gateway_wanted(vm))
		return 0;
	return boot_ports(h, vm, told, why);
}

/* A file that QEMU will be told of. */
static int
check_file(const struct vm *vm, const char *file, struct why *why)
{
	if (!file || (*file == '/' && access(file, R_OK) == 0))
		return 0;
	if (*file != '/')
		return why_set(why, EX_CONFIG, "%s: %s: not an absolute path",
		    vm->name, file);
	return why_sys(why, EX_NOINPUT, "%s: %s", vm->name, file);
}

static int
check_files(const struct vm *vm, struct why *why)
{
	if (check_file(vm, vm->kernel, why) < 0 ||
	    check_file(vm, vm->initrd, why) < 0)
		return -1;
	return check_file(vm, vm->cdrom, why);
}

/* Once in a home's life. */
static void
tell_root(const struct home *h, const struct vm *vm, struct strv *told)
{
	if (geteuid() == 0 && io_create(h->fd, "told-root", 0600, "", 0) == 0)
		strv_fmt(told,
		    "%s: runs as root, and so would who breaks out of it; use "
		    "an account of your own; see xray doctor",
		    vm->name);
}

int
boot_prepare(struct home *h, struct vm *vm, const struct boot_how *how,
    struct boot *b, struct why *why)
{
	autofree char *then = NULL;
	autostrv struct strv smbios = { 0 };
	struct once once = { 0 };

	*b = (struct boot){ 0 };
	for (size_t i = 0; i < how->set.n; i++)
		if (once_set(&once, how->set.v[i], why) < 0)
			return -1;
	if (settle(h, vm, how->cold, &b->told, why) < 0)
		goto fail;
	once_apply(&once, vm);
	/* a snapshot wants the accelerator it was taken under */
	if (vm->resume && !once.accel)
		once.accel = then = snap_accel(vm, vm->resume);
	if (qemu_find(h, vm, once.accel, &b->qemu, why) < 0 ||
	    check_accel(b->qemu.accel, why) < 0 || check_files(vm, why) < 0)
		goto fail;
	tell_root(h, vm, &b->told);
	if (b->qemu.told)
		strv_fmt(&b->told, "%s: %s", vm->name, b->qemu.told);
	if (vm->resume && snap_loads(vm, vm->resume, b->qemu.accel, why) < 0)
		goto fail;
	if (ssh_credentials(h, vm, why) < 0 || seed_make(h, vm, why) < 0 ||
	    ssh_config_write(h, vm, why) < 0)
		goto fail;
	ssh_credential_files(h, vm, &smbios);
	b->resume = vm->resume;
	if (apart_argv(vm, &b->argv, &b->told, why) < 0)
		goto fail;
	b->apart = (int)b->argv.n;
	qemu_argv(vm, &b->qemu, &smbios, vm->resume != NULL, &b->argv);
	b->made = made_watch(vm->dir);
	return 0;
fail:
	free_boot(b);
	return -1;
}

void
boot_state(const struct vm *vm, const char *state)
{
	char text[64];
	autoclose int fd =
	    openat(vm->dir, "state", O_WRONLY | O_CLOEXEC | O_NOFOLLOW);

	/* In place: that the disk is full must find room on it. */
	(void)snprintf(text, sizeof text, "%s\n%*s", state,
	    (int)(sizeof text - 2 - strlen(state)), "");
	if (fd < 0 || pwrite(fd, text, sizeof text, 0) != sizeof text)
		(void)io_put(vm->dir, "state", 0600, text, sizeof text);
}

int
boot_started(
    const struct vm *vm, const struct boot *b, pid_t qemu, struct why *why)
{
	unsigned long long start;
	char now[32], pid[64];

	if (sys_start_time(qemu, &start) < 0)
		return why_set(
		    why, EX_UNAVAILABLE, "%s: QEMU ended at once", vm->name);
	io_timestamp(now, 1);
	(void)snprintf(pid, sizeof pid, "%ld %llu\n", (long)qemu, start);
	if (io_put(vm->dir, "pid", 0600, pid, strlen(pid)) < 0 ||
	    io_put(vm->dir, "started", 0600, now, strlen(now)) < 0 ||
	    io_put(vm->dir, "accel", 0600, b->qemu.accel,
		strlen(b->qemu.accel)) < 0 ||
	    once_keep(vm) < 0)
		return why_sys(why, EX_IOERR, "%s", vm->name);
	return 0;
}
