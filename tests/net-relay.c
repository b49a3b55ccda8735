/* SPDX-License-Identifier: ISC */
/* relay: bytes between two sockets, and how either ends. */
#include "relay.h"

#include <errno.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <poll.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "io.h"
#include "mem.h"
#include "tap.h"

static int set;
static struct relay r;
static int client, server; /* the far ends */
static enum relay_said said;

/* Two ends of a TCP connection, or of a unix one; none of them blocks. */
static void
make_pair(int v[2], int family)
{
	struct sockaddr_in in = { .sin_family = AF_INET,
		.sin_addr.s_addr = htonl(INADDR_LOOPBACK) };
	socklen_t n = sizeof in;
	int l;

	if (family == AF_UNIX) {
		if (socketpair(AF_UNIX, SOCK_STREAM, 0, v) < 0)
			abort();
	} else {
		l = socket(AF_INET, SOCK_STREAM, 0);
		v[0] = socket(AF_INET, SOCK_STREAM, 0);
		if (bind(l, (struct sockaddr *)&in, n) < 0 ||
		    listen(l, 1) < 0 ||
		    getsockname(l, (struct sockaddr *)&in, &n) < 0 ||
		    connect(v[0], (struct sockaddr *)&in, n) < 0)
			abort();
		v[1] = accept(l, NULL, NULL);
		close(l);
	}
	for (int i = 0; i < 2; i++)
		if (fcntl(v[i], F_SETFL, O_NONBLOCK) < 0)
			abort();
}

static void
begin(int clients, int servers)
{
	int a[2], b[2];

	make_pair(a, clients);
	make_pair(b, servers);
	client = a[0];
	server = b[0];
	memset(&r, 0, sizeof r);
	r.end[0] = (struct relay_end){ .fd = a[1], .side = 0 };
	r.end[1] = (struct relay_end){ .fd = b[1], .side = 1 };
	set = edges_new();
	if (set < 0 || edges_add(set, a[1], &r.end[0]) < 0 ||
	    edges_add(set, b[1], &r.end[1]) < 0)
		abort();
	said = RELAY_WAITS;
}

static void
end(void)
{
	relay_close(&r, said == RELAY_BROKEN);
	if (client >= 0)
		close(client);
	if (server >= 0)
		close(server);
	close(set);
}

static int
is_over(void)
{
	return said == RELAY_DONE || said == RELAY_BROKEN;
}

/* A turn, when there is something to do; 1: something was told. */
static int
turn(void)
{
	struct edge v[8];
	int n = edges_next(set, v, 8);

	for (int i = 0; i < n; i++)
		relay_told(v[i].what, v[i].is);
	if ((n || said == RELAY_MORE) && !is_over())
		said = relay_run(&r);
	return n > 0 || said == RELAY_MORE;
}

/* Until nothing is told; this network is a function call. */
static void
settle(void)
{
	struct pollfd p = { .fd = set, .events = POLLIN };

	while (!is_over() && (turn() || poll(&p, 1, 2) == 1))
		;
	if (is_over())
		relay_close(&r, said == RELAY_BROKEN);
}

static int
sends(int fd, const char *text)
{
	return send(fd, text, strlen(text), MSG_NOSIGNAL) ==
	    (ssize_t)strlen(text);
}

/* What fd has is that text; "" is its end, NULL nothing at all. */
static int
gets(int fd, const char *text)
{
	long long deadline = io_now() + 10000;
	char b[256];
	ssize_t n;

	do {
		settle();
		n = recv(fd, b, sizeof b, 0);
	} while (n < 0 && text && io_now() < deadline);
	if (!text)
		return n < 0 && errno == EAGAIN;
	return n == (ssize_t)strlen(text) && memcmp(b, text, (size_t)n) == 0;
}

static int
is_reset(int fd)
{
	struct pollfd p = { .fd = fd, .events = POLLIN };
	char b[256];

	settle();
	return poll(&p, 1, 10000) == 1 && recv(fd, b, sizeof b, 0) < 0 &&
	    errno == ECONNRESET;
}

static void
test_half_close(int clients, int servers, const char *what)
{
	begin(clients, servers);
	ok(sends(client, "hello") && gets(server, "hello") &&
		sends(server, "world") && gets(client, "world"),
	    "%s: both ways", what);
	ok(sends(client, "last") && shutdown(client, SHUT_WR) == 0 &&
		gets(server, "last") && gets(server, "") &&
		gets(client, NULL) && said == RELAY_WAITS,
	    "%s: what one side ends is ended for the other", what);
	ok(sends(server, "and") && gets(client, "and") &&
		sends(server, "more") && gets(client, "more"),
	    "%s: the other way goes on", what);
	ok(shutdown(server, SHUT_WR) == 0 && gets(client, "") &&
		said == RELAY_DONE,
	    "%s: until it ends too", what);
	ok(r.way[0].n == 9 && r.way[1].n == 12, "%s: all is counted", what);
	end();
	begin(clients, servers);
	ok(shutdown(server, SHUT_WR) == 0 && gets(client, "") &&
		sends(client, "late") && gets(server, "late") &&
		shutdown(client, SHUT_WR) == 0 && gets(server, "") &&
		said == RELAY_DONE,
	    "%s: the other side first", what);
	end();
}

/* ---- much ---- */

enum { MUCH = 24 << 20 };

static uint8_t much[2][MUCH];

static void
fill_much(void)
{
	for (size_t i = 0; i < MUCH; i++)
		for (size_t way = 0; way < 2; way++)
			much[way][i] =
			    (uint8_t)(i * 31 + (i >> 9) + (i >> 17) * 7 + way);
}

/* Send what goes; its end is an end. */
static void
pour(int fd, size_t *sent, int way)
{
	size_t n = MUCH - *sent < 100000 ? MUCH - *sent : 100000;
	ssize_t m;

	if (*sent == MUCH)
		return;
	m = send(fd, much[way] + *sent, n, MSG_NOSIGNAL);
	if (m > 0)
		*sent += (size_t)m;
	if (*sent == MUCH)
		(void)shutdown(fd, SHUT_WR);
}

/* Take what is there, most at once; 0: it is not what was sent. */
static int
drink(int fd, size_t *got, int way, size_t most)
{
	static uint8_t b[100000];
	ssize_t n = recv(fd, b, most, 0);

	if (n > 0 &&
	    (*got + (size_t)n > MUCH ||
		memcmp(b, much[way] + *got, (size_t)n) != 0))
		return 0;
	if (n > 0)
		*got += (size_t)n;
	return 1;
}

static void
test_much(int clients, int servers, size_t most, const char *what)
{
	long long deadline = io_now() + 60000;
	size_t sent[2] = { 0 }, got[2] = { 0 };
	int good = 1, piped = 0;

	begin(clients, servers);
	while (good && said != RELAY_DONE && io_now() < deadline) {
		pour(client, &sent[0], 0);
		pour(server, &sent[1], 1);
		(void)turn();
		piped |= r.way[0].bulk | r.way[1].bulk;
		good = drink(server, &got[0], 0, most) &&
		    drink(client, &got[1], 1, most);
	}
	settle();
	while (good && (got[0] < MUCH || got[1] < MUCH) && io_now() < deadline)
		good = drink(server, &got[0], 0, most) &&
		    drink(client, &got[1], 1, most);
	ok(good && said == RELAY_DONE && got[0] == MUCH && got[1] == MUCH &&
		r.way[0].n == MUCH && r.way[1].n == MUCH,
	    "%s: 24 MiB each way, none lost, none other", what);
	ok(piped, "%s: much at once", what);
	end();
}

/* Who does not read is not read for. */
static void
test_pressure(void)
{
	size_t sent = 0, before, got = 0;
	int good = 1;

	begin(AF_INET, AF_INET);
	do {
		before = sent;
		for (int i = 0; i < 50; i++)
			pour(client, &sent, 0);
		settle();
	} while (sent > before && sent < MUCH);
	ok(sent < MUCH && said == RELAY_WAITS,
	    "nobody reads: %zu bytes are taken, no more", sent);
	ok(sends(server, "still") && gets(client, "still"),
	    "the other way is free");
	for (int i = 0; i < 200000 && good && got < MUCH; i++) {
		pour(client, &sent, 0);
		(void)turn();
		while (good && got < sent) {
			before = got;
			good = drink(server, &got, 0, 100000);
			if (got == before)
				break;
		}
	}
	ok(good && got == MUCH, "and all of it comes when somebody does");
	end();
}

/* ---- breaks ---- */

static void
test_breaks(void)
{
	begin(AF_INET, AF_INET);
	(void)sends(client, "one");
	settle();
	relay_reset(client);
	client = -1;
	ok(gets(server, "one") && said == RELAY_BROKEN,
	    "a reset of the client's");
	ok(is_reset(server), "is one for the server");
	end();

	begin(AF_INET, AF_INET);
	relay_reset(server);
	server = -1;
	settle();
	ok(said == RELAY_BROKEN && is_reset(client), "and the other way round");
	end();

	/* The server answers, ends, and takes no more: what it said counts. */
	begin(AF_INET, AF_INET);
	ok(sends(server, "no, thanks") && close(server) == 0 && (server = -1) &&
		gets(client, "no, thanks") && gets(client, "") &&
		said == RELAY_WAITS,
	    "a server that has had enough is heard to its end");
	for (int i = 0; i < 3 && !is_over(); i++) {
		(void)sends(client, "but");
		settle();
	}
	ok(said == RELAY_DONE || said == RELAY_BROKEN,
	    "who goes on sending is told");
	end();
}

/* A read stops where urgent data is: what follows is not to be forgotten. */
static void
test_urgent(void)
{
	char b[16];
	ssize_t n = 0;

	begin(AF_INET, AF_INET);
	ok(sends(client, "ab") && send(client, "!", 1, MSG_OOB) == 1 &&
		sends(client, "cd"),
	    "urgent data");
	settle();
	for (int i = 0; i < 4; i++) {
		ssize_t m = recv(server, b + n, sizeof b - (size_t)n, 0);

		n += m > 0 ? m : 0;
	}
	ok(n == 4 && memcmp(b, "abcd", 4) == 0, "does not stop what follows");
	end();
}

static void
test_early(void)
{
	begin(AF_INET, AF_INET);
	relay_early(&r, 0, (const uint8_t *)"first ", 6);
	ok(sends(client, "then") && gets(server, "first then"),
	    "what came before comes first");
	ok(r.way[0].n == 10, "and is counted");
	end();
}

static int
descriptors(void)
{
	int n = 0;

	for (int fd = 0; fd < 1024; fd++)
		n += fcntl(fd, F_GETFD) >= 0;
	return n;
}

int
main(void)
{
	int before;

	signal(SIGPIPE, SIG_IGN);
	fill_much();
	before = descriptors();
	test_half_close(AF_INET, AF_INET, "tcp");
	test_half_close(AF_UNIX, AF_INET, "unix");
	test_early();
	test_urgent();
	test_breaks();
	test_pressure();
	ok(descriptors() - before <= 2 * 64,
	    "no descriptors but those of pipes that are kept");
	test_much(AF_INET, AF_INET, 100000, "tcp");
	test_much(AF_INET, AF_INET, 777, "slowly");
	test_much(AF_UNIX, AF_INET, 100000, "unix");
	return tap_end();
}
