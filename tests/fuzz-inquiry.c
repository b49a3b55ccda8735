/* SPDX-License-Identifier: ISC */
/* fuzz-inquiry: the bytes are what an xray-ask answers; the first says how many
 * come at once. */
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "decide.h"
#include "fuzz.h"
#include "inquiry.h"

static void
check_why(enum rule_verdict v, const char *why)
{
	static const char *const words[] = { "asked", "nobody", "full",
		"silence" };
	int known = v == RULE_ASK;

	for (size_t i = 0; i < LEN(words); i++)
		known |= strcmp(why, words[i]) == 0;
	must(known);
}

static int
call(void *arg)
{
	const uint8_t *how = arg;

	return *how % 4 == 1 ? -1 : 0;
}

/* Where a question goes: a name, an address, this machine. */
static void
ask(struct inquiry *q, const char *name, long long now)
{
	struct target to = { .proto = RULE_TCP,
		.port = 443,
		.name = *name == '/' ? NULL : name,
		.addr = addr_v4(0x01020304),
		.host = strcmp(name, "host") == 0 && now % 2 };
	char why[WHY_TEXT] = "";

	check_why(inquiry_ask(q, &to, now, why), why);
}

int
LLVMFuzzerTestOneInput(const uint8_t *p, size_t n)
{
	static const char *const names[] = { "a.test", "b.test", "/", "host" };
	static struct inquiry inquiry, *const q = &inquiry;
	size_t piece = n ? 8 + *p : 1;
	int s[2];

	if (n > 512) /* for each piece all that is known is looked through */
		return 0;
	must(socketpair(AF_UNIX, SOCK_STREAM, 0, s) == 0);
	inquiry_init(q);
	q->arg = (void *)(uintptr_t)p;
	q->call = n && *p % 2 ? call : NULL;
	for (size_t k = 0; n && k < LEN(names); k++)
		ask(q, names[k], 1); /* nobody is there yet */
	inquiry_attach(q, s[0]);
	for (size_t i = 1; i < n && q->fd >= 0; i += piece) {
		size_t m = n - i < piece ? n - i : piece;

		ask(q, names[i / piece % LEN(names)], (long long)i * 1000);
		must(send(s[1], p + i, m, 0) == (ssize_t)m);
		(void)inquiry_serve(q, (long long)i * 1000);
		must(q->n < sizeof q->line);
	}
	close(s[1]);
	if (q->fd >= 0)
		must(inquiry_serve(q, 1) == 1 && q->fd < 0);
	inquiry_attach(q, -1); /* who was called is not there */
	return 0;
}
