/* SPDX-License-Identifier: ISC */
/* nameserver: questions over streams, however they are cut, and answers; who is
 * strange, silent or one too many is hung up on. */
#include <fcntl.h>
#include <poll.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

#include "frame.h"
#include "io.h"
#include "nameserver.h"
#include "tap.h"

enum { QUESTION = 12 + 13 + 4 }; /* of www.test */

static struct nameserver s;
static char dir[] = "/tmp/xray-nameserver.XXXXXX";
static char told[4096];

static void
named(uint32_t addr, const char *name, void *arg)
{
	char line[NAMES_LINE];
	size_t n = names_line(line, addr, name);

	(void)arg;
	line[n] = '\0';
	strncat(told, line, sizeof told - strlen(told) - 1);
}

static void
begin(const char *file)
{
	int at = open(dir, O_RDONLY | O_DIRECTORY);
	int fd = io_listen(at, "s", 64);

	s = (struct nameserver){ .named = named, .now = 1000 };
	*told = '\0';
	if (fd < 0 || fcntl(fd, F_SETFL, O_NONBLOCK) < 0 ||
	    nameserver_start(&s, fd, file) < 0)
		abort();
	close(at);
}

static void
settle(void)
{
	struct pollfd p = { .fd = s.edges, .events = POLLIN };

	while (poll(&p, 1, 20) > 0)
		(void)nameserver_turn(&s);
}

/* Another user, who may reach the socket all the same; -1 when there is none. */
static int
stranger(void)
{
	int at = open(dir, O_RDONLY | O_DIRECTORY), fd;

	if (fchmod(at, 0755) < 0 || fchmodat(at, "s", 0666, 0) < 0 ||
	    fchdir(at) < 0)
		abort();
	if (seteuid(65534) < 0) {
		close(at);
		return -1;
	}
	fd = io_connect(AT_FDCWD, "s");
	if (fd < 0 || seteuid(0) < 0)
		abort();
	close(at);
	settle();
	return fd;
}

static int
client(void)
{
	int at = open(dir, O_RDONLY | O_DIRECTORY), fd = io_connect(at, "s");

	close(at);
	if (fd < 0)
		abort();
	settle();
	return fd;
}

/* A question for c + "ww.test", behind its length; how long it is. */
static size_t
question(uint8_t out[64], char c, uint8_t type, uint8_t id)
{
	static const uint8_t text[] = "\0\x1b"
				      "\0\0\1\0\0\1\0\0\0\0\0\0"
				      "\3www\4test\0\0\1\0\1";

	memcpy(out, text, sizeof text - 1);
	out[3] = id;
	out[15] = (uint8_t)c;
	out[sizeof text - 4] = type;
	out[1] = sizeof text - 1 - 2;
	return sizeof text - 1;
}

/* One answer; its length without that of the length, 0: the end; -1: nothing. */
static int
hear(int fd, uint8_t out[600])
{
	struct pollfd p = { .fd = fd, .events = POLLIN };
	ssize_t n, want;

	settle();
	if (poll(&p, 1, 0) == 0)
		return -1;
	if (recv(fd, out, 2, 0) != 2)
		return 0;
	want = out[0] << 8 | out[1];
	n = recv(fd, out, (size_t)want, 0);
	return n == want ? (int)n : -2;
}

/* The address that an answer has, 0: none; its rcode and number. */
static uint32_t
address(const uint8_t *p, int n, int *rcode, int *id)
{
	*rcode = p[3] & 15;
	*id = p[1];
	if (p[7] == 0)
		return 0;
	p += n - 4;
	return FRAME_ADDR(p[0], p[1], p[2], p[3]);
}

static void
put(int fd, const uint8_t *p, size_t n)
{
	if (send(fd, p, n, MSG_NOSIGNAL) != (ssize_t)n)
		abort();
}

static void
test_answers(void)
{
	uint8_t q[64], a[600];
	size_t n = question(q, 'a', 1, 7);
	int fd = client(), rcode, id, got;
	uint32_t first, second;
	char line[NAMES_LINE];

	put(fd, q, n);
	got = hear(fd, a);
	first = got > 0 ? address(a, got, &rcode, &id) : 0;
	ok(names_has(first) && rcode == 0 && id == 7, "a name has an address");
	line[names_line(line, first, "aww.test")] = '\0';
	ok(strcmp(told, line) == 0, "which is written down");
	put(fd, q, question(q, 'b', 1, 8));
	got = hear(fd, a);
	second = got > 0 ? address(a, got, &rcode, &id) : 0;
	ok(names_has(second) && second != first && id == 8,
	    "another name another one, on the same connection");
	put(fd, q, question(q, 'a', 28, 9));
	got = hear(fd, a);
	ok(got > 0 && address(a, got, &rcode, &id) == 0 && rcode == 0,
	    "no IPv6 address, at once");
	put(fd, q, question(q, 'a', 1, 10));
	got = hear(fd, a);
	ok(got > 0 && address(a, got, &rcode, &id) == first, "it stays");
	close(fd);
	settle();
	ok(s.n == 0, "who goes away is gone");
}

static void
test_cuts(void)
{
	uint8_t q[128], a[600];
	size_t n = question(q, 'a', 1, 1);
	int fd = client(), rcode, id, bad = 0;

	n += question(q + n, 'b', 1, 2);
	for (size_t cut = 1; cut < n; cut++) {
		int got[2];

		put(fd, q, cut);
		settle();
		put(fd, q + cut, n - cut);
		for (int i = 0; i < 2; i++) {
			got[i] = hear(fd, a);
			if (got[i] <= 0 ||
			    !names_has(address(a, got[i], &rcode, &id)) ||
			    id != i + 1)
				bad++;
		}
	}
	ok(bad == 0, "two questions at once, cut anywhere");
	close(fd);
	settle();
}

static void
test_strange(void)
{
	static const uint8_t longer[] = { 0xff, 0xff, 0 };
	static const uint8_t none[] = { 0, 0 };
	static const uint8_t shorter[] = { 0, 3, 1, 2, 3 };
	static const struct {
		const uint8_t *p;
		size_t n;
		const char *what;
	} t[] = { { longer, sizeof longer, "too long a question" },
		{ none, sizeof none, "an empty one" },
		{ shorter, sizeof shorter, "one without a head" } };
	uint8_t a[600], q[64];
	size_t n = question(q, 'a', 1, 1);

	for (size_t i = 0; i < LEN(t); i++) {
		int fd = client();

		put(fd, t[i].p, t[i].n);
		ok(hear(fd, a) == 0, "%s: hung up on", t[i].what);
		close(fd);
	}
	q[4] |= 0x80; /* it says that it is an answer */
	{
		int fd = client();

		put(fd, q, n);
		ok(hear(fd, a) == 0, "an answer: hung up on");
		close(fd);
	}
	if (geteuid() == 0) {
		int fd = stranger();

		ok(fd < 0 || hear(fd, a) == 0, "another user: hung up on%s",
		    fd < 0 ? " # SKIP there is none" : "");
		if (fd >= 0)
			close(fd);
	}
	settle();
	ok(s.n == 0, "all of them are gone");
}

/* One who has asked much does not keep others waiting. */
static void
test_turns(void)
{
	enum { MUCH = 500 };
	uint8_t q[64], a[600];
	size_t n = question(q, 'a', 28, 1);
	int fd = client(), other = client(), more, turns = 1;
	autobuf struct buf much = { 0 };
	ssize_t got, all = 0;

	for (int i = 0; i < MUCH; i++)
		buf_add(&much, q, n);
	put(fd, (uint8_t *)much.p, much.n); /* at once, or it would not fit */
	put(other, q, n);
	more = nameserver_turn(&s);
	ok(more && recv(other, a, sizeof a, MSG_DONTWAIT) > 0,
	    "one who has asked much has more than one turn, others one each");
	for (;; turns++) {
		while ((got = recv(fd, a, sizeof a, MSG_DONTWAIT)) > 0)
			all += got;
		if (!more)
			break;
		more = nameserver_turn(&s);
	}
	ok(s.n == 2 && turns > 2 && all > MUCH * (ssize_t)n,
	    "%d turns, and all is answered: %zd bytes", turns, all);
	close(fd);
	close(other);
	settle();
}

static void
test_bounds(void)
{
	int fd[NAMESERVER_MAX + 1];
	uint8_t a[600], q[64];

	for (int i = 0; i <= NAMESERVER_MAX; i++)
		fd[i] = client();
	ok(s.n == NAMESERVER_MAX && hear(fd[0], a) == 0,
	    "one too many: who was heard of longest ago leaves");
	s.now += NAMESERVER_IDLE_MS - 1;
	put(fd[1], q, question(q, 'a', 1, 1));
	ok(hear(fd[1], a) > 0, "the next is answered");
	s.now += 1;
	nameserver_tick(&s);
	ok(s.n == 1, "the silent ones are hung up on, and he is not");
	/* one who asks and never listens */
	for (int i = 0; i < 100000 &&
	     send(fd[1], q, question(q, 'a', 1, 1),
		 MSG_DONTWAIT | MSG_NOSIGNAL) > 0;
	     i++)
		(void)nameserver_turn(&s);
	settle();
	ok(s.n == 0, "who does not hear his answers is hung up on");
	test_turns();
	for (int i = 0; i <= NAMESERVER_MAX; i++)
		close(fd[i]);
}

static void
test_kept(void)
{
	autofree char *file = xasprintf("%s/names", dir);
	static const char text[] = "198.18.7.7 aww.test\n";
	uint8_t q[64], a[600];
	int at = open(dir, O_RDONLY | O_DIRECTORY), fd, got, rcode, id;

	if (io_create(at, "names", 0600, text, sizeof text - 1) < 0)
		abort();
	close(at);
	begin(file);
	fd = client();
	put(fd, q, question(q, 'a', 1, 1));
	got = hear(fd, a);
	ok(got > 0 &&
		address(a, got, &rcode, &id) == FRAME_ADDR(198, 18, 7, 7) &&
		!*told,
	    "a name in the file has its address still");
	close(fd);
	(void)unlink(file);
}

int
main(void)
{
	autofree char *name = NULL;

	if (!mkdtemp(dir))
		abort();
	begin(NULL);
	test_answers();
	test_cuts();
	test_strange();
	test_bounds();
	close(s.listener);
	nameserver_end(&s);
	test_kept();
	close(s.listener);
	nameserver_end(&s);
	name = xasprintf("%s/s", dir);
	(void)unlink(name);
	(void)rmdir(dir);
	return tap_end();
}
