/* SPDX-License-Identifier: ISC */
/*
 * net-host-peer: the host's ends of connections, for the tests of xray-net.
 *
 *	connect PATH|PORT	standard input there, and what comes to output
 *	hold PATH|PORT		say hello and wait for the end
 *	late PATH|PORT		say nothing, read when all was sent: how much
 *	trickle PATH		half a line, "sent", and wait for the end
 *	ask PATH|PORT		a datagram, and what comes back
 *	listen PORT		say so, then echo one connection
 *	listen-udp PORT		say so, then echo one datagram
 *	taken PORT		say so, and keep it until killed
 *
 * PORT is one of 127.0.0.1.  20 s at most for anything.
 */
#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "io.h"
#include "mem.h"
#include "say.h"

enum { MS = 20000 };

static void
tell(const char *text)
{
	puts(text);
	if (fflush(stdout) != 0)
		die_sys(EX_IOERR, "standard output");
}

/* A socket of 127.0.0.1:where, bound to it or connected with it; a name that
 * is no number is a unix socket. */
static int
inet(const char *where, int type,
    int (*act)(int, const struct sockaddr *, socklen_t))
{
	struct sockaddr_in a = { .sin_family = AF_INET,
		.sin_addr.s_addr = htonl(INADDR_LOOPBACK) };
	int one = 1, fd;
	long long port;

	if (num_int(where, 1, 65535, &port) < 0) {
		fd = io_connect(AT_FDCWD, where);
		if (fd < 0)
			die_sys(EX_UNAVAILABLE, "%s", where);
		return fd;
	}
	a.sin_port = htons((uint16_t)port);
	fd = socket(AF_INET, type | SOCK_CLOEXEC, 0);
	if (fd < 0 ||
	    setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &one, sizeof one) < 0 ||
	    act(fd, (struct sockaddr *)&a, sizeof a) < 0)
		die_sys(EX_UNAVAILABLE, "%s", where);
	return fd;
}

/* What fd has, to `to`: 1, 0 at its end. */
static int
pump(int fd, int to)
{
	char data[65536];
	ssize_t n = read(fd, data, sizeof data);

	if (n < 0 && errno == ECONNRESET)
		return 0;
	if (n < 0)
		die_sys(EX_IOERR, "read");
	if (n && io_write(to, data, (size_t)n) < 0)
		die_sys(EX_IOERR, "write");
	return n > 0;
}

/* Two processes, so that an echo is read while there is more to send. */
static void
both_ways(int fd)
{
	pid_t pid = fork();

	if (pid < 0)
		die_sys(EX_OSERR, "fork");
	if (pid == 0) {
		while (pump(0, fd))
			;
		(void)shutdown(fd, SHUT_WR); /* may be gone */
		_exit(0);
	}
	do
		if (io_wait_readable(fd, io_now() + MS) <= 0)
			die(EX_TEMPFAIL, "no end");
	while (pump(fd, 1));
}

static void
hold(int fd, const char *text)
{
	char c[64];

	if (io_write(fd, text, strlen(text)) < 0)
		die_sys(EX_IOERR, "write");
	tell("sent");
	for (;;) {
		if (io_wait_readable(fd, io_now() + MS) <= 0)
			die(EX_TEMPFAIL, "no end");
		if (read(fd, c, sizeof c) <= 0)
			break;
	}
	tell("end");
}

/* Read only when the other side had the time to send and end. */
static void
late(int fd)
{
	char data[65536];
	size_t all = 0;
	ssize_t n;

	(void)shutdown(fd, SHUT_WR);
	io_sleep(500);
	while ((n = read(fd, data, sizeof data)) > 0)
		all += (size_t)n;
	printf("%zu%s\n", all, n < 0 ? " and an error" : "");
}

static void
echo(const char *port)
{
	autoclose int listener = inet(port, SOCK_STREAM, bind), fd;

	if (listen(listener, 8) < 0)
		die_sys(EX_OSERR, "listen");
	tell("listening");
	if (io_wait_readable(listener, io_now() + MS) <= 0)
		die(EX_TEMPFAIL, "nobody came");
	fd = accept(listener, NULL, NULL);
	while (pump(fd, fd))
		;
	tell("echoed");
}

/* One datagram: send it first, or echo it. */
static void
datagram(int fd, int first)
{
	struct sockaddr_in from;
	socklen_t n = sizeof from;
	char data[2048];
	ssize_t got;

	if (first && send(fd, "ask", 3, 0) < 0)
		die_sys(EX_IOERR, "send");
	if (io_wait_readable(fd, io_now() + MS) <= 0)
		die(EX_TEMPFAIL, "silence");
	got = recvfrom(
	    fd, data, sizeof data - 1, 0, (struct sockaddr *)&from, &n);
	if (got < 0)
		die_sys(EX_IOERR, "receive");
	data[got] = '\0';
	tell(data);
	if (!first &&
	    sendto(fd, data, (size_t)got, 0, (struct sockaddr *)&from, n) < 0)
		die_sys(EX_IOERR, "send");
}

int
main(int argc, char **argv)
{
	const char *what = argc == 3 ? argv[1] : "";

	say_name("net-host-peer");
	signal(SIGPIPE, SIG_IGN);
	if (strcmp(what, "connect") == 0)
		both_ways(inet(argv[2], SOCK_STREAM, connect));
	else if (strcmp(what, "hold") == 0)
		hold(inet(argv[2], SOCK_STREAM, connect), "hello\n");
	else if (strcmp(what, "late") == 0)
		late(inet(argv[2], SOCK_STREAM, connect));
	else if (strcmp(what, "trickle") == 0)
		hold(inet(argv[2], SOCK_STREAM, connect), "stat");
	else if (strcmp(what, "ask") == 0)
		datagram(inet(argv[2], SOCK_DGRAM, connect), 1);
	else if (strcmp(what, "listen") == 0)
		echo(argv[2]);
	else if (strcmp(what, "listen-udp") == 0) {
		int fd = inet(argv[2], SOCK_DGRAM, bind);

		tell("listening");
		datagram(fd, 0);
	} else if (strcmp(what, "taken") == 0) {
		if (listen(inet(argv[2], SOCK_STREAM, bind), 1) < 0)
			die_sys(EX_OSERR, "listen");
		tell("listening");
		pause();
	} else
		die(EX_USAGE, "usage: net-host-peer VERB PATH|PORT");
	return 0;
}
