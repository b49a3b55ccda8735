/* SPDX-License-Identifier: ISC */
/*
 * wall-peer: witnesses for the tests of the firewall.  Each says what it saw,
 * a line at a time, until it is killed; "ready" comes first.
 *
 *	capture IFACE		packets but ARP and what IPv6 hosts say of
 *				themselves: "tcp 10.1.1.1:4000 > 1.1.1.1:80 S"
 *	listen [4|6]		connections and datagrams to many ports of any
 *				address, answered "reached": "tcp 1.1.1.1:80"
 *	names ADDR [NAME=ADDR[/ADDR...]]...
 *				questions to a name server, ADDR:53 by UDP and
 *				TCP: "name example.com 1".  The answers to a
 *				NAME are its ADDRs, one each time, the last one
 *				for good; to all others 93.184.216.34.
 */
#include <arpa/inet.h>
#include <errno.h>
#include <net/if.h>
#include <netinet/in.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>
#ifdef __linux__
#include <linux/if_packet.h>
#endif

#include "dns.h"
#include "io.h"
#include "mem.h"
#include "say.h"

enum { PACKET = 65536, BACKLOG = 512, ETHER_HEAD = 14 };

/* Where services are that somebody would want to reach. */
static const uint16_t ports[] = { 1, 7, 20, 21, 22, 23, 25, 53, 67, 69, 79, 80,
	110, 111, 113, 119, 123, 135, 137, 138, 139, 143, 161, 179, 389, 443,
	445, 465, 500, 512, 513, 514, 515, 546, 587, 623, 631, 636, 853, 873,
	993, 995, 1080, 1194, 1433, 1701, 1723, 1812, 1883, 1900, 2049, 2375,
	2376, 2379, 3000, 3128, 3260, 3306, 3389, 3478, 3702, 4000, 4500, 4789,
	5000, 5037, 5060, 5353, 5355, 5432, 5555, 5672, 5900, 5985, 6000, 6379,
	6443, 7070, 7777, 8000, 8008, 8080, 8081, 8443, 8888, 9000, 9050, 9090,
	9100, 9200, 9418, 10000, 10250, 11211, 12345, 25565, 27017, 31337,
	40000, 51820, 65535 };

static void
tell(const char *text)
{
	puts(text);
	if (fflush(stdout) != 0)
		die_sys(EX_IOERR, "standard output");
}

static void
tell_addr(const char *what, const struct sockaddr_storage *a)
{
	const struct sockaddr_in6 *six = (const void *)a;
	const struct sockaddr_in *four = (const void *)a;
	char text[INET6_ADDRSTRLEN] = "?", line[128];
	int is6 = a->ss_family == AF_INET6;

	(void)inet_ntop(a->ss_family,
	    is6 ? (const void *)&six->sin6_addr : (const void *)&four->sin_addr,
	    text, sizeof text);
	(void)snprintf(line, sizeof line, "%s %s:%u", what, text,
	    ntohs(is6 ? six->sin6_port : four->sin_port));
	tell(line);
}

static int
open_socket(int family, int type, const void *addr, socklen_t n)
{
	int fd = socket(family, type | SOCK_CLOEXEC, 0), one = 1;

	if (fd < 0 ||
	    setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &one, sizeof one) < 0)
		die_sys(EX_OSERR, "socket");
	if (family == AF_INET6 &&
	    setsockopt(fd, IPPROTO_IPV6, IPV6_V6ONLY, &one, sizeof one) < 0)
		die_sys(EX_OSERR, "socket");
	if (family == AF_INET && type == SOCK_DGRAM &&
	    setsockopt(fd, IPPROTO_IP, IP_PKTINFO, &one, sizeof one) < 0)
		die_sys(EX_OSERR, "socket");
	if (bind(fd, addr, n) < 0 ||
	    (type == SOCK_STREAM && listen(fd, BACKLOG) < 0)) {
		close(fd);
		return -1; /* the machine's own is there */
	}
	return fd;
}

/* ---- capture ---- */

static const char *
flags_text(uint8_t flags)
{
	static const char letters[] = "FSRPAUEC";
	static char text[9];
	size_t n = 0;

	for (size_t i = 0; i < 8; i++)
		if (flags & 1 << i)
			text[n++] = letters[i];
	text[n] = '\0';
	return text;
}

static void
tell_ip4(const uint8_t *p, size_t n)
{
	char src[INET_ADDRSTRLEN], dst[INET_ADDRSTRLEN], line[160];
	size_t head = (size_t)(p[0] & 15) * 4;
	const uint8_t *l4 = p + head;

	(void)inet_ntop(AF_INET, p + 12, src, sizeof src);
	(void)inet_ntop(AF_INET, p + 16, dst, sizeof dst);
	if ((p[9] == 6 || p[9] == 17) && n >= head + (p[9] == 6 ? 14 : 4))
		(void)snprintf(line, sizeof line, "%s %s:%d > %s:%d %s",
		    p[9] == 6 ? "tcp" : "udp", src, l4[0] << 8 | l4[1], dst,
		    l4[2] << 8 | l4[3], p[9] == 6 ? flags_text(l4[13]) : "");
	else
		(void)snprintf(line, sizeof line, "proto %d %s > %s %d", p[9],
		    src, dst, n > head ? l4[0] : -1);
	tell(line);
}

/* Router and neighbour discovery, and reports of multicast listeners. */
static int
is_noise6(const uint8_t *p, size_t n)
{
	const uint8_t *icmp = p + 40;

	if (n > 48 && p[6] == 0) /* hop by hop: of reports */
		icmp += 8;
	else if (p[6] != 58)
		return 0;
	return n > 48 && icmp[0] >= 130 && icmp[0] <= 143;
}

static void
tell_frame(const uint8_t *p, size_t n)
{
	unsigned type = (unsigned)p[12] << 8 | p[13];
	char line[64];

	if (type == 0x0806)
		return;
	if (type == 0x0800 && n >= ETHER_HEAD + 20)
		tell_ip4(p + ETHER_HEAD, n - ETHER_HEAD);
	else if (type != 0x86dd || !is_noise6(p + ETHER_HEAD, n - ETHER_HEAD)) {
		(void)snprintf(line, sizeof line, "type %04x", type);
		tell(line);
	}
}

/* What is sent over loopback is seen twice. */
static void
capture(const char *iface)
{
#ifdef __linux__
	static uint8_t p[PACKET];
	struct sockaddr_ll a = { .sll_family = AF_PACKET,
		.sll_protocol = htons(3), /* all of them */
		.sll_ifindex = (int)if_nametoindex(iface) };
	int fd = socket(AF_PACKET, SOCK_RAW | SOCK_CLOEXEC, htons(3));
	int lo = strcmp(iface, "lo") == 0;
	int room = 16 << 20;

	if (fd < 0 || bind(fd, (struct sockaddr *)&a, sizeof a) < 0 ||
	    setsockopt(fd, SOL_SOCKET, SO_RCVBUFFORCE, &room, sizeof room) < 0)
		die_sys(EX_OSERR, "%s", iface);
	tell("ready");
	for (;;) {
		socklen_t len = sizeof a;
		ssize_t n =
		    recvfrom(fd, p, sizeof p, 0, (struct sockaddr *)&a, &len);

		if (n >= ETHER_HEAD && !(lo && a.sll_pkttype == 4))
			tell_frame(p, (size_t)n);
	}
#else
	die(EX_UNAVAILABLE, "%s: no packet sockets", iface);
#endif
}

/* ---- listen ---- */

static void
serve_stream(int listener)
{
	struct sockaddr_storage a;
	socklen_t n = sizeof a;
	int fd = accept(listener, NULL, NULL);

	if (fd < 0)
		return;
	if (getsockname(fd, (struct sockaddr *)&a, &n) == 0)
		tell_addr("tcp", &a);
	(void)io_write(fd, "reached\n", 8);
	close(fd);
}

/* The answer comes from where the question went. */
static void
serve_datagram(int fd)
{
	struct sockaddr_storage from, own;
	socklen_t len = sizeof own;
	char data[2048], more[256];
	struct iovec v = { data, sizeof data };
	struct msghdr m = { .msg_name = &from,
		.msg_namelen = sizeof from,
		.msg_iov = &v,
		.msg_iovlen = 1,
		.msg_control = more,
		.msg_controllen = sizeof more };

	if (recvmsg(fd, &m, 0) < 0 ||
	    getsockname(fd, (struct sockaddr *)&own, &len) < 0)
		return;
	tell_addr("udp", &own);
	memcpy(data, "reached\n", 8);
	v.iov_len = 8;
	(void)sendmsg(fd, &m, 0);
}

static void
listen_all(int family)
{
	struct sockaddr_in6 six = { .sin6_family = AF_INET6 };
	struct sockaddr_in four = { .sin_family = AF_INET };
	static const int types[] = { SOCK_STREAM, SOCK_DGRAM };
	struct pollfd p[2 * LEN(ports)];
	nfds_t n = 0;

	for (size_t i = 0; i < 2 * LEN(ports); i++) {
		four.sin_port = six.sin6_port = htons(ports[i / 2]);
		p[n].events = POLLIN;
		p[n].fd = family == AF_INET6 ?
		    open_socket(AF_INET6, types[i % 2], &six, sizeof six) :
		    open_socket(AF_INET, types[i % 2], &four, sizeof four);
		if (p[n].fd >= 0)
			n++;
	}
	tell("ready");
	while (poll(p, n, -1) >= 0)
		for (nfds_t i = 0; i < n; i++) {
			socklen_t len = sizeof(int);
			int type = 0;

			if (!p[i].revents)
				continue;
			(void)getsockopt(
			    p[i].fd, SOL_SOCKET, SO_TYPE, &type, &len);
			if (type == SOCK_STREAM)
				serve_stream(p[i].fd);
			else
				serve_datagram(p[i].fd);
		}
}

/* ---- names ---- */

/* The address that is the answer now. */
static struct in_addr
next_address(char **names, const char *name)
{
	struct in_addr a = { htonl(0x5db8d822) };
	size_t n = strlen(name);

	for (; *names; names++) {
		char *at = *names + n + 1, *slash = strchr(*names, '/');

		if (strncmp(*names, name, n) != 0 || (*names)[n] != '=')
			continue;
		if (slash)
			*slash = '\0';
		if (inet_pton(AF_INET, at, &a) != 1)
			die(EX_USAGE, "%s: no address", at);
		if (slash)
			memmove(at, slash + 1, strlen(slash + 1) + 1);
	}
	return a;
}

/* What a question is answered with; 0: nothing. */
static size_t
answer(char **names, const uint8_t *p, size_t n, uint8_t *out)
{
	char line[DNS_MAX];
	struct dns_query q;
	uint32_t addr;

	if (dns_parse(&q, p, n) < 0) {
		tell("no question");
		return 0;
	}
	(void)snprintf(line, sizeof line, "name %s %u", q.name, q.type);
	tell(line);
	addr = ntohl(next_address(names, q.name).s_addr);
	return dns_answer(out, &q, q.code, &addr, q.code == DNS_ADDRESS, 0);
}

static void
answer_datagram(int fd, char **names)
{
	uint8_t in[2048], out[DNS_MAX];
	struct sockaddr_in from;
	socklen_t len = sizeof from;
	ssize_t n =
	    recvfrom(fd, in, sizeof in, 0, (struct sockaddr *)&from, &len);
	size_t m = n > 0 ? answer(names, in, (size_t)n, out) : 0;

	if (m)
		(void)sendto(fd, out, m, 0, (struct sockaddr *)&from, len);
}

static void
serve_names(const char *addr, char **names)
{
	struct sockaddr_in a = { .sin_family = AF_INET, .sin_port = htons(53) };
	struct pollfd p[2] = { { .events = POLLIN }, { .events = POLLIN } };

	if (inet_pton(AF_INET, addr, &a.sin_addr) != 1)
		die(EX_USAGE, "%s: no address", addr);
	p[0].fd = open_socket(AF_INET, SOCK_DGRAM, &a, sizeof a);
	p[1].fd = open_socket(AF_INET, SOCK_STREAM, &a, sizeof a);
	if (p[0].fd < 0 || p[1].fd < 0)
		die_sys(EX_OSERR, "%s", addr);
	tell("ready");
	while (poll(p, 2, -1) >= 0) {
		if (p[0].revents)
			answer_datagram(p[0].fd, names);
		if (p[1].revents)
			serve_stream(p[1].fd);
	}
}

int
main(int argc, char **argv)
{
	const char *what = argc > 1 ? argv[1] : "";

	say_name("wall-peer");
	signal(SIGPIPE, SIG_IGN);
	if (strcmp(what, "capture") == 0 && argc == 3)
		capture(argv[2]);
	else if (strcmp(what, "listen") == 0)
		listen_all(argc > 2 && argv[2][0] == '6' ? AF_INET6 : AF_INET);
	else if (strcmp(what, "names") == 0 && argc > 2)
		serve_names(argv[2], argv + 3);
	else
		die(EX_USAGE, "usage: wall-peer capture|listen|names ...");
	return 0;
}
