/* SPDX-License-Identifier: ISC */
/*
 * fuzz-wire: the first byte says how many bytes come at once; the others are
 * what QEMU sends to the gateway, frames behind their lengths in four bytes, or
 * what it sends to the resolver of net = proxy, questions behind theirs in two.
 */
#include <errno.h>
#include <poll.h>
#include <sys/socket.h>
#include <sys/un.h>

#include "dns.h"
#include "edges.h"
#include "frame.h"
#include "fuzz.h"
#include "io.h"
#include "link.h"
#include "nameserver.h"

enum { HEAD = 4 };

/* The frames are those that stand there, however they come. */
static void
fuzz_link(const uint8_t *p, size_t n, size_t piece)
{
	static struct link l, out;
	size_t at = 0, used = 0;
	int s[2], bad = 0;

	must(socketpair(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK, 0, s) == 0);
	l.fd = s[0];
	link_down(&out, 0);
	for (; at < n && !bad; at += piece) {
		size_t m = n - at < piece ? n - at : piece, len;
		uint8_t *frame;
		int r;

		must(send(s[1], p + at, m, 0) == (ssize_t)m);
		must(link_fill(&l) == 0 && link_fill(&l) == 0);
		while ((r = link_next(&l, &frame, &len)) == 1) {
			must(memcmp(frame, p + used + HEAD, len) == 0);
			used += HEAD + len;
			link_put(&out, frame, len);
		}
		bad = r < 0;
	}
	/* and what goes out is the same */
	must(out.last - out.first == used && !out.dropped);
	must(!used || memcmp(out.out + out.first, p, used) == 0);
	out.fd = s[0];
	must(link_pending(&out) == (used > 0) && link_flush(&out) == 0);
	out.fd = -1;
	close(s[1]);
	link_down(&l, 0);
}

/* ---- the resolver ---- */

static void
named(uint32_t addr, const char *name, void *arg)
{
	(void)arg;
	must(names_has(addr));
	fuzz_plain(name);
}

/* An answer for each question that is whole, and one. */
static void
check_answers(int fd, const uint8_t *p, size_t n)
{
	static uint8_t got[1 << 16];
	ssize_t all = recv(fd, got, sizeof got, MSG_DONTWAIT);
	size_t at = 0, end = all > 0 ? (size_t)all : 0;

	while (at < end) {
		size_t len = (size_t)got[at] << 8 | got[at + 1];
		struct dns_query q;

		must(at + 2 + len <= end);
		must(dns_parse(&q, got + at + 2, len) == -1); /* no question */
		must(n >= 2 && got[at + 2] == p[2] && got[at + 3] == p[3]);
		len = (size_t)p[0] << 8 | p[1];
		must(n >= 2 + len);
		p += 2 + len;
		n -= 2 + len;
		at += 2 + ((size_t)got[at] << 8 | got[at + 1]);
	}
}

static int
listener(void)
{
	int dir = io_opendir(AT_FDCWD, fuzz_folder()), fd;

	must(dir >= 0 && (fd = io_listen(dir, "resolver", 8)) >= 0);
	must(fcntl(fd, F_SETFL, O_NONBLOCK) == 0 && fchdir(dir) == 0);
	close(dir);
	return fd;
}

static void
fuzz_names(const uint8_t *p, size_t n, size_t piece)
{
	static struct nameserver s = { .named = named, .edges = -1 };
	static int fd = -1;
	struct sockaddr_un sun = { .sun_family = AF_UNIX,
		.sun_path = "resolver" };
	int c = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);

	if (fd < 0) {
		fd = listener();
		must(nameserver_start(&s, fd, NULL) == 0);
	}
	must(c >= 0 && connect(c, (struct sockaddr *)&sun, sizeof sun) == 0);
	s.now = 1000;
	(void)nameserver_turn(&s);
	must(s.n == 1);
	for (size_t at = 0; at < n; at += piece) {
		(void)send(c, p + at, n - at < piece ? n - at : piece,
		    MSG_NOSIGNAL | MSG_DONTWAIT);
		while (nameserver_turn(&s))
			;
	}
	check_answers(c, p, n);
	close(c);
	while (nameserver_turn(&s))
		;
	s.now += NAMESERVER_IDLE_MS;
	nameserver_tick(&s);
	must(!s.n);
}

int
LLVMFuzzerTestOneInput(const uint8_t *p, size_t n)
{
	if (n < 2)
		return 0;
	fuzz_link(p + 1, n - 1, 8 + *p);
	fuzz_names(p + 1, n - 1, 8 + *p);
	return 0;
}
