/* SPDX-License-Identifier: ISC */
/*
 * socks-peer: both ends of a SOCKS5 proxy that is tested or timed.
 *
 *	serve PORT
 *		on 127.0.0.1: what begins with 'G' and 15 digits is sent that
 *		many bytes, 64 bytes are sent back; all else is kept waiting
 *	bulk [-x PROXY] STREAMS BYTES PORT
 *		download that much each, all at once: MB/s
 *	conn [-x PROXY] [-d NAME] ATONCE N PORT
 *		connect, 64 bytes there and back, end, N times: how many a
 *		second, and the median and the 99th percentile of the time until
 *		a connection is there, in us
 *	idle [-x PROXY] N PORT
 *		N connections, and "ready"; at the end of standard input 64
 *		bytes each, there and back: how many still are alive
 *
 *	want [-x PROXY] [-d NAME] PORT
 *		one connection: the reply's code, or -1
 *
 * PROXY is a port of 127.0.0.1 or a path; without it all is direct.
 */
#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <netinet/tcp.h>
#include <signal.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <sys/sendfile.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <time.h>
#include <unistd.h>

enum { PING = 64, ASK = 16, CHUNK = 1 << 18, POOL = 1 << 24, WAIT = 60000 };
enum { DIALS, METHOD, REPLY, THROUGH };

struct conn {
	int fd, state;
	size_t n; /* of what is awaited */
	uint8_t in[PING + 1];
	long long left;
	double from, open;
};

static int ep;
static uint16_t port;
static const char *proxy, *name; /* NULL: direct; by address */
static uint8_t buf[CHUNK];

static _Noreturn void
die(const char *what)
{
	perror(what);
	exit(1);
}

static double
now(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return (double)t.tv_sec * 1e6 + (double)t.tv_nsec / 1e3;
}

static void
watch(struct conn *c, uint32_t events, int op)
{
	struct epoll_event ev = { .events = events, .data.ptr = c };

	if (epoll_ctl(ep, op, c->fd, &ev) < 0)
		die("epoll_ctl");
}

static struct sockaddr_in
loopback(uint16_t to)
{
	return (struct sockaddr_in){ .sin_family = AF_INET,
		.sin_port = htons(to),
		.sin_addr.s_addr = htonl(INADDR_LOOPBACK) };
}

static void
nodelay(int fd)
{
	int on = 1;

	(void)setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
}

/* ---- serve ---- */

static void
let_in(int l)
{
	struct conn *c;
	int fd;

	while ((fd = accept4(l, NULL, NULL, SOCK_NONBLOCK)) >= 0) {
		c = calloc(1, sizeof *c);
		if (!c)
			die("memory");
		nodelay(fd);
		c->fd = fd;
		watch(c, EPOLLIN, EPOLL_CTL_ADD);
	}
}

/* 0: it is over. */
static int
hear(struct conn *c)
{
	ssize_t n = read(c->fd, c->in + c->n, PING - c->n);

	if (n <= 0)
		return n < 0 && errno == EAGAIN;
	c->n += (size_t)n;
	if (c->in[0] == 'G' && c->n >= ASK) {
		c->in[ASK] = '\0';
		c->left = atoll((char *)c->in + 1);
		watch(c, EPOLLOUT, EPOLL_CTL_MOD);
	} else if (c->n == PING) {
		c->n = 0;
		return write(c->fd, c->in, PING) == PING;
	}
	return 1;
}

static int
pour(struct conn *c, int pool)
{
	while (c->left > 0) {
		size_t n = c->left < CHUNK ? (size_t)c->left : CHUNK;
		off_t at = 0;
		ssize_t m = sendfile(c->fd, pool, &at, n);

		if (m < 0)
			return errno == EAGAIN;
		c->left -= m;
	}
	return 0;
}

static int
serve(void)
{
	struct sockaddr_in a = loopback(port);
	struct conn l = { .fd =
			      socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK, 0) };
	struct epoll_event ev[256];
	int on = 1, pool = memfd_create("pool", 0);

	(void)setsockopt(l.fd, SOL_SOCKET, SO_REUSEADDR, &on, sizeof on);
	if (bind(l.fd, (struct sockaddr *)&a, sizeof a) < 0 ||
	    listen(l.fd, 4096) < 0 || ftruncate(pool, POOL) < 0)
		die("serve");
	watch(&l, EPOLLIN, EPOLL_CTL_ADD);
	for (;;) {
		int n = epoll_wait(ep, ev, 256, -1);

		for (int i = 0; i < n; i++) {
			struct conn *c = ev[i].data.ptr;

			if (c == &l)
				let_in(l.fd);
			else if (!(c->left ? pour(c, pool) : hear(c))) {
				close(c->fd);
				free(c);
			}
		}
	}
}

/* ---- through the proxy ---- */

static void
dial(struct conn *c)
{
	struct sockaddr_in in = loopback(proxy ? (uint16_t)atol(proxy) : port);
	struct sockaddr_un un = { .sun_family = AF_UNIX };
	int local = proxy && strchr(proxy, '/'), r;

	memset(c, 0, sizeof *c);
	c->from = now();
	c->fd =
	    socket(local ? AF_UNIX : AF_INET, SOCK_STREAM | SOCK_NONBLOCK, 0);
	if (c->fd < 0)
		die("socket");
	nodelay(c->fd);
	if (local)
		(void)snprintf(un.sun_path, sizeof un.sun_path, "%s", proxy);
	r = local ? connect(c->fd, (struct sockaddr *)&un, sizeof un) :
		    connect(c->fd, (struct sockaddr *)&in, sizeof in);
	if (r < 0 && errno != EINPROGRESS)
		die("connect");
	watch(c, EPOLLOUT, EPOLL_CTL_ADD);
}

static int
request(struct conn *c)
{
	uint8_t q[300] = { 5, 1, 0, 1, 127, 0, 0, 1 };
	size_t n = 8;

	if (name) {
		q[3] = 3;
		q[4] = (uint8_t)strlen(name);
		memcpy(q + 5, name, q[4]);
		n = 5 + (size_t)q[4];
	}
	q[n++] = (uint8_t)(port >> 8);
	q[n++] = (uint8_t)port;
	return write(c->fd, q, n) == (ssize_t)n;
}

/* Whether it is there: 1, not yet: 0, never: -1. */
static int
get_through(struct conn *c)
{
	int err = 0;
	socklen_t len = sizeof err;
	ssize_t n;

	if (c->state == DIALS) {
		(void)getsockopt(c->fd, SOL_SOCKET, SO_ERROR, &err, &len);
		if (err)
			return -1;
		watch(c, EPOLLIN, EPOLL_CTL_MOD);
		c->state = proxy ? METHOD : THROUGH;
		c->open = now();
		if (!proxy)
			return 1;
		return write(c->fd, "\5\1", 3) == 3 ? 0 : -1;
	}
	n = read(c->fd, c->in + c->n, (c->state == METHOD ? 2 : 10) - c->n);
	if (n <= 0)
		return n < 0 && errno == EAGAIN ? 0 : -1;
	c->n += (size_t)n;
	if (c->n < (c->state == METHOD ? 2 : 10))
		return 0;
	if (c->in[1] != 0)
		return -1;
	c->n = 0;
	c->state++;
	c->open = now();
	if (c->state == THROUGH)
		return 1;
	return request(c) ? 0 : -1;
}

static struct conn *
make(long n)
{
	struct conn *v = calloc((size_t)n, sizeof *v);

	if (!v)
		die("memory");
	return v;
}

/* ---- bulk ---- */

/* 0: it is over; -1: too early. */
static int
drink(struct conn *c, long long *all)
{
	ssize_t n;

	if (c->state != THROUGH) {
		int r = get_through(c);
		char ask[ASK + 1];

		if (r <= 0)
			return r < 0 ? -1 : 1;
		(void)snprintf(ask, sizeof ask, "G%015lld", c->left);
		return write(c->fd, ask, ASK) == ASK ? 1 : -1;
	}
	n = read(c->fd, buf, sizeof buf);
	if (n < 0 && errno == EAGAIN)
		return 1;
	if (n <= 0)
		return -1;
	c->left -= n;
	*all += n;
	return c->left > 0;
}

static int
bulk(long streams, long long bytes)
{
	struct conn *v = make(streams);
	long live = streams, bad = 0;
	struct epoll_event ev[256];
	long long all = 0;
	double from = now();

	for (long i = 0; i < streams; i++) {
		dial(&v[i]);
		v[i].left = bytes;
	}
	while (live) {
		int n = epoll_wait(ep, ev, 256, WAIT);

		if (n <= 0)
			die("nothing comes");
		for (int i = 0; i < n; i++) {
			struct conn *c = ev[i].data.ptr;
			int r = drink(c, &all);

			if (r > 0)
				continue;
			bad += r < 0;
			live--;
			close(c->fd);
		}
	}
	printf("MBps %.1f bad %ld\n", (double)all / (now() - from), bad);
	return bad != 0;
}

/* ---- conn ---- */

/* 1: it goes on; 0: it is done; -1: it failed. */
static int
ping(struct conn *c)
{
	static const uint8_t word[PING] = "P";
	ssize_t n;

	if (c->state != THROUGH) {
		int r = get_through(c);

		if (r <= 0)
			return r < 0 ? -1 : 1;
		return write(c->fd, word, PING) == PING ? 1 : -1;
	}
	n = read(c->fd, c->in + c->n, PING - c->n);
	if (n <= 0)
		return n < 0 && errno == EAGAIN ? 1 : -1;
	c->n += (size_t)n;
	return c->n < PING;
}

static int
compare(const void *a, const void *b)
{
	double x = *(const double *)a, y = *(const double *)b;

	return x < y ? -1 : x > y;
}

static int
conn(long at_once, long many)
{
	struct conn *v = make(at_once);
	double *took = calloc((size_t)many, sizeof *took), from = now();
	long begun = 0, done = 0, bad = 0;
	struct epoll_event ev[256];

	for (; begun < at_once && begun < many; begun++)
		dial(&v[begun]);
	while (took && done + bad < many) {
		int n = epoll_wait(ep, ev, 256, WAIT);

		if (n <= 0)
			die("nothing comes");
		for (int i = 0; i < n; i++) {
			struct conn *c = ev[i].data.ptr;
			int r = ping(c);

			if (r > 0)
				continue;
			if (r == 0)
				took[done++] = c->open - c->from;
			bad += r < 0;
			close(c->fd);
			if (begun < many) {
				begun++;
				dial(c);
			}
		}
	}
	qsort(took, (size_t)done, sizeof *took, compare);
	printf("persec %.0f p50 %.0f p99 %.0f bad %ld\n",
	    (double)done * 1e6 / (now() - from), done ? took[done / 2] : 0,
	    done ? took[done * 99 / 100] : 0, bad);
	return bad != 0;
}

/* ---- idle ---- */

static int
open_all(struct conn *v, long many)
{
	long begun = 0, through = 0, bad = 0;
	struct epoll_event ev[256];

	while (through + bad < many) {
		int n;

		for (; begun < many && begun - through - bad < 64; begun++)
			dial(&v[begun]);
		n = epoll_wait(ep, ev, 256, WAIT);
		if (n <= 0)
			return -1;
		for (int i = 0; i < n; i++) {
			struct conn *c = ev[i].data.ptr;
			int r = c->state == THROUGH ? -1 : get_through(c);

			through += r > 0;
			bad += r < 0;
			if (r < 0)
				close(c->fd);
		}
	}
	return bad ? -1 : 0;
}

static int
idle(long many)
{
	struct conn *v = make(many);
	long alive = 0;
	char c;

	if (open_all(v, many) < 0)
		die("not all got through");
	puts("ready");
	fflush(stdout);
	while (read(0, &c, 1) > 0)
		;
	for (long i = 0; i < many; i++) {
		static const uint8_t word[PING] = "P";
		struct timeval wait = { .tv_sec = 20 };

		(void)fcntl(v[i].fd, F_SETFL, 0);
		(void)setsockopt(
		    v[i].fd, SOL_SOCKET, SO_RCVTIMEO, &wait, sizeof wait);
		alive += write(v[i].fd, word, PING) == PING &&
		    recv(v[i].fd, buf, PING, MSG_WAITALL) == PING;
	}
	printf("alive %ld\n", alive);
	return alive != many;
}

/* ---- want ---- */

static int
want(void)
{
	struct conn *c = make(1);
	struct epoll_event ev;
	int r = 0;

	dial(c);
	while (r == 0 && epoll_wait(ep, &ev, 1, WAIT) == 1)
		r = get_through(c);
	printf("%d\n", r > 0 ? 0 : c->n == 10 ? c->in[1] : -1);
	return r <= 0;
}

int
main(int argc, char **argv)
{
	const char *verb = argc > 1 ? argv[1] : "";
	struct rlimit l;
	int o;

	signal(SIGPIPE, SIG_IGN);
	getrlimit(RLIMIT_NOFILE, &l);
	l.rlim_cur = l.rlim_max;
	setrlimit(RLIMIT_NOFILE, &l);
	ep = epoll_create1(0);
	for (argv++, argc--; (o = getopt(argc, argv, "x:d:")) > 0;)
		*(o == 'x' ? &proxy : &name) = optarg;
	argv += optind;
	argc -= optind;
	if (argc)
		port = (uint16_t)atol(argv[argc - 1]);
	if (strcmp(verb, "serve") == 0 && argc == 1)
		return serve();
	if (strcmp(verb, "bulk") == 0 && argc == 3)
		return bulk(atol(argv[0]), atoll(argv[1]));
	if (strcmp(verb, "conn") == 0 && argc == 3)
		return conn(atol(argv[0]), atol(argv[1]));
	if (strcmp(verb, "idle") == 0 && argc == 2)
		return idle(atol(argv[0]));
	if (strcmp(verb, "want") == 0 && argc == 1)
		return want();
	return 64;
}
