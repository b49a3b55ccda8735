/* SPDX-License-Identifier: ISC */
/* proc(5), read with caps: a process may be hostile and show what it likes in
 * its cmdline, and have as many files as it may. */
#ifdef __linux__
#include "proc.h"

#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "io.h"

enum { TEXT_MAX = 1 << 20, TCP_LISTEN = 0x0a };

/* The directory /proc/PID. */
static int
open_proc(pid_t pid)
{
	char path[32];
	int dir;

	(void)snprintf(path, sizeof path, "/proc/%ld", (long)pid);
	dir = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (dir < 0 && errno == ENOENT)
		errno = ESRCH;
	return dir;
}

/* A field of a file of lines "Name:\tvalue", in base 8 or 10; -1: none. */
static long
field(const char *text, const char *name, int base)
{
	size_t n = strlen(name);

	for (const char *p = text; p; p = strchr(p, '\n')) {
		p += *p == '\n';
		if (strncmp(p, name, n) == 0 && p[n] == ':')
			return (long)strtoull(p + n + 1, NULL, base);
	}
	return -1;
}

struct threads {
	int dir; /* task */
	struct proc *p;
};

static int
look_thread(const char *tid, void *arg)
{
	struct threads *t = arg;
	autofree char *file = xasprintf("%s/status", tid);
	autobuf struct buf b = { 0 };

	if (io_read_file(t->dir, file, &b, TEXT_MAX) < 0 || !b.n)
		return 0; /* it has ended */
	if (t->p->threads++ == 0) {
		t->p->uid = (uid_t)field(b.p, "Uid", 10);
		t->p->filtered = t->p->no_new_privs = 1;
	}
	t->p->filtered &= field(b.p, "Seccomp", 10) == 2;
	t->p->no_new_privs &= field(b.p, "NoNewPrivs", 10) == 1;
	return 0;
}

/* Whether its namespace is another than ours. */
static int
apart(int dir, const char *name)
{
	autofree char *its = xasprintf("ns/%s", name);
	autofree char *ours = xasprintf("/proc/self/ns/%s", name);
	struct stat a, b;

	return fstatat(dir, its, &a, 0) == 0 && stat(ours, &b) == 0 &&
	    (a.st_ino != b.st_ino || a.st_dev != b.st_dev);
}

/* Two lines of headings, then one for each. */
static int
count_links(int dir)
{
	autobuf struct buf b = { 0 };
	int n = -2;

	if (io_read_file(dir, "net/dev", &b, TEXT_MAX) < 0 || !b.n)
		return -1;
	for (const char *p = b.p; *p; p += strcspn(p, "\n") + 1) {
		const char *name = p + strspn(p, " ");

		n += !str_starts(name, "lo:");
		if (!strchr(p, '\n'))
			break;
	}
	return n;
}

int
proc_look(pid_t pid, struct proc *p)
{
	autoclose int dir = open_proc(pid);
	autoclose int task = dir < 0 ? -1 : io_opendir(dir, "task");
	struct threads t = { task, p };

	*p = (struct proc){ 0 };
	if (task < 0 || io_walk(task, look_thread, &t) < 0)
		return -1;
	if (!p->threads) {
		errno = ESRCH;
		return -1;
	}
	p->user_ns = apart(dir, "user");
	p->net_ns = apart(dir, "net");
	p->mount_ns = apart(dir, "mnt");
	p->links = count_links(dir);
	return 0;
}

int
proc_words(pid_t pid, struct strv *argv)
{
	autoclose int dir = open_proc(pid);
	autobuf struct buf b = { 0 };

	if (dir < 0 || io_read_file(dir, "cmdline", &b, TEXT_MAX) < 0)
		return -1;
	for (size_t i = 0; i < b.n; i += strlen(b.p + i) + 1)
		strv_add(argv, b.p + i);
	return 0;
}

struct files {
	int dir; /* /proc/PID */
	void (*fn)(const struct proc_file *f, void *arg);
	void *arg;
};

static int
look_file(const char *fd, void *arg)
{
	struct files *fs = arg;
	autofree char *link = xasprintf("fd/%s", fd);
	autofree char *info = xasprintf("fdinfo/%s", fd);
	autobuf struct buf b = { 0 };
	char path[4096];
	struct proc_file f = { .path = path };
	ssize_t n = readlinkat(fs->dir, link, path, sizeof path - 1);

	if (n < 0 || fstatat(fs->dir, link, &f.st, 0) < 0 ||
	    io_read_file(fs->dir, info, &b, TEXT_MAX) < 0 || !b.n)
		return 0; /* closed meanwhile */
	path[n] = '\0';
	f.writable = (field(b.p, "flags", 8) & O_ACCMODE) != O_RDONLY;
	f.locked = strstr(b.p, "\nlock:") != NULL;
	fs->fn(&f, fs->arg);
	return 0;
}

int
proc_files(
    pid_t pid, void (*fn)(const struct proc_file *f, void *arg), void *arg)
{
	autoclose int dir = open_proc(pid);
	autoclose int fds = dir < 0 ? -1 : io_opendir(dir, "fd");
	struct files fs = { dir, fn, arg };

	return fds < 0 ? -1 : io_walk(fds, look_file, &fs);
}

/* ---- listeners: sockets by inode, then the inodes that listen ---- */

static void
keep_socket(const struct proc_file *f, void *arg)
{
	if (str_starts(f->path, "socket:["))
		strv_add(arg, f->path);
}

/* The address as the kernel prints it: words of 32 bits, in the host's order,
 * of bytes in the network's. */
static void
address(const char *hex, char out[46])
{
	uint32_t word[4] = { 0 };
	int n = strlen(hex) == 32 ? 4 : 1;

	for (int i = 0; i < n; i++) {
		autofree char *digits = xstrndup(hex + 8 * i, 8);

		word[i] = (uint32_t)strtoull(digits, NULL, 16);
	}
	if (!inet_ntop(n == 4 ? AF_INET6 : AF_INET, word, out, 46))
		(void)snprintf(out, 46, "%s", hex);
}

static int
look_table(int dir, const char *name, const struct strv *sockets,
    void (*fn)(const struct proc_listener *l, void *arg), void *arg)
{
	autofree char *path = xasprintf("net/%s", name);
	int fd = openat(dir, path, O_RDONLY | O_CLOEXEC);
	FILE *f = fd < 0 ? NULL : fdopen(fd, "r");
	char line[512], hex[33], socket[40];
	unsigned port, state;
	unsigned long inode;

	if (!f) {
		if (fd >= 0)
			close(fd);
		return errno == ENOENT ? 0 : -1; /* without IPv6 */
	}
	while (fgets(line, sizeof line, f)) {
		struct proc_listener l;

		if (sscanf(line,
			" %*d: %32[0-9A-F]:%x %*[0-9A-F]:%*x %x %*x:%*x "
			"%*x:%*x %*x %*u %*u %lu",
			hex, &port, &state, &inode) != 4 ||
		    state != TCP_LISTEN)
			continue;
		(void)snprintf(socket, sizeof socket, "socket:[%lu]", inode);
		if (!strv_has(sockets, socket))
			continue;
		address(hex, l.addr);
		l.port = (int)port;
		fn(&l, arg);
	}
	fclose(f);
	return 0;
}

int
proc_listeners(
    pid_t pid, void (*fn)(const struct proc_listener *l, void *arg), void *arg)
{
	autoclose int dir = open_proc(pid);
	autostrv struct strv sockets = { 0 };

	if (dir < 0 || proc_files(pid, keep_socket, &sockets) < 0 ||
	    look_table(dir, "tcp", &sockets, fn, arg) < 0)
		return -1;
	return look_table(dir, "tcp6", &sockets, fn, arg);
}
#endif
