/* SPDX-License-Identifier: ISC */
/* resolve: names looked up by children; getaddrinfo(3) is played here. */
#include <dirent.h>
#include <errno.h>
#include <netdb.h>
#include <netinet/in.h>
#include <poll.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include "frame.h"
#include "io.h"
#include "mem.h"
#include "resolve.h"
#include "tap.h"

/* What the children see and count: shared memory. */
static struct {
	atomic_int calls, hanging, go, files;
	char last[256];
} * seen;

static struct resolver *r;
static struct resolved res;

static struct addrinfo *
make(uint32_t ip, struct addrinfo *next)
{
	struct addrinfo *a = xcalloc(1, sizeof *a);
	struct sockaddr_in *in = xcalloc(1, sizeof *in);

	in->sin_family = AF_INET;
	in->sin_addr.s_addr = htonl(ip);
	a->ai_family = AF_INET;
	a->ai_addr = (struct sockaddr *)in;
	a->ai_addrlen = sizeof *in;
	a->ai_next = next;
	return a;
}

static int
count_files(void)
{
	DIR *d = opendir("/proc/self/fd");
	int n = -1; /* the directory's own */

	while (d && readdir(d))
		n++;
	if (d)
		closedir(d);
	return n - 2;
}

int
getaddrinfo(const char *node, const char *service, const struct addrinfo *hints,
    struct addrinfo **out)
{
	(void)service;
	if (hints->ai_family != AF_INET || hints->ai_socktype != SOCK_STREAM)
		return EAI_FAMILY;
	seen->calls++;
	seen->files = count_files();
	(void)snprintf(seen->last, sizeof seen->last, "%s", node);
	*out = NULL;
	if (strncmp(node, "hang", 4) == 0) {
		seen->hanging++;
		while (!seen->go)
			io_sleep(5);
		seen->hanging--;
	}
	if (strncmp(node, "crash", 5) == 0)
		_exit(3);
	if (strncmp(node, "none", 4) == 0)
		return EAI_NONAME;
	if (strcmp(node, "many.test") == 0)
		for (unsigned i = 40; i > 0; i--)
			*out = make(FRAME_ADDR(192, 0, 2, i), *out);
	*out = make(FRAME_ADDR(192, 0, 2, 1), *out);
	if (strcmp(node, "own.test") == 0)
		*out = make(FRAME_ADDR(127, 0, 0, 1), *out);
	return 0;
}

void
freeaddrinfo(struct addrinfo *a)
{
	while (a) {
		struct addrinfo *next = a->ai_next;

		free(a->ai_addr);
		free(a);
		a = next;
	}
}

/* The next answer, within 5 s of real time; now is the resolver's. */
static int
next(long long now)
{
	long long deadline = io_now() + 5000;

	for (;;) {
		struct pollfd p = { .fd = resolver_fd(r), .events = POLLIN };

		if (resolver_next(r, &res, now))
			return 1;
		if (io_now() > deadline)
			return 0;
		(void)poll(&p, 1, 20);
	}
}

static int
looks_up(const char *name, long long now)
{
	return resolver_ask(r, name, now) == 0 && next(now) &&
	    strcmp(res.name, name) == 0;
}

static int
is(size_t i, uint32_t ip, int own)
{
	return i < res.n && addr_to_v4(&res.v[i].addr) == ip &&
	    res.v[i].own == own;
}

static void
test_answers(void)
{
	ok(resolver_wait(r, 0) == -1 && !resolver_next(r, &res, 0),
	    "nothing was asked");
	ok(looks_up("a.test", 0) && res.n == 1 &&
		is(0, FRAME_ADDR(192, 0, 2, 1), 0),
	    "a name has its address");
	ok(seen->files == 5, "its child has few descriptors: %d", seen->files);
	ok(looks_up("own.test", 0) && res.n == 2 &&
		is(0, FRAME_ADDR(127, 0, 0, 1), 1) &&
		is(1, FRAME_ADDR(192, 0, 2, 1), 0),
	    "an address of our own is marked, the order kept");
	ok(looks_up("many.test", 0) && res.n == RESOLVE_ADDRS &&
		is(15, FRAME_ADDR(192, 0, 2, 16), 0),
	    "of many the first, each once");
	ok(looks_up("none.test", 0) && res.n == 0, "a name that is not there");
	seen->calls = 0;
	ok(looks_up("127.0.0.1", 0) && is(0, FRAME_ADDR(127, 0, 0, 1), 1),
	    "an address of ours, as text");
	ok(looks_up("192.0.2.7", 0) && is(0, FRAME_ADDR(192, 0, 2, 7), 0),
	    "and one of others");
	ok(looks_up("::1", 0) && res.n == 1 && res.v[0].own,
	    "of the other family too");
	ok(looks_up("0x7f.1", 0) && res.n == 0 && looks_up("127.1", 0) &&
		res.n == 0 && looks_up("A.test", 0) && res.n == 0 &&
		looks_up("a.test.", 0) && res.n == 0 && looks_up("", 0) &&
		res.n == 0 && !seen->calls,
	    "what is no name is not looked up");
}

static void
test_kept(void)
{
	int calls = seen->calls;

	ok(looks_up("kept.test", 1000) && seen->calls == calls + 1, "asked");
	ok(looks_up("kept.test", 30999) && seen->calls == calls + 1 &&
		res.n == 1,
	    "kept for 30 s");
	ok(looks_up("kept.test", 31000) && seen->calls == calls + 2,
	    "and asked again");
	ok(looks_up("none2.test", 1000) && looks_up("none2.test", 5999) &&
		seen->calls == calls + 3 && res.n == 0,
	    "that there is none is kept for 5 s");
	ok(looks_up("none2.test", 6000) && seen->calls == calls + 4,
	    "and asked again");
	for (int i = 0; i < 300; i++) {
		char name[32];

		(void)snprintf(name, sizeof name, "k%d.test", i);
		(void)looks_up(name, 7000);
	}
	calls = seen->calls;
	ok(looks_up("k299.test", 7000) && looks_up("k44.test", 7000) &&
		seen->calls == calls,
	    "256 are kept");
	ok(looks_up("k43.test", 7000) && seen->calls == calls + 1, "no more");
}

static void
test_once(void)
{
	int calls = seen->calls;

	seen->go = 0;
	ok(resolver_ask(r, "hang.test", 100000) == 0 &&
		resolver_ask(r, "hang.test", 100001) == 0 &&
		!resolver_next(r, &res, 100002),
	    "asked twice");
	ok(resolver_wait(r, 100002) == RESOLVE_MS - 2, "it has 20 s");
	seen->go = 1;
	ok(next(100003) && res.n == 1 && seen->calls == calls + 1 &&
		!resolver_next(r, &res, 100004) &&
		resolver_wait(r, 100004) == -1,
	    "answered once");
	ok(resolver_ask(r, "hang.test", 100005) == 0 &&
		resolver_wait(r, 100005) == 0 && resolver_next(r, &res, 100005),
	    "what is kept is there at once");
}

static void
wait_hanging(int n)
{
	for (int i = 0; i < 1000 && seen->hanging != n; i++)
		io_sleep(5);
}

static void
test_all_hang(void)
{
	char name[32];
	int n = 0, calls, bad = 0;

	seen->go = 0;
	for (int i = 0; i < RESOLVE_WAITING; i++) {
		(void)snprintf(name, sizeof name, "hang%d.test", i);
		bad += resolver_ask(r, name, 200000 + i) < 0;
	}
	ok(!bad, "%d may wait", RESOLVE_WAITING);
	ok(resolver_ask(r, "one.test", 200300) < 0, "no more");
	wait_hanging(RESOLVE_WORKERS);
	ok(seen->hanging == RESOLVE_WORKERS, "each child hangs in one");
	ok(!resolver_next(r, &res, 200000 + RESOLVE_MS - 1) &&
		resolver_wait(r, 200000 + RESOLVE_MS - 1) == 1,
	    "until the first has failed");
	while (resolver_next(r, &res, 200255 + RESOLVE_MS))
		n += res.n == 0;
	ok(n == RESOLVE_WAITING, "all fail in their time");
	ok(resolver_ask(r, "hang1.test", 230000) == 0 &&
		!resolver_next(r, &res, 230000),
	    "a failure of time is not kept");
	calls = seen->calls;
	seen->go = 1;
	ok(next(230001) && strcmp(res.name, "hang1.test") == 0 && res.n == 1 &&
		seen->calls == calls,
	    "its late answer is for who asks again");
	wait_hanging(0);
	ok(looks_up("hang3.test", 230002) && res.n == 1 && seen->calls == calls,
	    "and later");
	ok(looks_up("b.test", 230003) && seen->calls == calls + 1,
	    "those that failed are not looked up after all");
}

static void
test_crash(void)
{
	char name[32];

	for (int i = 0; i < RESOLVE_WORKERS - 1; i++) {
		(void)snprintf(name, sizeof name, "crash%d.test", i);
		(void)resolver_ask(r, name, 300000);
	}
	ok(looks_up("c.test", 300000) && res.n == 1,
	    "the last child serves alone");
	ok(next(300000 + RESOLVE_MS) && res.n == 0 &&
		next(300000 + RESOLVE_MS) && next(300000 + RESOLVE_MS),
	    "what the others were asked fails");
	(void)resolver_ask(r, "crash.test", 400000);
	ok(next(400000) && res.n == 0, "the last one dies: failed at once");
	ok(resolver_fd(r) == -1 && resolver_ask(r, "d.test", 400000) == -1 &&
		!resolver_next(r, &res, 400000),
	    "and nothing can be asked");
}

/* The children of a process that is gone are so, too. */
static void
test_end(void)
{
	int p[2], bad;
	char c;
	pid_t pid;

	seen->go = 0;
	bad = pipe(p);
	pid = fork();
	if (pid == 0) {
		/* the children close what they inherit, but standard error */
		dup2(p[1], 2);
		close(p[0]);
		r = resolver_start(NULL);
		(void)resolver_ask(r, "hang.test", 0);
		wait_hanging(1);
		kill(getpid(), SIGKILL);
	}
	close(p[1]);
	(void)waitpid(pid, NULL, 0);
	ok(!bad && io_wait_readable(p[0], io_now() + 5000) == 1 &&
		read(p[0], &c, 1) == 0,
	    "they end with who started them");
	close(p[0]);
}

int
main(void)
{
	(void)signal(SIGPIPE, SIG_IGN);
	seen = mmap(NULL, sizeof *seen, PROT_READ | PROT_WRITE,
	    MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	r = resolver_start(NULL);
	if (seen == MAP_FAILED || !r)
		return 1;
	test_answers();
	test_kept();
	test_once();
	test_all_hang();
	test_crash();
	resolver_free(r);
	r = resolver_start(NULL);
	(void)resolver_ask(r, "hang.test", 0);
	resolver_free(r);
	ok(waitpid(-1, NULL, WNOHANG) == -1 && errno == ECHILD,
	    "none is left behind, even if it hangs");
	test_end();
	return tap_end();
}
