/* SPDX-License-Identifier: ISC */
/* gate: how long flows live, how many there are, and what is logged. */
#include "net-make.h"

static void
send_guest(int flags, uint32_t seq, uint32_t ack)
{
	from(22, LAN_HOST, 3000);
	by.seq = seq;
	by.ack = ack;
	tcp(flags, 0);
	(void)out();
}

static void
send_host(int flags, uint32_t seq, uint32_t ack)
{
	to(22, LAN_HOST, 3000);
	by.seq = seq;
	by.ack = ack;
	tcp(flags, 0);
	(void)in();
}

/* The answer is a RST for libslirp, as if from the guest. */
static int
is_reset_for_host(uint32_t seq, uint32_t ack)
{
	struct frame r;

	return frame_parse(&r, answer.frame, answer.n) == 0 &&
	    r.flags == (RST | ACK) && r.seq == seq && r.ack == ack &&
	    r.src == LAN_LEASE && r.dst == LAN_HOST && r.sport == 22 &&
	    r.dport == 3000 && memcmp(r.p + 6, guest, 6) == 0;
}

static void
test_inbound(enum gate_net mode)
{
	begin(mode);
	inbound(3000);
	ok(gate.flows.n == 1, "a connection from outside is noted");
	from(22, LAN_HOST, 3000);
	tcp(ACK, 100);
	ok(out() == PASS, "the guest's data passes");
	tcp(ACK | URG, 100);
	f.p[52] = 9;
	ok(out() == PASS && f.p[47] == ACK && !f.p[52] && !f.p[53],
	    "URG is taken out");
	tcp(SYN, 0);
	ok(out() == DROP, "a simultaneous open does not");
	from(22, LAN_HOST, 3001);
	tcp(ACK, 100);
	ok(out() == REPLY && is_rst(), "another port is another flow");
	send_guest(FIN | ACK, 501, 101);
	send_host(ACK, 101, 502);
	ok(gate.flows.n == 1, "half closed, it stays");
	send_host(FIN | ACK, 101, 502);
	send_guest(ACK, 502, 101);
	ok(gate.flows.n == 1, "until both ends are acknowledged");
	send_guest(ACK, 502, 102);
	ok(gate.flows.n == 0, "then it is gone");
	ok(is_reset_for_host(502, 102) && answer.fd == 7,
	    "and libslirp told so, when it has written all");
	inbound(3000);
	send_guest(RST | ACK, 7, 101);
	ok(gate.flows.n == 0 && is_reset_for_host(501, 101) && answer.fd == -1,
	    "a RST of the guest's ends it, whatever its number");
	inbound(3000);
	send_host(RST, 101, 0);
	ok(gate.flows.n == 0 && !answer.n, "so does one of the other side");
	to(22, LAN_HOST, 3000);
	tcp(RST, 0);
	ok(in() == DROP, "which is not repeated");
	tcp(ACK, 0);
	ok(in() == DROP && !gate.flows.n, "nor is a late ACK taken up");
	tcp(ACK, 5);
	ok(in() == PASS && gate.flows.n == 1, "but data is");
}

static void
wait_for(long long ms)
{
	gate.now += ms;
	gate_tick(&gate);
}

static void
test_idle(void)
{
	begin(GATE_FILTERED);
	send_host(SYN, 100, 0);
	wait_for(79000);
	ok(gate.flows.n == 1, "a SYN is waited for");
	wait_for(2000);
	ok(gate.flows.n == 0, "80 s");
	inbound(3000);
	wait_for(23 * 3600000LL);
	ok(gate.flows.n == 1, "a live flow a day");
	send_host(FIN | ACK, 101, 501);
	wait_for(301000);
	ok(gate.flows.n == 0, "a half closed one 300 s");
	to(53, LAN_HOST, 4000);
	udp(5);
	ok(in() == PASS && gate.flows.n == 1, "UDP by a forward");
	from(53, LAN_HOST, 4000);
	udp(5);
	ok(out() == PASS, "its answer passes");
	from(53, LAN_HOST, 4001);
	udp(5);
	ok(out() == REPLY && is_icmp(3), "to nobody else");
	to(54, LAN_HOST, 4000);
	udp(5);
	ok(in() == DROP, "UDP to a port without a forward");
	wait_for(119000);
	ok(gate.flows.n == 1, "UDP is kept");
	wait_for(2000);
	ok(gate.flows.n == 0, "120 s");
	to(53, ADDR(1, 2, 3, 4), 53);
	udp(5);
	(void)in();
	wait_for(9000);
	ok(gate.flows.n == 1, "with port 53 outside");
	wait_for(2000);
	ok(gate.flows.n == 0, "10 s");
}

static void
test_full(void)
{
	int refused = 0;

	begin(GATE_OPEN);
	for (uint16_t i = 0; i < FLOW_MAX; i++) {
		from((uint16_t)(10000 + i), ADDR(1, 2, 3, 4), 443);
		tcp(SYN, 0);
		refused += out() == REPLY && is_rst() &&
		    strstr(logged, "deny full tcp - 1.2.3.4 443") != NULL;
	}
	ok(refused == FLOW_KEPT && gate.flows.n == FLOW_MAX - FLOW_KEPT,
	    "the guest cannot fill the table, and it is said");
	for (uint16_t i = 0; i < FLOW_KEPT; i++)
		inbound((uint16_t)(3000 + i));
	ok(gate.flows.n == FLOW_MAX, "others can");
	to(22, LAN_HOST, 2000);
	tcp(SYN, 0);
	ok(in() == REPLY && answer.n == 54 &&
		memcmp(answer.frame, host, 6) == 0 && gate.flows.n == FLOW_MAX,
	    "full, libslirp gets a RST");
	send_guest(RST, 501, 0);
	to(22, LAN_HOST, 2000);
	tcp(SYN, 0);
	ok(in() == PASS, "one that ends makes room");
}

/* The guest calls; fd is the stack's socket for it. */
static void
outbound(int fd)
{
	from(40000, ADDR(1, 2, 3, 4), 80);
	by.seq = 500;
	tcp(SYN, 0);
	(void)out();
	gate.fd = fd;
	gate_sent(&gate, f.p, f.n);
	back(ADDR(1, 2, 3, 4), 80);
	by.seq = 100;
	by.ack = 501;
	tcp(SYN | ACK, 0);
	(void)in();
}

static void
test_outbound(void)
{
	begin(GATE_OPEN);
	outbound(9);
	ok(gate.flows.n == 1 && gate.flows.v[0].fd == 9 && gate.fd == -1,
	    "a flow has the socket that was made for it");
	gate.fd = 10;
	from(40000, ADDR(1, 2, 3, 4), 80);
	tcp(ACK, 0);
	(void)out();
	gate_sent(&gate, f.p, f.n);
	ok(gate.flows.v[0].fd == 9, "and keeps it");
	back(ADDR(1, 2, 3, 4), 80);
	by.seq = 101;
	by.ack = 501;
	tcp(FIN | ACK, 0);
	(void)in();
	from(40000, ADDR(1, 2, 3, 4), 80);
	by.seq = 501;
	by.ack = 102;
	tcp(FIN | ACK, 0);
	(void)out();
	ok(gate.flows.n == 1 && !answer.n, "one FIN is not acknowledged");
	back(ADDR(1, 2, 3, 4), 80);
	by.seq = 102;
	by.ack = 502;
	tcp(ACK, 0);
	ok(in() == PASS && !gate.flows.n && answer.fd == 9 &&
		answer.frame[47] == (RST | ACK),
	    "the last ACK is passed, a RST waits for the socket");
	ok(strcmp(logged, "allow open tcp - 1.2.3.4 80 0 0") == 0,
	    "and the log tells what it had");
	from(40000, ADDR(1, 2, 3, 4), 80);
	tcp(SYN | ACK, 0);
	ok(out() == REPLY && is_rst() && !gate.flows.n,
	    "a SYN and ACK begins nothing");
}

/* libslirp takes a port again that the guest still has in use. */
static void
test_again(void)
{
	begin(GATE_FILTERED);
	inbound(3000);
	send_host(SYN, 9000, 0);
	ok(gate.flows.n == 1 && gate.flows.v[0].state == FLOW_OPENING &&
		gate.flows.v[0].seq == 9001,
	    "a new SYN begins a new flow");
	send_host(SYN, 9000, 0);
	ok(gate.flows.n == 1 && gate.flows.v[0].seq == 9001,
	    "its repetition does not");
}

static void
test_to_guest(void)
{
	struct buf b = { 0 };

	begin(GATE_FILTERED);
	to(68, LAN_HOST, 67);
	by.dst = UINT32_MAX;
	udp(300);
	ok(in() == PASS && !gate.flows.n, "DHCP to the guest");
	to(68, LAN_HOST, 66);
	by.dst = UINT32_MAX;
	udp(300);
	ok(in() == DROP, "no other broadcast");
	to(22, LAN_HOST, 3000);
	by.dst = ADDR(10, 0, 2, 16);
	tcp(SYN, 0);
	ok(in() == DROP, "nor to another address");
	f.n = 20;
	ok(in() == DROP, "nor half a frame");
	to(0, LAN_HOST, 0);
	icmp(0, 0);
	ok(in() == PASS && !gate.flows.n, "an echo reply is no flow");
	to(0, ADDR(1, 2, 3, 4), 0);
	icmp(0, 0);
	ok(in() == DROP, "of the gateway's alone");
	to(53, LAN_HOST, 4000);
	udp(100);
	f.p[20] = 0x20;
	resum();
	ok(in() == PASS && gate.flows.n == 1, "a first fragment counts");
	gate_status(&gate, &b);
	ok(strcmp(b.p,
	       "net=filtered mode=deny flows=1 in=534 out=0 allowed=0 "
	       "denied=0") == 0,
	    "status: %s", b.p);
	buf_free(&b);
}

static void
test_cut(void)
{
	struct frame r;

	begin(GATE_OPEN);
	inbound(3000);
	for (uint16_t i = 0; i < 3; i++) {
		from((uint16_t)(40000 + i), LAN_DNS, 53);
		udp(5);
		(void)out();
	}
	forget();
	ok(gate_cut(&gate) == 1 && to_guest.count == 1 &&
		frame_parse(&r, to_guest.p[0], to_guest.n[0]) == 0 &&
		(r.flags & RST) && r.seq == 101 && r.sport == 3000 &&
		r.dport == 22 && r.src == LAN_HOST && r.dst == LAN_LEASE,
	    "cut resets each TCP flow at the guest's own number");
	ok(to_stack.count == 1 && to_stack.fd[0] == -1 &&
		frame_parse(&r, to_stack.p[0], to_stack.n[0]) == 0 &&
		(r.flags & RST) && r.seq == 501 && r.dport == 3000,
	    "and at the stack's, at once");
	ok(gate.flows.n == 0 && gate_cut(&gate) == 0, "and forgets all");
	from(22, LAN_HOST, 3000);
	tcp(ACK, 5);
	ok(out() == REPLY && is_rst(), "what goes on is reset");
}

static void
test_log(void)
{
	int named = 0;

	begin(GATE_FILTERED);
	for (int i = 1; i <= DENY_BURST + 100; i++) {
		from(40000, ADDR(1, 2, 3, 4), (uint16_t)i);
		tcp(SYN, 0);
		(void)out();
		named += nlogged;
	}
	ok(named == DENY_BURST && gate.denied == DENY_BURST + 100,
	    "so many lines at once");
	ok(out() == REPLY && !nlogged, "then none");
	gate.now += 1000;
	gate_tick(&gate);
	ok(strcmp(logged, "left out 101 lines") == 0, "those are counted");
	nlogged = 0;
	gate_tick(&gate);
	ok(!nlogged, "once");
	for (int i = named = 0; i < 2 * DENY_RATE; i++) {
		(void)out();
		named += nlogged;
	}
	ok(named == DENY_RATE, "and so many a second");
}

int
main(void)
{
	test_inbound(GATE_FILTERED);
	test_inbound(GATE_OPEN);
	test_outbound();
	test_again();
	test_to_guest();
	test_idle();
	test_full();
	test_cut();
	test_log();
	return tap_end();
}
