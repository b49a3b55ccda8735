/* SPDX-License-Identifier: ISC */
/*
 * xray-net: the network of one VM.  QEMU's stream netdev on one side, libslirp
 * on the other, and the gate of lib/net between them: what may pass is decided
 * there.
 *
 * libslirp runs only while QEMU is connected; until then connections wait in
 * the backlog of their listeners.
 */
#include <arpa/inet.h>
#include <fcntl.h>
#include <poll.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include <slirp/libslirp.h>

#include "confine.h"
#include "control.h"
#include "fds.h"
#include "io.h"
#include "later.h"
#include "link.h"
#include "loop.h"
#include "mem.h"
#include "opt.h"
#include "publish.h"
#include "request.h"
#include "setup.h"
#include "sys.h"
#include "say.h"

#define UNUSED __attribute__((unused))

static const struct usage usage = {
	.name = "xray-net",
	.operands = "--net filtered|open --mac MAC SOCKET",
	.opts = setup_opts,
};

/* Where things are in what is waited for; libslirp's come behind. */
enum {
	AT_QEMU,
	AT_CONTROL,
	AT_WALL = AT_CONTROL + 1 + CONTROL_CLIENTS,
	AT_SLIRP = AT_WALL + WALL_FDS
};

static struct {
	struct setup setup;
	struct link link;
	struct control control;
	struct fds fds;
	struct loop loop;
	int dir; /* the VM's folder */
	Slirp *slirp;
	int inside; /* libslirp is at work */
	struct later later; /* for libslirp */
} net; /* zeros: a page in use is not one that is copied from the file */

static struct wall *const wall = &net.setup.wall;
static struct gate *const gate = &net.setup.wall.gate;

/* Whether a line can be logged.  Who reads them may be stopped: the guest's
 * network is not to stop with him. */
static int
can_log(void)
{
	struct pollfd p = { .fd = 2, .events = POLLOUT };

	return poll(&p, 1, 0) == 1;
}

static void
log_socket(const char *what)
{
	if (can_log())
		note("%s: %s", net.setup.socket, what);
}

/* The calls of the gate. */

static void
to_guest(const uint8_t *p, size_t n, UNUSED void *arg)
{
	if (net.link.fd >= 0)
		link_put(&net.link, p, n);
}

static void
to_slirp(const uint8_t *p, size_t n, int fd, UNUSED void *arg)
{
	if (fd >= 0 || net.inside) {
		later_add(&net.later, fd, p, n);
		return;
	}
	net.inside = 1;
	slirp_input(net.slirp, p, (int)n);
	net.inside = 0;
	gate_sent(gate, p, n);
	gate->fd = -1;
}

/* A verdict, as it is to stand in the log. */
static void
to_log(const char *text, UNUSED void *arg)
{
	autofree char *line = xasprintf("%s\n", text);

	if (can_log())
		(void)io_write(2, line, strlen(line));
}

/* The callbacks of libslirp.  Its timers serve IPv6 alone, which is off. */

static ssize_t
cb_send(const void *p, size_t n, UNUSED void *arg)
{
	gate_from_stack(gate, p, n);
	return (ssize_t)n;
}

static void
cb_error(const char *text, UNUSED void *arg)
{
	if (deny_line(&gate->deny, gate->now) && can_log())
		note("%s", text);
}

static int64_t
cb_clock(UNUSED void *arg)
{
	return net.loop.ns;
}

static void
cb_register(int fd, UNUSED void *arg)
{
	fds_note(&net.fds, fd, FDS_CONNECTION);
	gate->crowded = fds_crowded(&net.fds);
	gate->fd = gate->fd == -1 ? fd : -2; /* of two nobody knows whose */
}

static void
cb_unregister(int fd, UNUSED void *arg)
{
	fds_forget(&net.fds, fd);
	gate->crowded = fds_crowded(&net.fds);
	later_gone(&net.later, fd);
}

static void
cb_notify(UNUSED void *arg)
{
	/* the loop asks libslirp in every turn */
}

_Static_assert((int)SLIRP_POLL_IN == LOOP_IN &&
	(int)SLIRP_POLL_OUT == LOOP_OUT && (int)SLIRP_POLL_PRI == LOOP_PRI &&
	(int)SLIRP_POLL_ERR == LOOP_ERR && (int)SLIRP_POLL_HUP == LOOP_HUP,
    "the numbers of events");

static int
cb_add_poll(int fd, int events, UNUSED void *arg)
{
	if (events & SLIRP_POLL_OUT)
		later_busy(&net.later, fd);
	if ((fds_full(&net.fds) && fds_is_listener(&net.fds, fd)) ||
	    fds_rests(&net.fds, fd, net.loop.ms))
		return -1; /* clients wait in the backlog */
	return loop_add(&net.loop, fd, events);
}

/* A unix socket whose other end is gone hangs up in each poll(2), asked or
 * not, and there is nothing libslirp does about it before the guest has ended
 * its side too: it is told four times a second. */
static int
cb_revents(int i, UNUSED void *arg)
{
	int found = loop_found(&net.loop, i);

	if ((found & LOOP_HUP) && !(net.loop.p[i].events & POLLIN))
		fds_rest(&net.fds, net.loop.p[i].fd, net.loop.ms);
	return found;
}

/* libslirp listens with a backlog of 1, in which a burst is refused; and its
 * listeners block, though what poll(2) saw may be gone by accept(2). */
static int
cb_listener(int fd, UNUSED int events, UNUSED void *arg)
{
	if (fds_note_listener(&net.fds, fd, 128) < 0)
		die_sys(EX_OSERR, "listen");
	return -1;
}

/* libslirp and its listeners. */

/* Sockets are bound in the VM's folder, which is not our working directory. */
static int
publish(const struct publish *p)
{
	struct sockaddr_in guest = { .sin_family = AF_INET,
		.sin_addr.s_addr = htonl(p->called ? LAN_CALLED : LAN_LEASE),
		.sin_port = htons(p->guest) };
	int flags = p->udp ? SLIRP_HOSTFWD_UDP : 0, back = -1, r;
	struct publish at = *p;

	if (p->host.any.sa_family == AF_UNIX &&
	    sys_fd_path(net.dir, p->label, at.host.un.sun_path,
		sizeof at.host.un.sun_path, &back) < 0)
		return -1;
	r = slirp_add_hostxfwd(net.slirp, &at.host.any, p->n,
	    (const struct sockaddr *)&guest, sizeof guest, flags);
	sys_fd_path_end(back);
	return r;
}

static int
unpublish(const struct publish *p)
{
	return slirp_remove_hostxfwd(
	    net.slirp, &p->host.any, p->n, p->udp ? SLIRP_HOSTFWD_UDP : 0);
}

static void
publish_all(int family)
{
	const struct publish *p = net.setup.published.v;
	struct why why;

	for (size_t left = net.setup.published.n; left--; p++) {
		if (p->host.any.sa_family != family)
			continue;
		if (family == AF_UNIX && publish_make_way(p->label, &why) < 0)
			die_why(&why);
		if (publish(p) < 0)
			die_sys(EX_TEMPFAIL, "%s", p->label);
	}
}

static void
slirp_start(void)
{
	static const SlirpCb callbacks = { .send_packet = cb_send,
		.guest_error = cb_error,
		.clock_get_ns = cb_clock,
		.register_poll_fd = cb_register,
		.unregister_poll_fd = cb_unregister,
		.notify = cb_notify };
	int filtered = gate->net == GATE_FILTERED;
	SlirpConfig config = { .version = 4,
		.in_enabled = true,
		.vnetwork.s_addr = htonl(LAN_HOST & ~0xffU),
		.vnetmask.s_addr = htonl(~0xffU),
		.vhost.s_addr = htonl(LAN_HOST),
		.vdhcp_start.s_addr = htonl(LAN_LEASE),
		.vnameserver.s_addr = htonl(LAN_DNS),
		.disable_dns = filtered };
	uint32_t wait = 0;

	net.slirp = slirp_new(&config, &callbacks, NULL);
	if (!net.slirp)
		die(EX_SOFTWARE, "libslirp %s: does not start",
		    slirp_version_string());
	/* Ports first: when another gateway is still there, they are taken,
	 * and its sockets are left alone. */
	publish_all(AF_INET);
	publish_all(AF_UNIX);
	slirp_pollfds_fill(net.slirp, &wait, cb_listener, NULL);
	gate_introduce(gate);
}

/* QEMU's side. */

/* Nobody comes back: what confines us lets us connect to no other. */
static int
lost(const char *why)
{
	log_socket(why);
	link_down(&net.link, net.loop.ms);
	gate_alone(gate);
	loop_end();
	return -1;
}

static void
confined(int result, const struct why *why)
{
	if (result < 0)
		die_why(why);
}

static void
find_qemu(void)
{
	struct why why;
	int r = link_try(&net.link, net.dir, net.setup.socket, net.loop.ms);

	if (r < 0)
		die_sys(EX_UNAVAILABLE, "%s: no QEMU", net.setup.socket);
	if (!r)
		return;
	confined(confine_connections(&wall->confined, &why), &why);
	log_socket("connected");
}

/* What libslirp is to have now that it has returned. */
static void
settle(void)
{
	uint8_t frame[LATER_FRAME];
	size_t n;

	while ((n = later_take(&net.later, frame)) > 0)
		to_slirp(frame, n, -1, NULL);
}

static int
from_qemu(void)
{
	uint8_t *p;
	size_t n;
	int r;

	if (link_fill(&net.link) < 0)
		return lost("QEMU is gone");
	while ((r = link_next(&net.link, &p, &n)) > 0) {
		gate_from_guest(gate, p, n);
		settle();
	}
	return r < 0 ? lost("a frame too long for QEMU") : 0;
}

/* Frames both ways. */
static void
carry(void)
{
	if ((net.loop.p[AT_QEMU].revents & ~POLLOUT) && from_qemu() < 0)
		return;
	net.inside = gate->accepting = 1;
	slirp_pollfds_poll(net.slirp, 0, cb_revents, NULL);
	net.inside = gate->accepting = 0;
	gate->fd = -1; /* of one that got no flow */
	settle();
}

/* A port more while we run. */
static int
publish_late(const struct publish *p)
{
	uint32_t wait = 0;

	if (publish(p) < 0)
		return -1;
	slirp_pollfds_fill(net.slirp, &wait, cb_listener, NULL);
	gate->fd = -1; /* it is no flow's */
	return 0;
}

static struct requests requests = { &net.setup.wall, &net.setup.published,
	publish_late, unpublish };

/* Fill in what to wait for; for how long, in ms. */
static int
prepare(void)
{
	int client = control_wait(&net.control, net.loop.ms);
	uint32_t wait = 1000;
	int patience;

	net.loop.n = 0;
	(void)loop_add(&net.loop, net.link.fd,
	    LOOP_IN | (link_pending(&net.link) ? LOOP_OUT : 0));
	control_poll(&net.control, net.loop.p + AT_CONTROL);
	patience = wall_poll(wall, net.loop.p + AT_WALL);
	net.loop.n = AT_SLIRP;
	if (net.link.fd >= 0) {
		later_ask(&net.later);
		slirp_pollfds_fill(net.slirp, &wait, cb_add_poll, NULL);
	} else
		wait = (uint32_t)link_wait(&net.link, net.loop.ms);
	if ((int)wait > patience)
		wait = (uint32_t)patience;
	return client >= 0 && client < (int)wait ? client : (int)wait;
}

/* Who starts us again gives us new children; without them what is denied from
 * now on would stay allowed. */
static void
fall(void)
{
	log_socket("a process of the gateway's has ended: so does it");
	loop_end();
}

static void
turn(void)
{
	if (loop_wait(&net.loop, prepare()) < 0)
		die_sys(EX_OSERR, "poll");
	gate->now = net.loop.ms;
	gate->wall = time(NULL);
	gate_tick(gate);
	if (net.link.fd >= 0)
		carry();
	wall_serve(wall, net.loop.p + AT_WALL);
	settle();
	control_serve(&net.control, net.loop.p + AT_CONTROL, net.loop.ms,
	    request_answer, &requests);
	if (!wall_is_whole(wall))
		fall();
	if (net.link.fd >= 0 && link_flush(&net.link) < 0)
		(void)lost("QEMU is gone");
	if (net.link.fd < 0 && !loop_over())
		find_qemu();
}

/* Start and end. */

static void
parse(int argc, char **argv)
{
	struct why why;
	int c;

	while ((c = opt_next(argc, argv, &usage)) != -1)
		if (setup_set(&net.setup, c, optarg, &why) < 0)
			die_usage(&usage, "%s", why.text);
	if (setup_done(&net.setup, argc - optind, argv + optind, &why) < 0)
		die_usage(&usage, "%s", why.text);
}

static void
set_up(void)
{
	loop_start(&net.loop);
	gate->now = net.loop.ms;
	gate->wall = time(NULL);
	umask(0177); /* sockets: 0600 */
	if (fds_limit(&net.fds) < 0)
		die_sys(EX_OSERR, "RLIMIT_NOFILE");
	net.dir = io_opendir(AT_FDCWD, ".");
	if (net.dir < 0)
		die_sys(EX_OSERR, ".");
	publish_sweep();
}

/* Relative names would lead to the VM's sockets. */
static void
confine(void)
{
	struct confine c = { .dir = net.dir, .reads = gate->net == GATE_OPEN };
	struct why why;

	if (chdir("/") < 0)
		die_sys(EX_OSERR, "/");
	confined(confine_gateway(&c, &wall->confined, &why), &why);
}

static void
end(void)
{
	(void)gate_cut(gate);
	if (net.link.fd >= 0)
		(void)link_flush(&net.link); /* a courtesy to the guest */
}

int
main(int argc, char **argv)
{
	struct why why;

	net.link.fd = net.control.fd = -1;
	setup_init(&net.setup);
	gate->call = (struct gate_calls){
		.guest = to_guest, .stack = to_slirp, .log = to_log
	};
	parse(argc, argv);
	set_up();
	if (wall_start(wall, &why) < 0)
		die_why(&why);
	slirp_start();
	if (net.setup.control &&
	    control_open(&net.control, net.setup.control, &why) < 0)
		die_why(&why);
	if (net.setup.ready >= 0 &&
	    (io_write(net.setup.ready, "\n", 1) < 0 ||
		close(net.setup.ready) < 0))
		die_sys(EX_IOERR, "--ready-fd %d", net.setup.ready);
	link_down(&net.link, net.loop.ms);
	confine();
	while (!loop_over())
		turn();
	end();
	return 0;
}
