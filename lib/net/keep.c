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
	if (q.since > now) /* or the host's clock was put back */
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
print(const struct keep *k, struct listed *l, long long at, struct buf *out)
{
	at = (at + k->epoch) / 1000;
	l->seconds = at > 0 ? (unsigned)at : 0;
	(void)snprintf(l->d.vm, sizeof l->d.vm, "%s", k->vm);
	listed_print(l, out);
	buf_str(out, "\n");
}

static void
print_all(const struct keep *k, const struct ask *a, const struct scribe *s,
    struct buf *out)
{
	for (const struct question *q = NULL; (q = ask_next(a, q));) {
		struct listed l = { .state = q->state,
			.d = { .id = q->id,
			    .to = q->to,
			    .tries = q->tries,
			    .last = q->last } };

		print(k, &l, q->since, out);
	}
	for (size_t i = 0; i < s->n; i++) {
		struct listed l = { .state = ASK_IS_LATE,
			.d = { .id = s->v[i].id, .to = s->v[i].to } };

		print(k, &l, s->v[i].until, out); /* read as the present */
	}
}

void
keep_write(
    struct keep *k, const struct ask *a, const struct scribe *s, long long now)
{
	autobuf struct buf text = { 0 };
	struct buf was = k->was;

	if (now < k->next)
		return;
	print_all(k, a, s, &text);
	if (text.n == was.n && (!text.n || memcmp(text.p, was.p, text.n) == 0))
		return;
	k->next = now + KEEP_MS;
	if (io_put(k->dir, k->name, 0600, text.n ? text.p : "", text.n) < 0)
		return;
	k->was = text;
	text = was; /* to be freed */
}
