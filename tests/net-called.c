/* SPDX-License-Identifier: ISC */
/* gate: the guest's proxy, and the porter who has it come. */
#include <fcntl.h>
#include <sys/socket.h>
#include <unistd.h>

#include "net-name.h"
#include "porter.h"
#include "say.h"

enum { PROXY = LAN_PROXY, PORT = 1080, CALLER = 4000 };

static int nsocks, no_proxy;

static int
call_socks(void *arg)
{
	(void)arg;
	nsocks++;
	return no_proxy ? -1 : 0;
}

static void
begin_called(void)
{
	begin(GATE_FILTERED);
	gate.call.socks = call_socks;
	nsocks = no_proxy = 0;
}

/* The guest's SYN, whose number is 500 and own; what became of it. */
static enum done
wants(uint16_t own)
{
	from(own, PROXY, PORT);
	by.seq = 500u + own;
	by.ack = 0;
	tcp(SYN, 0);
	seal(50);
	return out();
}

/* The same with another number: the guest has forgotten the first one. */
static void
wants_anew(uint16_t own, uint32_t seq)
{
	from(own, PROXY, PORT);
	by.seq = seq;
	by.ack = 0;
	tcp(SYN, 0);
	seal(50);
	(void)out();
}

/* The proxy's, as the stack begins it. */
static enum done
comes(uint16_t port)
{
	by.src = LAN_HOST;
	by.dst = LAN_CALLED;
	by.sport = port;
	by.dport = PORT;
	by.seq = 900u + port;
	by.ack = 0;
	tcp(SYN, 0);
	seal(50);
	gate.fd = 9;
	return in();
}

static struct frame
parsed(const struct given *t)
{
	struct frame p = { 0 };

	(void)frame_parse(&p, t->p[0], t->n[0]);
	return p;
}

static void
test_meeting(void)
{
	struct frame g, s;

	begin_called();
	ok(wants(1) == DROP && nsocks == 1 && !nlogged,
	    "the guest waits, and the proxy is called");
	ok(wants(1) == DROP && nsocks == 1, "once, however often it asks");
	wants_anew(1, 700);
	ok(nsocks == 1 && flow_calls(&gate.flows) == 1,
	    "and one that has forgotten, as the proxy is on its way");
	wants_anew(1, 501);
	(void)comes(CALLER);
	g = parsed(&to_guest);
	s = parsed(&to_stack);
	ok(to_guest.count == 1 && g.src == PROXY && g.dst == LAN_LEASE &&
		g.sport == PORT && g.dport == 1 && g.flags == (SYN | ACK) &&
		g.seq == 900 + CALLER && g.ack == 502,
	    "the guest is accepted by the proxy's number");
	ok(to_stack.count == 1 && s.src == LAN_CALLED && s.dst == LAN_HOST &&
		s.sport == PORT && s.dport == CALLER &&
		s.flags == (SYN | ACK) && s.seq == 501 && s.ack == 901 + CALLER,
	    "and the proxy by the guest's");
	ok(is_sound(to_guest.p[0], to_guest.n[0]) &&
		is_sound(to_stack.p[0], to_stack.n[0]),
	    "checksums are right");
	(void)wants(1);
	g = parsed(&to_guest);
	ok(to_guest.count == 1 && g.flags == (SYN | ACK) &&
		g.seq == 900 + CALLER && g.ack == 502,
	    "what was lost is said again");
	ok(comes(CALLER) == DROP && !to_stack.count,
	    "the proxy's own SYN again is nothing new");
}

static void
test_bytes(void)
{
	from(1, PROXY, PORT);
	by.seq = 502;
	by.ack = 901 + CALLER;
	tcp(ACK, 5);
	ok(out() == PASS && f.p[33] == 2 && f.p[29] == 13 &&
		!strstr(logged, "claims"),
	    "bytes to the proxy pass, to where the stack has it");
	by = (__typeof__(by)){ LAN_HOST, LAN_CALLED, 901 + CALLER, 507, CALLER,
		PORT };
	tcp(ACK, 9);
	ok(in() == PASS && f.n == 54 + 9 && f.p[29] == 100,
	    "and those of the proxy's");
	by.seq += 9;
	tcp(ACK | FIN, 0);
	ok(in() == PASS, "half an end is passed on");
	from(1, PROXY, PORT);
	by.seq = 507;
	by.ack = 911 + CALLER;
	tcp(ACK | FIN, 3);
	ok(out() == PASS && gate.flows.n == 1, "and the other way goes on");
	by = (__typeof__(by)){ LAN_HOST, LAN_CALLED, 911 + CALLER, 511, CALLER,
		PORT };
	tcp(ACK, 0);
	ok(in() == PASS && !gate.flows.n && answer.fd == 9,
	    "until it ends too; the stack's socket is let finish");
	tcp(ACK, 4);
	ok(in() == REPLY && !to_guest.count, "what comes then is refused");
}

static void
test_refusals(void)
{
	begin_called();
	no_proxy = 1;
	ok(wants(1) == REPLY && is_rst() &&
		strcmp(logged, "deny no-proxy tcp - 10.0.2.100 1080 - -") == 0,
	    "no proxy: refused at once: %s", logged);
	no_proxy = 0;
	(void)wants(2);
	forget();
	gate.now += 9000;
	gate_tick(&gate);
	ok(gate.flows.n == 1, "one that is to come is waited for");
	gate.now += 2000;
	gate_tick(&gate);
	take(&to_guest, 0);
	ok(!gate.flows.n && to_guest.count == 1 && is_rst() && nlogged == 1,
	    "for ten seconds");
	ok(comes(CALLER) == REPLY && !to_guest.count,
	    "and is refused when it comes then");
	from(3, PROXY, 80);
	tcp(SYN, 0);
	ok(out() == REPLY && is_rst() && nsocks == 2, "other ports: refused");
	from(3, LAN_CALLED, PORT);
	tcp(SYN, 0);
	ok(out() == REPLY && is_rst() && nsocks == 2,
	    "where the stack has it there is nobody for the guest");
	from(3, PROXY, PORT);
	udp(4);
	ok(out() == REPLY && is_icmp(3) && nsocks == 2, "datagrams: refused");
	begin(GATE_OPEN);
	gate.call.socks = call_socks;
	(void)wants(1);
	ok(nsocks == 2 && is_rst(), "net = open has none");
}

static void
test_many(void)
{
	size_t n = 0;

	begin_called();
	for (uint16_t i = 1; i <= FLOW_MAX; i++)
		n += (size_t)(wants(i) == DROP);
	ok(n == FLOW_MAX - FLOW_KEPT, "so many of a guest's at once: %zu", n);
	ok(flow_calls(&gate.flows) == n, "which all wait");
	gate.now += 1;
	(void)comes(CALLER);
	ok(parsed(&to_guest).dport == 1, "the first is the first");
	ok(gate_cut(&gate) == n && !gate.flows.n, "and cut they can be");
	begin_called();
	arp(1, LAN_LEASE, PROXY);
	ok(out() == REPLY && answer.n == 42 && answer.frame[31] == 100 &&
		memcmp(answer.frame + 22, host, 6) == 0,
	    "it is told where the proxy is");
}

/* ---- the porter ---- */

static int
reads(int fd, const char *want)
{
	char got[256];
	ssize_t n = recv(fd, got, sizeof got - 1, MSG_DONTWAIT);

	got[n > 0 ? n : 0] = '\0';
	if (strcmp(got, want) != 0)
		printf("# got: %s\n", got);
	return strcmp(got, want) == 0;
}

static const char *
name_of(const char *addr, void *arg)
{
	(void)arg;
	return strcmp(addr, "198.18.0.5") == 0 ? "a.test" : NULL;
}

static void
test_porter(void)
{
	struct porter p = PORTER_INIT;
	int bell[2], s[2];
	struct why why;
	char c;

	p.named = name_of;
	ok(porter_call(&p) < 0, "no proxy and no bell: it cannot be called");
	ok(pipe(bell) == 0 && fcntl(bell[1], F_SETFL, O_NONBLOCK) == 0 &&
		socketpair(AF_UNIX, SOCK_STREAM, 0, s) == 0,
	    "a bell");
	p.bell = bell[1];
	ok(porter_call(&p) == 0 && read(bell[0], &c, 1) == 1, "is rung");
	porter_attach(&p, s[0]);
	ok(porter_call(&p) == 0 && reads(s[1], "come\n"), "it is told to come");
	ok(porter_tell(&p, "mode deny") == 1 && reads(s[1], "mode deny\n") &&
		send(s[1], "ok reload\nwho 198.18.0.5\ndid 3 4\n", 33, 0) ==
		    33 &&
		send(s[1], "ok mode deny\n", 13, 0) == 13 &&
		porter_await(&p, "mode deny", &why) == 0,
	    "an answer is to what was said");
	ok(reads(s[1], "name 198.18.0.5 a.test\n") && p.allowed == 3 &&
		p.denied == 4,
	    "and what comes meanwhile is heard");
	ok(send(s[1], "who x\nerror rules:1: no\n", 24, 0) == 24 &&
		porter_await(&p, "reload", &why) < 0 &&
		strcmp(why.text, "proxy: rules:1: no") == 0 &&
		reads(s[1], "name x -\n"),
	    "an error is one");
	ok(porter_await(&p, "reload", &why) < 0 && why.code == EX_TEMPFAIL &&
		strcmp(why.text, "the proxy does not answer in time") == 0,
	    "silence is not waited for long");
	close(s[1]);
	ok(porter_serve(&p) == 1 && p.fd < 0, "its end is known");
	ok(porter_tell(&p, "reload") == 0 && porter_call(&p) == 0 &&
		read(bell[0], &c, 1) == 1,
	    "then the bell is rung again");
	close(bell[0]);
	close(bell[1]);
}

int
main(void)
{
	test_meeting();
	test_bytes();
	test_refusals();
	test_many();
	test_porter();
	return tap_end();
}
