/* SPDX-License-Identifier: ISC */
/*
 * seccomp(2).  A rule is a call's number and what its arguments must be; the
 * first that fits says what happens, and what none fits ends the process.
 *
 * Found by watching gateways at work; a call that only
 * one architecture has stands between #ifdefs, a number for one that headers
 * may lack.  What a library may try in a
 * corner (a time zone, a locale) is refused by an error instead: no guest ends
 * a gateway by a message that libslirp's library would date.
 */
#ifdef __linux__
#include <errno.h>
#include <fcntl.h>
#include <linux/audit.h>
#include <linux/filter.h>
#include <linux/seccomp.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "confine.h"
#include "confine_priv.h"

#if defined(__x86_64__)
#define ARCH AUDIT_ARCH_X86_64
#elif defined(__aarch64__)
#define ARCH AUDIT_ARCH_AARCH64
#endif

#ifdef ARCH
enum { X32 = 0x40000000, CODE_MAX = 1024 };

#define KILL SECCOMP_RET_KILL_PROCESS
#define ALLOW SECCOMP_RET_ALLOW
#define DENIED (SECCOMP_RET_ERRNO | EACCES)

/* The half of argument i that ints are in, and the other; both are little-
 * endian. */
#define ARG(i) (offsetof(struct seccomp_data, args) + 8 * (i))
#define HIGH(i) (ARG(i) + 4)

/* The bits of mask of an argument are one of n values. */
struct arg {
	uint32_t at, mask, n;
	const uint32_t *values;
};
#define ONE_OF(...)                                             \
	sizeof((uint32_t[]){ __VA_ARGS__ }) / sizeof(uint32_t), \
	    (const uint32_t[])                                  \
	{                                                       \
		__VA_ARGS__                                     \
	}
#define ALL 0xffffffffU

struct rule {
	long nr;
	uint32_t verdict;
	struct arg args[3]; /* at 0: none */
};

static uint32_t own_pid;

static const struct rule rules[] = {
	/* whose arguments are looked at, and whose work is in a hurry */
	{ SYS_socket, ALLOW,
	    { { ARG(0), ALL, ONE_OF(AF_INET) },
		{ ARG(1), 0xf, ONE_OF(SOCK_STREAM, SOCK_DGRAM) },
		{ ARG(2), ALL,
		    ONE_OF(0, IPPROTO_TCP, IPPROTO_UDP, IPPROTO_ICMP) } } },
	{ SYS_socket, ALLOW,
	    { { ARG(0), ALL, ONE_OF(AF_UNIX) },
		{ ARG(1), 0xf, ONE_OF(SOCK_STREAM) },
		{ ARG(2), ALL, ONE_OF(0) } } },
	{ SYS_socket, DENIED, { { 0 } } },
	{ SYS_setsockopt, ALLOW,
	    { { ARG(1), ALL, ONE_OF(SOL_SOCKET) },
		{ ARG(2), ALL,
		    ONE_OF(SO_REUSEADDR, SO_OOBINLINE, SO_KEEPALIVE, SO_SNDBUF,
			SO_RCVBUF, SO_LINGER, SO_BROADCAST) } } },
	{ SYS_setsockopt, ALLOW,
	    { { ARG(1), ALL, ONE_OF(IPPROTO_TCP) },
		{ ARG(2), ALL,
		    ONE_OF(TCP_NODELAY, TCP_KEEPIDLE, TCP_KEEPINTVL,
			TCP_KEEPCNT, TCP_USER_TIMEOUT, TCP_QUICKACK) } } },
	{ SYS_setsockopt, ALLOW,
	    { { ARG(1), ALL, ONE_OF(IPPROTO_IP) },
		{ ARG(2), ALL,
		    ONE_OF(IP_TTL, IP_TOS, IP_RECVERR, IP_MTU_DISCOVER) } } },
	{ SYS_setsockopt, DENIED, { { 0 } } },
	{ SYS_mmap, ALLOW, { { ARG(2), PROT_EXEC, ONE_OF(0) } } },
	{ SYS_mprotect, ALLOW, { { ARG(2), PROT_EXEC, ONE_OF(0) } } },
	{ SYS_fcntl, ALLOW,
	    { { ARG(1), ALL,
		ONE_OF(
		    F_GETFD, F_SETFD, F_GETFL, F_SETFL, F_DUPFD_CLOEXEC) } } },
	{ SYS_ioctl, ALLOW, { { ARG(1), ALL, ONE_OF(FIONREAD, FIONBIO) } } },
	{ SYS_ioctl, DENIED, { { ARG(1), ALL, ONE_OF(TCGETS) } } },
	/* to look at a limit */
	{ SYS_prlimit64, ALLOW,
	    { { ARG(2), ALL, ONE_OF(0) }, { HIGH(2), ALL, ONE_OF(0) } } },
	/* abort(3) */
	{ SYS_tgkill, ALLOW, { { ARG(0), ALL, 1, &own_pid } } },
	/* fstat(3), by a descriptor and "" */
	{ SYS_newfstatat, ALLOW,
	    { { ARG(3), AT_EMPTY_PATH, ONE_OF(AT_EMPTY_PATH) } } },
};

/* Whatever their arguments. */
static const int allowed[] = { SYS_read, SYS_write, SYS_readv, SYS_writev,
	SYS_pread64, SYS_lseek, SYS_close, SYS_fstat, SYS_recvfrom, SYS_recvmsg,
	SYS_sendto, SYS_sendmsg, SYS_accept, SYS_accept4, SYS_bind, SYS_listen,
	SYS_connect, SYS_shutdown, SYS_getsockname, SYS_getpeername,
	SYS_getsockopt, SYS_ppoll, SYS_restart_syscall, SYS_brk, SYS_munmap,
	SYS_mremap, SYS_madvise, SYS_futex, SYS_getrandom, SYS_clock_gettime,
	SYS_clock_getres, SYS_gettimeofday, SYS_nanosleep, SYS_clock_nanosleep,
	SYS_sched_yield, SYS_sysinfo, SYS_getpid, SYS_gettid, SYS_getuid,
	SYS_geteuid, SYS_getgid, SYS_getegid, SYS_wait4, SYS_rt_sigaction,
	SYS_rt_sigprocmask, SYS_rt_sigreturn, SYS_sigaltstack, SYS_exit,
	SYS_exit_group,
#ifdef __x86_64__
	SYS_poll, SYS_time,
#endif
	/* what confines further: landlock_create_ruleset and _restrict_self */
	SYS_seccomp, 444, 446 };

/* An error is the answer: names of mappings by prctl, and paths, faccessat2
 * among them. */
static const int denied[] = { SYS_openat, SYS_newfstatat, SYS_statx,
	SYS_faccessat, SYS_readlinkat, SYS_prctl, 439,
#ifdef __x86_64__
	SYS_open, SYS_stat, SYS_lstat, SYS_access, SYS_readlink
#endif
};

/* With `reads`, in front of them. */
static const struct rule reading[] = {
	{ SYS_openat, ALLOW,
	    { { ARG(2), O_ACCMODE | O_CREAT | O_TRUNC, ONE_OF(O_RDONLY) } } },
	{ SYS_newfstatat, ALLOW, { { 0 } } },
#ifdef __x86_64__
	{ SYS_open, ALLOW,
	    { { ARG(1), O_ACCMODE | O_CREAT | O_TRUNC, ONE_OF(O_RDONLY) } } },
	{ SYS_stat, ALLOW, { { 0 } } },
	{ SYS_lstat, ALLOW, { { 0 } } },
#endif
};

/* For a proxy, in front of all. */
static const struct rule relaying[] = {
	{ SYS_socket, ALLOW,
	    { { ARG(0), ALL, ONE_OF(AF_INET, AF_INET6) },
		{ ARG(1), 0xf, ONE_OF(SOCK_STREAM) },
		{ ARG(2), ALL, ONE_OF(0, IPPROTO_TCP) } } },
	{ SYS_socket, DENIED, { { 0 } } },
	{ SYS_bind, DENIED, { { 0 } } },
	{ SYS_listen, DENIED, { { 0 } } },
	{ SYS_fcntl, ALLOW, { { ARG(1), ALL, ONE_OF(F_SETPIPE_SZ) } } },
};
static const int relaying_calls[] = {
	SYS_epoll_ctl,
	SYS_epoll_pwait,
	SYS_splice,
	SYS_pipe2,
#ifdef __x86_64__
	SYS_epoll_wait,
#endif
};

/* struct sockaddr_in has 16 bytes. */
static const struct rule connections[] = {
	{ SYS_connect, ALLOW,
	    { { ARG(2), ALL, ONE_OF(sizeof(struct sockaddr_in)) } } },
	{ SYS_connect, DENIED, { { 0 } } },
};

/* ---- the program ---- */

struct code {
	struct sock_filter v[CODE_MAX];
	size_t n;
};

static void
put(struct code *c, uint16_t op, uint32_t k, uint8_t yes, uint8_t no)
{
	if (c->n < CODE_MAX)
		c->v[c->n++] = (struct sock_filter){ op, yes, no, k };
}

static void
load(struct code *c, uint32_t at)
{
	put(c, BPF_LD | BPF_W | BPF_ABS, at, 0, 0);
}

static void
end(struct code *c, uint32_t verdict)
{
	put(c, BPF_RET | BPF_K, verdict, 0, 0);
}

/* How many instructions one argument takes: load, mask, comparisons. */
static size_t
length(const struct arg *a)
{
	return 2 + a->n;
}

/* Go on behind it when it fits, else past `left` more. */
static void
put_arg(struct code *c, const struct arg *a, size_t left)
{
	load(c, a->at);
	put(c, BPF_ALU | BPF_AND | BPF_K, a->mask, 0, 0);
	for (uint32_t i = 0; i < a->n; i++) {
		uint32_t behind = a->n - 1 - i;

		put(c, BPF_JMP | BPF_JEQ | BPF_K, a->values[i], (uint8_t)behind,
		    behind ? 0 : (uint8_t)left);
	}
}

static void
put_rule(struct code *c, const struct rule *r)
{
	size_t left = 1;

	for (size_t i = 0; i < LEN(r->args) && r->args[i].at; i++)
		left += length(&r->args[i]);
	load(c, offsetof(struct seccomp_data, nr));
	put(c, BPF_JMP | BPF_JEQ | BPF_K, (uint32_t)r->nr, 0, (uint8_t)left);
	for (size_t i = 0; i < LEN(r->args) && r->args[i].at; i++) {
		left -= length(&r->args[i]);
		put_arg(c, &r->args[i], left);
	}
	end(c, r->verdict);
}

static void
put_rules(struct code *c, const struct rule *r, size_t n)
{
	for (size_t i = 0; i < n; i++)
		put_rule(c, &r[i]);
}

static void
put_numbers(struct code *c, const int *nr, size_t n, uint32_t verdict)
{
	load(c, offsetof(struct seccomp_data, nr));
	for (size_t i = 0; i < n; i++) {
		put(c, BPF_JMP | BPF_JEQ | BPF_K, (uint32_t)nr[i], 0, 1);
		end(c, verdict);
	}
}

/* Numbers mean something else in another architecture, and x32's are those of
 * x86_64 with a bit. */
static void
begin(struct code *c)
{
	c->n = 0;
	load(c, offsetof(struct seccomp_data, arch));
	put(c, BPF_JMP | BPF_JEQ | BPF_K, ARCH, 1, 0);
	end(c, KILL);
	load(c, offsetof(struct seccomp_data, nr));
	put(c, BPF_JMP | BPF_JGE | BPF_K, X32, 0, 1);
	end(c, KILL);
}

static int
install(struct code *c, int in_force)
{
	struct sock_fprog program = { (unsigned short)c->n, c->v };
	uint32_t action = KILL;

	/* 4.14 has all that we use */
	if (syscall(SYS_seccomp, SECCOMP_GET_ACTION_AVAIL, 0, &action) < 0)
		return 0;
	if (syscall(SYS_seccomp, SECCOMP_SET_MODE_FILTER, 0, &program) < 0)
		return -1;
	return in_force;
}

int
confine_calls(enum confine_who who)
{
	struct code c;

	own_pid = (uint32_t)getpid();
	begin(&c);
	if (who == CONFINE_PROXY) {
		put_rules(&c, relaying, LEN(relaying));
		put_numbers(&c, relaying_calls, LEN(relaying_calls), ALLOW);
	}
	put_rules(&c, rules, LEN(rules));
	put_numbers(&c, allowed, LEN(allowed), ALLOW);
	if (who == CONFINE_READER)
		put_rules(&c, reading, LEN(reading));
	put_numbers(&c, denied, LEN(denied), DENIED);
	end(&c, KILL);
	return install(&c, CONFINED_CALLS);
}

int
confine_connect(void)
{
	struct code c;

	begin(&c);
	put_rules(&c, connections, LEN(connections));
	end(&c, ALLOW);
	return install(&c, CONFINED_CONNECT);
}
#else
int
confine_calls(enum confine_who who)
{
	(void)who;
	return 0;
}

int
confine_connect(void)
{
	return 0;
}
#endif
#endif
