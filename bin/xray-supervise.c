/* SPDX-License-Identifier: ISC */
/*
 * xray-supervise: the processes of one VM, for as long as QEMU lives.
 *
 *	prepare	-> QEMU and gateway started -> QMP answers -> ready
 *	ready	-> events become the state file, output goes into rings,
 *		   a gateway that died is started again; hooks are run
 *	QEMU ended -> gateway ended, sockets and files put away
 *
 * Until then its messages go to the xray-start that waits.  It holds run.lock
 * too: the VM is alive until all is put away; killed, QEMU and gateway go on.
 */
#include "say.h"

#include <errno.h>
#include <signal.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include "again.h"
#include "aside.h"
#include "boot.h"
#include "clock.h"
#include "egress.h"
#include "firewall.h"
#include "gateway.h"
#include "io.h"
#include "launch.h"
#include "mates.h"
#include "opt.h"
#include "ring.h"
#include "run.h"
#include "session.h"
#include "snap.h"
#include "stream.h"
#include "sys.h"
#include "tty.h"
#include "watch.h"

enum { OPT_LOCK = OPT_OWN, OPT_VM_LOCK, OPT_READY, OPT_SET };
enum { OPT_COLD = OPT_SET + 1, OPT_NO_HOOKS };
enum { READY_MS = 60000, LAST_MS = 3000 };

static const struct opt opts[] = {
	{ 'F', "foreground", NULL, "stay; Ctrl-C is the power button" },
	{ OPT_LOCK, "lock", "FD", "run.lock, held" },
	{ OPT_VM_LOCK, "vm-lock", "FD", "the VM's lock, closed when ready" },
	{ OPT_READY, "ready", "FD", "gets a byte when the VM runs" },
	{ OPT_SET, "set", "KEY=VALUE", "a setting of this run" },
	{ OPT_COLD, "cold", NULL, "boot, whatever was reverted to" },
	{ OPT_NO_HOOKS, "no-hooks", NULL, "run no hooks" },
	{ 0 },
};
static const struct usage use = { "xray-supervise", "VM", opts, 0 };

static struct {
	struct home home;
	struct vm vm;
	struct boot_how how;
	struct boot boot;
	int foreground, lock, vm_lock, ready;
	int no_hooks, curses; /* QEMU draws on our terminal */
	pid_t qemu, gateway;
	int code; /* QEMU's */
	int hangups; /* SIGINT and SIGTERM so far */
	struct again again; /* the gateway */
	struct watch watch;
	struct ring qemu_log, net_log, console_log;
	struct stream qemu_out, net_out, console, events;
	struct tty tty;
} s = { .lock = -1, .vm_lock = -1, .ready = -1 };
static volatile sig_atomic_t early; /* the signal that came before the loop */

static void
handle(const char *event, void *arg)
{
	(void)arg;
	ring_line(&s.qemu_log, "event %s", event);
	boot_state(&s.vm, watch_state(&s.watch));
}

static void
maybe_done(void)
{
	if (!s.qemu && !s.gateway && !mates_left() && !s.qemu_out.open &&
	    !s.console.open)
		stream_stop();
}

static void
came(struct stream *st, const char *p, size_t n)
{
	if (st == &s.events)
		watch_feed(&s.watch, p, n, handle, NULL);
	if (st == &s.console)
		tty_put(&s.tty, p, n);
	if (st == &s.console && s.foreground && !s.curses)
		aside_show(p, n);
	if (!n)
		maybe_done();
}

/* Start argv in the VM's folder, its words going into ring: its pid, or 0. */
static pid_t
start(const struct strv *argv, const int *keep, int nkeep, struct stream *st,
    struct ring *ring)
{
	struct run r = RUN_PLAIN;
	struct why why;
	pid_t pid;

	r.in = RUN_NULL;
	r.dir = s.vm.dir;
	r.keep = keep;
	r.nkeep = nkeep;
	r.session = s.foreground; /* Ctrl-C is ours alone */
	r.isolate = ring == &s.qemu_log ? s.boot.apart : 0;
	stream_to(st, ring, came);
	if (s.curses && ring == &s.qemu_log) {
		r.in = RUN_KEEP;
		r.session = 0;
		pid = run_spawn(&r, argv->v, &why);
	} else
		pid = stream_start(st, &r, argv->v, &why);
	if (pid <= 0)
		ring_line(ring, "%s", why.text);
	return pid > 0 ? pid : 0;
}

/* The gateway; ready is a descriptor it writes to, -1: nobody waits. */
static void
start_gateway(int ready)
{
	autostrv struct strv argv = { 0 };
	int bell = egress_wanted(&s.vm) ? mates_bell() : -1;
	int keep[2] = { ready, bell };
	struct why why;
	int r = gateway_argv(&s.home, &s.vm, ready, bell, &argv, &why);

	if (r != 0)
		ring_line(&s.net_log, "%s", why.text);
	if (r < 0)
		return;
	s.gateway = start(&argv, keep + (ready < 0), (ready >= 0) + (bell >= 0),
	    &s.net_out, &s.net_log);
	if (s.gateway)
		gateway_note(&s.vm, s.gateway);
	again_runs(&s.again);
}

static void
restart_gateway(void)
{
	if (!s.qemu || s.gateway)
		return;
	if (!s.net_out.open)
		start_gateway(-1);
	if (!s.gateway)
		stream_once(1000, restart_gateway);
}

static void
gateway_ended(int status)
{
	s.gateway = 0;
	if (!s.qemu)
		return;
	ring_line(&s.net_log, "gateway ended (%s); again in %d ms",
	    run_ending(status), again_ended(&s.again));
	stream_once(s.again.ms, restart_gateway);
}

static void
qemu_ended(int status)
{
	s.code = run_code(status);
	ring_line(&s.qemu_log, "QEMU ended (%s)", run_ending(status));
	s.qemu = 0;
	if (s.gateway)
		kill(s.gateway, SIGTERM); /* our child, not yet reaped */
	mates_end();
	stream_once(LAST_MS, stream_stop);
}

static void
reap(void)
{
	int status;
	pid_t pid;

	while ((pid = waitpid(-1, &status, WNOHANG)) > 0) {
		if (pid == s.qemu)
			qemu_ended(status);
		else if (pid == s.gateway)
			gateway_ended(status);
		else if (!mates_reap(pid, status) && !aside_reap(pid))
			(void)clock_reap(pid, status);
	}
	maybe_done();
}

/* The first Ctrl-C or SIGTERM is the power button, the second is hard. */
static void
hangup(void)
{
	struct why why;

	if (s.qemu <= 0)
		return;
	if (s.hangups++)
		kill(s.qemu, SIGTERM);
	else if (qmp_once(s.vm.dir, VM_QMP, s.vm.name, "system_powerdown", 2000,
		     &why) < 0)
		ring_line(&s.qemu_log, "power button: %s", why.text);
}

/* Before we listen to signals: what was started goes, and we with it. */
static void
too_early(int sig)
{
	early = sig;
	if (s.qemu > 0)
		(void)kill(s.qemu, SIGKILL);
}

/* Stop what was started, then die with why, or by the signal that said so. */
static _Noreturn void
fail(const struct why *why)
{
	if (s.qemu > 0 && kill(s.qemu, SIGKILL) == 0)
		(void)waitpid(s.qemu, NULL, 0);
	if (s.gateway > 0 && kill(s.gateway, SIGTERM) == 0)
		(void)waitpid(s.gateway, NULL, 0);
	boot_clear(&s.vm);
	if (early)
		die_signal(early);
	boot_trouble(&s.vm, why);
	die_why(why);
}

/* The same, with what a child that ended said last. */
static _Noreturn void
fail_said(const char *what, struct stream *st, struct ring *ring)
{
	autofree char *line = ring_last_words(ring, stream_fd(st));
	struct why why;

	why_set(&why, EX_UNAVAILABLE, "%s: %s: %s; see xray why %s", s.vm.name,
	    what, line, s.vm.name);
	fail(&why);
}

/* 1 when QEMU has ended before it was ready. */
static int
qemu_gone(void)
{
	if (s.qemu > 0 && waitpid(s.qemu, NULL, WNOHANG) == s.qemu)
		s.qemu = 0;
	return s.qemu <= 0;
}

/* Give up; when QEMU has ended, its last words say why. */
static _Noreturn void
give_up(const struct why *why)
{
	long long deadline = io_now() + 1000; /* it closes, then it ends */

	while (why->code == EX_UNAVAILABLE && !qemu_gone() &&
	    io_left(deadline) > 0)
		io_nap();
	if (qemu_gone())
		fail_said("QEMU ended", &s.qemu_out, &s.qemu_log);
	fail(why);
}

/* The socket that QEMU will listen on in a moment. */
static int
reach(const char *name, long long deadline)
{
	struct why why;
	int fd = boot_reach(&s.vm, &s.boot, name, deadline, qemu_gone, &why);

	if (fd < 0)
		give_up(&why);
	return fd;
}

static void
serve_console(void)
{
	tty_turn(&s.tty);
}

/* Before QEMU is started: while we are there, clients come to us. */
static void
open_console(void)
{
	if (tty_open(&s.tty, s.vm.dir, VM_TTY) < 0 ||
	    stream_watch(s.tty.watch, serve_console) < 0)
		die_sys(EX_OSERR, "%s: %s", s.vm.name, VM_TTY);
}

static void
watch_sockets(long long deadline)
{
	static const char hello[] = "{\"execute\":\"qmp_capabilities\"}\n";
	int fd = reach(VM_CONSOLE, deadline);

	if (tty_guest(&s.tty, fd) < 0)
		ring_line(&s.qemu_log, "console: %s", strerror(errno));
	stream_to(&s.console, &s.console_log, came);
	stream_follow(&s.console, fd);
	fd = reach(VM_WATCH, deadline); /* the last of its sockets */
	if (send(fd, hello, sizeof hello - 1, MSG_NOSIGNAL) < 0)
		ring_line(&s.qemu_log, "events: %s", strerror(errno));
	stream_to(&s.events, NULL, came);
	stream_follow(&s.events, fd);
}

static void
resume(struct qmp *q)
{
	struct why why;
	int ran;

	s.boot.resume = NULL; /* the vm's, and gone from it with this */
	if (snap_resume(&s.vm, q, &ran, &why) < 0)
		fail(&why);
	s.watch.paused = !ran;
	clock_set();
}

/* Start the gateway; what it writes to when all listens. */
static int
begin_gateway(void)
{
	int p[2];

	if (sys_pipe(p) < 0)
		die_sys(EX_OSERR, "pipe");
	start_gateway(p[1]);
	close(p[1]);
	return p[0];
}

static void
tell(const struct strv *lines)
{
	for (size_t i = 0; i < lines->n; i++)
		note("%s", lines->v[i]);
}

/* A port that was free when we looked was taken before the gateway had it:
 * look again, an automatic one moves.  -1 when it was something else. */
static int
other_ports(void)
{
	int code = s.gateway > 0 ? run_wait(s.gateway, io_now() + 1000) : -1;
	autostrv struct strv told = { 0 };
	struct why why;

	if (code >= 0)
		s.gateway = 0;
	if (code != EX_TEMPFAIL)
		return -1;
	if (boot_ports(&s.home, &s.vm, &told, &why) < 0)
		fail(&why);
	tell(&told);
	stream_drain(&s.net_out);
	return begin_gateway();
}

static void
wait_gateway(int fd, long long deadline)
{
	int tries = 50; /* as many others may start as now */
	char c;

	while (fd >= 0) {
		int all =
		    io_wait_readable(fd, deadline) == 1 && read(fd, &c, 1) == 1;

		close(fd);
		if (all)
			return;
		if (qemu_gone())
			fail_said("QEMU ended", &s.qemu_out, &s.qemu_log);
		fd = tries-- ? other_ports() : -1;
	}
	fail_said("no network", &s.net_out, &s.net_log);
}

static void
launch(void)
{
	long long deadline = io_now() + READY_MS;
	int ready = -1;
	struct qmp *q;
	struct why why = { 0 };

	clock_keep(&s.home, &s.vm, &s.watch.paused, &s.qemu_log);
	signal(SIGTERM, too_early);
	signal(SIGINT, too_early);
	open_console();
	s.qemu = start(&s.boot.argv, &s.lock, 1, &s.qemu_out, &s.qemu_log);
	if (!s.qemu || boot_started(&s.vm, &s.boot, s.qemu, &why) < 0)
		give_up(&why);
	if (gateway_wanted(&s.vm))
		ready = begin_gateway();
	watch_sockets(deadline);
	q = qmp_open(s.vm.dir, VM_QMP, s.vm.name, deadline, &why);
	if (!q)
		give_up(&why);
	ring_line(&s.qemu_log, "QMP answers");
	if (s.boot.resume)
		resume(q);
	qmp_close(q);
	if (ready >= 0)
		wait_gateway(ready, deadline);
	stream_signal(SIGTERM, hangup); /* as soon as it is said to run */
	stream_signal(SIGINT, hangup);
	if (early)
		fail(&why);
	boot_state(&s.vm, watch_state(&s.watch));
	boot_trouble(&s.vm, NULL);
}

static void
loop(void)
{
	stream_signal(SIGCHLD, reap);
	reap(); /* who ended before we listened */
	close(s.boot.made); /* it takes its time: nobody waits now */
	stream_run();
}

int
main(int argc, char **argv)
{
	int *const fds[] = { &s.lock, &s.vm_lock, &s.ready };
	struct why why;
	int c;

	while ((c = opt_next(argc, argv, &use)) != -1)
		switch (c) {
		case 'F':
			s.foreground = 1;
			break;
		case OPT_LOCK:
		case OPT_VM_LOCK:
		case OPT_READY:
			*fds[c - OPT_LOCK] = opt_fd(&use, "FD", optarg);
			break;
		case OPT_SET:
			strv_add(&s.how.set, optarg);
			break;
		case OPT_COLD:
			s.how.cold = 1;
			break;
		case OPT_NO_HOOKS:
			s.no_hooks = 1;
			break;
		}
	if (argc - optind != 1)
		die_usage(&use, "one VM");
	sys_close_others(3, (int[]){ s.lock, s.vm_lock, s.ready }, 3);
	say_name("xray-start"); /* whose messages these are */
	signal(SIGPIPE, SIG_IGN);
	signal(SIGHUP, SIG_IGN);
	if (home_open_within(&s.home, &why) < 0 ||
	    vm_open(&s.home, argv[optind], &s.vm, &why) < 0 ||
	    launch_locks(&s.home, &s.vm, &s.lock, &s.vm_lock, &why) < 0 ||
	    stream_begin(&why) < 0)
		die_why(&why);
	if (boot_prepare(&s.home, &s.vm, &s.how, &s.boot, &why) < 0)
		fail(&why);
	s.curses = strcmp(s.vm.display, "curses") == 0;
	if (s.curses && !s.foreground)
		die(EX_USAGE, "%s: display curses needs the terminal: -F",
		    s.vm.name);
	tell(&s.boot.told);
	if (session_begin(s.vm.name, s.vm.dir, VM_SESSION, &why) < 0 ||
	    boot_logs(&s.home, &s.vm, &s.boot, &s.qemu_log, &s.net_log,
		&s.console_log, &why) < 0)
		fail(&why);
	launch();
	launch_ready(&s.vm, !s.no_hooks, s.vm_lock, s.ready, s.foreground);
	if (s.foreground && !s.curses)
		aside_start(&s.vm);
	mates_start(
	    &s.home, &s.vm, !s.no_hooks, s.foreground, &s.qemu_log, &s.net_log);
	loop();
	aside_end();
	tty_close(&s.tty);
	boot_end(&s.vm, s.watch.ended);
	return s.foreground ? s.code : 0;
}
