/* SPDX-License-Identifier: ISC */
/*
 * fuzz-request: the bytes are lines.  Those that begin with < are of the proxy
 * of a guest, that asks and answers, with > answers to what comes next; the
 * others go to the control socket of a gateway.
 */
#include <poll.h>
#include <signal.h>
#include <sys/socket.h>

#include "control.h"
#include "fuzz.h"
#include "order.h"
#include "request.h"

static struct wall wall;
static struct published published;
static int proxy; /* its end of the porter's connection */
static int over; /* it says no more */

static void
to_guest(const uint8_t *p, size_t n, void *arg)
{
	(void)p, (void)n, (void)arg;
}

static void
to_stack(const uint8_t *p, size_t n, int fd, void *arg)
{
	(void)p, (void)n, (void)fd, (void)arg;
}

static void
logged(const char *line, void *arg)
{
	(void)arg;
	fuzz_said(line);
}

static int
publish(const struct publish *p)
{
	must(*p->label);
	must(p->guest);
	return p->guest % 7 ? 0 : -1;
}

static int
drop(const struct publish *p)
{
	return p->guest % 5 ? 0 : -1;
}

static void
begin(void)
{
	static char name[] = "rules";
	static char *const rules[] = { name };
	struct why why;

	signal(SIGPIPE, SIG_IGN);
	must(chdir(fuzz_folder()) == 0);
	fuzz_file("rules", "allow * .a *\n", 13);
	gate_init(&wall.gate);
	wall.gate.call = (struct gate_calls){
		.guest = to_guest, .stack = to_stack, .log = logged
	};
	wall.gate.net = GATE_FILTERED;
	wall.porter = (struct porter)PORTER_INIT;
	wall.socks = 1;
	must(
	    order_fill(&wall.mind.sources, rules, 1, NULL, NULL, 0, &why) == 0);
	must(wall_start(&wall, &why) == 0);
}

/* A new proxy, in place of the last. */
static void
attach(void)
{
	int s[2];

	if (proxy > 0)
		close(proxy);
	must(socketpair(AF_UNIX, SOCK_STREAM, 0, s) == 0);
	porter_attach(&wall.porter, s[0]);
	proxy = s[1];
	over = 0;
}

static void
of_proxy(const char *line, size_t n, int serve)
{
	static char heard[1 << 16];

	if (wall.porter.fd < 0 || over)
		attach();
	must(!n || send(proxy, line, n, MSG_DONTWAIT) == (ssize_t)n);
	must(send(proxy, "\n", 1, MSG_DONTWAIT) == 1);
	for (size_t i = 0; serve && i <= n / PORTER_LINE; i++)
		(void)porter_serve(&wall.porter);
	must(wall.porter.n <= sizeof wall.porter.in);
	while (recv(proxy, heard, sizeof heard, MSG_DONTWAIT) > 0)
		;
}

/* One who has gone, and one who has not said all and is silent then. */
static void
others(struct control *c, const char *line, size_t n)
{
	static int silent;

	for (int i = 1; i <= 2; i++) {
		int s[2];

		must(socketpair(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK, 0, s) ==
		    0);
		c->client[i].fd = s[0];
		c->client[i].n = 0;
		c->client[i].since = 1200;
		if (i == 1) {
			close(s[1]);
			continue;
		}
		if (silent)
			close(silent);
		silent = s[1];
		n = n < CONTROL_LINE / 2 ? n : CONTROL_LINE / 2;
		must(!n || send(silent, line, n, 0) == (ssize_t)n);
	}
}

/* One request, one answer, which is a line. */
static void
of_owner(const char *line, size_t n)
{
	static struct requests r = { &wall, &published, publish, drop };
	static struct control c = { .fd = -1 };
	static char heard[1 << 16];
	struct pollfd p[1 + CONTROL_CLIENTS];
	ssize_t got;
	int s[2];

	must(socketpair(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK, 0, s) == 0);
	c.client[0].fd = s[0];
	c.client[0].n = 0;
	c.client[0].since = 1000;
	must(!n || send(s[1], line, n, 0) == (ssize_t)n);
	must(send(s[1], "\n", 1, 0) == 1);
	if (wall.porter.fd >= 0) /* who waits for an answer waits no longer */
		over = shutdown(proxy, SHUT_WR) == 0;
	control_poll(&c, p);
	must(p[1].fd == s[0] && control_wait(&c, 1000) == CONTROL_MS);
	others(&c, line, n);
	control_poll(&c, p);
	(void)poll(p, 1 + CONTROL_CLIENTS, 0);
	control_serve(&c, p, 1500, request_answer, &r);
	got = recv(s[1], heard, sizeof heard, MSG_DONTWAIT);
	must(got > 2 && heard[got - 1] == '\n');
	must(memcmp(heard, "ok", 2) == 0 || memcmp(heard, "error ", 6) == 0);
	if (wall.porter.fd == s[0]) { /* it was a proxy */
		if (proxy > 0)
			close(proxy);
		proxy = s[1];
		over = 0;
	} else
		close(s[1]);
	control_serve(&c, p, 5000, request_answer, &r);
	must(!c.client[1].fd && !c.client[2].fd);
	must(!c.client[0].fd && control_wait(&c, 5000) == -1);
	must(published.n <= PUBLISH_MAX);
}

int
LLVMFuzzerTestOneInput(const uint8_t *p, size_t n)
{
	char *text, *at;

	if (n > 1024)
		return 0;
	if (!wall.gate.names)
		begin();
	published.n = 0;
	inquiry_attach(&wall.inquiry, -1);
	text = fuzz_text(p, n);
	for (at = text; at < text + n;) {
		size_t left = (size_t)(text + n - at);
		const char *nl = memchr(at, '\n', left);
		size_t len = nl ? (size_t)(nl - at) : left;

		if (*at == '<' || *at == '>')
			of_proxy(at + 1, len - 1, *at == '<');
		else
			of_owner(at, len);
		at += len + 1;
	}
	if (wall.porter.fd >= 0)
		porter_attach(&wall.porter, -1);
	free(text);
	return 0;
}
