/* SPDX-License-Identifier: ISC */
#ifdef __linux__
#include "sys.h"

#include <errno.h>
#include <fcntl.h>
#include <grp.h>
#include <linux/fs.h>
#include <pwd.h>
#include <resolv.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/ioctl.h>
#include <sys/prctl.h>
#include <sys/random.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/utsname.h>
#include <time.h>
#include <unistd.h>

#include "mem.h"

int
sys_fsync(int fd)
{
	return fsync(fd);
}

int
sys_reflink(int from, int to)
{
	return ioctl(to, FICLONE, from);
}

off_t
sys_copy_range(int from, int to, off_t at, off_t n)
{
	off_t in = at, out = at;

	return copy_file_range(from, &in, to, &out, (size_t)n, 0);
}

int
sys_lock(int fd)
{
	struct flock fl = { .l_type = F_WRLCK, .l_whence = SEEK_SET };

	return fcntl(fd, F_OFD_SETLK, &fl);
}

int
sys_locked(int fd)
{
	struct flock fl = { .l_type = F_WRLCK, .l_whence = SEEK_SET };

	if (fcntl(fd, F_OFD_GETLK, &fl) < 0)
		return -1;
	return fl.l_type != F_UNLCK;
}

int
sys_locked_byte(int fd, off_t at)
{
	struct flock fl = { .l_type = F_WRLCK,
		.l_whence = SEEK_SET,
		.l_start = at,
		.l_len = 1 };

	if (fcntl(fd, F_OFD_GETLK, &fl) < 0)
		return -1;
	return fl.l_type != F_UNLCK;
}

int
sys_fd_path(int dir, const char *name, char *out, size_t n, int *back)
{
	int len = dir == AT_FDCWD ?
	    snprintf(out, n, "%s", name) :
	    snprintf(out, n, "/proc/self/fd/%d/%s", dir, name);

	*back = -1;
	if (len < 0 || (size_t)len >= n) {
		errno = ENAMETOOLONG;
		return -1;
	}
	return 0;
}

void
sys_fd_path_end(int back)
{
	(void)back;
}

char *
sys_program_dir(void)
{
	char path[4096];
	ssize_t n = readlink("/proc/self/exe", path, sizeof path - 1);
	char *slash;

	if (n < 0)
		return NULL;
	path[n] = '\0';
	slash = strrchr(path, '/');
	if (!slash) {
		errno = ENOENT;
		return NULL;
	}
	return xstrndup(path, (size_t)(slash - path));
}

static int
kept(int fd, const int *keep, int n)
{
	for (int i = 0; i < n; i++)
		if (keep[i] == fd)
			return 1;
	return 0;
}

/* All behind the highest kept one in one call, the few before it singly. */
void
sys_close_others(int from, const int *keep, int n)
{
	int top = from;

	for (int i = 0; i < n; i++)
		if (keep[i] >= top)
			top = keep[i] + 1;
	for (int fd = from; fd < top; fd++)
		if (!kept(fd, keep, n))
			close(fd);
	if (syscall(SYS_close_range, top, ~0U, 0) == 0)
		return;
	for (int fd = top; fd < 1024; fd++)
		close(fd);
}

int
sys_pipe(int p[2])
{
	return pipe2(p, O_CLOEXEC);
}

void
sys_random(void *p, size_t n)
{
	char *at = p;

	while (n) {
		ssize_t got = getrandom(at, n, 0);

		if (got > 0) {
			at += got;
			n -= (size_t)got;
		}
	}
}

/* proc(5): the 22nd field of stat, counted behind the name in brackets,
 * which may hold anything. */
int
sys_start_time(pid_t pid, unsigned long long *out)
{
	char path[64], text[1024], *p;
	FILE *f;
	size_t n;

	(void)snprintf(path, sizeof path, "/proc/%ld/stat", (long)pid);
	f = fopen(path, "re");
	if (!f) {
		errno = ESRCH;
		return -1;
	}
	n = fread(text, 1, sizeof text - 1, f);
	fclose(f);
	text[n] = '\0';
	p = strrchr(text, ')');
	if (p && p[1] == ' ' && p[2] == 'Z')
		p = NULL; /* it has ended; only its parent has not looked */
	for (int field = 2; p && field < 22; field++)
		p = strchr(p + 1, ' ');
	if (!p) {
		errno = ESRCH;
		return -1;
	}
	*out = strtoull(p + 1, NULL, 10);
	return 0;
}

int
sys_kill(pid_t pid, unsigned long long start, int sig)
{
	unsigned long long now;
	autoclose int fd = (int)syscall(SYS_pidfd_open, pid, 0);

	if (fd < 0 && errno != ENOSYS && errno != EPERM)
		return -1;
	if (sys_start_time(pid, &now) < 0)
		return -1;
	if (now != start) {
		errno = ESRCH;
		return -1;
	}
	if (fd < 0)
		return kill(pid, sig);
	return (int)syscall(SYS_pidfd_send_signal, fd, sig, NULL, 0);
}

void
sys_die_with_parent(void)
{
	(void)prctl(PR_SET_PDEATHSIG, SIGTERM); /* a help, not a promise */
}

void
sys_no_new_privs(void)
{
	(void)prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0); /* since Linux 3.5 */
}

int
sys_peer_is_us(int fd)
{
	struct ucred peer;
	socklen_t n = sizeof peer;

	return getsockopt(fd, SOL_SOCKET, SO_PEERCRED, &peer, &n) == 0 &&
	    peer.uid == geteuid();
}

void
sys_search(int on)
{
	if (res_init() == 0 && !on)
		_res.options &= ~(unsigned long)RES_DNSRCH;
}

int
sys_watch_new(void)
{
	return epoll_create1(EPOLL_CLOEXEC);
}

int
sys_watch(int watch, int fd, int in, int out)
{
	struct epoll_event ev = { .events = (in ? EPOLLIN : 0) |
		    (out ? EPOLLOUT : 0) };

	if (epoll_ctl(watch, EPOLL_CTL_MOD, fd, &ev) == 0)
		return 0;
	return errno == ENOENT ? epoll_ctl(watch, EPOLL_CTL_ADD, fd, &ev) : -1;
}

void
sys_unwatch(int watch, int fd)
{
	(void)epoll_ctl(watch, EPOLL_CTL_DEL, fd, NULL); /* not in it: fine */
}

int
sys_peer_uid(int fd, uid_t *uid)
{
	struct ucred peer;
	socklen_t n = sizeof peer;

	if (getsockopt(fd, SOL_SOCKET, SO_PEERCRED, &peer, &n) < 0)
		return -1;
	*uid = peer.uid;
	return 0;
}

int
sys_accel(const char *name)
{
	if (strcmp(name, "kvm") == 0)
		return access("/dev/kvm", R_OK | W_OK);
	errno = ENOTSUP;
	return -1;
}

const char *
sys_accel_name(void)
{
	return "kvm";
}

/* The module of a processor that has what KVM needs. */
static char *
kvm_module(void)
{
	char line[4096];
	FILE *f = fopen("/proc/cpuinfo", "re");
	const char *module = NULL;

	while (f && !module && fgets(line, sizeof line, f))
		if (strncmp(line, "flags", 5) == 0)
			module = strstr(line, " vmx") ? "kvm-intel" :
			    strstr(line, " svm")      ? "kvm-amd" :
							NULL;
	if (f)
		fclose(f);
	return module ? xasprintf("sudo modprobe %s", module) : NULL;
}

static int
is_member(const struct group *g, const char *user)
{
	for (char **m = g->gr_mem; *m; m++)
		if (strcmp(*m, user) == 0)
			return 1;
	return 0;
}

/* A seat has the device by an ACL; a login by ssh has it by its group. */
char *
sys_accel_mend(void)
{
	struct passwd *pw = getpwuid(geteuid());
	autofree char *user = pw ? xstrdup(pw->pw_name) : NULL;
	struct group *g;
	struct stat st;

	if (stat("/dev/kvm", &st) < 0)
		return kvm_module();
	if (!user)
		user = xasprintf("%ld", (long)geteuid());
	g = st.st_gid && (st.st_mode & 060) == 060 ? getgrgid(st.st_gid) : NULL;
	if (!g)
		return xasprintf("sudo setfacl -m u:%s:rw /dev/kvm", user);
	if (is_member(g, user))
		return xasprintf("log in again: %s joined the group %s after "
				 "this login",
		    user, g->gr_name);
	if (access("/etc/debian_version", F_OK) == 0)
		return xasprintf(
		    "sudo adduser %s %s, then log in again", user, g->gr_name);
	return xasprintf(
	    "sudo usermod -aG %s %s, then log in again", g->gr_name, user);
}

const char *
sys_arch(void)
{
	static struct utsname uts;

	if (uname(&uts) < 0)
		return "x86_64";
	return uts.machine;
}

uint64_t
sys_memory(void)
{
	char line[128];
	unsigned long long kib = 0;
	FILE *f = fopen("/proc/meminfo", "re");

	while (f && fgets(line, sizeof line, f))
		if (sscanf(line, "MemAvailable: %llu kB", &kib) == 1)
			break;
	if (f)
		fclose(f);
	return (uint64_t)kib << 10;
}

/* Monotonic time stands still while the system sleeps, boot time does not. */
long long
sys_slept(void)
{
	struct timespec all, awake;

	if (clock_gettime(CLOCK_MONOTONIC, &awake) < 0 ||
	    clock_gettime(CLOCK_BOOTTIME, &all) < 0)
		return 0;
	return (all.tv_sec - awake.tv_sec) * 1000LL +
	    (all.tv_nsec - awake.tv_nsec) / 1000000;
}
#endif
