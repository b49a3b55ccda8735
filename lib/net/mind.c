/* SPDX-License-Identifier: ISC */
#include "mind.h"

#include <stdlib.h>

#include "io.h"
#include "order.h"
#include "say.h"

enum { RELOAD_MS = 1000 };

/* The rules are these now, or what was in force stays. */
static void
put_rules(struct mind *m, struct rules *rules, const struct why *why)
{
	autofree char *text = NULL;

	if (!rules) {
		text = xasprintf("%s; %s", why->text,
		    m->was_read ? "the rules stay as they were" :
				  "nothing is allowed until they can be read");
		m->log(text, m->arg);
		return;
	}
	rules_free(m->rules);
	m->rules = rules;
	m->was_read = 1;
	m->policy->rules = rules;
	m->changed(m->arg);
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

int
mind_start(struct mind *m, struct why *why)
{
	struct rules *rules;
	struct why bad;

	m->policy->private_ok = m->private_ok;
	m->rules = no_rules();
	m->policy->rules = m->rules;
	rules = sources_load(&m->sources, &bad);
	put_rules(m, rules, &bad);
	m->resolver = resolver_start(why);
	if (!m->resolver)
		return -1;
	m->clerk = clerk_start(&m->sources, m->names, why);
	return m->clerk ? 0 : -1;
}

void
mind_free(struct mind *m)
{
	clerk_free(m->clerk);
	resolver_free(m->resolver);
	rules_free(m->rules);
}

int
mind_poll(const struct mind *m, struct pollfd *p, long long now)
{
	int wait = resolver_wait(m->resolver, now);

	p[0] =
	    (struct pollfd){ .fd = resolver_fd(m->resolver), .events = POLLIN };
	p[1] = (struct pollfd){ .fd = clerk_fd(m->clerk), .events = POLLIN };
	return wait < 0 || wait > 1000 ? 1000 : wait;
}

void
mind_serve(struct mind *m, const struct pollfd *p, long long now)
{
	struct resolved r;
	struct rules *rules;
	struct why why;
	int n;

	/* what is known already, and what has failed, comes by no descriptor */
	if (p[0].revents || resolver_wait(m->resolver, now) == 0)
		while (resolver_next(m->resolver, &r, now) > 0)
			m->resolved(&r, m->arg);
	while (p[1].revents && (n = clerk_next(m->clerk, &rules, &why)) != 0)
		put_rules(m, n > 0 ? rules : NULL, &why);
}

int
mind_is_whole(const struct mind *m)
{
	return clerk_fd(m->clerk) >= 0 && resolver_fd(m->resolver) >= 0;
}

/* Until the clerk has answered: what it found before it was asked may be older
 * than what we were asked about. */
static int
await(struct mind *m, struct why *why)
{
	long long deadline = io_now() + RELOAD_MS;

	for (;;) {
		struct rules *rules;
		int n = clerk_next(m->clerk, &rules, why);

		if (n)
			put_rules(m, n > 0 ? rules : NULL, why);
		if (n && clerk_is_current(m->clerk))
			return n > 0 ? 0 : -1;
		if (!n && io_wait_readable(clerk_fd(m->clerk), deadline) != 1)
			return why_set(why, EX_TEMPFAIL,
			    "the rule files are not read in time");
	}
}

int
mind_reload(struct mind *m, struct why *why)
{
	clerk_look(m->clerk);
	return await(m, why);
}

int
mind_defaults(struct mind *m, int on, struct why *why)
{
	int asked = 0;

	for (size_t i = 0; i < m->sources.n; i++) {
		if (!order_is_default(&m->sources, i))
			continue;
		clerk_switch(m->clerk, i, !on);
		asked = 1;
	}
	return asked ? await(m, why) : 0;
}
