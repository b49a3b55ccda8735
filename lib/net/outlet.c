/* SPDX-License-Identifier: ISC */
#include "outlet.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "io.h"
#include "say.h"

#ifndef MSG_NOSIGNAL
#define MSG_NOSIGNAL 0 /* macOS; callers ignore SIGPIPE anyway */
#endif

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
	if (o->inquiry.fd < 0)
		proxy_answered(o->proxy);
}

/* ---- a gateway ---- */

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
	return mind_defaults(o->mind, !off, why);
}

static void
obey(struct outlet *o, const char *line)
{
	static const char mode[] = "mode ";
	autofree char *answer = NULL;
	struct why why;
	int bad;

	if (strcmp(line, "come") == 0) {
		/* a guest that is not called for is refused in a while */
		(void)dialer_ask(&o->dialer, CALLS);
		return;
	}
	if (strcmp(line, "reload") == 0)
		bad = mind_reload(o->mind, &why);
	else if (str_starts(line, mode))
		bad = set_mode(o, line + sizeof mode - 1, &why);
	else if (strcmp(line, "defaults on") == 0)
		bad = set_defaults(o, 0, &why);
	else if (strcmp(line, "defaults off") == 0)
		bad = set_defaults(o, 1, &why);
	else
		return; /* its "ok" */
	answer = bad ? xasprintf("error %s\n", why.text) :
		       xasprintf("ok %s\n", line);
	(void)send(o->gateway.end.fd, answer, strlen(answer),
	    MSG_NOSIGNAL | MSG_DONTWAIT); /* its end is told */
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

/* ---- both ---- */

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
}

int
outlet_start(struct outlet *o, struct why *why)
{
	const char *const paths[PATHS] = { o->ask, o->calls };

	inquiry_init(&o->inquiry);
	if (!o->ask && !o->control)
		return 0;
	if (dialer_start(&o->dialer, paths, PATHS, why) < 0)
		return -1;
	o->inquiry.call = call;
	o->asker.told = asker_said;
	o->gateway.told = gateway_said;
	o->dialled.told = dialled;
	o->inquiry.arg = o->asker.arg = o->gateway.arg = o->dialled.arg = o;
	if (o->ask)
		o->proxy->ask = ask;
	if (proxy_watch(o->proxy, &o->dialled, o->dialer.fd) < 0)
		return why_sys(why, EX_OSERR, "the event loop");
	return o->control ? find_gateway(o, why) : 0;
}

int
outlet_is_whole(const struct outlet *o)
{
	return (!o->ask && !o->control) || o->dialer.fd >= 0;
}
