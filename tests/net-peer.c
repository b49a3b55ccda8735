/* SPDX-License-Identifier: ISC */
/*
 * net-peer SOCKET STEP...: QEMU with a little guest, for the tests of
 * xray-net.  Says how each step went:
 *
 *	accept		the gateway connects
 *	arp dhcp	who is 10.0.2.2, what is my address
 *	ping ADDR, tcp ADDR:PORT, udp ADDR:PORT
 *	serve PORT	echo what one connection from outside sends
 *	pour PORT	send it 200000 bytes once it has said all
 *	hold PORT	accept one and wait until it is reset
 *	reply PORT	answer one datagram from outside
 *	flood ADDR:PORT	begin 3000 connections and give each up at once
 *	close		end the gateway's connection; another may come
 *	rest		until killed
 *
 * What is late is said, not waited for.
 */
#include <arpa/inet.h>
#include <fcntl.h>
#include <signal.h>
#include <stdlib.h>
#include <sys/socket.h>

#include "net-guest.h"

static int listener;

/* The steps. */

static void
step_accept(void)
{
	if (io_wait_readable(listener, soon()) <= 0) {
		tell("accept: nobody");
		exit(1);
	}
	qemu = accept(listener, NULL, NULL);
	nin = taken = 0;
	tell(qemu < 0 ? "accept: failed" : "accepted");
}

static void
step_arp(void)
{
	uint8_t f[42] = { 0 };
	long long deadline = soon();
	struct frame r;

	memcpy(f, everybody, 6);
	memcpy(f + 6, mac, 6);
	put16(f + 12, FRAME_ARP);
	memcpy(f + 14, "\0\1\10\0\6\4\0\1", 8);
	memcpy(f + 22, mac, 6);
	put32(f + 28, LEASE);
	put32(f + 38, HOST);
	send_frame(f, sizeof f);
	while (next_frame(&r, deadline) > 0)
		if (r.type == FRAME_ARP && r.op == 2 && r.src == HOST) {
			tell("arp %s",
			    memcmp(r.data, gateway, 6) == 0 ? "gateway" :
							      "stranger");
			return;
		}
	tell("arp: silence");
}

static void
step_dhcp(void)
{
	uint8_t u[8 + 240 + 4] = { 0 }, *b = u + 8;
	long long deadline = soon();
	struct frame r;

	put16(u, 68);
	put16(u + 2, 67);
	put16(u + 4, sizeof u);
	memcpy(b, "\1\1\6", 3);
	memcpy(b + 28, mac, 6);
	memcpy(b + 236, "\x63\x82\x53\x63\x35\1\1\xff", 8);
	send_ip(FRAME_UDP, 0, UINT32_MAX, u, sizeof u, 6);
	while (next_frame(&r, deadline) > 0)
		if (r.proto == FRAME_UDP && r.dport == 68 && r.ndata > 240) {
			tell("dhcp offer %u.%u.%u.%u", r.data[16], r.data[17],
			    r.data[18], r.data[19]);
			return;
		}
	tell("dhcp: silence");
}

static void
split(const char *arg, uint32_t *addr, uint16_t *port)
{
	autofree char *s = xstrdup(arg);
	char *colon = strchr(s, ':');
	struct in_addr a;

	if (colon)
		*colon = '\0';
	if (inet_pton(AF_INET, s, &a) != 1)
		die(EX_USAGE, "%s: no address", s);
	*addr = ntohl(a.s_addr);
	*port = colon ? (uint16_t)atoi(colon + 1) : 0;
}

/* An answer to what was just sent: an echo, a datagram or an ICMP error. */
static void
say_answer(const char *what, uint8_t proto)
{
	long long deadline = io_now() + 1000;
	struct frame r;

	while (next_frame(&r, deadline) > 0)
		if (r.proto == FRAME_ICMP && r.icmp == 3) {
			tell("%s unreachable %u", what, r.code);
			return;
		} else if (r.proto == proto &&
		    (proto != FRAME_ICMP || r.icmp == 0)) {
			tell("%s reply", what);
			return;
		}
	tell("%s: silence", what);
}

static void
step_ping(const char *arg)
{
	uint8_t i[16] = { 8, 0, 0, 0, 1, 2, 0, 1 };
	uint32_t addr;
	uint16_t port;

	split(arg, &addr, &port);
	send_ip(FRAME_ICMP, LEASE, addr, i, sizeof i, 2);
	say_answer("ping", FRAME_ICMP);
}

static void
step_udp(const char *arg)
{
	uint8_t u[8 + 4] = { 0 };
	uint32_t addr;
	uint16_t port;

	split(arg, &addr, &port);
	put16(u, 4000);
	put16(u + 2, port);
	put16(u + 4, sizeof u);
	send_ip(FRAME_UDP, LEASE, addr, u, sizeof u, 6);
	say_answer("udp", FRAME_UDP);
}

static void
step_tcp(const char *arg)
{
	static uint16_t port = 40000;
	long long from = io_now();
	int r;

	tcp = (struct tcp){ .next = 1000, .sport = port++, .open = 1 };
	split(arg, &tcp.peer, &tcp.dport);
	segment(FRAME_SYN, 0);
	memcpy(tcp.data, "hello", tcp.n = 5);
	r = converse(io_now() + 1000);
	if (r < 0)
		tell("tcp refused%s", io_now() - from > 100 ? " late" : "");
	else if (tcp.received)
		tell("tcp echoed %zu", tcp.received);
	else
		tell("tcp: silence");
}

/* Wait for a connection to port; 0 when there is none. */
static int
await_syn(uint16_t port)
{
	long long deadline = soon();
	struct frame f;

	while (next_frame(&f, deadline) > 0)
		if (f.type == FRAME_IP4 && f.proto == FRAME_TCP &&
		    f.flags == FRAME_SYN && f.dport == port) {
			tcp = (struct tcp){ .next = 5000,
				.peer = f.src,
				.sport = port,
				.dport = f.sport,
				.echo = 1 };
			(void)take(&f);
			return 1;
		}
	tell("nobody came");
	return 0;
}

static void
step_serve(const char *arg)
{
	int r;

	if (!await_syn((uint16_t)atoi(arg)))
		return;
	r = converse(soon());
	tell("served %zu %s", tcp.received,
	    r < 0 ? "reset" :
		r ? "no end" :
		    "end");
}

static void
step_pour(const char *arg)
{
	int r;

	if (!await_syn((uint16_t)atoi(arg)))
		return;
	tcp.pour = 200000;
	r = converse(soon());
	tell("poured %s", r < 0 ? "reset" : r ? "no end" : "end");
}

static void
step_hold(const char *arg)
{
	struct frame f;

	if (!await_syn((uint16_t)atoi(arg)))
		return;
	while (!tcp.received && next_frame(&f, soon()) > 0)
		if (is_ours(&f))
			(void)take(&f);
	tell("held");
	tell("held until %s", converse(soon()) < 0 ? "reset" : "nothing");
}

static void
step_reply(const char *arg)
{
	uint16_t port = (uint16_t)atoi(arg);
	long long deadline = soon();
	uint8_t u[8 + 5] = { 0 };
	struct frame f;

	while (next_frame(&f, deadline) > 0)
		if (f.proto == FRAME_UDP && f.dport == port && !f.part) {
			put16(u, port);
			put16(u + 2, f.sport);
			put16(u + 4, sizeof u);
			memcpy(u + 8, "reply", 5);
			send_ip(FRAME_UDP, LEASE, f.src, u, sizeof u, 6);
			tell("replied");
			return;
		}
	tell("nobody asked");
}

static void
step_close(void)
{
	close(qemu);
	qemu = -1;
	tell("closed");
}

static void
step_rest(void)
{
	pause();
}

/* What answers is not looked at. */
static void
step_flood(const char *arg)
{
	struct frame f;

	for (uint16_t i = 0; i < 3000; i++) {
		tcp = (struct tcp){ .next = 1000, .sport = 20000 + i };
		split(arg, &tcp.peer, &tcp.dport);
		segment(FRAME_SYN, 0);
		segment(FRAME_RST, 0);
		while (next_frame(&f, io_now()) > 0)
			;
	}
	tell("flooded");
}

static const struct {
	const char *name;
	void (*plain)(void);
	void (*with)(const char *arg);
} steps[] = {
	{ "accept", step_accept, NULL },
	{ "arp", step_arp, NULL },
	{ "dhcp", step_dhcp, NULL },
	{ "close", step_close, NULL },
	{ "rest", step_rest, NULL },
	{ "ping", NULL, step_ping },
	{ "udp", NULL, step_udp },
	{ "tcp", NULL, step_tcp },
	{ "serve", NULL, step_serve },
	{ "pour", NULL, step_pour },
	{ "hold", NULL, step_hold },
	{ "reply", NULL, step_reply },
	{ "flood", NULL, step_flood },
};

/* How many words the step at argv took. */
static int
step(char **argv)
{
	for (size_t i = 0; i < LEN(steps); i++) {
		if (strcmp(argv[0], steps[i].name) != 0)
			continue;
		if (steps[i].plain) {
			steps[i].plain();
			return 1;
		}
		if (!argv[1])
			die(EX_USAGE, "%s: needs an argument", argv[0]);
		steps[i].with(argv[1]);
		return 2;
	}
	die(EX_USAGE, "%s: no such step", argv[0]);
}

int
main(int argc, char **argv)
{
	say_name("net-peer");
	if (argc < 3)
		die(EX_USAGE, "usage: net-peer SOCKET STEP...");
	signal(SIGPIPE, SIG_IGN);
	listener = io_listen(AT_FDCWD, argv[1], 8);
	if (listener < 0)
		die_sys(EX_OSERR, "%s", argv[1]);
	for (int i = 2; i < argc;)
		i += step(argv + i);
	return 0;
}
