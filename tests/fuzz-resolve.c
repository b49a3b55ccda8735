/* SPDX-License-Identifier: ISC */
/*
 * fuzz-resolve: the bytes are lines.  With c for the first byte they are what
 * a child is asked, a query each; else what children answer to a resolver:
 *
 *	?NAME		it is asked for that name
 *	#RNB...		an answer to the query R back, of N addresses, whose
 *			bytes are B...; another byte than # cuts it short
 *	+T		so many seconds pass
 */
#include <errno.h>
#include <netdb.h>
#include <netinet/in.h>
#include <signal.h>

#include "child.h"
#include "fuzz.h"
#include "resolve_priv.h"

static int answers; /* where children write them, -1: nobody does */
static int queries[RESOLVE_WORKERS]; /* where they read */
static int nchildren;

/* Played here: the child is we ourselves. */
pid_t
child_fork(const int *keep, int n)
{
	must(n == 2 && nchildren < RESOLVE_WORKERS);
	queries[nchildren++] = dup(keep[0]);
	if (answers < 0)
		answers = dup(keep[1]);
	return 1;
}

void
child_end(pid_t pid)
{
	must(pid == 1);
}

/* So are the names: what asks for one has made sure that it is one. */
int
getaddrinfo(const char *node, const char *service, const struct addrinfo *hints,
    struct addrinfo **out)
{
	static struct sockaddr_in in[RESOLVE_ADDRS + 2];
	static struct addrinfo all[RESOLVE_ADDRS + 2];
	char same[RULE_NAME_MAX];
	size_t n = strlen(node) % (RESOLVE_ADDRS + 2);

	must(!service && hints->ai_family == AF_INET);
	must(name_canon(same, node, strlen(node)) == 0);
	must(strcmp(same, node) == 0);
	*out = n ? all : NULL;
	for (size_t i = 0; i < n; i++) {
		in[i].sin_family = AF_INET;
		in[i].sin_addr.s_addr = htonl(0xc0000200 + (uint32_t)i / 2);
		if (node[0] == 'm')
			in[i].sin_addr.s_addr = htonl(0xc0000200 + (uint32_t)i);
		all[i].ai_family = node[0] == 'x' ? AF_INET6 : AF_INET;
		all[i].ai_addr = (struct sockaddr *)&in[i];
		all[i].ai_addrlen = sizeof in[i];
		all[i].ai_next = i + 1 < n ? &all[i + 1] : NULL;
	}
	return n ? 0 : EAI_NONAME;
}

void
freeaddrinfo(struct addrinfo *a)
{
	(void)a;
}

/* ---- a child ---- */

/* Each has one answer, of that number. */
static void
check_answers(int fd, uint32_t n)
{
	struct resolve_answer a;

	for (uint32_t i = 0; i < n; i++) {
		must(read(fd, &a, sizeof a) == sizeof a);
		must(a.number == i && a.n <= RESOLVE_ADDRS);
		for (uint32_t j = 0; j < a.n; j++)
			must(a.v[j].own <= 1);
	}
	must(read(fd, &a, sizeof a) == 0);
}

static void
of_parent(const char *p, const char *end)
{
	struct resolve_query q = { .number = 0 };
	int in[2], out[2];
	uint32_t n = 0;
	int whole = 1;

	must(pipe(in) == 0 && pipe(out) == 0);
	while (p < end && n < 64 && whole) {
		const char *nl = memchr(p, '\n', (size_t)(end - p));
		size_t len = (size_t)((nl ? nl : end) - p);

		memset(q.name, 'a', sizeof q.name);
		memcpy(q.name, p, len < sizeof q.name ? len : sizeof q.name);
		if (len < sizeof q.name)
			q.name[len] = '\0';
		whole = memchr(q.name, '\0', sizeof q.name) != NULL;
		q.number = n;
		must(write(in[1], &q, sizeof q) == sizeof q);
		n += (uint32_t)whole;
		p += len + 1;
	}
	if (n % 5 == 4 && whole) { /* it dies amid one */
		must(write(in[1], &q, 17) == 17);
		whole = 0;
	}
	close(in[1]);
	must(resolve_serve(in[0], out[1]) == !whole);
	close(in[0]);
	close(out[1]);
	check_answers(out[0], n);
	close(out[0]);
}

/* ---- the resolver ---- */

static struct {
	uint32_t last; /* query that came */
	size_t asked, answered; /* that it took, and was through with */
} seen;

/* A query is for a child that is not busy, and has the next number. */
static void
take_queries(void)
{
	struct resolve_query q;

	for (int i = 0; i < RESOLVE_WORKERS; i++)
		while (read(queries[i], &q, sizeof q) == sizeof q) {
			must(memchr(q.name, '\0', sizeof q.name));
			if (q.number > seen.last)
				seen.last = q.number;
		}
}

static void
take_all(struct resolver *r, long long now)
{
	struct resolved res;

	take_queries();
	while (resolver_next(r, &res, now)) {
		must(res.n <= RESOLVE_ADDRS);
		must(memchr(res.name, '\0', sizeof res.name));
		seen.answered++;
	}
	take_queries();
}

static void
tell(const char *p, size_t n)
{
	struct resolve_answer a;
	size_t k;

	if (answers < 0 || n < 3)
		return;
	memset(&a, p[2], sizeof a);
	a.number = seen.last - (uint32_t)(p[1] - '0');
	a.n = (uint32_t)(p[2] - '0');
	k = n - 3 < sizeof a.v ? n - 3 : sizeof a.v;
	memcpy(a.v, p + 3, k);
	k = *p == '#' || n > sizeof a ? sizeof a : n;
	/* nobody listens who has heard half an answer */
	must(write(answers, &a, k) == (ssize_t)k || errno == EPIPE);
}

static void
line(struct resolver *r, const char *p, size_t n, long long *now)
{
	const struct resolved *kept;
	char *name;

	if (*p == '+') {
		*now += 1000 * (n > 1 ? (unsigned char)p[1] % 32 : 1);
		return;
	}
	if (*p != '?') {
		tell(p, n);
		return;
	}
	name = fuzz_text((const uint8_t *)p + 1, n - 1);
	kept = resolver_kept(r, name, *now);
	must(!kept || strcmp(kept->name, name) == 0);
	/* whoever is asked for already is asked for once */
	take_all(r, *now);
	seen.asked += resolver_ask(r, name, *now) == 0;
	free(name);
}

static void
of_children(const char *p, const char *end)
{
	struct resolver *r;
	long long now = 1000;
	struct why why;

	memset(&seen, 0, sizeof seen);
	nchildren = 0;
	answers = -1;
	r = resolver_start(&why);
	must(r);
	for (int i = 0; i < RESOLVE_WORKERS; i++)
		must(fcntl(queries[i], F_SETFL, O_NONBLOCK) == 0);
	while (p < end) {
		const char *nl = memchr(p, '\n', (size_t)(end - p));
		size_t n = (size_t)((nl ? nl : end) - p);

		if (n)
			line(r, p, n, &now);
		take_all(r, now);
		p += n + 1;
	}
	now += RESOLVE_MS; /* all are through then, whatever they said */
	take_all(r, now);
	must(seen.answered <= seen.asked && resolver_wait(r, now) == -1);
	resolver_free(r);
	for (int i = 0; i < RESOLVE_WORKERS; i++)
		close(queries[i]);
	close(answers);
}

int
LLVMFuzzerTestOneInput(const uint8_t *p, size_t n)
{
	const char *text = (const char *)p;

	signal(SIGPIPE, SIG_IGN);
	if (n && *text == 'c')
		of_parent(text + 1, text + n);
	else
		of_children(text, text + n);
	return 0;
}
