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

int
LLVMFuzzerTestOneInput(const uint8_t *p, size_t n)
{
	static const char *const names[] = { "a.test", "b.test", "c.test" };
	static struct inquiry inquiry, *const q = &inquiry;
	size_t piece = n ? 8 + *p : 1;
	int s[2];

	must(socketpair(AF_UNIX, SOCK_STREAM, 0, s) == 0);
	inquiry_init(q);
	inquiry_attach(q, s[0]);
	for (size_t i = 1; i < n && q->fd >= 0; i += piece) {
		size_t m = n - i < piece ? n - i : piece;

		for (size_t k = 0; k < LEN(names); k++) {
			struct target to = {
				.proto = RULE_TCP, .port = 443, .name = names[k]
			};
			char why[WHY_TEXT] = "";

			check_why(inquiry_ask(q, &to, (long long)i, why), why);
		}
		must(send(s[1], p + i, m, 0) == (ssize_t)m);
		(void)inquiry_serve(q, (long long)i);
		must(q->n < sizeof q->line);
	}
	close(s[1]);
	if (q->fd >= 0)
		must(inquiry_serve(q, 1) == 1 && q->fd < 0);
	return 0;
}
