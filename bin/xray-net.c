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
#include <unistd.h>

#include <slirp/libslirp.h>

#include "control.h"
#include "fds.h"
#include "gate.h"
#include "io.h"
#include "later.h"
#include "link.h"
#include "loop.h"
#include "mem.h"
#include "opt.h"
#include "publish.h"
#include "request.h"
#include "say.h"

#define UNUSED __attribute__((unused))

enum {
	OPT_NET = OPT_OWN,
	OPT_MAC,
	OPT_FORWARD,
	OPT_UNIX,
	OPT_CONTROL,
	OPT_READY
};

static const struct opt opts[] = {
	{ OPT_NET, "net", "filtered|open", "what the guest may reach" },
	{ OPT_MAC, "mac", "MAC", "the guest's Ethernet address" },
	{ OPT_FORWARD, "forward", "[ADDR:]HOST:GUEST[/udp]",
	    "publish a guest port on ADDR (127.0.0.1)" },
	{ OPT_UNIX, "unix", "NAME:GUEST", "publish one as unix socket NAME" },
	{ OPT_CONTROL, "control", "NAME", "answer requests there" },
	{ OPT_READY, "ready-fd", "N", "a newline to N when all listens" }, { 0 }
};

static const struct usage usage = {
	.name = "xray-net",
	.operands = "--net filtered|open --mac MAC SOCKET",
	.opts = opts,
};

/* Where things are in what is waited for; libslirp's come behind. */
enum { AT_QEMU, AT_CONTROL, AT_SLIRP = AT_CONTROL + 1 + CONTROL_CLIENTS };

static struct {
	struct gate gate;
	struct link link;
	struct control control;
	struct fds fds;
	struct published published;
	struct loop loop;
	const char *socket, *control_name;
	int ready; /* descriptor, -1 */
	Slirp *slirp;
	struct later later; /* for libslirp */
} net = { .link = { .fd = -1 },
	.control = { .fd = -1 },
	.gate = { .fd = -1 },
	.ready = -1 };

/* A line for the log.  Who reads it may be stopped: the guest's network is
 * not to stop with him. */
static void
log_line(const char *text)
{
	struct pollfd p = { .fd = 2, .events = POLLOUT };

	if (*text && poll(&p, 1, 0) == 1)
		note("%s", text);
}

static void
log_socket(const char *what)
{
	autofree char *text = xasprintf("%s: %s", net.socket, what);

	log_line(text);
}

/* The callbacks of libslirp.  Its timers serve IPv6 alone, which is off. */

static ssize_t
cb_send(const void *p, size_t n, UNUSED void *arg)
{
	struct gate_answer a;

	if (gate_to_guest(&net.gate, p, n, &a) == GATE_PASS)
		link_put(&net.link, p, n);
	if (a.n)
		later_add(&net.later, a.fd, a.frame, a.n);
	return (ssize_t)n;
}

static void
cb_error(const char *text, UNUSED void *arg)
{
	if (deny_line(&net.gate.deny, net.gate.now))
		log_line(text);
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
	net.gate.fd = fd;
}

static void
cb_unregister(int fd, UNUSED void *arg)
{
	fds_forget(&net.fds, fd);
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
	if (fds_full(&net.fds) && fds_is_listener(&net.fds, fd))
		return -1; /* they wait in the backlog */
	if (events & SLIRP_POLL_OUT)
		later_busy(&net.later, fd);
	return loop_add(&net.loop, fd, events);
}

static int
cb_revents(int i, UNUSED void *arg)
{
	return loop_found(&net.loop, i);
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

static int
publish(const struct publish *p)
{
	struct sockaddr_in guest = { .sin_family = AF_INET,
		.sin_addr.s_addr = htonl(LAN_LEASE),
		.sin_port = htons(p->guest) };

	return slirp_add_hostxfwd(net.slirp, &p->host.any, p->n,
	    (const struct sockaddr *)&guest, sizeof guest,
	    p->udp ? SLIRP_HOSTFWD_UDP : 0);
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
	struct why why;

	const struct publish *p = net.published.v;

	for (size_t left = net.published.n; left--; p++) {
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
	/* A second lock on a filtered guest: should the gate let something
	 * by, a socket that is bound to loopback cannot leave the machine. */
	static struct sockaddr_in loopback = { .sin_family = AF_INET };
	int filtered = net.gate.net == GATE_FILTERED;
	SlirpConfig config = { .version = 4,
		.in_enabled = true,
		.vnetwork.s_addr = htonl(LAN_HOST & ~0xffU),
		.vnetmask.s_addr = htonl(~0xffU),
		.vhost.s_addr = htonl(LAN_HOST),
		.vdhcp_start.s_addr = htonl(LAN_LEASE),
		.vnameserver.s_addr = htonl(LAN_DNS),
		.outbound_addr = filtered ? &loopback : NULL,
		.disable_dns = filtered };
	uint8_t frame[FRAME_FORGED];
	uint32_t wait = 0;

	loopback.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
	net.slirp = slirp_new(&config, &callbacks, NULL);
	if (!net.slirp)
		die(EX_SOFTWARE, "libslirp %s: does not start",
		    slirp_version_string());
	/* Ports first: when another gateway is still there, they are taken,
	 * and its sockets are left alone. */
	publish_all(AF_INET);
	publish_all(AF_UNIX);
	slirp_pollfds_fill(net.slirp, &wait, cb_listener, NULL);
	slirp_input(net.slirp, frame, (int)gate_introduce(&net.gate, frame));
}

static void
emit(const uint8_t *p, size_t n, UNUSED void *arg)
{
	link_put(&net.link, p, n);
}

/* End all connections; how many there were.  libslirp has no way to end one,
 * so it is made anew. */
static size_t
cut(void)
{
	int idle = !net.fds.live && !net.gate.flows.n;
	size_t n = gate_cut(&net.gate, net.link.fd < 0 ? NULL : emit, NULL);

	if (idle)
		return 0;
	slirp_cleanup(net.slirp);
	net.later.n = 0;
	fds_clear(&net.fds);
	slirp_start();
	return n;
}

/* QEMU's side. */

static int
lost(const char *why)
{
	log_socket(why);
	link_down(&net.link, net.loop.ms);
	(void)cut();
	return -1;
}

static void
find_qemu(void)
{
	int had_qemu = net.link.had_peer;
	int r = link_try(&net.link, net.socket, net.loop.ms);

	if (r > 0)
		log_socket("connected");
	else if (r < 0 && !had_qemu)
		die_sys(EX_UNAVAILABLE, "%s: no QEMU", net.socket);
	else if (r < 0) {
		log_socket("QEMU does not come back, ending");
		loop_end();
	}
}

/* What libslirp is to have now that it has returned. */
static void
settle(void)
{
	uint8_t frame[FRAME_FORGED];
	size_t n;

	while ((n = later_take(&net.later, frame)) > 0)
		slirp_input(net.slirp, frame, (int)n);
}

static void
from_guest(uint8_t *p, size_t n)
{
	struct gate_answer a;
	enum gate_verdict v;

	net.gate.crowded = fds_full(&net.fds);
	v = gate_from_guest(&net.gate, p, &n, &a);
	if (v == GATE_PASS) {
		slirp_input(net.slirp, p, (int)n);
		gate_passed(&net.gate);
		if (a.n)
			later_add(&net.later, a.fd, a.frame, a.n);
		settle();
	} else if (v == GATE_REPLY)
		link_put(&net.link, a.frame, a.n);
	log_line(a.log);
}

static int
from_qemu(void)
{
	uint8_t *p;
	size_t n;
	int r;

	if (link_fill(&net.link) < 0)
		return lost("QEMU is gone");
	while ((r = link_next(&net.link, &p, &n)) > 0)
		from_guest(p, n);
	return r < 0 ? lost("a frame too long for QEMU") : 0;
}

/* Frames both ways. */
static void
carry(void)
{
	if ((net.loop.p[AT_QEMU].revents & ~POLLOUT) && from_qemu() < 0)
		return;
	slirp_pollfds_poll(net.slirp, 0, cb_revents, NULL);
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
	net.gate.fd = -1; /* it is no flow's */
	return 0;
}

static struct requests requests = { &net.gate, &net.published, cut,
	publish_late, unpublish };

/* Fill in what to wait for; for how long, in ms. */
static int
prepare(void)
{
	int client = control_wait(&net.control, net.loop.ms);
	uint32_t wait = 1000;

	net.loop.n = 0;
	(void)loop_add(&net.loop, net.link.fd,
	    LOOP_IN | (link_pending(&net.link) ? LOOP_OUT : 0));
	control_poll(&net.control, net.loop.p + AT_CONTROL);
	net.loop.n = AT_SLIRP;
	if (net.link.fd >= 0) {
		later_ask(&net.later);
		slirp_pollfds_fill(net.slirp, &wait, cb_add_poll, NULL);
	} else
		wait = (uint32_t)link_wait(&net.link, net.loop.ms);
	return client >= 0 && client < (int)wait ? client : (int)wait;
}

static void
turn(void)
{
	if (loop_wait(&net.loop, prepare()) < 0)
		die_sys(EX_OSERR, "poll");
	net.gate.now = net.loop.ms;
	log_line(gate_tick(&net.gate));
	if (net.link.fd >= 0)
		carry();
	control_serve(&net.control, net.loop.p + AT_CONTROL, net.loop.ms,
	    request_answer, &requests);
	if (net.link.fd >= 0 && link_flush(&net.link) < 0)
		(void)lost("QEMU is gone");
	if (net.link.fd < 0)
		find_qemu();
}

/* Start and end. */

static void
check(int result, const struct why *why)
{
	if (result < 0)
		die_usage(&usage, "%s", why->text);
}

static void
set_net(const char *arg)
{
	if (strcmp(arg, "open") == 0)
		net.gate.net = GATE_OPEN;
	else if (strcmp(arg, "filtered") != 0)
		die_usage(&usage, "--net: %s: filtered or open", arg);
}

static void
parse(int argc, char **argv)
{
	int c, has_net = 0, has_mac = 0;
	struct why why;

	while ((c = opt_next(argc, argv, &usage)) != -1)
		if (c == OPT_NET) {
			set_net(optarg);
			has_net = 1;
		} else if (c == OPT_MAC) {
			if (frame_parse_mac(net.gate.mac, optarg) < 0)
				die_usage(&usage, "--mac: %s: no MAC", optarg);
			has_mac = 1;
		} else if (c == OPT_FORWARD)
			check(publish_port(&net.published, optarg, &why), &why);
		else if (c == OPT_UNIX)
			check(publish_unix(&net.published, optarg, &why), &why);
		else if (c == OPT_CONTROL)
			net.control_name = optarg;
		else
			net.ready = (int)opt_int(
			    &usage, "--ready-fd", optarg, 1, 65535);
	if (!has_net || !has_mac || argc - optind != 1)
		die_usage(&usage, "needs --net, --mac and one socket");
	net.socket = argv[optind];
	check(publish_name(net.socket, &why), &why);
	if (net.control_name)
		check(publish_name(net.control_name, &why), &why);
	publish_udp(&net.published, net.gate.udp);
}

static void
set_up(void)
{
	loop_start(&net.loop);
	net.gate.now = net.loop.ms;
	umask(0177); /* sockets: 0600 */
	if (fds_limit(&net.fds) < 0)
		die_sys(EX_OSERR, "RLIMIT_NOFILE");
}

static void
end(void)
{
	(void)gate_cut(&net.gate, net.link.fd < 0 ? NULL : emit, NULL);
	if (net.link.fd >= 0)
		(void)link_flush(&net.link); /* a courtesy to the guest */
	slirp_cleanup(net.slirp);
	publish_clean(&net.published);
	if (net.control_name)
		(void)unlink(net.control_name);
}

int
main(int argc, char **argv)
{
	struct why why;

	parse(argc, argv);
	set_up();
	slirp_start();
	if (net.control_name &&
	    control_open(&net.control, net.control_name, &why) < 0)
		die_why(&why);
	if (net.ready >= 0 &&
	    (io_write(net.ready, "\n", 1) < 0 || close(net.ready) < 0))
		die_sys(EX_IOERR, "--ready-fd %d", net.ready);
	link_down(&net.link, net.loop.ms);
	while (!loop_over())
		turn();
	end();
	return 0;
}
