/* SPDX-License-Identifier: ISC */
/*
 * rate-peer: how much goes through a network, for tests/bench-net.sh.
 *
 *	serve			the other end: port 7101 takes all, 7102 sends
 *				for ever, 7103 ends a connection at once
 *	up|down ADDR SECONDS	bytes a second
 *	new ADDR SECONDS	connections a second
 */
#include <arpa/inet.h>
#include <netinet/in.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

enum { SINK = 7101, SOURCE, SHORT };

static char data[1 << 16];

static double
now(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return (double)t.tv_sec + (double)t.tv_nsec / 1e9;
}

static void
fail(const char *what)
{
	perror(what);
	exit(1);
}

static int
place(const char *addr, int port,
    int (*act)(int, const struct sockaddr *, socklen_t))
{
	struct sockaddr_in a = { .sin_family = AF_INET,
		.sin_port = htons((uint16_t)port) };
	int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0), one = 1;

	if (inet_pton(AF_INET, addr, &a.sin_addr) != 1 || fd < 0 ||
	    setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &one, sizeof one) < 0 ||
	    act(fd, (struct sockaddr *)&a, sizeof a) < 0)
		fail(addr);
	return fd;
}

static void
serve_one(int fd, int port)
{
	if (port == SHORT || fork() != 0) {
		close(fd);
		return;
	}
	if (port == SINK)
		while (read(fd, data, sizeof data) > 0)
			;
	else
		while (send(fd, data, sizeof data, MSG_NOSIGNAL) > 0)
			;
	_exit(0);
}

static void
serve(void)
{
	struct pollfd p[3];

	signal(SIGCHLD, SIG_IGN);
	for (int i = 0; i < 3; i++) {
		p[i].events = POLLIN;
		p[i].fd = place("0.0.0.0", SINK + i, bind);
		if (listen(p[i].fd, 1000) < 0)
			fail("listen");
	}
	puts("ready");
	(void)fflush(stdout);
	while (poll(p, 3, -1) > 0)
		for (int i = 0; i < 3; i++)
			if (p[i].revents)
				serve_one(
				    accept(p[i].fd, NULL, NULL), SINK + i);
}

/* Bytes a second through one connection. */
static double
bulk(const char *addr, int up, double seconds)
{
	int fd = place(addr, up ? SINK : SOURCE, connect);
	double from = now(), all = 0;
	ssize_t n = 1;

	while (n > 0 && now() - from < seconds) {
		n = up ? write(fd, data, sizeof data) :
			 read(fd, data, sizeof data);
		all += (double)n;
	}
	if (n <= 0)
		fail("connection");
	return all / (now() - from);
}

static double new (const char *addr, double seconds)
{
	double from = now();
	int n = 0;

	for (; now() - from < seconds; n++) {
		int fd = place(addr, SHORT, connect);

		if (read(fd, data, 1) != 0)
			fail("connection");
		close(fd);
	}
	return n / (now() - from);
}

int
main(int argc, char **argv)
{
	const char *what = argc > 1 ? argv[1] : "";
	double seconds = argc == 4 ? strtod(argv[3], NULL) : 0;

	if (strcmp(what, "serve") == 0)
		serve();
	else if (argc != 4) {
		fputs("usage: rate-peer serve | up|down|new ADDR SECONDS\n",
		    stderr);
		return 64;
	} else
		printf("%.0f\n",
		    strcmp(what, "new") == 0 ?
			new (argv[2], seconds) :
			bulk(argv[2], strcmp(what, "up") == 0, seconds));
	return 0;
}
