/* SPDX-License-Identifier: ISC */
#include "wall.h"

#include <fcntl.h>
#include <stdlib.h>

#include "io.h"

static int
resolve(const char *name, void *arg)
{
	struct wall *w = arg;

	return resolver_ask(w->mind.resolver, name, w->gate.now);
}

static void
named(uint32_t addr, const char *name, void *arg)
{
	struct wall *w = arg;

	clerk_name(w->mind.clerk, addr, name);
}

static enum rule_verdict
ask(const struct target *to, char *why, void *arg)
{
	struct wall *w = arg;

	return inquiry_ask(&w->inquiry, to, w->gate.now, why);
}

static int
socks(void *arg)
{
	struct wall *w = arg;

	return porter_call(&w->porter);
}

static const char *
called(const char *text, void *arg)
{
	struct wall *w = arg;
	struct addr a;

	if (addr_parse(&a, text) < 0 || !addr_is_v4(&a) ||
	    !names_has(addr_to_v4(&a)))
		return NULL;
	return names_at(w->gate.names, addr_to_v4(&a));
}

static void
changed(void *arg)
{
	struct wall *w = arg;

	(void)gate_recheck(&w->gate);
	gate_answered(&w->gate);
}

static void
resolved(const struct resolved *r, void *arg)
{
	struct wall *w = arg;

	gate_resolved(&w->gate, r);
}

static void
read_names(struct wall *w)
{
	autobuf struct buf b = { 0 };
	const char *file = w->mind.names;

	if (file && io_read_file(AT_FDCWD, file, &b, NAMES_FILE) == 0)
		names_read(w->gate.names, b.p, b.n);
}

int
wall_start(struct wall *w, struct why *why)
{
	w->gate.names = names_new();
	inquiry_init(&w->inquiry);
	w->gate.call.resolve = resolve;
	w->gate.call.ask = ask;
	w->gate.call.socks = w->socks ? socks : NULL;
	w->porter.named = called;
	w->porter.arg = w;
	w->gate.call.named = named;
	w->gate.call.arg = w; /* the other calls need none */
	w->mind.policy = &w->gate.policy;
	w->mind.changed = changed;
	w->mind.resolved = resolved;
	w->mind.log = w->gate.call.log;
	w->mind.arg = w;
	read_names(w);
	return mind_start(&w->mind, why);
}

int
wall_poll(const struct wall *w, struct pollfd *p)
{
	p[MIND_FDS] = (struct pollfd){ .fd = w->inquiry.fd, .events = POLLIN };
	p[MIND_FDS + 1] =
	    (struct pollfd){ .fd = w->porter.fd, .events = POLLIN };
	return mind_poll(&w->mind, p, w->gate.now);
}

void
wall_serve(struct wall *w, const struct pollfd *p)
{
	mind_serve(&w->mind, p, w->gate.now);
	if (p[MIND_FDS].revents && inquiry_serve(&w->inquiry, w->gate.now))
		gate_answered(&w->gate);
	if (p[MIND_FDS + 1].revents && porter_serve(&w->porter))
		for (size_t n = flow_calls(&w->gate.flows); n > 0; n--)
			(void)porter_call(&w->porter); /* another one's */
}

int
wall_is_whole(const struct wall *w)
{
	return w->gate.net == GATE_OPEN || mind_is_whole(&w->mind);
}
