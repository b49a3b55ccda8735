/* SPDX-License-Identifier: ISC */
/*
 * http-peer FILE PORTFILE LOG [CUT [ETAG]]: serve FILE on loopback to whoever
 * asks, one after the other, with ranges and If-Range.  The port is the one in
 * PORTFILE, else a free one that is written there; a line for each request
 * goes to LOG.  Of an answer at most CUT bytes of the body are sent (0: all).  /missing is 404, /broken 500, /plain knows no
 * ranges, /away redirects to file:///etc/hostname.
 */
#include <arpa/inet.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <sys/socket.h>
#include <unistd.h>

#include "io.h"
#include "mem.h"

static const char *etag = "";

struct request {
	char path[256];
	unsigned long long from;
	int ranged;
};

static void
read_request(int fd, struct request *r)
{
	char text[8192], *range, *tag;
	size_t n = 0;

	*r = (struct request){ 0 };
	while (n < sizeof text - 1) {
		ssize_t got = read(fd, text + n, sizeof text - 1 - n);

		if (got <= 0)
			break;
		n += (size_t)got;
		text[n] = '\0';
		if (strstr(text, "\r\n\r\n"))
			break;
	}
	text[n] = '\0';
	(void)sscanf(text, "GET %255s", r->path);
	range = strstr(text, "Range: bytes=");
	if (range && sscanf(range, "Range: bytes=%llu-", &r->from) == 1)
		r->ranged = 1;
	tag = strstr(text, "If-Range: ");
	if (tag && strncmp(tag + 10, etag, strlen(etag)) != 0)
		r->ranged = 0; /* another file by now */
	if (!r->ranged || strcmp(r->path, "/plain") == 0)
		r->from = 0;
}

static void
body(int to, int from, unsigned long long at, unsigned long long n)
{
	char chunk[4096];

	while (n) {
		size_t want = n < sizeof chunk ? (size_t)n : sizeof chunk;
		ssize_t got = pread(from, chunk, want, (off_t)at);

		if (got <= 0 || io_write(to, chunk, (size_t)got) < 0)
			return;
		at += (size_t)got;
		n -= (size_t)got;
	}
}

static void
answer(int to, int file, const struct request *r, unsigned long long cut)
{
	unsigned long long size = (unsigned long long)lseek(file, 0, SEEK_END);
	unsigned long long left = size - r->from;
	int part = r->ranged && strcmp(r->path, "/plain") != 0;
	autobuf struct buf b = { 0 };

	if (strcmp(r->path, "/away") == 0)
		buf_str(&b,
		    "HTTP/1.1 302 Found\r\n"
		    "Location: file:///etc/hostname\r\n");
	else if (strcmp(r->path, "/missing") == 0)
		buf_str(&b, "HTTP/1.1 404 Not Found\r\n");
	else if (strcmp(r->path, "/broken") == 0)
		buf_str(&b, "HTTP/1.1 500 Broken\r\n");
	else if (part && r->from >= size)
		buf_str(&b, "HTTP/1.1 416 Behind the end\r\n");
	else if (part)
		buf_fmt(&b,
		    "HTTP/1.1 206 Partial Content\r\n"
		    "Content-Range: bytes %llu-%llu/%llu\r\n",
		    r->from, size - 1, size);
	else
		buf_str(&b, "HTTP/1.1 200 OK\r\n");
	if (strncmp(b.p + 9, "20", 2) != 0)
		left = 0;
	buf_fmt(&b, "Connection: close\r\nContent-Length: %llu\r\n", left);
	if (*etag)
		buf_fmt(&b, "ETag: %s\r\n", etag);
	buf_str(&b, "\r\n");
	if (io_write(to, b.p, b.n) == 0)
		body(to, file, r->from, cut && cut < left ? cut : left);
}

static int
open_port(const char *portfile)
{
	struct sockaddr_in a = { .sin_family = AF_INET,
		.sin_addr.s_addr = htonl(INADDR_LOOPBACK) };
	socklen_t n = sizeof a;
	int s = socket(AF_INET, SOCK_STREAM, 0), yes = 1;
	autobuf struct buf was = { 0 };
	char port[16];

	if (io_read_file(AT_FDCWD, portfile, &was, 16) == 0)
		a.sin_port = htons((uint16_t)strtoul(was.p, NULL, 10));
	if (s < 0 ||
	    setsockopt(s, SOL_SOCKET, SO_REUSEADDR, &yes, sizeof yes) < 0 ||
	    bind(s, (struct sockaddr *)&a, sizeof a) < 0 || listen(s, 8) < 0 ||
	    getsockname(s, (struct sockaddr *)&a, &n) < 0)
		return -1;
	(void)snprintf(port, sizeof port, "%d\n", ntohs(a.sin_port));
	return io_put(AT_FDCWD, portfile, 0600, port, strlen(port)) < 0 ? -1 :
									  s;
}

int
main(int argc, char **argv)
{
	unsigned long long cut = argc > 4 ? strtoull(argv[4], NULL, 10) : 0;
	int s = argc > 3 ? open_port(argv[2]) : -1;
	FILE *log = argc > 3 ? fopen(argv[3], "a") : NULL;

	if (s < 0 || !log) {
		perror("http-peer");
		return 1;
	}
	fprintf(log, "ready\n");
	fflush(log);
	etag = argc > 5 ? argv[5] : "";
	signal(SIGPIPE, SIG_IGN); /* a client may be killed */
	alarm(300); /* no longer than any test */
	for (;;) {
		int c = accept(s, NULL, NULL);
		int file = open(argv[1], O_RDONLY | O_CLOEXEC);
		struct request r;

		if (c < 0 || file < 0)
			return 1;
		read_request(c, &r);
		fprintf(log, "%s from %llu\n", r.path, r.from);
		fflush(log);
		answer(c, file, &r, cut);
		close(file);
		close(c);
	}
}
