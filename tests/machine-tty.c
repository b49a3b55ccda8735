/* SPDX-License-Identifier: ISC */
/* tty: a console shared out to several. */
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "io.h"
#include "tap.h"
#include "tty.h"

static struct tty t;
static int dir, guest[2];

/* As an event loop would. */
static int
turns(void)
{
	struct pollfd p = { .fd = t.watch, .events = POLLIN };
	int n = 0;

	for (; n < 1000 && poll(&p, 1, 20) == 1; n++)
		tty_turn(&t);
	return n;
}

static int
attach(void)
{
	int fd = io_connect(dir, "tty");

	turns();
	return fd;
}

/* All there is to read of fd, in static memory; "<end>" behind its end. */
static const char *
got(int fd)
{
	static char text[1 << 20];
	size_t n = 0;
	ssize_t r = -1;

	while (n < sizeof text - 8 &&
	    io_wait_readable(fd, io_now() + 10) == 1 &&
	    (r = read(fd, text + n, sizeof text - 8 - n)) > 0)
		n += (size_t)r;
	memcpy(text + n, r == 0 ? "<end>" : "", r == 0 ? 6 : 1);
	return text;
}

static void
put(const char *s)
{
	tty_put(&t, s, strlen(s));
	turns();
}

static void
test_text(void)
{
	static const struct {
		const char *from, *to;
	} cases[] = {
		{ "plain\r\n", "plain\r\n" },
		{ "\033[1;31mred\033[0m", "red" },
		{ "ask\033[6n \033[c \033Z", "ask  " },
		{ "\033]0;title\atext", "text" },
		{ "\033]0;cut\nline", "line" },
		{ "\033P1$r0m\033\\text", "text" },
		{ "bell\a and \001 and \177", "bell and  and " },
		{ "cut\033[3", "cut" },
		{ "caf\303\251", "caf\303\251" },
		{ "\342\202\254 \360\237\220\247",
		    "\342\202\254 \360\237\220\247" },
		{ "\23331mred \302\23331m \302\2350;T\302\234",
		    "31mred 31m 0;T" },
		{ "cut \342\202", "cut " },
	};
	autobuf struct buf b = { 0 }, many = { 0 };
	int good = 0;

	for (size_t i = 0; i < LEN(cases); i++) {
		b.n = 0;
		tty_text(&b, cases[i].from, strlen(cases[i].from));
		buf_add(&b, "", 0);
		good += strcmp(b.p, cases[i].to) == 0;
	}
	ok(good == (int)LEN(cases), "the past is text without escapes");
	for (int i = 0; i < 100; i++)
		buf_fmt(&many, "%d\n", i);
	b.n = 0;
	tty_text(&b, many.p, many.n);
	ok(str_starts(b.p, "76\n") && strcmp(b.p + b.n - 3, "99\n") == 0,
	    "and its last 24 lines");
	b.n = 0;
	tty_text(&b, "a\0b", 3);
	ok(b.n == 2 && memcmp(b.p, "ab", 2) == 0, "and has no NUL");
}

static void
test_share(void)
{
	int a, b;

	put("before \033[6nany came\r\n");
	a = attach();
	ok(strcmp(got(a), "before any came\r\n") == 0,
	    "a client gets the last screenful");
	put("raw \033[6n\001bytes");
	ok(strcmp(got(a), "raw \033[6n\001bytes") == 0,
	    "then bytes as they are");
	b = attach();
	(void)got(b);
	put("both");
	ok(strcmp(got(a), "both") == 0 && strcmp(got(b), "both") == 0,
	    "two clients see the same");
	ok(io_write(a, "from a\r", 7) == 0 && turns() > 0 &&
		strcmp(got(guest[1]), "from a\r") == 0,
	    "what one types goes to the guest");
	(void)shutdown(a, SHUT_WR);
	ok(turns() < 10, "the end of a client's input is no work");
	put("still");
	ok(strcmp(got(a), "still") == 0, "and it goes on reading");
	ok(io_write(b, "last", 4) == 0 && close(b) == 0 && turns() < 10 &&
		strcmp(got(guest[1]), "last") == 0,
	    "what a client sent before it went arrives");
	close(a);
	ok(turns() < 10, "clients that went are forgotten");
}

static void
test_slow(void)
{
	static char chunk[32768];
	int slow = attach(), quick = attach(), bad = 0;
	size_t all = 0;

	(void)got(slow);
	(void)got(quick);
	memset(chunk, 'x', sizeof chunk);
	for (int i = 0; i < 64; i++) {
		tty_put(&t, chunk, sizeof chunk);
		all += strlen(got(quick));
		bad += t.client[0].out.n > 2 * TTY_QUEUE;
	}
	ok(all == 64 * sizeof chunk, "a slow client does not hold up another");
	ok(!bad, "and has a bounded queue");
	turns();
	for (int i = 0; i < 20 && !strstr(got(slow), "bytes left out]"); i++)
		turns();
	put("on");
	ok(strstr(got(slow), "on") != NULL, "it is told, and goes on");
	close(slow);
	close(quick);
	turns();
}

static void
test_deaf(void)
{
	static char chunk[65536];
	int fd = attach(), n = 0;

	(void)got(fd);
	(void)fcntl(fd, F_SETFL, O_NONBLOCK);
	while (n < 1000 && write(fd, chunk, sizeof chunk) > 0) {
		turns();
		n++;
	}
	ok(n > 0 && n < 100, "a guest that takes nothing: typing waits");
	close(fd);
	ok(turns() < 500, "and is no work");
	while (*got(guest[1]))
		turns();
}

static void
test_many(void)
{
	int fd[TTY_CLIENTS + 1];

	for (int i = 0; i <= TTY_CLIENTS; i++)
		fd[i] = attach();
	ok(strstr(got(fd[TTY_CLIENTS]), "too many consoles") != NULL,
	    "one too many is told");
	tty_put(&t, "bye", 3);
	tty_close(&t);
	ok(strstr(got(fd[0]), "bye<end>") != NULL, "the end is passed on");
	for (int i = 0; i <= TTY_CLIENTS; i++)
		close(fd[i]);
}

/* QEMU closes its end and lives on for a while. */
static void
test_left(void)
{
	int fd = attach();

	close(guest[1]);
	ok(turns() < 10, "an end that is closed is told once");
	ok(write(fd, "hello?", 6) == 6 && turns() < 10,
	    "what is typed then leads nowhere");
	put("bye");
	ok(strstr(got(fd), "bye") != NULL, "what was printed comes yet");
	close(fd);
	turns();
}

int
main(void)
{
	char name[] = "/tmp/xray-tty.XXXXXX";

	if (!mkdtemp(name) || (dir = io_opendir(AT_FDCWD, name)) < 0 ||
	    socketpair(AF_UNIX, SOCK_STREAM, 0, guest) < 0 ||
	    tty_open(&t, dir, "tty") < 0 || tty_guest(&t, guest[0]) < 0)
		return 99;
	test_text();
	test_share();
	test_slow();
	test_deaf();
	test_left();
	test_many();
	(void)io_remove_tree(AT_FDCWD, name);
	return tap_end();
}
