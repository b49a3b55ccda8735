/* SPDX-License-Identifier: ISC */
#include "curl_priv.h"

#include <stdio.h>
#include <string.h>
#include <strings.h>

static int
is_digit(char c)
{
	return c >= '0' && c <= '9';
}

static void
header(struct curl_wire *w)
{
	struct answer *a = w->a;
	const char *l = w->line, *v = strchr(l, ':');
	long long n;

	if (strncmp(l, "HTTP/", 5) == 0) {
		const char *space = strchr(l, ' ');

		a->status = 0;
		a->length = 0;
		w->roomy = 0;
		*a->tag = '\0';
		for (int i = 1; space && i < 4 && is_digit(space[i]); i++)
			a->status = a->status * 10 + (space[i] - '0');
		return;
	}
	if (!v)
		return;
	v += 1 + strspn(v + 1, " ");
	if (strncmp(l, "curl: ", 6) == 0)
		(void)snprintf(a->failure, sizeof a->failure, "%s", l + 6);
	else if (strncasecmp(l, "content-length:", 15) == 0 &&
	    num_int(v, 0, INT64_MAX, &n) == 0)
		a->length = (uint64_t)n;
	else if (strncasecmp(l, "etag:", 5) == 0 && strlen(v) < CURL_TAG &&
	    *v == '"') /* a weak one (W/) does not vouch for bytes */
		(void)snprintf(a->tag, sizeof a->tag, "%s", v);
}

void
curl_hear(struct curl_wire *w, const char *p, size_t n)
{
	for (size_t i = 0; i < n; i++) {
		if (p[i] == '\r')
			continue;
		if (p[i] != '\n') {
			if (w->n < sizeof w->line - 1)
				w->line[w->n++] = p[i];
			continue;
		}
		w->line[w->n] = '\0';
		header(w);
		w->n = 0;
	}
}
