/* SPDX-License-Identifier: ISC */
/* gate: flows by name, from the question to the last byte. */
#include "net-name.h"

static void
test_names(void)
{
	uint32_t a, b;

	begin(GATE_FILTERED);
	a = ask_for("example.com", 1);
	ok(names_has(a) && strcmp(called, "example.com") == 0,
	    "a name gets an address, which is written down");
	b = ask_for("Example.COM", 1);
	ok(a == b && !*called, "once, however it is spelt");
	ok(ask_for("example.org", 1) != a, "another one another");
	ok(!ask_for("example.com", 28) && to_guest.count == 1,
	    "AAAA is answered, with none");
	ok(ask_for(GATE_HOST_NAME, 1) == LAN_HOST, "the host's is 10.0.2.2");
	ok(!nasked && !gate.flows.n && !gate.denied,
	    "nothing is asked upstream, nothing is a flow");
}

/* The flow from port 40000 to port 443 of a carries data. */
static void
carries(uint32_t a)
{
	struct frame r;

	from(40000, a, 443);
	by.seq = 501;
	by.ack = 101;
	tcp(ACK, 700);
	seal(50);
	ok(out() == PASS && frame_parse(&r, f.p, f.n) == 0 && r.dst == REAL &&
		r.ndata == 700 && is_sound(f.p, f.n),
	    "data goes the same way");
	f.p[50] ^= 1;
	from(40000, a, 443);
	tcp(ACK, 700);
	seal(50);
	f.p[50] ^= 1;
	ok(out() == PASS && !is_sound(f.p, f.n),
	    "a wrong checksum stays wrong");
	from(40000, a, 443);
	tcp(ACK, 0);
	f.p[15] = 0xb8;
	f.p[18] = 7;
	f.p[22] = 5;
	resum();
	seal(50);
	ok(out() == PASS && !f.p[15] && !f.p[18] && f.p[22] == 64 &&
		is_sound(f.p, f.n),
	    "what a header can hide stays here");
}

static void
test_tcp(void)
{
	uint32_t a;
	struct frame r;

	begin(GATE_FILTERED);
	rule_lines("allow tcp .example.com 443\n");
	a = ask_for("www.example.com", 1);
	call(40000, a, 443);
	ok(out() == DROP && nasked == 1 &&
		strcmp(asked, "www.example.com") == 0 && gate.flows.n == 1,
	    "the SYN is held, the name asked for");
	call(40000, a, 443);
	ok(out() == DROP && !nasked, "its repetition changes nothing");
	(void)snprintf(asked, sizeof asked, "www.example.com");
	leads_to(REAL, 0, 0);
	ok(to_stack.count == 1 &&
		frame_parse(&r, to_stack.p[0], to_stack.n[0]) == 0 &&
		r.src == LAN_INNER && r.sport == slot() && r.dst == REAL &&
		r.dport == 443 && r.seq == 500 && r.flags == SYN,
	    "then it goes to where the name leads, by a slot");
	ok(is_sound(to_stack.p[0], to_stack.n[0]), "its checksums are right");
	ok(strcmp(logged,
	       "allow rules:1 tcp www.example.com 93.184.216.34 443 - -") == 0,
	    "and is logged: %s", logged);
	back(REAL, 443);
	by.seq = 100;
	by.ack = 501;
	tcp(SYN | ACK, 0);
	seal(50);
	ok(in() == PASS && frame_parse(&r, f.p, f.n) == 0 && r.src == a &&
		r.sport == 443 && r.dst == LAN_LEASE && r.dport == 40000 &&
		is_sound(f.p, f.n),
	    "the answer comes from the name's address");
	carries(a);
	back(OTHER, 443);
	tcp(ACK, 10);
	ok(in() == REPLY && (answer.frame[47] & RST),
	    "nobody else can answer there");
	rule_lines("deny tcp .example.com *\n");
	forget();
	ok(gate_recheck(&gate) == 1 && to_guest.count == 1 &&
		to_stack.count == 1 && !gate.flows.n,
	    "a rule that denies it now cuts it");
	ok(strcmp(logged,
	       "allow rules:1 tcp www.example.com 93.184.216.34 443 1400 0") ==
		0,
	    "its end is logged: %s", logged);
}

static void
test_refused(void)
{
	uint32_t a;

	begin(GATE_FILTERED);
	rule_lines("allow tcp .example.com 443\n"
		   "deny tcp 93.184.216.35 *\n"
		   "allow tcp 1.1.1.1 443\n");
	a = ask_for("example.com", 1);
	call(40000, a, 80);
	ok(out() == REPLY && is_rst() && !nasked &&
		strcmp(logged, "deny mode tcp example.com - 80 - -") == 0,
	    "another port: refused at once, nothing asked");
	call(40000, ADDR(198, 18, 99, 99), 443);
	ok(out() == REPLY && is_rst() && strstr(logged, "deny unknown"),
	    "an address that no name has");
	call(40000, a, 443);
	(void)out();
	leads_to(0, 0, 0);
	ok(to_guest.count == 1 && !to_stack.count && !gate.flows.n &&
		strstr(logged, "deny no-address") != NULL,
	    "a name that leads nowhere");
	call(40000, a, 443);
	(void)out();
	leads_to(ADDR(127, 0, 0, 1), ADDR(169, 254, 169, 254), 0);
	ok(to_guest.count == 1 && !to_stack.count &&
		strstr(logged, "deny loopback") != NULL,
	    "a name that leads home: %s", logged);
	call(40000, a, 443);
	(void)out();
	leads_to(REAL, 0, 1);
	ok(!to_stack.count && strstr(logged, "deny own") != NULL,
	    "or to one of this machine's addresses: %s", logged);
	call(40000, a, 443);
	(void)out();
	leads_to(OTHER, 0, 0);
	ok(!to_stack.count && strstr(logged, "deny rules:2") != NULL,
	    "or to one that a rule denies: %s", logged);
	call(40000, a, 443);
	(void)out();
	leads_to(ADDR(10, 0, 0, 1), REAL, 0);
	ok(to_stack.count == 1, "the good one of two is taken");
	call(40004, a, 443);
	(void)out();
	gate.crowded = 1;
	leads_to(REAL, 0, 0);
	ok(!to_stack.count && strstr(logged, "deny full") != NULL,
	    "none when the stack has been crowded meanwhile: %s", logged);
}

static void
test_address(void)
{
	uint32_t a;

	begin(GATE_FILTERED);
	rule_lines("allow tcp .example.com 443\nallow tcp 1.1.1.1 443\n");
	a = ask_for("example.com", 1);
	call(40001, ADDR(1, 1, 1, 1), 443);
	ok(out() == DROP && strcmp(asked, "1.1.1.1") == 0,
	    "an address is asked for too");
	leads_to(ADDR(1, 1, 1, 1), 0, 1);
	ok(to_stack.count == 1, "a rule that names it is enough");
	gate.policy.mode = MODE_ALLOW;
	call(40003, ADDR(1, 1, 1, 2), 443);
	(void)out();
	leads_to(ADDR(1, 1, 1, 2), 0, 1);
	ok(!to_stack.count && strstr(logged, "deny own") != NULL,
	    "the mode is not, when it is one of our own");
	call(40002, a, 443);
	(void)out();
	gate.now += 31000;
	gate_tick(&gate);
	ok(gate.flows.n == 1, "what is not answered is given up");
}

/* What libslirp would take to this machine, or to its name server. */
static void
test_inside(void)
{
	static const uint32_t inside[] = { LAN_HOST, LAN_DNS, LAN_INNER,
		LAN_LEASE, ADDR(10, 0, 2, 0), ADDR(10, 0, 2, 255) };
	struct cidr ten;
	struct why why;
	uint32_t a = 0;
	int dialled = 0;

	begin(GATE_FILTERED);
	rule_lines("allow tcp one.test *\n"
		   "allow tcp two.test * to=10.0.0.0/8\n");
	ok(cidr_parse(&ten, "10.0.0.0/8", &why) == 0, "with 10.0.0.0/8 open,");
	gate.policy.private_ok = &ten;
	gate.policy.nprivate = 1;
	for (int two = 0; two < 2; two++) {
		a = ask_for(two ? "two.test" : "one.test", 1);
		for (size_t i = 0; i < LEN(inside); i++) {
			call((uint16_t)(40000 + i), a, 8080);
			(void)out();
			leads_to(inside[i], 0, 0);
			dialled += to_stack.count;
		}
	}
	ok(!dialled && strstr(logged, "deny own") != NULL,
	    "a name that leads into the guest's own network: %s", logged);
	call(41000, a, 8080);
	(void)out();
	leads_to(ADDR(10, 0, 3, 1), 0, 0);
	ok(to_stack.count == 1, "but into the one beside it");
}

static void
test_next(void)
{
	uint16_t first;
	uint32_t a;

	begin(GATE_FILTERED);
	rule_lines("allow tcp example.com 443\n");
	a = ask_for("example.com", 1);
	call(40000, a, 443);
	(void)out();
	leads_to(REAL, OTHER, 0);
	first = slot();
	back(REAL, 443);
	by.seq = 0;
	by.ack = 501;
	tcp(RST | ACK, 0);
	ok(in() == REPLY && slot() != first && to_stack.p[0][33] == 35 &&
		!to_guest.count,
	    "the first refuses: the second is tried");
	back(OTHER, 443);
	tcp(RST | ACK, 0);
	ok(in() == PASS && gate.flows.n == 0 && (f.p[47] & RST),
	    "it too: so is the guest");

	call(40000, a, 443);
	(void)out();
	leads_to(REAL, OTHER, 0);
	first = slot();
	gate.now += GATE_RETRY_MS - 1;
	forget();
	gate_tick(&gate);
	ok(!to_stack.count, "the first says nothing");
	gate.now += 300;
	gate_tick(&gate);
	ok(to_stack.count == 1 && slot() != first, "3 s: the second");
	back(REAL, 443);
	by.dport = first;
	by.seq = 7;
	by.ack = 501;
	tcp(SYN | ACK, 0);
	ok(in() == REPLY && (answer.frame[47] & RST) && !to_guest.count,
	    "late, the first is refused");
	back(OTHER, 443);
	tcp(SYN | ACK, 0);
	ok(in() == PASS && gate.flows.n == 1, "the second goes on");

	a = ask_for("example.com", 1);
	call(40001, a, 443);
	(void)out();
	leads_to(REAL, OTHER, 0);
	rule_lines("allow tcp example.com 443\ndeny tcp 93.184.216.35 *\n");
	ok(gate_recheck(&gate) == 1 && gate.flows.n == 1,
	    "a rule that denies the second cuts what is there");
	gate.now += GATE_RETRY_MS + 300;
	forget();
	gate_tick(&gate);
	ok(!to_stack.count, "and it is not tried any more");
}

/* Two names at one address, and one port of the guest's. */
static void
test_twins(void)
{
	uint32_t a, b;
	uint16_t one, two;

	begin(GATE_FILTERED);
	rule_lines("allow * * *\n");
	a = ask_for("a.test", 1);
	b = ask_for("b.test", 1);
	call(40000, a, 80);
	(void)out();
	leads_to(REAL, 0, 0);
	one = slot();
	call(40000, b, 80);
	(void)out();
	leads_to(REAL, 0, 0);
	two = slot();
	ok(one != two && gate.flows.n == 2, "are two flows");
	back(REAL, 80);
	by.dport = one;
	tcp(SYN | ACK, 0);
	ok(in() == PASS && f.p[29] == (a & 255), "that are told apart");
	call(40000, a, 80);
	by.seq = 9000;
	tcp(SYN, 0);
	ok(out() == PASS && (f.p[47] & RST) && nasked == 1,
	    "a guest that begins anew has forgotten the old one");
}

/* An ICMP error about the flow begun last, to a. */
static void
test_error(uint32_t a)
{
	struct frame r, q;

	by.src = LAN_HOST;
	by.dst = LAN_INNER;
	memset(f.p + 34, 0, 36);
	f.p[34] = 3;
	f.p[35] = 3;
	f.p[42] = 0x45;
	f.p[51] = FRAME_UDP;
	put32(f.p + 54, LAN_INNER);
	put32(f.p + 58, REAL);
	put16(f.p + 62, slot());
	put16(f.p + 64, 123);
	ip(FRAME_ICMP, 36);
	ok(in() == PASS && frame_parse(&r, f.p, f.n) == 0 && r.icmp == 3 &&
		r.code == 3 && frame_quoted(&q, &r) == 0 &&
		q.src == LAN_LEASE && q.dst == a && q.sport == 5000 &&
		q.dport == 123 && is_sound(f.p, f.n),
	    "an error is told of the guest's own packet");
}

static void
test_udp(void)
{
	struct frame r;
	uint8_t rest[100];
	uint32_t a;

	begin(GATE_FILTERED);
	rule_lines("allow udp ntp.test 123\n");
	a = ask_for("ntp.test", 1);
	from(5000, a, 123);
	udp(48);
	ok(out() == DROP && nasked == 1, "the first datagram waits");
	leads_to(REAL, 0, 0);
	ok(to_stack.count == 1 &&
		frame_parse(&r, to_stack.p[0], to_stack.n[0]) == 0 &&
		r.dst == REAL && r.sport == slot() && r.ndata == 48,
	    "and goes on");
	back(REAL, 123);
	udp(48);
	seal(40);
	ok(in() == PASS && is_sound(f.p, f.n) && f.p[29] == (a & 255),
	    "so does its answer");
	back(REAL, 123);
	udp(600);
	f.p[20] = 0x20;
	f.p[18] = 7;
	resum();
	ok(in() == PASS && f.p[29] == (a & 255), "a fragment");
	back(REAL, 123);
	udp(100);
	f.p[20] = 0;
	f.p[21] = 76;
	f.p[18] = 7;
	resum();
	memcpy(rest, f.p + 34, sizeof rest);
	ok(in() == PASS && f.p[29] == (a & 255) &&
		memcmp(rest, f.p + 34, sizeof rest) == 0,
	    "and the rest, which has no ports");
	back(REAL, 123);
	f.p[18] = 8;
	udp(100);
	f.p[21] = 76;
	f.p[18] = 8;
	resum();
	ok(in() == DROP, "the rest of another one does not");
	test_error(a);
}

static void
test_ping(void)
{
	uint32_t a;

	begin(GATE_FILTERED);
	rule_lines("allow icmp ping.test *\n");
	a = ask_for("ping.test", 1);
	from(0, a, 0);
	icmp(8, 0);
	put16(f.p + 38, 77);
	put16(f.p + 40, 1);
	ip(FRAME_ICMP, 16);
	seal(36);
	ok(out() == DROP && nasked == 1, "a ping waits");
	leads_to(REAL, 0, 0);
	ok(to_stack.count == 1 && is_sound(to_stack.p[0], to_stack.n[0]) &&
		to_stack.p[0][38] << 8 == (slot() & 0xff00),
	    "and goes, by a slot");
	by.src = REAL;
	by.dst = LAN_INNER;
	icmp(0, 0);
	put16(f.p + 38, slot());
	seal(36);
	ok(in() == PASS && f.p[39] == 77 && !f.p[38] && f.p[29] == (a & 255) &&
		is_sound(f.p, f.n),
	    "its answer has the guest's number");
}

static void
test_host(void)
{
	begin(GATE_FILTERED);
	call(40000, LAN_HOST, 5432);
	ok(out() == REPLY && is_rst(), "this machine: no");
	rule_lines("allow tcp host 5432\n");
	call(40000, LAN_HOST, 5432);
	ok(out() == PASS && f.p[30] == 127 && f.p[33] == 1 && !nasked &&
		strstr(logged,
		    "allow rules:1 tcp " GATE_HOST_NAME " 127.0.0.1 5432"),
	    "unless a rule says so: %s", logged);
	gate.policy.mode = MODE_ALLOW;
	rule_lines("");
	call(40001, LAN_HOST, 5432);
	ok(out() == REPLY && is_rst(), "the mode does not");
	call(40001, ADDR(192, 168, 1, 1), 80);
	ok(out() == REPLY && is_rst() && strstr(logged, "deny private"),
	    "nor opens private networks");
}

int
main(void)
{
	test_names();
	test_tcp();
	test_refused();
	test_address();
	test_inside();
	test_next();
	test_twins();
	test_udp();
	test_ping();
	test_host();
	return tap_end();
}
