/* SPDX-License-Identifier: ISC */
/* proxy: what time ends, and who is one too many; the clock is ours. */
#include "proxy.h"

#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <poll.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <unistd.h>

#include "io.h"
#include "socks.h"
#include "tap.h"

static struct proxy *p;
static struct rules *rules;
static char logged[16384];
static uint16_t proxy_port, web_port;
static int web; /* listens */

static void
to_log(const char *line, void *arg)
{
	size_t n = strlen(logged);

	(void)arg;
	(void)snprintf(logged + n, sizeof logged - n, "%s\n", line);
}

static struct sockaddr_in
loopback(uint16_t port)
{
	return (struct sockaddr_in){ .sin_family = AF_INET,
		.sin_port = htons(port),
		.sin_addr.s_addr = htonl(INADDR_LOOPBACK) };
}

static int
hear(uint16_t *port)
{
	struct sockaddr_in in = loopback(0);
	socklen_t n = sizeof in;
	int fd = socket(AF_INET, SOCK_STREAM, 0);

	if (bind(fd, (struct sockaddr *)&in, n) < 0 || listen(fd, 64) < 0 ||
	    getsockname(fd, (struct sockaddr *)&in, &n) < 0 ||
	    fcntl(fd, F_SETFL, O_NONBLOCK) < 0)
		abort();
	*port = ntohs(in.sin_port);
	return fd;
}

static void
use(const char *text)
{
	rules_free(rules);
	rules = rules_new();
	if (rules_add(rules, "rules", RULES_LINES, text, strlen(text), NULL) <
	    0)
		abort();
	p->policy.rules = rules;
}

static void
begin(size_t max)
{
	struct why why;
	int fd = hear(&proxy_port);

	p = calloc(1, sizeof *p);
	if (!p)
		abort();
	p->policy.mode = MODE_DENY;
	p->max = max;
	p->log = to_log;
	p->now = 1000;
	p->resolver = resolver_start(&why);
	use("allow tcp 127.0.0.1 *\nallow tcp 192.0.2.0/24 *\n"
	    "allow tcp slow.test * to=127.0.0.1\n");
	if (!p->resolver || proxy_start(p) < 0 || proxy_listen(p, fd, 0) < 0)
		abort();
	*logged = '\0';
}

static void
end(void)
{
	(void)proxy_cut(p);
	(void)proxy_turn(p);
	ok(p->n == 0, "nobody is left");
	resolver_free(p->resolver);
	close(p->listener[0].end.fd);
	close(p->edges);
	free(p);
}

/* Until nothing is told, and no name is looked up. */
static void
settle(void)
{
	for (int quiet = 0; quiet < 3;) {
		struct pollfd v[2] = { { .fd = p->edges, .events = POLLIN },
			{ .fd = resolver_fd(p->resolver), .events = POLLIN } };
		struct resolved r;
		int n = poll(v, 2, p->in[HOP_ASKED].first ? 5000 : 5);

		while (
		    v[1].revents && resolver_next(p->resolver, &r, p->now) > 0)
			proxy_resolved(p, &r);
		quiet = proxy_turn(p) || n > 0 ? 0 : quiet + 1;
	}
}

/* So many ms go by. */
static void
pass(long long ms)
{
	p->now += ms;
	proxy_tick(p);
	settle();
}

static int
client(void)
{
	struct sockaddr_in in = loopback(proxy_port);
	int fd = socket(AF_INET, SOCK_STREAM, 0);

	if (connect(fd, (struct sockaddr *)&in, sizeof in) < 0)
		abort();
	settle();
	return fd;
}

static void
tell(int fd, const void *text, size_t n)
{
	if (send(fd, text, n, MSG_NOSIGNAL) != (ssize_t)n)
		perror("# send");
	settle();
}

/* A client that has asked for an address and port. */
static int
asker(uint32_t ip, uint16_t port)
{
	uint8_t q[] = { 5, 1, 0, 5, 1, 0, 1, (uint8_t)(ip >> 24),
		(uint8_t)(ip >> 16), (uint8_t)(ip >> 8), (uint8_t)ip,
		(uint8_t)(port >> 8), (uint8_t)port };
	int fd = client();

	tell(fd, q, sizeof q);
	return fd;
}

enum { LOOPBACK = 0x7f000001 };
enum { NOTHING = -1, AN_END = -2, A_RESET = -3 };

/* pair[0] is a client by a unix socket. */
static void
local(int pair[2])
{
	if (socketpair(AF_UNIX, SOCK_STREAM, 0, pair) < 0 ||
	    fcntl(pair[1], F_SETFL, O_NONBLOCK) < 0)
		abort();
	proxy_take(p, pair[1]);
	settle();
}

/* The code of the reply that fd has; or NOTHING, ... */
static int
reply(int fd)
{
	uint8_t b[64];
	ssize_t n = recv(fd, b, sizeof b, MSG_DONTWAIT);

	if (n < 0)
		return errno == ECONNRESET ? A_RESET : NOTHING;
	if (n == 2)
		return NOTHING; /* the method's */
	return n == 0 ? AN_END : b[n - 9];
}

/* ---- ends ---- */

static void
test_hello(void)
{
	int fd, late;

	begin(10);
	fd = client();
	tell(fd, "\5\1", 2);
	pass(PROXY_HELLO_MS - 1);
	late = client();
	ok(p->n == 2 && reply(fd) == NOTHING, "a request takes its time");
	pass(1);
	ok(p->n == 1 && reply(fd) == AN_END, "30 s of it");
	close(fd);
	tell(late, "\5", 1);
	close(late);
	settle();
	ok(p->n == 0, "who hangs up before it asks is gone");
	end();
}

static void
test_open(void)
{
	int fd, far;

	begin(10);
	fd = asker(LOOPBACK, web_port);
	far = accept(web, NULL, NULL);
	ok(far >= 0 && reply(fd) == SOCKS_OK, "open");
	pass(PROXY_IDLE_MS - 1);
	tell(fd, "x", 1);
	pass(PROXY_IDLE_MS - 1);
	ok(p->n == 1, "what moves stays, what rests stays for a day");
	pass(1);
	ok(p->n == 0 && reply(fd) == A_RESET, "and is reset then");
	close(fd);
	close(far);

	fd = asker(LOOPBACK, web_port);
	far = accept(web, NULL, NULL);
	(void)reply(fd);
	(void)shutdown(fd, SHUT_WR);
	settle();
	pass(PROXY_HALF_MS - 1);
	ok(p->n == 1, "half of one stays for an hour");
	pass(1);
	ok(p->n == 0, "and no longer");
	close(fd);
	close(far);
	end();
}

static void
test_refused(void)
{
	char much[4000] = "";
	int fd;

	begin(10);
	fd = asker(0x08080808, 53);
	ok(p->n == 1 && reply(fd) == SOCKS_DENIED && p->denied == 1,
	    "who is refused is waited for");
	tell(fd, much, sizeof much);
	ok(p->n == 1 && reply(fd) == AN_END, "whatever it says");
	pass(PROXY_LINGER_MS);
	ok(p->n == 0, "for two seconds");
	close(fd);
	fd = asker(0x08080808, 53);
	close(fd);
	settle();
	ok(p->n == 0, "or until it hangs up");
	end();
}

/* By a unix socket that all is over is told at once, or never. */
static void
test_local(void)
{
	static const uint8_t q[] = { 5, 1, 0, 5, 1, 0, 1, 127, 0, 0, 1 };
	uint8_t where[2];
	uint16_t port;
	int full = hear(&port), more[4], pair[2], far;

	begin(20);
	if (listen(full, 0) < 0)
		abort();
	for (int i = 0; i < 4; i++)
		more[i] = asker(LOOPBACK, port);
	where[0] = (uint8_t)(port >> 8);
	where[1] = (uint8_t)port;
	local(pair);
	tell(pair[0], q, sizeof q);
	tell(pair[0], where, sizeof where);
	ok(p->n == 5, "a client by a unix socket is dialled for");
	(void)shutdown(pair[0], SHUT_WR);
	settle();
	ok(p->n == 5, "half an end is none");
	(void)reply(pair[0]); /* unread, it would be a reset */
	close(pair[0]);
	settle();
	ok(p->n == 4, "a whole one is");
	for (int i = 0; i < 4; i++)
		close(more[i]);
	close(full);
	settle();
	local(pair);
	where[0] = (uint8_t)(web_port >> 8);
	where[1] = (uint8_t)web_port;
	tell(pair[0], q, sizeof q);
	tell(pair[0], where, sizeof where);
	far = accept(web, NULL, NULL);
	if (send(pair[0], "last", 4, MSG_NOSIGNAL) != 4)
		abort();
	while (reply(pair[0]) != SOCKS_OK)
		settle();
	close(pair[0]);
	settle();
	ok(recv(far, logged, 4, 0) == 4 && p->n == 0,
	    "what it said last goes through, and nothing more is waited for");
	close(far);
	end();
}

/* Who has a full backlog answers nobody. */
static void
test_dial(void)
{
	uint16_t port;
	int full = hear(&port), fd, more[8];

	begin(20);
	if (listen(full, 0) < 0)
		abort();
	for (int i = 0; i < 4; i++)
		more[i] = asker(LOOPBACK, port);
	fd = asker(LOOPBACK, port);
	ok(p->in[HOP_DIALLED].first, "nobody answers");
	pass(PROXY_DIAL_MS - 1);
	ok(reply(fd) == NOTHING, "for 75 s");
	pass(1);
	ok(reply(fd) == SOCKS_TIMEOUT, "then it is told so");
	for (int i = 0; i < 4; i++)
		close(more[i]);
	close(fd);
	close(full);
	settle();
	end();
}

/* ---- too many ---- */

static void
test_full(void)
{
	int a, b, c;

	begin(2);
	a = client();
	b = client();
	c = client();
	ok(p->n == 2 && reply(c) == A_RESET &&
		strcmp(logged, "deny full tcp - - - - -\n") == 0,
	    "one too many is reset, and that is logged");
	close(a);
	settle();
	close(c);
	c = asker(LOOPBACK, web_port);
	ok(p->n == 2 && reply(c) == SOCKS_OK, "there is room again");
	close(b);
	close(c);
	close(accept(web, NULL, NULL));
	settle();
	end();
}

/* No descriptor is left: who waits is taken when there is one again. */
static void
test_descriptors(void)
{
	struct rlimit was, none;
	struct sockaddr_in in;
	int fd, spare;

	begin(10);
	in = loopback(proxy_port);
	fd = socket(AF_INET, SOCK_STREAM, 0);
	spare = fcntl(fd, F_DUPFD, 0);
	getrlimit(RLIMIT_NOFILE, &was);
	none = was;
	none.rlim_cur = (rlim_t)spare + 1;
	setrlimit(RLIMIT_NOFILE, &none);
	(void)connect(fd, (struct sockaddr *)&in, sizeof in);
	settle();
	ok(p->n == 0 && p->listener[0].failed, "no descriptor is left");
	setrlimit(RLIMIT_NOFILE, &was);
	pass(PROXY_TICK_MS);
	ok(p->n == 1, "a moment later there is one");
	close(fd);
	close(spare);
	settle();
	end();
}

/* ---- rules ---- */

static void
test_nobody(void)
{
	int fd;

	begin(10);
	p->policy.mode = MODE_ASK;
	fd = asker(0x01010101, 443);
	ok(reply(fd) == SOCKS_DENIED, "no way to ask anybody: no");
	close(fd);
	settle();
	end();
}

static void
test_recheck(void)
{
	int fd, far;

	begin(10);
	fd = asker(LOOPBACK, web_port);
	far = accept(web, NULL, NULL);
	(void)reply(fd);
	ok(proxy_recheck(p) == 0 && p->n == 1, "the same rules");
	use("allow tcp 192.0.2.0/24 *\n");
	ok(proxy_recheck(p) == 0 && p->n == 1,
	    "one that is gone ends nothing that is open");
	use("deny tcp 127.0.0.0/8 *\n");
	ok(proxy_recheck(p) == 1 && p->n == 0 && reply(fd) == A_RESET,
	    "one that denies does");
	close(fd);
	close(far);
	end();
}

int
main(void)
{
	signal(SIGPIPE, SIG_IGN);
	web = hear(&web_port);
	test_hello();
	test_open();
	test_refused();
	test_local();
	test_dial();
	test_full();
	test_descriptors();
	test_nobody();
	test_recheck();
	rules_free(rules);
	return tap_end();
}
