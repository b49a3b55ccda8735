/* SPDX-License-Identifier: ISC */
#include "outlet.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "confine.h"
#include "io.h"
#include "say.h"
#include "sys.h"

#ifndef MSG_NOSIGNAL
#define MSG_NOSIGNAL 0 /* macOS; callers ignore SIGPIPE anyway */
#endif

/* Who is not called for beyond that is refused in a while. */
enum { DUE_MAX = 4096 };

/* Which of the dialer's paths is whose. */
enum { ASK, CALLS, PATHS };

/* ---- a person ---- */

static int
call(void *arg)
{
	struct outlet *o = arg;

	return dialer_ask(&o->dialer, ASK);
}

static enum rule_verdict
ask(const struct target *to, char *why, void *arg)
{
	struct outlet *o = arg;

	return inquiry_ask(&o->inquiry, to, o->proxy->now, why);
}

static void
asker_said(void *arg)
{
	struct outlet *o = arg;

	if (o->inquiry.fd >= 0 && inquiry_serve(&o->inquiry, o->proxy->now))
		proxy_answered(o->proxy);
}

static void
asker_came(struct outlet *o, int fd)
{
	if (fd >= 0 && proxy_watch(o->proxy, &o->asker, fd) < 0) {
		close(fd);
		fd = -1;
	}
	inquiry_attach(&o->inquiry, fd);
	proxy_answered(o->proxy); /* nobody came, or who was asked is gone */
}

/* ---- what it decides by ---- */

static int
set_mode(struct outlet *o, const char *word, struct why *why)
{
	int m = mode_parse(word);

	if (m < 0)
		return why_set(why, EX_USAGE, "no such mode");
	o->proxy->policy.mode = (enum mode)m;
	proxy_answered(o->proxy);
	return 0;
}

static int
set_defaults(struct outlet *o, int off, struct why *why)
{
	if (o->defaults_off == off)
		return 0;
	o->defaults_off = off;
	if (mind_defaults(o->mind, !off, why) == 0)
		return 0;
	o->defaults_off = -1; /* not yet: whoever says it again is told so */
	return -1;
}

/* 1: it is none of these. */
static int
change(struct outlet *o, const char *line, struct why *why)
{
	static const char mode[] = "mode ";

	if (strcmp(line, "reload") == 0)
		return mind_reload(o->mind, why);
	if (str_starts(line, mode))
		return set_mode(o, line + sizeof mode - 1, why);
	if (strcmp(line, "defaults on") == 0)
		return set_defaults(o, 0, why);
	if (strcmp(line, "defaults off") == 0)
		return set_defaults(o, 1, why);
	return 1;
}

/* ---- a gateway ---- */

static int
tell_gateway(struct outlet *o, const char *line)
{
	autofree char *text = xasprintf("%s\n", line);
	ssize_t n = (ssize_t)strlen(text);

	/* its end is told */
	return send(o->gateway.end.fd, text, (size_t)n,
		   MSG_NOSIGNAL | MSG_DONTWAIT) == n ?
	    0 :
	    -1;
}

static int
who(uint32_t addr, void *arg)
{
	struct addr a = addr_v4(addr);
	char line[ADDR_TEXT + 8] = "who ";

	addr_print(&a, line + strlen(line));
	return tell_gateway(arg, line);
}

/* name ADDRESS NAME */
static void
named(struct outlet *o, const char *text)
{
	char addr[ADDR_TEXT], name[RULE_NAME_MAX], same[RULE_NAME_MAX];
	struct addr a;

	if (sscanf(text, "%45s %253s", addr, name) != 2 ||
	    addr_parse(&a, addr) < 0 || !addr_is_v4(&a))
		return;
	proxy_named(o->proxy, addr_to_v4(&a),
	    name_canon(same, name, strlen(name)) < 0 ? NULL : same);
}

static void
count(struct outlet *o)
{
	const struct proxy *p = o->proxy;
	char line[64];

	if (o->told == p->allowed + p->denied)
		return;
	(void)snprintf(line, sizeof line, "did %llu %llu",
	    (unsigned long long)p->allowed, (unsigned long long)p->denied);
	if (tell_gateway(o, line) == 0)
		o->told = p->allowed + p->denied;
}

static void
obey(struct outlet *o, const char *line)
{
	static const char name[] = "name ";
	autofree char *answer = NULL;
	struct why why;
	int r;

	if (strcmp(line, "come") == 0) {
		if (dialer_ask(&o->dialer, CALLS) < 0 && o->due < DUE_MAX)
			o->due++;
		return;
	}
	if (str_starts(line, name)) {
		named(o, line + sizeof name - 1);
		return;
	}
	r = change(o, line, &why);
	if (r > 0)
		return; /* its "ok" */
	answer = r ? xasprintf("error %s", why.text) : xasprintf("ok %s", line);
	(void)tell_gateway(o, answer);
}

static void
obey_all(struct outlet *o)
{
	char line[PORTER_LINE], *end;

	while ((end = memchr(o->line, '\n', o->n))) {
		size_t n = (size_t)(end - o->line);

		memcpy(line, o->line, n);
		line[n] = '\0';
		o->n -= n + 1;
		memmove(o->line, end + 1, o->n);
		obey(o, line);
	}
}

static void
gateway_said(void *arg)
{
	struct outlet *o = arg;

	while (!o->over) {
		ssize_t n = recv(o->gateway.end.fd, o->line + o->n,
		    sizeof o->line - o->n, MSG_DONTWAIT);

		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0 && errno == EAGAIN)
			return;
		o->over = n <= 0;
		o->n += n > 0 ? (size_t)n : 0;
		obey_all(o);
		o->over |= o->n == sizeof o->line; /* no line of ours */
	}
}

static int
find_gateway(struct outlet *o, struct why *why)
{
	static const char hello[] = "socks\n";
	int fd = io_connect(AT_FDCWD, o->control);

	if (fd < 0)
		return why_sys(why, EX_UNAVAILABLE, "%s", o->control);
	if (fcntl(fd, F_SETFL, O_NONBLOCK) < 0 ||
	    send(fd, hello, sizeof hello - 1, MSG_NOSIGNAL) < 0 ||
	    proxy_watch(o->proxy, &o->gateway, fd) < 0) {
		close(fd);
		return why_sys(why, EX_OSERR, "%s", o->control);
	}
	return 0;
}

/* ---- requests ---- */

static void
status(const struct outlet *o, struct buf *out)
{
	buf_str(out, "ok net=proxy ");
	proxy_status(o->proxy, out);
	buf_str(out, " confined=");
	confine_words(o->confined, out);
}

static int
answer(const char *line, int fd, struct buf *out, void *arg)
{
	struct outlet *o = arg;
	struct why why;
	int r;

	if (strcmp(line, "ask") == 0) {
		buf_str(out, "ok");
		/* fd itself is closed when it was told so */
		asker_came(o, fcntl(fd, F_DUPFD_CLOEXEC, 0));
		return 0;
	}
	if (strcmp(line, "cut") == 0)
		buf_fmt(out, "ok %zu", proxy_cut(o->proxy));
	else if (strcmp(line, "status") == 0)
		status(o, out);
	else if ((r = change(o, line, &why)) > 0)
		buf_str(out, "error unknown request");
	else if (r)
		buf_fmt(out, "error %s", why.text);
	else
		buf_str(out, "ok");
	return 0;
}

/* Until none of them has anything, or nobody can be let in; then who is new is
 * watched. */
static void
asked(void *arg)
{
	struct outlet *o = arg;
	struct pollfd p[1 + CONTROL_CLIENTS];
	int n = 1;

	for (int i = 0; n > 0 && i < 4 * CONTROL_CLIENTS; i++) {
		control_poll(&o->own, p);
		n = poll(p, LEN(p), 0);
		control_serve(&o->own, p, o->proxy->now, answer, o);
	}
	control_poll(&o->own, p);
	for (size_t i = 1; i < LEN(p); i++) /* behind the listener */
		if (p[i].fd >= 0)
			(void)sys_watch(o->asked.end.fd, p[i].fd, 1, 0);
}

static int
await_requests(struct outlet *o, struct why *why)
{
	int set = sys_watch_new();

	if (set < 0 || proxy_watch(o->proxy, &o->asked, set) < 0)
		return why_sys(why, EX_OSERR, "%s", o->requests);
	o->own.fd = -1;
	if (control_open(&o->own, o->requests, why) < 0)
		return -1;
	return sys_watch(set, o->own.fd, 1, 0) < 0 ?
	    why_sys(why, EX_OSERR, "%s", o->requests) :
	    0;
}

/* ---- all ---- */

static void
dialled(void *arg)
{
	struct outlet *o = arg;
	size_t i;
	int fd;

	while (dialer_next(&o->dialer, &i, &fd) > 0)
		if (i == ASK)
			asker_came(o, fd);
		else if (fd >= 0)
			proxy_take(o->proxy, fd);
	while (o->due && dialer_ask(&o->dialer, CALLS) == 0)
		o->due--;
}

static int
start_dialer(struct outlet *o, struct why *why)
{
	const char *const paths[PATHS] = { o->ask, o->calls };

	if (dialer_start(&o->dialer, paths, PATHS, why) < 0)
		return -1;
	if (proxy_watch(o->proxy, &o->dialled, o->dialer.fd) < 0)
		return why_sys(why, EX_OSERR, "the event loop");
	return 0;
}

int
outlet_start(struct outlet *o, struct why *why)
{
	inquiry_init(&o->inquiry);
	o->asker.told = asker_said;
	o->gateway.told = gateway_said;
	o->dialled.told = dialled;
	o->asked.told = asked;
	o->inquiry.arg = o->asker.arg = o->gateway.arg = o->dialled.arg =
	    o->asked.arg = o;
	if (o->ask)
		o->inquiry.call = call;
	if (o->ask || o->requests)
		o->proxy->ask = ask;
	if (o->control)
		o->proxy->who = who;
	if (o->requests && await_requests(o, why) < 0)
		return -1;
	if ((o->ask || o->control) && start_dialer(o, why) < 0)
		return -1;
	return o->control ? find_gateway(o, why) : 0;
}

int
outlet_is_whole(const struct outlet *o)
{
	return (!o->ask && !o->control) || o->dialer.fd >= 0;
}

void
outlet_tick(struct outlet *o)
{
	if (o->control)
		count(o);
	if (o->requests)
		asked(o);
}
