/* SPDX-License-Identifier: ISC */
#include "wall.h"

#include <fcntl.h>
#include <stdlib.h>
#include <string.h>

#include "io.h"
#include "order.h"
#include "say.h"

enum { RELOAD_MS = 1000 };

static int
resolve(const char *name, void *arg)
{
	struct wall *w = arg;

	return resolver_ask(w->resolver, name, w->gate.now);
}

static void
named(uint32_t addr, const char *name, void *arg)
{
	struct wall *w = arg;

	clerk_name(w->clerk, addr, name);
}

/* The rules are these now, or the old ones stay. */
static void
put_rules(struct wall *w, struct rules *rules, const struct why *why)
{
	autofree char *text = NULL;

	if (!rules) {
		text = xasprintf("%s; the rules stay as they were", why->text);
		w->gate.call.log(text, w->gate.call.arg);
		return;
	}
	rules_free(w->rules);
	w->rules = rules;
	w->gate.policy.rules = rules;
	(void)gate_recheck(&w->gate);
}

/* Until there are rules that can be read: whatever the mode is, what they would
 * have denied is not to pass. */
static struct rules *
no_rules(void)
{
	static const char none[] = "deny * * *\n";
	struct rules *t = rules_new();

	(void)rules_add(t, "unread", RULES_LINES, none, sizeof none - 1, NULL);
	return t;
}

static void
read_names(struct wall *w)
{
	autobuf struct buf b = { 0 };

	if (w->names && io_read_file(AT_FDCWD, w->names, &b, NAMES_FILE) == 0)
		names_read(w->gate.names, b.p, b.n);
}

int
wall_start(struct wall *w, struct why *why)
{
	struct rules *rules;
	struct why bad;

	w->gate.names = names_new();
	w->gate.call.resolve = resolve;
	w->gate.call.named = named;
	w->gate.call.arg = w; /* the other calls need none */
	w->gate.policy.private_ok = w->private_ok;
	w->rules = no_rules();
	w->gate.policy.rules = w->rules;
	read_names(w);
	rules = sources_load(&w->sources, &bad);
	put_rules(w, rules, &bad);
	w->resolver = resolver_start(why);
	if (!w->resolver)
		return -1;
	w->clerk = clerk_start(&w->sources, w->names, why);
	return w->clerk ? 0 : -1;
}

int
wall_poll(const struct wall *w, struct pollfd *p)
{
	int wait = resolver_wait(w->resolver, w->gate.now);

	p[0] =
	    (struct pollfd){ .fd = resolver_fd(w->resolver), .events = POLLIN };
	p[1] = (struct pollfd){ .fd = clerk_fd(w->clerk), .events = POLLIN };
	return wait < 0 || wait > 1000 ? 1000 : wait;
}

void
wall_serve(struct wall *w, const struct pollfd *p)
{
	struct resolved r;
	struct rules *rules;
	struct why why;
	int n;

	/* what is known already, and what has failed, comes by no descriptor */
	if (p[0].revents || resolver_wait(w->resolver, w->gate.now) == 0)
		while (resolver_next(w->resolver, &r, w->gate.now) > 0)
			gate_resolved(&w->gate, &r);
	while (p[1].revents && (n = clerk_next(w->clerk, &rules, &why)) != 0)
		put_rules(w, n > 0 ? rules : NULL, &why);
}

int
wall_is_whole(const struct wall *w)
{
	return w->gate.net == GATE_OPEN ||
	    (clerk_fd(w->clerk) >= 0 && resolver_fd(w->resolver) >= 0);
}

/* Until the clerk has answered: what it found before it was asked may be older
 * than what we were asked about. */
static int
await(struct wall *w, struct why *why)
{
	long long deadline = io_now() + RELOAD_MS;

	for (;;) {
		struct rules *rules;
		int n = clerk_next(w->clerk, &rules, why);

		if (n)
			put_rules(w, n > 0 ? rules : NULL, why);
		if (n && clerk_is_current(w->clerk))
			return n > 0 ? 0 : -1;
		if (!n && io_wait_readable(clerk_fd(w->clerk), deadline) != 1)
			return why_set(why, EX_TEMPFAIL,
			    "the rule files are not read in time");
	}
}

int
wall_reload(struct wall *w, struct why *why)
{
	clerk_look(w->clerk);
	return await(w, why);
}

int
wall_defaults(struct wall *w, int on, struct why *why)
{
	int asked = 0;

	for (size_t i = 0; i < w->sources.n; i++) {
		if (!order_is_default(&w->sources, i))
			continue;
		clerk_switch(w->clerk, i, !on);
		asked = 1;
	}
	return asked ? await(w, why) : 0;
}
