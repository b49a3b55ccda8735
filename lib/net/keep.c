/* SPDX-License-Identifier: ISC */
#include "keep.h"

#include <stdio.h>
#include <string.h>
#include <time.h>

#include "dialog.h"
#include "io.h"

static long long
since_1970(void)
{
	struct timespec t = { 0 };

	clock_gettime(CLOCK_REALTIME, &t);
	return t.tv_sec * 1000LL + t.tv_nsec / 1000000;
}

static void
take(struct keep *k, struct ask *a, const char *line, long long now)
{
	struct question q = { 0 };
	struct listed l;

	if (listed_parse(&l, line) < 0)
		return;
	q.id = l.d.id;
	q.to = l.d.to;
	q.tries = l.d.tries;
	q.since = l.seconds * 1000LL - k->epoch;
	if (q.since > now) /* the host's clock was put back */
		q.since = now;
	ask_restore(a, &q);
}

void
keep_open(struct keep *k, int dir, const char *name, const char *vm,
    struct ask *a, long long now)
{
	char *save = NULL;

	*k = (struct keep){
		.dir = dir, .name = name, .vm = vm, .epoch = since_1970() - now
	};
	if (io_read_file(dir, name, &k->was, KEEP_MAX) < 0 || !k->was.n) {
		buf_free(&k->was);
		return;
	}
	buf_add(&k->was, "", 1);
	for (char *p = strtok_r(k->was.p, "\n", &save); p;
	     p = strtok_r(NULL, "\n", &save))
		take(k, a, p, now);
	buf_free(&k->was);
}

static void
print(const struct keep *k, const struct ask *a, struct buf *out)
{
	for (const struct question *q = NULL; (q = ask_next(a, q));) {
		long long at = (q->since + k->epoch) / 1000;
		struct listed l = { .state = q->state,
			.seconds = at > 0 ? (unsigned)at : 0,
			.d = { .id = q->id,
			    .to = q->to,
			    .tries = q->tries,
			    .last = q->last } };

		(void)snprintf(l.d.vm, sizeof l.d.vm, "%s", k->vm);
		listed_print(&l, out);
		buf_str(out, "\n");
	}
}

void
keep_write(struct keep *k, const struct ask *a, long long now)
{
	struct buf text = { 0 };

	if (now < k->next)
		return;
	print(k, a, &text);
	if (text.n == k->was.n &&
	    (!text.n || memcmp(text.p, k->was.p, text.n) == 0)) {
		buf_free(&text);
		return;
	}
	k->next = now + KEEP_MS;
	if (io_put(k->dir, k->name, 0600, text.n ? text.p : "", text.n) < 0) {
		buf_free(&text);
		return;
	}
	buf_free(&k->was);
	k->was = text;
}
