/* SPDX-License-Identifier: ISC */
/*
 * gate: what passes, what is dropped and what is refused, and a guest that
 * sends noise.
 */
#include "net-make.h"

static void
syn(void)
{
	from(40000, ADDR(93, 184, 216, 34), 443);
	tcp(SYN, 0);
}

static void
syn_data(void)
{
	from(40000, ADDR(93, 184, 216, 34), 443);
	tcp(SYN, 10);
}

static void
syn_all(void)
{
	from(40000, UINT32_MAX, 443);
	tcp(SYN, 0);
}

static void
syn_subnet(void)
{
	from(40000, ADDR(10, 0, 2, 255), 443);
	tcp(SYN, 0);
}

static void
to_everybody(void)
{
	syn();
	memset(f.p, 255, 6);
}

static void
datagram(void)
{
	from(40000, ADDR(93, 184, 216, 34), 5353);
	udp(5);
}

static void
udp_all(void)
{
	from(40000, UINT32_MAX, 137);
	udp(5);
	memset(f.p, 255, 6);
}

static void
tftp(void)
{
	from(40000, LAN_HOST, 69);
	udp(5);
}

static void
ping(void)
{
	from(0, ADDR(93, 184, 216, 34), 0);
	icmp(8, 0);
}

static void
discover(void)
{
	dhcp(0, UINT32_MAX);
}

static void
discover_short(void)
{
	dhcp(0, UINT32_MAX);
	udp(200);
	memset(f.p, 255, 6);
}

static void
ask(void)
{
	arp(1, LAN_LEASE, LAN_HOST);
}

static void
tell(void)
{
	arp(2, LAN_LEASE, LAN_HOST);
}

static void
ncsi(void)
{
	ask();
	put16(f.p + 12, 0x88f8);
}

static void
empty(void)
{
	f.n = 0;
}

static void
cut_short(void)
{
	syn();
	f.n = 33;
}

enum { CHECKSUM = 24, NOWHERE = sizeof f.p - 1 };

/* A frame with one byte changed; all are dropped in both modes. */
static const struct {
	const char *name;
	void (*make)(void);
	size_t at;
	uint8_t value;
} hostile[] = {
	{ "an empty frame", empty, NOWHERE, 0 },
	{ "a short frame", cut_short, NOWHERE, 0 },
	{ "a strange source MAC", syn, 11, 0x57 },
	{ "a multicast source MAC", syn, 6, 0x53 },
	{ "to another MAC", syn, 0, 2 },
	{ "to the broadcast MAC", to_everybody, NOWHERE, 0 },
	{ "VLAN", syn, 12, 0x81 },
	{ "IPv6", syn, 12, 0x86 },
	{ "NC-SI", ncsi, NOWHERE, 0 },
	{ "options", syn, 14, 0x46 },
	{ "a length past the frame", syn, 17, 200 },
	{ "a length below the header", syn, 17, 19 },
	{ "a first fragment", syn, 20, 0x20 },
	{ "a first fragment of UDP", datagram, 20, 0x20 },
	{ "the evil bit", syn, 20, 0x80 },
	{ "a later fragment", syn, 21, 1 },
	{ "TTL 0", syn, 22, 0 },
	{ "GRE", syn, 23, 47 },
	{ "IP in IP", syn, 23, 4 },
	{ "SCTP", syn, 23, 132 },
	{ "IGMP", syn, 23, 2 },
	{ "a wrong header checksum", syn, CHECKSUM, 0 },
	{ "a spoofed source", syn, 26, 1 },
	{ "from loopback", syn, 26, 127 },
	{ "from the gateway", syn, 29, 2 },
	{ "to 127/8", syn, 30, 127 },
	{ "to 0/8", syn, 30, 0 },
	{ "to multicast", syn, 30, 224 },
	{ "to class E", syn, 30, 250 },
	{ "to 255.255.255.255", syn_all, NOWHERE, 0 },
	{ "to the subnet's broadcast", syn_subnet, NOWHERE, 0 },
	{ "no flags", syn, 47, 0 },
	{ "FIN alone", syn, 47, FIN },
	{ "SYN and FIN", syn, 47, SYN | FIN },
	{ "SYN and RST", syn, 47, SYN | RST },
	{ "SYN and URG", syn, 47, SYN | URG },
	{ "all flags", syn, 47, 0x3f },
	{ "SYN with data", syn_data, NOWHERE, 0 },
	{ "UDP to everybody", udp_all, NOWHERE, 0 },
	{ "mDNS", datagram, 30, 224 },
	{ "TFTP", tftp, NOWHERE, 0 },
	{ "UDP longer than it says", datagram, 39, 12 },
	{ "a ping with a code", ping, 35, 7 },
	{ "an echo reply", ping, 34, 0 },
	{ "an ICMP redirect", ping, 34, 5 },
	{ "an ICMP timestamp", ping, 34, 13 },
	{ "DHCP of another client", discover, 42 + 33, 0x57 },
	{ "DHCP from another port", discover, 35, 67 },
	{ "DHCP from elsewhere", discover, 26, 1 },
	{ "DHCP cut short", discover_short, NOWHERE, 0 },
	{ "a DHCP reply", discover, 42, 2 },
	{ "ARP from another MAC", ask, 27, 0x57 },
	{ "ARP of another address", ask, 31, 16 },
	{ "ARP of the gateway's", ask, 31, 2 },
	{ "an ARP reply for the gateway", tell, 31, 2 },
	{ "RARP", ask, 21, 3 },
};

static void
test_hostile(enum gate_net mode)
{
	for (size_t i = 0; i < LEN(hostile); i++) {
		begin(mode);
		hostile[i].make();
		f.p[hostile[i].at] = hostile[i].value;
		if (f.p[12] == 8 && f.p[13] == 0 && hostile[i].at != CHECKSUM)
			resum();
		ok(out() == DROP && !gate.out, "%s", hostile[i].name);
	}
}

static void
test_always(enum gate_net mode)
{
	begin(mode);
	arp(1, LAN_LEASE, LAN_HOST);
	ok(out() == PASS, "ARP request passes");
	arp(1, 0, LAN_LEASE);
	ok(out() == PASS, "ARP probe passes");
	arp(2, LAN_LEASE, LAN_HOST);
	ok(out() == PASS, "ARP reply passes");
	dhcp(0, UINT32_MAX);
	ok(out() == PASS, "DHCP from nowhere passes");
	dhcp(LAN_LEASE, LAN_HOST);
	ok(out() == PASS, "DHCP renewal passes");
	from(0, LAN_HOST, 0);
	icmp(8, 0);
	f.n += 6;
	ok(out() == PASS && f.n == 50, "ping passes, its trailer not");
	from(40000, ADDR(1, 2, 3, 4), 80);
	tcp(ACK, 0);
	ok(out() == REPLY && is_rst(), "a stray segment is reset");
	tcp(RST, 0);
	ok(out() == DROP, "a stray RST is not answered");
	ok(gate.denied == 0, "nothing of this is a denial");
}

static void
test_filtered(void)
{
	begin(GATE_FILTERED);
	from(40000, ADDR(1, 2, 3, 4), 443);
	tcp(SYN, 0);
	ok(out() == REPLY && is_rst() &&
		strcmp(logged, "deny mode tcp - 1.2.3.4 443 - -") == 0,
	    "TCP");
	ok(out() == REPLY && is_rst() && *logged, "each time");
	from(40000, LAN_HOST, 22);
	tcp(SYN, 0);
	ok(out() == REPLY && is_rst(), "TCP to the host");
	from(40000, LAN_DNS, 54);
	udp(30);
	ok(out() == REPLY && is_icmp(3) &&
		strcmp(logged, "deny unknown udp - 10.0.2.3 54 - -") == 0,
	    "UDP");
	from(0, LAN_DNS, 0);
	icmp(8, 0);
	ok(out() == REPLY && is_icmp(13) &&
		strcmp(logged, "deny unknown icmp - 10.0.2.3 - - -") == 0,
	    "ping elsewhere");
	ok(gate.flows.n == 0 && gate.denied == 5, "five denials, no flow");
	gate.policy.mode = MODE_ALLOW;
	from(40000, ADDR(1, 2, 3, 4), 0);
	tcp(SYN, 0);
	ok(out() == REPLY && is_rst() &&
		str_starts(logged, "deny unknown tcp "),
	    "port 0, whatever is allowed");
}

static void
test_open(void)
{
	begin(GATE_OPEN);
	from(40000, ADDR(1, 2, 3, 4), 443);
	tcp(SYN, 0);
	ok(out() == PASS && gate.flows.n == 1, "TCP passes");
	from(40000, ADDR(1, 2, 3, 4), 443);
	tcp(SYN, 0);
	ok(out() == DROP && gate.flows.n == 1, "its SYN again is not needed");
	from(40000, LAN_HOST, 22);
	tcp(SYN, 0);
	ok(out() == PASS, "TCP to the host passes");
	from(40000, LAN_DNS, 53);
	udp(30);
	ok(out() == PASS, "DNS passes");
	back(LAN_DNS, 53);
	udp(30);
	ok(in() == PASS, "and its answer");
	back(ADDR(6, 6, 6, 6), 53);
	udp(30);
	ok(in() == DROP, "and nobody else's");
	from(0, ADDR(1, 2, 3, 4), 0);
	icmp(8, 0);
	ok(out() == PASS, "ping passes");
	from(40000, ADDR(10, 0, 2, 99), 80);
	tcp(SYN, 0);
	ok(out() == REPLY && is_rst(), "a neighbour that is none");
	gate.crowded = 1;
	from(40001, ADDR(1, 2, 3, 4), 443);
	tcp(SYN, 0);
	ok(out() == REPLY && is_rst(), "crowded: TCP is refused");
	udp(5);
	ok(out() == REPLY && is_icmp(3), "crowded: UDP is refused");
	from(0, ADDR(1, 2, 3, 5), 0);
	icmp(8, 0);
	ok(out() == REPLY && is_icmp(13), "crowded: ping is refused");
	from(40000, ADDR(1, 2, 3, 4), 443);
	tcp(ACK, 0);
	ok(out() == PASS, "crowded: what is there goes on");
}

static uint32_t
noise(void)
{
	static uint64_t x = 0x1234567;

	x = x * 6364136223846793005ULL + 1442695040888963407ULL;
	return (uint32_t)(x >> 33);
}

/* What a filtered gate may pass, told without frame_parse. */
static int
is_harmless(void)
{
	uint32_t dst = (uint32_t)f.p[30] << 24 | (uint32_t)f.p[31] << 16 |
	    (uint32_t)f.p[32] << 8 | f.p[33];

	if (memcmp(f.p + 6, guest, 6) != 0)
		return 0;
	if (f.p[12] == 8 && f.p[13] == 6)
		return memcmp(f.p + 22, guest, 6) == 0;
	if (f.p[14] != 0x45 || (f.p[20] & 0xbf) || f.p[21])
		return 0;
	if (f.p[23] == FRAME_ICMP)
		return dst == LAN_HOST && f.p[34] == 8;
	if (f.p[23] == FRAME_UDP && f.p[36] == 0 && f.p[37] == 67)
		return dst == LAN_HOST || dst == UINT32_MAX;
	return dst == LAN_HOST && f.p[35] == 22 + 31 * (f.p[23] != 6) &&
	    (f.p[23] == FRAME_UDP || !(f.p[47] & SYN) || (f.p[47] & ACK));
}

static void
one_noise(uint32_t i)
{
	uint32_t addr = i % 3 ? LAN_HOST : noise();

	from(i % 2 ? 22 : (uint16_t)noise(), addr,
	    i % 4 ? 3000 : (uint16_t)noise());
	if (i % 7 == 0)
		tcp((int)(noise() & 0x3f), noise() % 100);
	else if (i % 7 == 1) {
		by.sport = 53;
		by.dport = 4000;
		udp(noise() % 100);
	} else if (i % 7 == 2)
		discover();
	else if (i % 7 == 3)
		arp((uint16_t)(1 + noise() % 2), LAN_LEASE, LAN_HOST);
	else if (i % 7 == 4)
		icmp(8, 0);
	else
		tcp(ACK, noise() % 100);
	for (uint32_t k = noise() % 4; k-- > 0;)
		f.p[noise() % (f.n < 80 ? f.n : 80)] = (uint8_t)noise();
	if (noise() % 2 && f.p[12] == 8 && !f.p[13])
		resum();
	if (noise() % 16 == 0)
		f.n = noise() % (f.n + 1);
}

static void
test_noise(enum gate_net mode)
{
	long counts[3] = { 0 };
	int bad = 0;

	begin(mode);
	inbound(3000);
	to(53, LAN_HOST, 4000);
	udp(5);
	(void)in();
	for (uint32_t i = 0; i < 100000; i++) {
		enum done v;
		struct frame r;

		one_noise(i);
		v = out();
		counts[v]++;
		if (v == PASS && mode == GATE_FILTERED)
			bad += !is_harmless();
		if (v == REPLY)
			bad += frame_parse(&r, answer.frame, answer.n) < 0;
		bad += gate.flows.n > FLOW_MAX;
		if (i % 50 == 0)
			inbound(3000);
	}
	ok(!bad, "100000 frames of noise: nothing that should not pass");
	ok(counts[PASS] > 1000 && counts[DROP] > 1000 && counts[REPLY] > 1000,
	    "and of each verdict many");
}

int
main(void)
{
	for (int i = GATE_FILTERED; i <= GATE_OPEN; i++) {
		test_hostile((enum gate_net)i);
		test_always((enum gate_net)i);
		test_noise((enum gate_net)i);
	}
	test_filtered();
	test_open();
	return tap_end();
}
