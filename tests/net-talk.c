/* SPDX-License-Identifier: ISC */
/* talk: lines both ways; what strangers and the slow do. */
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

#include "io.h"
#include "tap.h"
#include "talk.h"

enum { MOST = 3 };

static struct talk t;
static long long now = 1000;
static char said[8192];
static int dir;

static void
line(size_t who, char *text, void *arg)
{
	size_t n = strlen(said);

	(void)arg;
	(void)snprintf(said + n, sizeof said - n, "%zu:%s ", who, text);
	if (strcmp(text, "echo") == 0)
		talk_say(&t, who, "heard");
	if (strcmp(text, "bye") == 0)
		talk_drop(&t, who);
}

static void
gone(size_t who, void *arg)
{
	size_t n = strlen(said);

	(void)arg;
	(void)snprintf(said + n, sizeof said - n, "gone:%zu ", who);
}

/* Some turns; what was said in them. */
static const char *
turns(int n)
{
	struct pollfd p[1 + MOST];

	*said = '\0';
	for (; n > 0; n--) {
		talk_poll(&t, p);
		(void)poll(p, 1 + MOST, 10);
		talk_serve(&t, p, now);
	}
	return said;
}

static int
come(void)
{
	int fd = io_connect(dir, "sock");

	if (fd < 0)
		abort();
	return fd;
}

static void
put(int fd, const char *text)
{
	(void)!write(fd, text, strlen(text));
}

static const char *
got(int fd)
{
	static char text[256];
	ssize_t n = recv(fd, text, sizeof text - 1, MSG_DONTWAIT);

	text[n > 0 ? n : 0] = '\0';
	return text;
}

static char folder[] = "/tmp/xray-talk.XXXXXX";

static void
begin(void)
{
	if (!mkdtemp(folder) || (dir = io_opendir(AT_FDCWD, folder)) < 0)
		abort();
	t = (struct talk)TALK_INIT;
	t.most = MOST;
	t.line = line;
	t.gone = gone;
	ok(talk_open(&t, dir, "sock") == 0, "it listens");
}

static void
test_lines(void)
{
	int a = come(), b = come();

	(void)turns(3);
	put(a, "one\ntw");
	ok(strcmp(turns(2), "0:one ") == 0, "a line and a part: %s", said);
	put(a, "o\n");
	put(b, "echo\n");
	(void)turns(2);
	ok(strcmp(said, "0:two 1:echo ") == 0, "the rest: %s", said);
	ok(strcmp(got(b), "heard\n") == 0, "who spoke is answered");
	put(b, "x\nbye\ny\n");
	ok(strcmp(turns(2), "1:x 1:bye ") == 0,
	    "who is let go is heard no more: %s", said);
	close(b);
	put(a, "last\n");
	close(a);
	ok(strcmp(turns(3), "0:last gone:0 ") == 0,
	    "what was said before one went: %s", said);
}

static void
test_bounds(void)
{
	static char big[TALK_LINE + 1];
	int a = come(), b;

	(void)turns(2);
	memset(big, 'a', sizeof big - 1);
	put(a, big);
	ok(strcmp(turns(3), "gone:0 ") == 0, "no end of a line: %s", said);
	close(a);
	a = come();
	(void)turns(2);
	put(a, "x\n");
	(void)turns(2);
	for (int i = 0; i < 20000; i++)
		talk_say(&t, 0, "%s", "some words for one who does not read");
	ok(strcmp(turns(2), "gone:0 ") == 0, "who does not read: %s", said);
	close(a);
	a = come();
	b = come();
	(void)turns(3);
	put(b, "here\n");
	(void)turns(2);
	now += TALK_MS;
	ok(talk_wait(&t, now) == 0, "somebody's time is over");
	ok(strcmp(turns(2), "gone:0 ") == 0, "who says nothing: %s", said);
	ok(talk_wait(&t, now) == -1, "and only he");
	close(a);
	close(b);
	(void)turns(2);
}

static void
test_many(void)
{
	int fd[MOST + 2], p[2];

	for (int i = 0; i < MOST + 2; i++) {
		fd[i] = come();
		put(fd[i], "hi\n");
	}
	ok(strcmp(turns(8), "0:hi 1:hi 2:hi ") == 0,
	    "more than there is room for wait: %s", said);
	if (socketpair(AF_UNIX, SOCK_STREAM, 0, p) < 0)
		abort();
	ok(talk_add(&t, p[0]) == -1 && fcntl(p[0], F_GETFD) < 0,
	    "nor is one taken that is handed in");
	close(p[1]);
	close(fd[1]);
	ok(strcmp(turns(6), "gone:1 1:hi ") == 0, "until one goes: %s", said);
	talk_say(&t, 1, "to %d", 3);
	ok(strcmp(got(fd[3]), "to 3\n") == 0, "each has his own place");
	for (int i = 0; i < MOST + 2; i++)
		if (i != 1)
			close(fd[i]);
	(void)turns(8);
}

static void
test_handed(void)
{
	int p[2];
	long who;

	if (socketpair(AF_UNIX, SOCK_STREAM, 0, p) < 0)
		abort();
	who = talk_add(&t, p[0]);
	now += 10 * TALK_MS;
	ok(who == 0 && strcmp(turns(2), "") == 0,
	    "one that was handed in may be silent");
	talk_say(&t, 0, "hello");
	ok(strcmp(got(p[1]), "hello\n") == 0, "and is told what is said");
	close(p[1]);
	ok(strcmp(turns(2), "gone:0 ") == 0, "and may go");
	talk_say(&t, 0, "to nobody");
	ok(fcntl(p[0], F_GETFD) < 0, "nothing is left of him");
}

static void
test_stranger(void)
{
	int fd;

	if (geteuid() != 0) {
		ok(1, "another user # SKIP who is not root cannot be one");
		return;
	}
	if (fchmod(dir, 0755) < 0 || fchmodat(dir, "sock", 0666, 0) < 0 ||
	    fchdir(dir) < 0)
		abort();
	if (seteuid(65534) < 0) {
		ok(1, "another user # SKIP there is none");
		return;
	}
	fd = io_connect(AT_FDCWD, "sock");
	if (seteuid(0) < 0)
		abort();
	put(fd, "echo\n");
	ok(fd >= 0 && strcmp(turns(4), "") == 0,
	    "another user is not heard, whatever the mode");
	close(fd);
}

int
main(void)
{
	begin();
	test_lines();
	test_bounds();
	test_many();
	test_handed();
	test_stranger();
	(void)unlinkat(dir, "sock", 0);
	(void)rmdir(folder);
	return tap_end();
}
