/* SPDX-License-Identifier: ISC */
/* wall-ways.h: the ways out that wall-attack-peer tries, and what is to be
 * seen of each. */
#ifndef XRAY_WALL_WAYS_H
#define XRAY_WALL_WAYS_H

const char *way_tcp(const char *arg);
const char *way_udp(const char *arg);
const char *way_ask(const char *server);
const char *way_ask_tcp(const char *server);
const char *way_exfiltrate(const char *domain);
const char *way_odd_name(const char *name);
const char *way_name_tcp(const char *arg);
const char *way_name_udp(const char *arg);
const char *way_name_ping(const char *arg);
const char *way_sweep_tcp(const char *addr);
const char *way_sweep_udp(const char *addr);
const char *way_frames(const char *specs);
const char *way_flood_names(const char *domain);
const char *way_flood_flows(const char *kind);
const char *way_flood_allowed(const char *spec);
const char *way_rebind(const char *arg);

struct way {
	const char *name;
	const char *(*go)(const char *arg);
	const char *arg, *want;
};

/* What is to be seen. */
#define NO "refused"
#define MUTE "silent"
#define OURS "told by our resolver"
#define NOTHING "told nothing"

#define SYN6 "to6=2001:4860:77::1 "

/* What is in the middle of QUIC's, NTP's, SNMP's ports is of no account. */
static const struct way ways[] = {
	/* Somebody else's resolver. */
	{ "DNS to 1.1.1.1", way_ask, "1.1.1.1", OURS },
	{ "DNS to 8.8.8.8", way_ask, "8.8.8.8", OURS },
	{ "DNS to a machine of the LAN", way_ask, "192.168.7.7", OURS },
	{ "DNS to the host's resolver by 10.0.2.3", way_ask, "10.0.2.3", OURS },
	{ "DNS over TCP to 1.1.1.1", way_ask_tcp, "1.1.1.1", NO },
	{ "DNS over TCP to 8.8.8.8", way_ask_tcp, "8.8.8.8", NO },
	{ "DNS over TCP to 10.0.2.3", way_ask_tcp, "10.0.2.3", NO },
	{ "DNS over TLS", way_tcp, "1.1.1.1:853", NO },
	{ "DNS over HTTPS", way_tcp, "8.8.8.8:443", NO },
	{ "DNS over QUIC", way_udp, "1.1.1.1:853", NO },
	{ "data in names", way_exfiltrate, "exfil.example", OURS },
	{ "multicast DNS", way_udp, "224.0.0.251:5353", MUTE },
	{ "LLMNR", way_udp, "224.0.0.252:5355", MUTE },
	{ "NetBIOS names", way_udp, "10.0.2.255:137", MUTE },

	/* The plain ways. */
	{ "TCP to port 80", way_tcp, "93.184.216.34:80", NO },
	{ "TCP to port 22", way_tcp, "93.184.216.34:22", NO },
	{ "TCP to port 65535", way_tcp, "1.1.1.1:65535", NO },
	{ "TCP to a port no rule has", way_tcp, "93.184.215.14:7778", NO },
	{ "TCP to a name no rule has", way_name_tcp, "example.com:443", NO },
	{ "TCP to a name that ends like one", way_name_tcp, "evilin.example:80",
	    NO },
	{ "TCP to a name that begins like one", way_name_tcp,
	    "in.example.evil.test:80", NO },
	{ "UDP", way_udp, "93.184.216.34:4000", NO },
	{ "UDP to a name", way_name_udp, "example.com:4000", NO },
	{ "UDP to an address with a rule for TCP", way_udp,
	    "93.184.215.14:7777", NO },
	{ "QUIC", way_udp, "8.8.8.8:443", NO },
	{ "NTP", way_udp, "93.184.216.34:123", NO },
	{ "WireGuard", way_udp, "93.184.216.34:51820", NO },
	{ "ping", way_frames, "icmp dst=8.8.8.8 data=40", NO },
	{ "ping of a name", way_name_ping, "example.com", NO },
	{ "a tunnel in pings", way_frames, "icmp dst=1.1.1.1 data=1200", NO },

	/* Machines near the host, and the host. */
	{ "metadata", way_tcp, "169.254.169.254:80", NO },
	{ "metadata by UDP", way_udp, "169.254.169.254:80", NO },
	{ "metadata of another cloud", way_tcp, "100.100.100.200:80", NO },
	{ "metadata of a third", way_tcp, "168.63.129.16:80", NO },
	{ "link-local", way_tcp, "169.254.1.1:80", NO },
	{ "10.0.0.0/8", way_tcp, "10.1.2.3:80", NO },
	{ "172.16.0.0/12", way_tcp, "172.16.5.5:80", NO },
	{ "192.168.0.0/16", way_tcp, "192.168.7.7:445", NO },
	{ "100.64.0.0/10", way_tcp, "100.64.1.1:80", NO },
	{ "the host's own address", way_tcp, "93.184.217.2:80", NO },
	{ "the host's own address by UDP", way_udp, "93.184.217.2:4000", NO },
	{ "ping of the host's own address", way_frames, "icmp dst=93.184.217.2",
	    NO },
	{ "class E", way_tcp, "240.0.0.1:80", MUTE },
	{ "documentation", way_tcp, "192.0.2.1:80", NO },
	{ "10.0.2.2, 20 ports", way_sweep_tcp, "10.0.2.2", NO },
	{ "10.0.2.2 by UDP", way_udp, "10.0.2.2:4000", NO },
	{ "10.0.2.3, 20 ports", way_sweep_tcp, "10.0.2.3", NO },
	{ "10.0.2.3 by UDP", way_udp, "10.0.2.3:4000", NO },
	{ "10.0.2.14, the inner side", way_frames,
	    "dst=10.0.2.14 dport=22;dst=10.0.2.14 dport=80", NO },
	{ "10.0.2.100, beside the proxy", way_frames,
	    "dst=10.0.2.100 dport=1081", NO },
	{ "10.0.2.4, SMB of QEMU", way_frames,
	    "dst=10.0.2.4 dport=139;dst=10.0.2.4 dport=445", NO },
	{ "TFTP of QEMU", way_udp, "10.0.2.2:69", MUTE },

	/* The host's loopback. */
	{ "frames to 127.0.0.1", way_frames,
	    "dst=127.0.0.1 dport=80;udp dst=127.0.0.1 dport=80 data=3", MUTE },
	{ "frames to 127.0.0.53", way_frames,
	    "udp dst=127.0.0.53 dport=53 data=20", MUTE },
	{ "frames to 127.255.255.254", way_frames,
	    "dst=127.255.255.254 dport=80", MUTE },
	{ "frames to 0.0.0.0", way_frames,
	    "dst=0.0.0.0 dport=80;udp dst=0.0.0.0 dport=80 data=3", MUTE },
	{ "frames to 0.0.0.1", way_frames, "dst=0.0.0.1 dport=80", MUTE },
	{ "frames to 255.255.255.255", way_frames,
	    "dst=255.255.255.255 dport=80;"
	    "udp dst=255.255.255.255 dport=80 data=3",
	    MUTE },
	{ "the name localhost", way_name_tcp, "localhost:80", NO },
	{ "the name localhost.", way_name_tcp, "localhost.:80", NO },
	{ "the name LOCALHOST", way_name_tcp, "LOCALHOST:80", NO },
	{ "the name ip6-localhost", way_name_tcp, "ip6-localhost:80", NO },
	{ "the name 127.1", way_name_tcp, "127.1:80", NOTHING },
	{ "the name 127.0.0.1", way_name_tcp, "127.0.0.1:80", NOTHING },
	{ "the name 0", way_name_tcp, "0:80", NOTHING },
	{ "the name 2130706433", way_name_tcp, "2130706433:80", NOTHING },
	{ "the name 0x7f000001", way_name_tcp, "0x7f000001:80", NOTHING },
	{ "the name 0177.0.0.1", way_name_tcp, "0177.0.0.1:80", NOTHING },
	{ "the name host.xray.internal", way_name_tcp, "host.xray.internal:80",
	    NO },

	/* Names that a rule allows, and that lead inside. */
	{ "a name for 127.0.0.1", way_name_tcp, "loop.in.example:80", NO },
	{ "the same by UDP", way_name_udp, "loop.in.example:4000", NO },
	{ "the same by ping", way_name_ping, "loop.in.example", NO },
	{ "a name for 127.0.0.53", way_name_udp, "stub.in.example:5353", NO },
	{ "a name for 0.0.0.0", way_name_tcp, "zero.in.example:80", NO },
	{ "a name for ::ffff:127.0.0.1", way_name_tcp, "mapped.in.example:80",
	    NO },
	{ "a name for ::1", way_name_tcp, "six.in.example:80", NO },
	{ "a name for metadata", way_name_tcp, "meta.in.example:80", NO },
	{ "a name for 10.1.2.3", way_name_tcp, "ten.in.example:80", NO },
	{ "a name for 172.16.5.5", way_name_tcp, "b.in.example:80", NO },
	{ "a name for 192.168.7.7", way_name_tcp, "lan.in.example:80", NO },
	{ "a name for 100.64.1.1", way_name_tcp, "cgn.in.example:80", NO },
	{ "a name for the host's own address", way_name_tcp,
	    "own.in.example:80", NO },
	{ "a name for a broadcast", way_name_udp, "all.in.example:80", NO },
	{ "a name for a multicast address", way_name_udp, "many.in.example:80",
	    NO },
	{ "a name for 198.18.1.1", way_name_tcp, "ring.in.example:80", NO },
	{ "a name for 10.0.2.2", way_name_tcp, "qemu.in.example:80", NO },
	{ "a name that leads inside by DNS", way_name_tcp, "dns.in.example:80",
	    NO },

	/* Frames to where all is allowed, but not like this. */
	{ "a forged address", way_frames, "src=1.2.3.4", MUTE },
	{ "the address of the inner side", way_frames, "src=10.0.2.14", MUTE },
	{ "the address of the gateway", way_frames, "src=10.0.2.2", MUTE },
	{ "a loopback address as source", way_frames, "src=127.0.0.1", MUTE },
	{ "forged, by UDP", way_frames, "udp src=10.0.2.16 data=3", MUTE },
	{ "a forged MAC", way_frames, "mac=525400aabbcc", MUTE },
	{ "the gateway's MAC", way_frames, "mac=52550a000202", MUTE },
	{ "a broadcast as source MAC", way_frames, "mac=ffffffffffff", MUTE },
	{ "to a MAC of nobody", way_frames, "dmac=020000000001", MUTE },
	{ "to all MACs", way_frames, "dmac=ffffffffffff", MUTE },
	{ "VLAN 1", way_frames, "vlan=1", MUTE },
	{ "VLAN 0", way_frames, "vlan=0", MUTE },
	{ "two fragments", way_frames,
	    "udp data=24 off=0x2000 cutto=16;udp data=24 off=2 cut=16", MUTE },
	{ "a tiny first fragment", way_frames, "off=0x2000 cutto=8;off=1 cut=8",
	    MUTE },
	{ "fragments that overlap", way_frames,
	    "off=0x2000 cutto=16;off=1 cut=8", MUTE },
	{ "a last fragment alone", way_frames, "udp data=24 off=2 cut=16",
	    MUTE },
	{ "IP options: no operation", way_frames, "opt=01010101", MUTE },
	{ "IP options: loose source route", way_frames, "opt=8307045db8d82200",
	    MUTE },
	{ "IP options: record route", way_frames, "opt=0707040000000000",
	    MUTE },
	{ "the evil bit", way_frames, "off=0x8000", MUTE },
	{ "time to live 0", way_frames, "ttl=0", MUTE },
	{ "IP version 6 in an IP packet of 4", way_frames, "ver=6", MUTE },
	{ "a header of 16 bytes", way_frames, "ihl=4", MUTE },
	{ "a header of 60 bytes", way_frames, "ihl=15", MUTE },
	{ "a length beyond the frame", way_frames, "len=1500", MUTE },
	{ "a length within the header", way_frames, "len=19", MUTE },
	{ "a wrong IP checksum", way_frames, "badip=1", MUTE },
	{ "a wrong TCP checksum", way_frames, "dst=1.1.1.1 bad=1", NO },
	{ "a UDP length too long", way_frames, "udp data=8 ulen=64", MUTE },
	{ "a UDP length too short", way_frames, "udp data=8 ulen=4", MUTE },
	{ "a TCP header beyond the packet", way_frames, "doff=15", MUTE },
	{ "a TCP header of 16 bytes", way_frames, "doff=4", MUTE },
	{ "a frame cut short", way_frames, "short=30", MUTE },
	{ "a frame of a head", way_frames, "short=14", MUTE },
	{ "SYN with data", way_frames, "data=40", MUTE },
	{ "SYN+FIN", way_frames, "flags=3", MUTE },
	{ "SYN+RST", way_frames, "flags=6", MUTE },
	{ "SYN+URG", way_frames, "flags=0x22", MUTE },
	{ "SYN+ACK", way_frames, "flags=0x12", NO },
	{ "ACK", way_frames, "flags=0x10", NO },
	{ "FIN+ACK with data", way_frames, "flags=0x11 data=40", NO },
	{ "FIN", way_frames, "flags=1", MUTE },
	{ "RST with data", way_frames, "flags=4 data=40", MUTE },
	{ "no flag", way_frames, "flags=0", MUTE },
	{ "all flags", way_frames, "flags=0xff", MUTE },
	{ "ICMP: time stamp", way_frames, "icmp=13 icmp data=12", MUTE },
	{ "ICMP: mask", way_frames, "icmp icmp=17 data=4", MUTE },
	{ "ICMP: redirect", way_frames, "icmp icmp=5 data=28", MUTE },
	{ "ICMP: unreachable, with data", way_frames, "icmp icmp=3 data=60",
	    MUTE },
	{ "ICMP: an answer nobody asked for", way_frames, "icmp icmp=0 data=60",
	    MUTE },
	{ "ICMP: echo of code 7", way_frames, "icmp code=7", MUTE },
	{ "IGMP", way_frames, "proto=2 dst=224.0.0.22", MUTE },
	{ "IP in IP", way_frames, "proto=4 data=40", MUTE },
	{ "GRE", way_frames, "proto=47 data=40", MUTE },
	{ "ESP", way_frames, "proto=50 data=40", MUTE },
	{ "SCTP", way_frames, "proto=132 data=40", MUTE },
	{ "UDP-Lite", way_frames, "proto=136 data=40", MUTE },
	{ "IPv6 in IPv4", way_frames, "proto=41 data=60", MUTE },
	{ "multicast", way_frames, "udp dst=239.1.1.1 dmac=01005e010101 data=3",
	    MUTE },
	{ "the subnet's broadcast", way_frames,
	    "udp dst=10.0.2.255 dmac=ffffffffffff data=3", MUTE },

	/* IPv6. */
	{ "IPv6: router solicitation", way_frames,
	    "proto=58 icmp=133 to6=ff02::2", MUTE },
	{ "IPv6: router advertisement", way_frames,
	    "proto=58 icmp=134 data=8 to6=ff02::1", MUTE },
	{ "IPv6: neighbour solicitation", way_frames,
	    "proto=58 icmp=135 to6=ff02::1 data=16", MUTE },
	{ "IPv6: TCP", way_frames, SYN6 "dport=80", MUTE },
	{ "IPv6: UDP", way_frames, SYN6 "udp dport=4000 data=3", MUTE },
	{ "IPv6: ping", way_frames, SYN6 "proto=58 icmp=128", MUTE },
	{ "IPv6: TCP from QEMU's prefix to its host", way_frames,
	    "src6=fec0::15 to6=fec0::2 dport=80", MUTE },
	{ "IPv6: DNS of QEMU", way_frames,
	    "udp src6=fec0::15 to6=fec0::3 dport=53 data=20", MUTE },
	{ "IPv6: loopback", way_frames, "to6=::1 dport=80", MUTE },
	{ "IPv6: mapped loopback", way_frames, "to6=::ffff:127.0.0.1 dport=80",
	    MUTE },
	{ "IPv6: mapped bait", way_frames, "to6=::ffff:" BAIT, MUTE },

	/* Neighbours, leases, other protocols. */
	{ "ARP: as the gateway", way_frames, "arp op=2 src=10.0.2.2", MUTE },
	{ "ARP: as the inner side", way_frames,
	    "arp op=2 src=10.0.2.14 dst=10.0.2.2;"
	    "arp op=1 src=10.0.2.14 dst=10.0.2.2",
	    MUTE },
	{ "ARP: with a foreign MAC", way_frames,
	    "arp op=1 src=10.0.2.15 dst=10.0.2.2 mac=020000000001", MUTE },
	{ "ARP: gratuitous", way_frames, "arp op=1 src=10.0.2.99 dst=10.0.2.99",
	    MUTE },
	{ "DHCP: not a request", way_frames,
	    "udp src=0.0.0.0 dst=255.255.255.255 dmac=ffffffffffff sport=68 "
	    "dport=67 data=300",
	    MUTE },
	{ "DHCP: from a foreign port", way_frames,
	    "udp dst=10.0.2.2 sport=4000 dport=67 data=300", MUTE },
	{ "DHCP: to another server", way_udp, "93.184.216.34:67", NO },
	{ "TFTP, with a name", way_frames,
	    "udp dst=10.0.2.2 dport=69 raw=00016574632f70617373776400", MUTE },
	{ "NC-SI", way_frames, "ether=0x88f8 data=40", MUTE },
	{ "PPPoE", way_frames, "ether=0x8864 data=40", MUTE },
	{ "LLDP", way_frames, "ether=0x88cc dmac=0180c200000e data=40", MUTE },
	{ "802.3 by length", way_frames, "ether=60 data=20", MUTE },
	{ "trailing bytes", way_frames, "dst=1.1.1.1 trail=60", NO },

	/* Addresses that belong to names. */
	{ "an address never given out", way_tcp, "198.19.200.200:80", NO },
	{ "the first of those", way_udp, "198.18.0.0:80", NO },
	{ "the last of those", way_tcp, "198.19.255.255:80", NO },
	{ "names with odd bytes: spaces", way_odd_name, "a b.in.example",
	    NOTHING },
	{ "a line's end", way_odd_name, "a\nallow tcp * *\n.in.example",
	    NOTHING },
	{ "an escape", way_odd_name, "\033[2J.in.example", NOTHING },
	{ "high bytes", way_odd_name, "\xff\xfe.in.example", NOTHING },
	{ "a slash", way_odd_name, "../../etc/passwd.in.example", NOTHING },
	{ "an empty name", way_odd_name, "", NOTHING },

	/* Floods. */
	{ "a flood of 20,000 names", way_flood_names, "flood.example", OURS },
	{ "a flood of 5,000 connections", way_flood_flows, "tcp", NO },
	{ "a flood of 5,000 datagrams", way_flood_flows, "udp data=8", NO },
	{ "a flood of 5,000 pings", way_flood_flows, "icmp", NO },

	{ "more allowed connections than there may be", way_flood_allowed,
	    "dst=93.184.215.14 dport=7777", "REACHED by TCP" },

	/* The second answer of the name server, 30 s behind the first. */
	{ "rebinding", way_rebind, "rebind.in.example:7777", NO },
	{ NULL, NULL, NULL, NULL }
};

#endif
