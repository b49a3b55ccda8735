/* SPDX-License-Identifier: ISC */
/*
 * A gateway that was taken over: what it tries, and what it needs.  Each try is
 * made in a child of its own, first free, where it must get somewhere, then
 * confined, where it must end as its row says.
 */
#ifdef __linux__
#include <errno.h>
#include <fcntl.h>
#include <linux/filter.h>
#include <netinet/in.h>
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
#include <time.h>
#include <unistd.h>

#include "confine.h"
#include "confine_priv.h"
#include "mem.h"
#include "net-confine.h"
#include "tap.h"

/* How a try ends: it was done, it failed with an errno, or the process ended
 * by SIGSYS. */
enum { DONE = 0, KILLED = 1000, OTHER = 1001 };
enum mode { FREE, CONFINED, READS, LANDLOCK, PROXY };

static unsigned in_force;

static void
confined(int reads)
{
	struct confine c = { try_dir, reads };
	struct why why;

	in_force = 0;
	if (chdir("/") < 0 || confine_gateway(&c, &in_force, &why) < 0 ||
	    confine_connections(&in_force, &why) < 0)
		_exit(99);
}

static void
enter(enum mode mode)
{
	struct confine c = { try_dir, 0 };
	struct why why;

	if (mode == PROXY &&
	    (chdir("/") < 0 || confine_proxy(&in_force, &why) < 0))
		_exit(99);
	if (mode == CONFINED || mode == READS)
		confined(mode == READS);
	if (mode == LANDLOCK &&
	    (prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) < 0 ||
		confine_paths(&c) < 0))
		_exit(99);
}

static int
end_of(enum mode mode, int (*fn)(void))
{
	pid_t pid = fork();
	int status;

	if (pid == 0) {
		alarm(30);
		enter(mode);
		errno = 0;
		_exit(fn() < 0 ? (errno ? errno : 98) : 0);
	}
	if (pid < 0 || waitpid(pid, &status, 0) != pid)
		return OTHER;
	if (WIFSIGNALED(status))
		return WTERMSIG(status) == SIGSYS ? KILLED : OTHER;
	return WEXITSTATUS(status) == 99 ? OTHER : WEXITSTATUS(status);
}

static const char *
say_end(int end)
{
	return end == DONE ? "done" :
	    end == KILLED  ? "killed" :
	    end == OTHER   ? "?" :
			     strerror(end);
}

/* The files that tries are made on, as they were. */
static void
reset(void)
{
	static const char *const strays[] = { "new", "moved", "link", "s" };

	for (size_t i = 0; i < LEN(strays); i++)
		if (unlinkat(try_dir, strays[i], 0) < 0)
			(void)unlinkat(try_dir, strays[i], AT_REMOVEDIR);
	close(openat(try_dir, "file", O_WRONLY | O_CREAT | O_CLOEXEC, 0600));
}

static int
as_wanted(const struct try *t, int end)
{
	if (t->want == FAILS)
		return end != DONE && end != OTHER;
	return end == (t->want == KILL_IT ? KILLED : t->want);
}

/* Each try.  One that the system refuses a free process too (no root, no such
 * call) must end in another way when it is confined: then it was not asked. */
static void
forbidden(void)
{
	for (size_t i = 0; i < LEN(tries); i++) {
		const struct try *t = &tries[i];
		int free_end, end;

		if (t->want == FAILS && !(in_force & CONFINED_SCOPE)) {
			ok(1, "%s # SKIP this kernel has no Landlock for it",
			    t->name);
			continue;
		}
		reset();
		free_end = end_of(FREE, t->fn);
		reset();
		end = end_of(CONFINED, t->fn);
		ok(as_wanted(t, end) && free_end != end && free_end != KILLED &&
			free_end != OTHER,
		    "%s: %s (%s when free)", t->name, say_end(end),
		    say_end(free_end));
	}
}

/* Paths are refused by Landlock alone too. */
static void
landlock(void)
{
	if (!(in_force & CONFINED_FILES)) {
		ok(1, "landlock # SKIP this kernel has it not");
		return;
	}
	for (size_t i = 0; i < LEN(tries); i++) {
		const struct try *t = &tries[i];
		int free_end, end;

		if (!t->path)
			continue;
		reset();
		free_end = end_of(FREE, t->fn);
		reset();
		end = end_of(LANDLOCK, t->fn);
		ok(free_end == DONE && end != DONE && end != OTHER,
		    "%s, by Landlock alone: %s", t->name, say_end(end));
	}
}

/* ---- what has to work ---- */

static int listener, tcp_port;

static int
check(int good, const char *what)
{
	if (!good)
		fprintf(stderr, "# %s: %s\n", what, strerror(errno));
	return good ? 0 : -1;
}

static struct sockaddr_in
loopback(int port)
{
	struct sockaddr_in in = { .sin_family = AF_INET,
		.sin_port = htons((uint16_t)port) };

	in.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
	return in;
}

static int
tcp(void)
{
	struct sockaddr_in in = loopback(tcp_port);
	int one = 1, a, b = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
	socklen_t n = sizeof in;
	char c = 0;

	return check(b >= 0 &&
		setsockopt(b, SOL_SOCKET, SO_OOBINLINE, &one, sizeof one) ==
		    0 &&
		setsockopt(b, IPPROTO_TCP, 6 /* TCP_SYNCNT: refused */, &one,
		    sizeof one) != 99 &&
		fcntl(b, F_SETFL, fcntl(b, F_GETFL) & ~O_NONBLOCK) == 0 &&
		connect(b, (struct sockaddr *)&in, n) == 0 &&
		(a = accept4(listener, NULL, NULL, SOCK_CLOEXEC)) >= 0 &&
		send(b, "x", 1, 0) == 1 && recv(a, &c, 1, 0) == 1 && c == 'x' &&
		ioctl(a, FIONREAD, &one) == 0 && one == 0 &&
		shutdown(b, SHUT_WR) == 0 && recv(a, &c, 1, 0) == 0 &&
		getpeername(a, (struct sockaddr *)&in, &n) == 0 &&
		close(a) == 0 && close(b) == 0,
	    "tcp");
}

static int
udp(void)
{
	struct sockaddr_in in = loopback(0);
	socklen_t n = sizeof in;
	int fd = socket(AF_INET, SOCK_DGRAM, 0);
	char c = 0;

	return check(fd >= 0 &&
		bind(fd, (struct sockaddr *)&in, sizeof in) == 0 &&
		getsockname(fd, (struct sockaddr *)&in, &n) == 0 &&
		sendto(fd, "y", 1, 0, (struct sockaddr *)&in, n) == 1 &&
		recvfrom(fd, &c, 1, 0, NULL, NULL) == 1 && c == 'y',
	    "udp");
}

/* Who may ping the system decides: not we. */
static int
ping(void)
{
	int fd = socket(AF_INET, SOCK_DGRAM, IPPROTO_ICMP);

	return check(fd >= 0 || errno == EACCES, "ping");
}

/* A forward that is asked for later. */
static int
publish(void)
{
	struct sockaddr_un sun = { .sun_family = AF_UNIX };
	int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);

	(void)snprintf(
	    sun.sun_path, sizeof sun.sun_path, "/proc/self/fd/%d/s", try_dir);
	return check(fd >= 0 &&
		bind(fd, (struct sockaddr *)&sun, sizeof sun) == 0 &&
		listen(fd, 1) == 0,
	    "a unix socket in the folder");
}

/* An open file that a child made before hands over. */
static int
rules(void)
{
	char c = 0, room[CMSG_SPACE(sizeof(int))] = { 0 };
	struct iovec iov = { &c, 1 };
	struct msghdr m = { .msg_iov = &iov,
		.msg_iovlen = 1,
		.msg_control = room,
		.msg_controllen = sizeof room };
	struct stat st;
	int fd;

	if (check(recvmsg(try_clerk, &m, MSG_CMSG_CLOEXEC) == 1 &&
		    CMSG_FIRSTHDR(&m),
		"recvmsg") < 0)
		return -1;
	memcpy(&fd, CMSG_DATA(CMSG_FIRSTHDR(&m)), sizeof fd);
	return check(fstat(fd, &st) == 0 && st.st_size == 5 &&
		read(fd, &c, 1) == 1 && c == 'r' &&
		lseek(fd, 0, SEEK_SET) == 0 && pread(fd, &c, 1, 1) == 1 &&
		c == 'u' &&
		mmap(NULL, 5, PROT_READ, MAP_PRIVATE, fd, 0) != MAP_FAILED &&
		close(fd) == 0,
	    "a file that was handed over");
}

static volatile sig_atomic_t signalled;

static void
on_signal(int sig)
{
	signalled = sig;
}

static int
others(void)
{
	struct sigaction sa = { .sa_handler = on_signal };
	struct rlimit r;
	struct timespec ts = { 0, 1000 };
	time_t now = time(NULL);
	char *p = malloc(64 << 20), *q;

	memset(p, 1, 64 << 20);
	q = realloc(p, 96 << 20);
	free(q);
	if (check(p && q, "memory") < 0 ||
	    check(sigaction(SIGTERM, &sa, NULL) == 0 && raise(SIGTERM) == 0 &&
		    signalled == SIGTERM,
		"a signal's handler") < 0 ||
	    check(getrlimit(RLIMIT_NOFILE, &r) == 0, "a limit") < 0 ||
	    check(nanosleep(&ts, NULL) == 0, "sleep") < 0)
		return -1;
	setenv("TZ", "Europe/Paris", 1);
	return check(localtime(&now) != NULL && !isatty(2), "a library's try");
}

/* What net = open is for. */
static int
resolver(void)
{
	struct stat st;
	int fd = open("/etc/passwd", O_RDONLY | O_CLOEXEC);

	return check(fd >= 0 && stat("/etc/passwd", &st) == 0 &&
		open("/etc/passwd", O_RDWR) < 0 && errno == EACCES &&
		openat(try_dir, "new", O_RDONLY | O_CREAT, 0600) < 0 &&
		errno == EACCES &&
		(!(in_force & CONFINED_FILES) ||
		    (openat(try_dir, "file", O_RDONLY) < 0 && errno == EACCES &&
			open("/proc/self/maps", O_RDONLY) < 0 &&
			errno == EACCES)),
	    "/etc, and nothing else");
}

static int
works(enum mode mode, int (*fn)(void))
{
	int end = end_of(mode, fn);

	if (end != DONE)
		printf("# %s\n", say_end(end));
	return end == DONE;
}

/* To a proxy all of it is forbidden too, but what it works by. */
static void
forbidden_to_proxy(void)
{
	int good = 1;

	for (size_t i = 0; i < LEN(tries); i++) {
		int end;

		if ((tries[i].want == FAILS && !(in_force & CONFINED_SCOPE)) ||
		    strcmp(tries[i].name, "splice") == 0 ||
		    strcmp(tries[i].name, "AF_INET6") == 0)
			continue;
		reset();
		end = end_of(PROXY, tries[i].fn);
		if (end != DONE && end != OTHER)
			continue;
		printf("# %s: %s\n", tries[i].name, say_end(end));
		good = 0;
	}
	ok(good, "a proxy can do nothing of this");
	reset();
	ok(end_of(PROXY, publish) == EACCES,
	    "and makes no unix socket, in no folder");
}

/* What a proxy does besides. */
static int
moves(void)
{
	struct sockaddr_in to = loopback(tcp_port);
	int fd = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK, 0), p[2];
	int six = socket(AF_INET6, SOCK_STREAM | SOCK_CLOEXEC, 0);

	if (check(fd >= 0 && six >= 0, "sockets") < 0 ||
	    check(connect(fd, (struct sockaddr *)&to, sizeof to) == 0 ||
		    errno == EINPROGRESS,
		"connect") < 0 ||
	    check(pipe2(p, O_CLOEXEC | O_NONBLOCK) == 0, "pipe2") < 0 ||
	    check(fcntl(p[1], F_SETPIPE_SZ, 131072) >= 0, "its size") < 0)
		return -1;
	return check(
	    splice(fd, NULL, p[1], NULL, 4096, SPLICE_F_NONBLOCK) < 0 &&
		errno == EAGAIN,
	    "splice");
}

static void
allowed(void)
{
	pid_t pid;
	int status;

	ok(works(CONFINED, tcp), "TCP out and in");
	ok(works(CONFINED, udp), "UDP");
	ok(works(CONFINED, ping), "a ping, if the system lets us");
	reset();
	ok(works(CONFINED, publish), "a unix socket in its folder");
	ok(works(CONFINED, rules), "rules that are handed over");
	ok(works(CONFINED, others),
	    "memory, signals, limits, clocks, libraries");
	ok(works(READS, resolver), "resolv.conf, where it is wanted");
	ok(works(PROXY, tcp) && works(PROXY, moves),
	    "TCP and pipes, for a proxy");
	pid = fork();
	if (pid == 0) {
		confined(0);
		abort();
	}
	ok(waitpid(pid, &status, 0) == pid && WIFSIGNALED(status) &&
		WTERMSIG(status) == SIGABRT,
	    "abort(3) ends as it does");
}

/* A log that is no file may be what a guest fills. */
static void
grows(void)
{
	int fd = openat(try_dir, "grown", O_RDWR | O_CREAT | O_CLOEXEC, 0600);
	int null = open("/dev/null", O_RDWR | O_CLOEXEC), status = -1;
	pid_t pid = fork();

	if (pid == 0) {
		(void)!(dup2(null, 1) + dup2(null, 2));
		enter(PROXY);
		_exit(write(fd, "x", 1) != -1 || errno != EFBIG);
	}
	ok(waitpid(pid, &status, 0) == pid && status == 0, "no file grows");
	(void)unlinkat(try_dir, "grown", 0);
}

static void
hear(int port)
{
	struct sockaddr_in in = loopback(port);
	socklen_t n = sizeof in;

	listener = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
	if (bind(listener, (struct sockaddr *)&in, n) < 0 ||
	    listen(listener, 5) < 0 ||
	    getsockname(listener, (struct sockaddr *)&in, &n) < 0)
		perror("listen");
	tcp_port = ntohs(in.sin_port);
}

/* What is in force, seen by the system. */
static void
told(void)
{
	autobuf struct buf b = { 0 };
	int p[2], status;
	pid_t pid;

	if (pipe(p) < 0 || (pid = fork()) < 0)
		return;
	if (pid == 0) {
		confined(0);
		_exit(write(p[1], &in_force, sizeof in_force) < 0);
	}
	close(p[1]);
	ok(read(p[0], &in_force, sizeof in_force) == sizeof in_force &&
		waitpid(pid, &status, 0) == pid && status == 0,
	    "it is said what is in force");
	confine_words(in_force, &b);
	ok(str_starts(b.p, "no_new_privs,limits,caps"), "by words: %s", b.p);
	ok(in_force & CONFINED_CALLS && in_force & CONFINED_CONNECT,
	    "seccomp is, here");
	buf_free(&b);
	b = (struct buf){ 0 };
	confine_words(0, &b);
	ok(strcmp(b.p, "none") == 0, "nothing: none");
}

int
main(void)
{
	signal(SIGPIPE, SIG_IGN);
	signal(SIGXFSZ, SIG_IGN);
	if (try_setup() < 0) {
		perror("setup");
		return 1;
	}
	hear(0);
	told();
	forbidden();
	forbidden_to_proxy();
	landlock();
	allowed();
	grows();
	reset();
	try_clean();
	return tap_end();
}
#else
#include <stdio.h>

int
main(void)
{
	puts("1..0 # SKIP Linux alone confines");
	return 0;
}
#endif
