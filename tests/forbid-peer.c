/* SPDX-License-Identifier: ISC */
/*
 * forbid-peer SOCKET PORT: QEMU with a guest, which tries by TCP, UDP and ping
 * each place that standard input has a line for, and says how that went:
 *
 *	address 10.0.0.1	by frames to that address
 *	name example.com	by its address, when our resolver has one
 *
 * "REACHED" and by what, when the other side answered; else "refused",
 * "silent" or "told nothing".
 */
#include <arpa/inet.h>
#include <fcntl.h>
#include <signal.h>
#include <sys/socket.h>

#include "net-guest.h"

enum { SILENT_MS = 300, QUESTION_PORT = 3999 };
enum { DNS_SERVER = FRAME_ADDR(10, 0, 2, 3) };

static uint16_t port, own = 20000;

/* Send a question for the address of a name; the reply is f.  0 when there is
 * none. */
static int
ask(struct frame *f, const char *name)
{
	uint8_t u[8 + 300] = { [9] = 1, [10] = 1, [13] = 1 };
	uint8_t *len = u + 20, *p = u + 21;
	long long deadline = soon();

	for (; *name && p < u + sizeof u - 8; name++)
		if (*name == '.' && name[1]) {
			*len = (uint8_t)(p - len - 1);
			len = p++;
		} else if (*name != '.')
			*p++ = (uint8_t)*name;
	*len = (uint8_t)(p - len - 1);
	memcpy(p, "\0\0\1\0\1", 5);
	p += 5;
	put16(u, QUESTION_PORT);
	put16(u + 2, 53);
	put16(u + 4, (uint32_t)(p - u));
	send_ip(FRAME_UDP, LEASE, DNS_SERVER, u, (size_t)(p - u), 6);
	while (next_frame(f, deadline) > 0)
		if (f->type == FRAME_IP4 && f->proto == FRAME_UDP &&
		    f->sport == 53 && f->dport == QUESTION_PORT)
			return f->ndata >= 12;
	return 0;
}

/* The address of a name; 0: none is told. */
static uint32_t
address_of(const char *name)
{
	struct frame f;
	const uint8_t *p;

	if (!ask(&f, name))
		die(EX_PROTOCOL, "%s: no answer", name);
	if (f.data[7] == 0 || f.ndata < 16)
		return 0;
	p = f.data + f.ndata - 4; /* the address of the only answer */
	return (uint32_t)p[0] << 24 | (uint32_t)p[1] << 16 |
	    (uint32_t)p[2] << 8 | p[3];
}

static void
send_all(uint32_t to)
{
	uint8_t t[20] = { 0 }, u[11] = { 0 }, i[16] = { 8 };

	put16(t, ++own);
	put16(t + 2, port);
	put32(t + 4, 1000);
	t[12] = 0x50;
	t[13] = FRAME_SYN;
	put16(t + 14, 60000);
	send_ip(FRAME_TCP, LEASE, to, t, sizeof t, 16);
	put16(u, own);
	put16(u + 2, port);
	put16(u + 4, sizeof u);
	send_ip(FRAME_UDP, LEASE, to, u, sizeof u, 6);
	put16(i + 4, own);
	send_ip(FRAME_ICMP, LEASE, to, i, sizeof i, 2);
}

/* What an answer to one of those three says: a letter for one that comes from
 * outside, '-' for a refusal; 0: it is none. */
static char
verdict(const struct frame *f)
{
	struct frame q;

	if (f->type != FRAME_IP4)
		return 0;
	if (f->proto == FRAME_ICMP && f->icmp == FRAME_UNREACHABLE)
		return frame_quoted(&q, f) == 0 && q.sport == own ? '-' : 0;
	if (f->dport != own)
		return 0;
	if (f->proto == FRAME_TCP)
		return f->flags & FRAME_RST ? '-' : 't';
	return f->proto == FRAME_UDP ? 'u' : 'p';
}

/* What became of those three. */
static const char *
outcome(long long deadline)
{
	static char text[32];
	char seen[4] = "", c;
	struct frame f;
	size_t n = 0;

	while (n < 3 && next_frame(&f, deadline) > 0) {
		c = verdict(&f);
		if (c && (c == '-' || !strchr(seen, c)))
			seen[n++] = c;
	}
	if (strspn(seen, "-") == n)
		return n == 3 ? "refused" : n ? "refused in part" : "silent";
	(void)snprintf(text, sizeof text, "REACHED%s%s%s",
	    strchr(seen, 't') ? " tcp" : "", strchr(seen, 'u') ? " udp" : "",
	    strchr(seen, 'p') ? " ping" : "");
	return text;
}

/* Addresses that nobody answers are not waited for long. */
static const char *
try(const char *line)
{
	struct in_addr a;
	uint32_t to;

	if (strncmp(line, "name ", 5) == 0) {
		to = address_of(line + 5);
		if (!to)
			return "told nothing";
		send_all(to);
		return outcome(soon());
	}
	if (strncmp(line, "address ", 8) != 0 ||
	    inet_pton(AF_INET, line + 8, &a) != 1)
		die(EX_DATAERR, "%s: no place", line);
	to = ntohl(a.s_addr);
	send_all(to);
	return outcome(to >> 24 == 127 || to >> 24 == 0 || to >> 29 == 7 ||
		    (to & 255) == 255 ?
		io_now() + SILENT_MS :
		soon());
}

int
main(int argc, char **argv)
{
	int listener;
	char line[512];
	long long n;

	say_name("forbid-peer");
	if (argc != 3 || num_int(argv[2], 1, 65535, &n) < 0)
		die(EX_USAGE, "usage: forbid-peer SOCKET PORT");
	signal(SIGPIPE, SIG_IGN);
	port = (uint16_t)n;
	listener = io_listen(AT_FDCWD, argv[1], 8);
	if (listener < 0)
		die_sys(EX_OSERR, "%s", argv[1]);
	if (io_wait_readable(listener, io_now() + 30000) <= 0)
		die(EX_UNAVAILABLE, "no gateway");
	qemu = accept(listener, NULL, NULL);
	while (fgets(line, sizeof line, stdin)) {
		line[strcspn(line, "\n")] = '\0';
		tell("%s: %s", line, try(line));
	}
	return 0;
}
