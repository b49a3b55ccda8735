/* SPDX-License-Identifier: ISC */
/* Written for macOS 12 and later; not run by the authors. */
#ifdef __APPLE__
#include "sys.h"

#include <errno.h>
#include <fcntl.h>
#include <libproc.h>
#include <mach-o/dyld.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/attr.h>
#include <sys/clonefile.h>
#include <sys/event.h>
#include <sys/file.h>
#include <mach/mach.h>
#include <sys/sysctl.h>
#include <sys/utsname.h>
#include <time.h>
#include <unistd.h>

#include "mem.h"

int
sys_fsync(int fd)
{
	if (fcntl(fd, F_FULLFSYNC) == 0)
		return 0;
	return fsync(fd); /* a directory, or a file system without it */
}

int
sys_reflink(int from, int to)
{
	(void)from;
	(void)to;
	errno = ENOTSUP; /* clonefile(2) makes the file itself */
	return -1;
}

off_t
sys_copy_range(int from, int to, off_t at, off_t n)
{
	(void)from;
	(void)to;
	(void)at;
	(void)n;
	errno = ENOSYS;
	return -1;
}

int
sys_lock(int fd)
{
	return flock(fd, LOCK_EX | LOCK_NB);
}

/* flock has no way to look; the lock is taken and dropped through another
 * open file, so that the caller's own is left alone. */
int
sys_locked(int fd)
{
	char path[1024];
	int probe, held;

	if (fcntl(fd, F_GETPATH, path) < 0)
		return -1;
	probe = open(path, O_RDONLY | O_CLOEXEC);
	if (probe < 0)
		return -1;
	held = flock(probe, LOCK_SH | LOCK_NB) < 0 && errno == EWOULDBLOCK;
	close(probe);
	return held;
}

int
sys_locked_byte(int fd, off_t at)
{
	(void)fd;
	(void)at;
	return 0;
}

int
sys_fd_path(int dir, const char *name, char *out, size_t n, int *back)
{
	int len = snprintf(out, n, "%s", name);

	*back = -1;
	if (len < 0 || (size_t)len >= n) {
		errno = ENAMETOOLONG;
		return -1;
	}
	if (dir == AT_FDCWD)
		return 0;
	*back = open(".", O_RDONLY | O_CLOEXEC);
	if (*back < 0)
		return -1;
	if (fchdir(dir) < 0) {
		close(*back);
		*back = -1;
		return -1;
	}
	return 0;
}

void
sys_fd_path_end(int back)
{
	if (back < 0)
		return;
	(void)fchdir(back); /* we were there a moment ago */
	close(back);
}

char *
sys_program_dir(void)
{
	char path[4096], full[4096], *slash;
	uint32_t n = sizeof path;

	if (_NSGetExecutablePath(path, &n) != 0 || !realpath(path, full)) {
		errno = ENOENT;
		return NULL;
	}
	slash = strrchr(full, '/');
	return slash ? xstrndup(full, (size_t)(slash - full)) : NULL;
}

void
sys_close_others(int from, const int *keep, int n)
{
	for (int fd = from; fd < getdtablesize(); fd++) {
		int mine = 0;

		for (int i = 0; i < n; i++)
			mine |= keep[i] == fd;
		if (!mine)
			close(fd);
	}
}

int
sys_pipe(int p[2])
{
	if (pipe(p) < 0)
		return -1;
	(void)fcntl(p[0], F_SETFD, FD_CLOEXEC); /* our own, just made */
	(void)fcntl(p[1], F_SETFD, FD_CLOEXEC);
	return 0;
}

void
sys_random(void *p, size_t n)
{
	arc4random_buf(p, n);
}

int
sys_start_time(pid_t pid, unsigned long long *out)
{
	struct proc_bsdinfo info;

	if (proc_pidinfo(pid, PROC_PIDTBSDINFO, 0, &info, sizeof info) !=
		(int)sizeof info ||
	    info.pbi_status == SZOMB) {
		errno = ESRCH;
		return -1;
	}
	*out = info.pbi_start_tvsec * 1000000 + info.pbi_start_tvusec;
	return 0;
}

int
sys_kill(pid_t pid, unsigned long long start, int sig)
{
	unsigned long long now;

	if (sys_start_time(pid, &now) < 0)
		return -1;
	if (now != start) {
		errno = ESRCH;
		return -1;
	}
	return kill(pid, sig);
}

void
sys_die_with_parent(void)
{
}

void
sys_no_new_privs(void)
{
}

int
sys_peer_is_us(int fd)
{
	uid_t user;
	gid_t group;

	return getpeereid(fd, &user, &group) == 0 && user == geteuid();
}

void
sys_search(int on)
{
	(void)on;
}

int
sys_watch_new(void)
{
	int fd = kqueue();

	if (fd >= 0)
		(void)fcntl(fd, F_SETFD, FD_CLOEXEC); /* not inherited anyway */
	return fd;
}

int
sys_watch(int watch, int fd, int in, int out)
{
	struct kevent ev;

	EV_SET(&ev, fd, EVFILT_READ, in ? EV_ADD : EV_DELETE, 0, 0, NULL);
	if (kevent(watch, &ev, 1, NULL, 0, NULL) < 0 && in)
		return -1;
	EV_SET(&ev, fd, EVFILT_WRITE, out ? EV_ADD : EV_DELETE, 0, 0, NULL);
	return kevent(watch, &ev, 1, NULL, 0, NULL) < 0 && out ? -1 : 0;
}

void
sys_unwatch(int watch, int fd)
{
	(void)sys_watch(watch, fd, 0, 0); /* not in it: fine */
}

int
sys_peer_uid(int fd, uid_t *uid)
{
	gid_t gid;

	return getpeereid(fd, uid, &gid);
}

int
sys_accel(const char *name)
{
	int have = 0;
	size_t n = sizeof have;

	if (strcmp(name, "hvf") == 0 &&
	    sysctlbyname("kern.hv_support", &have, &n, NULL, 0) == 0 && have)
		return 0;
	errno = ENOTSUP;
	return -1;
}

const char *
sys_accel_name(void)
{
	return "hvf";
}

char *
sys_accel_mend(void)
{
	return NULL;
}

const char *
sys_arch(void)
{
	static struct utsname uts;

	if (uname(&uts) < 0 || strcmp(uts.machine, "arm64") == 0)
		return "aarch64";
	return uts.machine;
}

uint64_t
sys_memory(void)
{
	mach_msg_type_number_t n = HOST_VM_INFO64_COUNT;
	vm_statistics64_data_t vm;

	if (host_statistics64(mach_host_self(), HOST_VM_INFO64,
		(host_info64_t)&vm, &n) != KERN_SUCCESS)
		return 0;
	return (uint64_t)(vm.free_count + vm.inactive_count +
		   vm.purgeable_count) *
	    (uint64_t)getpagesize();
}

/* CLOCK_UPTIME_RAW stands still while the system sleeps. */
long long
sys_slept(void)
{
	return (long long)(clock_gettime_nsec_np(CLOCK_MONOTONIC_RAW) -
		   clock_gettime_nsec_np(CLOCK_UPTIME_RAW)) /
	    1000000;
}
#endif
