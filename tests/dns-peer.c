/* SPDX-License-Identifier: ISC */
/*
 * dns-peer: dns, names and resolve, for the tests with resolvers that others
 * wrote.
 *
 *	serve		answer on 127.0.0.1:53 as a gateway does, for names
 *			beginning with `none` that there are none; say so first,
 *			and each query: "A example.com"
 *	look-up NAME...	a line "NAME ADDRESS..." for each, by a resolver; a
 *			line "again" instead of a name waits for one of input
 */
#include <arpa/inet.h>
#include <errno.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "dns.h"
#include "io.h"
#include "names.h"
#include "resolve.h"
#include "say.h"

static void
tell(const char *what, const char *name)
{
	printf("%s %s\n", what, name);
	if (fflush(stdout) != 0)
		die_sys(EX_IOERR, "standard output");
}

static size_t
answer(struct names *t, uint8_t *out, const struct dns_query *q)
{
	char type[16];
	uint32_t addr;
	int fresh;

	(void)snprintf(type, sizeof type, "%u", q->type);
	tell(q->type == DNS_A ? "A" : q->type == 28 ? "AAAA" : type, q->name);
	if (strncmp(q->name, "none", 4) == 0)
		return dns_answer(out, q, DNS_NXDOMAIN, NULL, 0, DNS_TTL);
	if (q->code != DNS_ADDRESS)
		return dns_answer(out, q, q->code, NULL, 0, DNS_TTL);
	addr = names_get(t, q->name, &fresh, NULL, NULL);
	return dns_answer(out, q, DNS_ADDRESS, &addr, 1, DNS_TTL);
}

static void
serve(void)
{
	struct sockaddr_in in = { .sin_family = AF_INET,
		.sin_port = htons(DNS_PORT),
		.sin_addr = { htonl(INADDR_LOOPBACK) } };
	int fd = socket(AF_INET, SOCK_DGRAM, 0);
	struct names *t = names_new();

	if (fd < 0 || bind(fd, (struct sockaddr *)&in, sizeof in) < 0)
		die_sys(EX_OSERR, "127.0.0.1:53");
	tell("listening", "");
	for (;;) {
		uint8_t p[2048], out[DNS_MAX];
		socklen_t len = sizeof in;
		struct dns_query q;
		ssize_t n =
		    recvfrom(fd, p, sizeof p, 0, (struct sockaddr *)&in, &len);

		if (n < 0 || dns_parse(&q, p, (size_t)n) < 0)
			continue;
		(void)sendto(fd, out, answer(t, out, &q), 0,
		    (struct sockaddr *)&in, len);
	}
}

static void
print(const struct resolved *r)
{
	printf("%s", r->name);
	for (size_t i = 0; i < r->n; i++) {
		char text[ADDR_TEXT];

		addr_print(&r->v[i].addr, text);
		printf(" %s", text);
	}
	tell("", "");
}

static void
look_up(struct resolver *r, const char *name)
{
	long long deadline = io_now() + RESOLVE_MS;
	struct resolved got;

	if (resolver_ask(r, name, io_now()) < 0)
		die(EX_TEMPFAIL, "%s: not asked", name);
	while (!resolver_next(r, &got, io_now())) {
		struct pollfd p = { .fd = resolver_fd(r), .events = POLLIN };

		if (io_now() > deadline)
			die(EX_TEMPFAIL, "%s: no answer", name);
		(void)poll(&p, 1, io_left(deadline));
	}
	print(&got);
}

int
main(int argc, char **argv)
{
	struct resolver *r;
	struct why why;

	(void)signal(SIGPIPE, SIG_IGN);
	if (argc == 2 && strcmp(argv[1], "serve") == 0)
		serve();
	if (argc < 3 || strcmp(argv[1], "look-up") != 0)
		return EX_USAGE;
	r = resolver_start(&why);
	if (!r)
		die(why.code, "%s", why.text);
	for (int i = 2; i < argc; i++)
		if (strcmp(argv[i], "again") == 0)
			(void)getchar();
		else
			look_up(r, argv[i]);
	resolver_free(r);
	return 0;
}
