/* SPDX-License-Identifier: ISC */
/*
 * A claim is a line "PID START UUID HOW".  Who takes its lock may sweep it,
 * and must look whether the name still leads to the file: two may have waited
 * for the lock, and the first has removed it.  So an owner that locks its new
 * claim looks too, for a sweep may have come between.
 *
 * pid and start are there to tell an owner from a sweep, which both hold the
 * lock: a sweep is waited for, so that the VM is gone for those who look.
 */
#include "throw.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "io.h"
#include "run.h"
#include "say.h"
#include "sys.h"
#include "vm.h"

#define FOLDER "throwaway"
enum { END_MS = 20000, WATCH_MS = 60000 };

/* 1 when name in dir is the file fd. */
static int
is_there(int dir, const char *name, int fd)
{
	struct stat ours, now;

	return fstat(fd, &ours) == 0 &&
	    fstatat(dir, name, &now, AT_SYMLINK_NOFOLLOW) == 0 &&
	    ours.st_ino == now.st_ino && ours.st_dev == now.st_dev;
}

/* A new file, locked and there; -1 with errno. */
static int
make(struct home *h, const char *name)
{
	autoclose int dir = io_mkdir(h->fd, FOLDER);
	int fd = dir < 0 ?
	    -1 :
	    openat(dir, name, O_RDWR | O_CREAT | O_EXCL | O_CLOEXEC, 0600);

	if (fd < 0)
		return -1;
	if (sys_lock(fd) == 0 && is_there(dir, name, fd))
		return fd;
	close(fd);
	errno = ENOENT; /* swept already, or the folder was */
	return -1;
}

static int
write_claim(const struct throw *t)
{
	unsigned long long start;
	autofree char *text = NULL;

	if (sys_start_time(getpid(), &start) < 0)
		return -1;
	text = xasprintf("%ld %llu %s %s\n", (long)getpid(), start, t->uuid,
	    t->keep ? "keep" : "remove");
	return io_write(t->fd, text, strlen(text)) < 0 ? -1 : sys_fsync(t->fd);
}

static char *
new_name(void)
{
	static const char letters[] = "abcdefghijkmnpqrstuvwxyz23456789";
	unsigned char r[6];
	struct buf b = { 0 };

	sys_random(r, sizeof r);
	buf_str(&b, "run-");
	for (size_t i = 0; i < sizeof r; i++)
		buf_fmt(&b, "%c", letters[r[i] % (sizeof letters - 1)]);
	return buf_take(&b);
}

static void
drop(struct home *h, struct throw *t)
{
	autoclose int dir = io_opendir(h->fd, FOLDER);

	if (dir >= 0)
		(void)unlinkat(dir, t->name, 0);
	(void)unlinkat(h->fd, FOLDER, AT_REMOVEDIR); /* unless there are more */
}

static void forget(struct throw *t)
{
	if (t->fd >= 0)
		close(t->fd);
	free(t->name);
	free(t->uuid);
	*t = (struct throw){ .fd = -1 };
}

int
throw_claim(struct home *h, const char *name, int keep, struct throw *t,
    struct why *why)
{
	*t = (struct throw){ .fd = -1, .keep = keep };
	for (int tries = 0; t->fd < 0 && tries < 100; tries++) {
		free(t->name);
		t->name = name ? xstrdup(name) : new_name();
		t->fd = make(h, t->name);
		if (t->fd < 0 && errno != ENOENT && (name || errno != EEXIST))
			break;
	}
	if (t->fd < 0 && errno == EEXIST)
		why_set(why, EX_CANTCREAT, "%s: another run has that name",
		    t->name);
	else if (t->fd < 0)
		why_sys(why, EX_IOERR, "%s/%s", h->path, FOLDER);
	t->uuid = vm_uuid();
	if (t->fd >= 0 && write_claim(t) == 0)
		return 0;
	if (t->fd >= 0) {
		why_sys(why, EX_IOERR, "%s/%s/%s", h->path, FOLDER, t->name);
		drop(h, t);
	}
	forget(t);
	return -1;
}

/*
 * End the VM and take its lock, so that nobody starts it.  Who starts it just
 * now has the lock, and QEMU may be there before its pid is told.  The lock;
 * -1 with why, EX_NOINPUT: it is gone.
 */
static int
end(struct home *h, struct vm *vm, long long deadline, struct why *why)
{
	unsigned long long start;
	int lock, nap = 1;
	pid_t pid;

	for (;;) {
		if (vm_pid(vm, &pid, &start) == 0)
			(void)sys_kill(pid, start, SIGKILL); /* ended: fine */
		if (!vm_alive(vm)) {
			lock = vm_lock(h, vm, 0, why);
			if (lock >= 0 && !vm_alive(vm))
				return lock;
			if (lock < 0 && why->code != EX_TEMPFAIL)
				return -1;
			if (lock >= 0)
				close(lock);
		}
		if (io_left(deadline) == 0)
			return why_set(why, EX_TEMPFAIL,
			    "%s: does not end, not even by SIGKILL", vm->name);
		io_sleep(nap);
		nap = nap < 20 ? nap + 1 : nap;
	}
}

/* End the VM of claim t and, with away, remove it; 0 when there is none that
 * is ours. */
static int
finish(struct home *h, const struct throw *t, int away, long long deadline,
    struct why *why)
{
	struct vm vm;
	int lock = -1, r = 0;

	if (vm_open_any(h, t->name, &vm, why) < 0)
		return why->code == EX_NOINPUT ? 0 : -1;
	if (vm.broken || strcmp(vm.uuid, t->uuid) != 0)
		goto out;
	r = lock = end(h, &vm, deadline, why);
	if (lock < 0 && why->code == EX_NOINPUT)
		r = 0;
	if (lock >= 0)
		r = away && !vm.guarded ? vm_remove(h, &vm, why) : 0;
	if (lock >= 0)
		close(lock);
out:
	vm_close(&vm);
	return r;
}

int
throw_stop(struct home *h, const struct throw *t, struct why *why)
{
	return finish(h, t, 0, io_now() + END_MS, why);
}

int
throw_end(struct home *h, struct throw *t, struct why *why)
{
	int r = finish(h, t, !t->keep, io_now() + END_MS, why);

	if (r == 0)
		drop(h, t);
	forget(t);
	return r;
}

/* What the claim says, -1: nothing, its owner was killed before it could. */
static int
read_claim(
    struct throw *t, const char *name, pid_t *pid, unsigned long long *start)
{
	char text[128] = "", uuid[40], how[8];
	long owner;
	ssize_t n = pread(t->fd, text, sizeof text - 1, 0);

	free(t->name);
	free(t->uuid);
	t->name = t->uuid = NULL;
	if (n <= 0 ||
	    sscanf(text, "%ld %llu %36s %7s", &owner, start, uuid, how) != 4)
		return -1;
	t->name = xstrdup(name);
	t->uuid = xstrdup(uuid);
	t->keep = strcmp(how, "remove") != 0;
	*pid = (pid_t)owner;
	return 0;
}

/* 1 when we have its lock, once a sweep of somebody else's has ended. */
static int
take(struct throw *t, const char *name, long long deadline)
{
	unsigned long long then, now;
	pid_t pid;

	if (sys_lock(t->fd) == 0)
		return 1;
	if (read_claim(t, name, &pid, &then) < 0 ||
	    (sys_start_time(pid, &now) == 0 && now == then))
		return 0;
	while (sys_lock(t->fd) < 0) {
		if (io_left(deadline) == 0)
			return 0;
		io_sleep(5);
	}
	return 1;
}

struct sweep {
	struct home *h;
	int dir;
	long long ms;
};

/* What the owner was about to make, or to remove. */
static void
sweep_rest(struct home *h)
{
	int lock = home_lock(h, NULL);

	if (lock < 0)
		return;
	port_sweep(h);
	home_sweep(h->vms);
	close(lock);
}

/* Its lock goes a moment before the process does, which home_sweep would then
 * take for one that lives. */
static void
await_owner(pid_t pid, unsigned long long start, long long deadline)
{
	unsigned long long now;

	while (sys_start_time(pid, &now) == 0 && now == start &&
	    io_left(deadline) > 0)
		io_nap();
}

/* The claim t, whose lock we have. */
static void
sweep_claim(struct sweep *s, struct throw *t, const char *name, long long until)
{
	unsigned long long start;
	struct why why;
	pid_t pid;

	if (read_claim(t, name, &pid, &start) < 0) {
		(void)unlinkat(s->dir, name, 0); /* before there was a VM */
		return;
	}
	await_owner(pid, start, until);
	if (finish(s->h, t, !t->keep, until, &why) < 0)
		return;
	sweep_rest(s->h);
	drop(s->h, t);
}

/* An io_walk function. */
static int
sweep_one(const char *name, void *arg)
{
	struct sweep *s = arg;
	struct throw t = { .fd = -1 };
	long long until = io_now() + s->ms;

	if (!name_valid(name))
		return 0;
	t.fd = openat(s->dir, name, O_RDWR | O_NOFOLLOW | O_CLOEXEC);
	if (t.fd >= 0 && take(&t, name, until) && is_there(s->dir, name, t.fd))
		sweep_claim(s, &t, name, until);
	forget(&t);
	return 0;
}

void
throw_sweep(struct home *h, long long ms)
{
	autoclose int dir = io_opendir(h->fd, FOLDER);
	struct sweep s = { h, dir, ms };

	if (dir < 0)
		return;
	(void)io_walk(dir, sweep_one, &s);
	(void)unlinkat(h->fd, FOLDER, AT_REMOVEDIR); /* unless there are more */
}

pid_t
throw_watch(struct home *h, int *fd)
{
	int p[2], keep[3];
	pid_t pid;
	char c;

	if (sys_pipe(p) < 0)
		return -1;
	pid = fork();
	if (pid == 0) {
		keep[0] = p[0];
		keep[1] = h->fd;
		keep[2] = h->vms;
		(void)setsid(); /* what is sent to our group is not for it */
		run_let_go();
		sys_close_others(3, keep, 3);
		while (read(p[0], &c, 1) < 0 && errno == EINTR)
			;
		throw_sweep(h, WATCH_MS);
		_exit(0);
	}
	close(p[0]);
	if (pid < 0)
		close(p[1]);
	else
		*fd = p[1];
	return pid;
}
