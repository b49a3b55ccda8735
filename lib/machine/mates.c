/* SPDX-License-Identifier: ISC */
#include "mates.h"

#include <signal.h>

#include "again.h"
#include "asker.h"
#include "launch.h"
#include "stream.h"

static struct {
	const struct vm *vm;
	struct ring *net;
	struct stream out; /* of who asks */
	pid_t hooks, ask; /* 0: none */
	int over;
	struct again again; /* who asks */
} m;

static void
came(struct stream *st, const char *p, size_t n)
{
	(void)st;
	(void)p;
	(void)n;
}

static void
start_ask(void)
{
	autostrv struct strv argv = { 0 };
	struct run r = RUN_PLAIN;
	struct why why;

	if (m.over || m.ask)
		return;
	r.in = RUN_NULL;
	r.dir = m.vm->dir;
	r.session = 1;
	stream_to(&m.out, m.net, came);
	if (asker_argv(m.vm, &argv, &why) < 0 ||
	    (m.ask = stream_start(&m.out, &r, argv.v, &why)) < 0) {
		m.ask = 0;
		ring_line(m.net, "%s", why.text);
	}
	again_runs(&m.again);
}

void
mates_start(const struct vm *vm, int hooks, int show, struct ring *qemu,
    struct ring *net)
{
	struct why why;

	m.vm = vm;
	m.net = net;
	if (asker_wanted(vm))
		start_ask();
	m.hooks = hooks ? launch_hooks(vm, show, &why) : 0;
	if (m.hooks < 0) {
		m.hooks = 0;
		ring_line(qemu, "hooks: %s", why.text);
	}
}

int
mates_reap(pid_t pid, int status)
{
	if (pid == m.hooks) {
		m.hooks = 0;
	} else if (pid == m.ask) {
		m.ask = 0;
		if (m.over)
			return 1;
		ring_line(m.net, "xray-ask ended (%s); again in %d ms",
		    run_ending(status), again_ended(&m.again));
		stream_once(m.again.ms, start_ask);
	} else
		return 0;
	return 1;
}

void
mates_end(void)
{
	m.over = 1;
	if (m.hooks)
		kill(m.hooks, SIGTERM); /* our children, not yet reaped */
	if (m.ask)
		kill(m.ask, SIGTERM);
}

int
mates_left(void)
{
	return !!m.hooks + !!m.ask;
}
