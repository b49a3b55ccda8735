/* SPDX-License-Identifier: ISC */
#include "resolve_priv.h"

#include <errno.h>
#include <netdb.h>
#include <netinet/in.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "io.h"
#include "sys.h"

/* What cannot be told whether it is ours counts as ours. */
static void
add(struct resolve_answer *a, struct addr addr)
{
	for (uint32_t i = 0; i < a->n; i++)
		if (memcmp(&a->v[i].addr, &addr, sizeof addr) == 0)
			return;
	if (a->n == RESOLVE_ADDRS)
		return;
	a->v[a->n].addr = addr;
	a->v[a->n++].own = addr_own(&addr) != 0;
}

static void
look_up(struct resolve_answer *a, const char *name)
{
	const struct addrinfo want = { .ai_family = AF_INET,
		.ai_socktype = SOCK_STREAM };
	struct addrinfo *all;

	sys_search(!strchr(name, '.'));
	if (getaddrinfo(name, NULL, &want, &all) != 0)
		return;
	for (const struct addrinfo *i = all; i; i = i->ai_next) {
		struct sockaddr_in in;

		if (i->ai_family != AF_INET || i->ai_addrlen < sizeof in)
			continue;
		memcpy(&in, i->ai_addr, sizeof in);
		add(a, addr_v4(ntohl(in.sin_addr.s_addr)));
	}
	freeaddrinfo(all);
}

/* The name comes from the guest in the end: what is no name for us is none
 * for libc, which would take "0x7f.1" for an address. */
static void
answer(struct resolve_answer *a, const char *name)
{
	char canon[RULE_NAME_MAX];
	struct addr addr;

	if (addr_parse(&addr, name) == 0) {
		add(a, addr);
		return;
	}
	if (name_canon(canon, name, strlen(name)) == 0 &&
	    strcmp(canon, name) == 0)
		look_up(a, name);
}

int
resolve_serve(int queries, int answers)
{
	for (;;) {
		struct resolve_query q;
		struct resolve_answer a;
		ssize_t n = read(queries, &q, sizeof q);

		if (n < 0 && errno == EINTR)
			continue;
		if (n != sizeof q || !memchr(q.name, '\0', sizeof q.name))
			return n != 0;
		memset(&a, 0, sizeof a);
		a.number = q.number;
		answer(&a, q.name);
		if (io_write(answers, &a, sizeof a) < 0)
			return 0;
	}
}
