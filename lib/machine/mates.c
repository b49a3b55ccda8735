/* SPDX-License-Identifier: ISC */
#include "mates.h"

#include <fcntl.h>
#include <signal.h>
#include <unistd.h>

#include "again.h"
#include "asker.h"
#include "egress.h"
#include "io.h"
#include "launch.h"
#include "stream.h"
#include "sys.h"

/* ms: that children of one that has ended are waited for. */
enum { CHILDREN_MS = 3000 };

/* One that is started again. */
struct mate {
	const char *name;
	int (*argv)(struct strv *argv, struct why *why);
	void (*again)(void); /* start it, by a timer */
	struct stream out;
	pid_t pid; /* 0: none */
	int waits; /* it is to be started in a while */
	long long patience; /* ms, of io_now: with children of the last one */
	struct again life;
};

static struct {
	struct home *home;
	const struct vm *vm;
	struct ring *net;
	pid_t hooks; /* 0: none */
	int over;
	int bell[2]; /* as pipe(2) has them; 0: none yet */
} m;

static int
ask_argv(struct strv *argv, struct why *why)
{
	return asker_argv(m.vm, argv, why);
}

static int
proxy_argv(struct strv *argv, struct why *why)
{
	return egress_argv(m.home, m.vm, argv, why);
}

static void start_ask(void), start_proxy(void);

static struct mate mates[] = {
	{ .name = "xray-ask", .argv = ask_argv, .again = start_ask },
	{ .name = "xray-proxy", .argv = proxy_argv, .again = start_proxy },
};
enum { ASK, PROXY, MATES };

static void
came(struct stream *st, const char *p, size_t n)
{
	(void)st;
	(void)p;
	(void)n;
}

static void
start(struct mate *a)
{
	autostrv struct strv argv = { 0 };
	struct run r = RUN_PLAIN;
	int restricted;
	struct why why;

	if (m.over || a->pid)
		return;
	/* children of the last one, which have its output, are to end */
	a->waits = a->out.open && io_now() < a->patience;
	if (a->waits) {
		stream_once(AGAIN_MS, a->again);
		return;
	}
	stream_close(&a->out);
	r.in = RUN_NULL;
	r.dir = m.vm->dir;
	r.session = 1;
	stream_to(&a->out, m.net, came);
	if ((restricted = a->argv(&argv, &why)) < 0 ||
	    (a->pid = stream_start(&a->out, &r, argv.v, &why)) < 0) {
		a->pid = 0;
		a->waits = 1;
		ring_line(m.net, "%s", why.text);
		stream_once(AGAIN_MOST_MS, a->again);
	} else if (restricted)
		ring_line(m.net, "%s", why.text);
	again_runs(&a->life);
}

static void
start_ask(void)
{
	start(&mates[ASK]);
}

static void
start_proxy(void)
{
	start(&mates[PROXY]);
}

/* Once it was wanted it is there, and again when it has ended. */
static void
ring_out(void)
{
	char lost[64];

	while (read(m.bell[0], lost, sizeof lost) > 0)
		continue;
	if (!mates[PROXY].waits)
		start_proxy();
}

int
mates_bell(void)
{
	if (m.bell[0] > 0)
		return m.bell[1];
	if (sys_pipe(m.bell) < 0)
		return -1;
	if (fcntl(m.bell[0], F_SETFL, O_NONBLOCK) < 0 ||
	    fcntl(m.bell[1], F_SETFL, O_NONBLOCK) < 0) {
		close(m.bell[0]);
		close(m.bell[1]);
		m.bell[0] = 0;
		return -1;
	}
	return m.bell[1];
}

void
mates_start(struct home *h, const struct vm *vm, int hooks, int show,
    struct ring *qemu, struct ring *net)
{
	struct why why;

	m.home = h;
	m.vm = vm;
	m.net = net;
	if (asker_wanted(vm))
		start_ask();
	if (m.bell[0] > 0 && stream_watch(m.bell[0], ring_out) < 0)
		ring_line(net, "xray-proxy: cannot be started");
	m.hooks = hooks ? launch_hooks(vm, show, &why) : 0;
	if (m.hooks < 0) {
		m.hooks = 0;
		ring_line(qemu, "hooks: %s", why.text);
	}
}

static void
ended(struct mate *a, int status)
{
	a->pid = 0;
	if (m.over)
		return;
	ring_line(m.net, "%s ended (%s); again in %d ms", a->name,
	    run_ending(status), again_ended(&a->life));
	a->waits = 1;
	a->patience = io_now() + CHILDREN_MS;
	stream_once(a->life.ms, a->again);
}

int
mates_reap(pid_t pid, int status)
{
	if (pid == m.hooks) {
		m.hooks = 0;
		return 1;
	}
	for (size_t i = 0; i < MATES; i++)
		if (pid == mates[i].pid) {
			ended(&mates[i], status);
			return 1;
		}
	return 0;
}

void
mates_end(void)
{
	m.over = 1;
	if (m.hooks)
		kill(m.hooks, SIGTERM); /* our children, not yet reaped */
	for (size_t i = 0; i < MATES; i++)
		if (mates[i].pid)
			kill(mates[i].pid, SIGTERM);
}

int
mates_left(void)
{
	int n = m.hooks != 0;

	for (size_t i = 0; i < MATES; i++)
		n += mates[i].pid != 0;
	return n;
}
