/* SPDX-License-Identifier: ISC */
/* net-confine.h: what a gateway that was taken over tries. */
#ifndef XRAY_NET_CONFINE_H
#define XRAY_NET_CONFINE_H

#include <errno.h>
#include <fcntl.h>
#include <linux/filter.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <net/if.h>
#include <stddef.h>
#include <stdio.h>
#include <sched.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/ptrace.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <unistd.h>

#include "confine_priv.h"
#include "mem.h"

enum { KILL_IT = -1, FAILS = -2 };

/* How it must end: KILL_IT, an errno, or FAILS for any.  With path, Landlock
 * refuses it too. */
struct
try {
	const char *name;
	int want, path;
	int (*fn)(void);
};

/* What tries are made on. */
static char try_path[] = "/tmp/xray-confine.XXXXXX";
/* Abstract; as addresses they have 15 bytes, and 16, as IPv4's. */
static char try_name[16], try_name16[18];
static char try_page[4096] __attribute__((aligned(4096)));
static char try_new[64], try_qmp[64], try_qmp_fd[64];
static int try_dir, try_clerk, try_ns, try_socket;

static int
fork_and_wait(void)
{
	pid_t pid = fork();

	if (pid == 0)
		_exit(0);
	return pid < 0 || waitpid(pid, NULL, 0) != pid ? -1 : 0;
}

static int
map(int prot)
{
	void *p = mmap(NULL, 4096, prot, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

	return p == MAP_FAILED ? -1 : 0;
}

static int
attach_filter(void)
{
	struct sock_filter all = { BPF_RET | BPF_K, 0, 0, 0xffff };
	struct sock_fprog program = { 1, &all };

	return setsockopt(
	    try_socket, SOL_SOCKET, SO_ATTACH_FILTER, &program, sizeof program);
}

/* The address of a path, or of an abstract name, @NAME.  Its length. */
static socklen_t
address(const char *name, struct sockaddr_un *sun)
{
	*sun = (struct sockaddr_un){ .sun_family = AF_UNIX };
	memcpy(sun->sun_path, name, strlen(name));
	if (*name == '@')
		sun->sun_path[0] = '\0';
	return (
	    socklen_t)(offsetof(struct sockaddr_un, sun_path) + strlen(name));
}

/* With n as the length, when it is not 0. */
static int
dial(const char *name, socklen_t n)
{
	struct sockaddr_un sun;
	socklen_t len = address(name, &sun);
	int fd = socket(AF_UNIX, SOCK_STREAM, 0);

	return fd < 0 ? -1 : connect(fd, (struct sockaddr *)&sun, n ? n : len);
}

static int
bind_at(const char *name)
{
	struct sockaddr_un sun;
	socklen_t n = address(name, &sun);
	int fd = socket(AF_UNIX, SOCK_STREAM, 0);
	int r = fd < 0 ? -1 : bind(fd, (struct sockaddr *)&sun, n);

	if (r == 0)
		unlink(name);
	return r;
}

static int
hear_at(const char *name)
{
	struct sockaddr_un sun;
	socklen_t n = address(name, &sun);
	int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);

	return fd < 0 || bind(fd, (struct sockaddr *)&sun, n) < 0 ?
	    -1 :
	    listen(fd, 128);
}

#ifdef __x86_64__
/* getpid, by i386's number and way. */
static int
call_i386(void)
{
	long r;

	__asm__ volatile("int $0x80" : "=a"(r) : "a"(20L) : "memory");
	return r < 0 ? -1 : 0;
}
#endif

#define PASTE_(a, b) a##b
#define PASTE(a, b) PASTE_(a, b)
#define TRY(name, want, path, expression)      \
	static int PASTE(try_, __LINE__)(void) \
	{                                      \
		return (int)(expression);      \
	}
#include "net-confine.def"
#undef TRY
#define TRY(name, want, path, expression) \
	{ name, want, path, PASTE(try_, __LINE__) },
static const struct try tries[] = {
#include "net-confine.def"
};

/* A child's end of a pair, with a file sent along: read as rules are. */
static int
hand_over(int to)
{
	char c = 0, room[CMSG_SPACE(sizeof(int))] = { 0 };
	struct iovec iov = { &c, 1 };
	struct msghdr m = { .msg_iov = &iov,
		.msg_iovlen = 1,
		.msg_control = room,
		.msg_controllen = sizeof room };
	struct cmsghdr *head = CMSG_FIRSTHDR(&m);
	int fd = openat(try_dir, "rules", O_RDWR | O_CREAT | O_CLOEXEC, 0600);

	if (fd < 0 || write(fd, "rules", 5) != 5 || lseek(fd, 0, SEEK_SET) < 0)
		return -1;
	head->cmsg_level = SOL_SOCKET;
	head->cmsg_type = SCM_RIGHTS;
	head->cmsg_len = CMSG_LEN(sizeof fd);
	memcpy(CMSG_DATA(head), &fd, sizeof fd);
	return sendmsg(to, &m, 0) == 1 ? close(fd) : -1;
}

static int
try_setup(void)
{
	int pair[2];

	if (!mkdtemp(try_path) || chdir(try_path) < 0)
		return -1;
	(void)snprintf(try_new, sizeof try_new, "%s/new", try_path);
	(void)snprintf(try_qmp, sizeof try_qmp, "%s/q.sock", try_path);
	(void)snprintf(
	    try_name, sizeof try_name, "@xray-%07d", (int)getpid() % 10000000);
	(void)snprintf(try_name16, sizeof try_name16, "%sd", try_name);
	try_dir = open(".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	(void)snprintf(
	    try_qmp_fd, sizeof try_qmp_fd, "/proc/self/fd/%d/q.sock", try_dir);
	try_ns = open("/proc/self/ns/net", O_RDONLY | O_CLOEXEC);
	try_socket = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
	if (try_dir < 0 || try_ns < 0 || try_socket < 0 ||
	    hear_at("q.sock") < 0 || hear_at(try_name) < 0 ||
	    hear_at(try_name16) < 0 ||
	    socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, pair) < 0)
		return -1;
	try_clerk = pair[0];
	return hand_over(pair[1]);
}

static void
try_clean(void)
{
	(void)unlink("/tmp/xray-confine.sock"); /* of one that got through */
	(void)unlinkat(try_dir, "q.sock", 0);
	(void)unlinkat(try_dir, "rules", 0);
	(void)unlinkat(try_dir, "file", 0);
	(void)rmdir(try_path);
}

#endif
