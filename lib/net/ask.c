/* SPDX-License-Identifier: ISC */
#include "ask.h"

#include <string.h>

#include "mem.h"

/* An asker that is told no because nobody could be asked may ask again at once;
 * one whose question nobody answered, not for a while. */
enum { NOT_NOW_S = 1, SILENCE_S = 60 };

static int
is_open(const struct question *q)
{
	return q->state == ASK_WAITS || q->state == ASK_SHOWING;
}

static int
same(const struct ask_to *a, const struct ask_to *b)
{
	return a->proto == b->proto && a->port == b->port &&
	    strcmp(a->host, b->host) == 0;
}

static struct question *
find(struct ask *a, const struct ask_to *to)
{
	for (size_t i = 0; i < LEN(a->q); i++)
		if (a->q[i].state != ASK_FREE && same(&a->q[i].to, to))
			return &a->q[i];
	return NULL;
}

static size_t
count(const struct ask *a, enum ask_state state)
{
	size_t n = 0;

	for (size_t i = 0; i < LEN(a->q); i++)
		n += a->q[i].state == state;
	return n;
}

size_t
ask_waiting(const struct ask *a)
{
	return count(a, ASK_WAITS);
}

/* Where the one that is shown stands; LEN(a->q): none is. */
static size_t
showing(const struct ask *a)
{
	size_t i;

	for (i = 0; i < LEN(a->q) && a->q[i].state != ASK_SHOWING; i++)
		;
	return i;
}

const struct question *
ask_showing(const struct ask *a)
{
	size_t i = showing(a);

	return i < LEN(a->q) ? &a->q[i] : NULL;
}

const struct question *
ask_next(const struct ask *a, const struct question *q)
{
	const struct question *best = NULL;

	for (size_t i = 0; i < LEN(a->q); i++)
		if (a->q[i].state != ASK_FREE && (!q || a->q[i].id > q->id) &&
		    (!best || a->q[i].id < best->id))
			best = &a->q[i];
	return best;
}

/* Tell all who wait for it, and forget them. */
static void
settle(struct ask *a, struct question *q, enum rule_verdict v, unsigned seconds,
    const char *why)
{
	for (size_t i = 0; i < q->naskers; i++)
		if (q->asker[i].who >= 0)
			a->call.reply(q->asker[i].who, q->asker[i].id, v,
			    seconds, why, a->call.arg);
	q->naskers = 0;
}

static void
take_away(struct ask *a, struct question *q)
{
	if (q->state == ASK_SHOWING)
		a->call.withdraw(q, a->call.arg);
}

/* No answer will come: the guest is refused, and the question kept. */
static void
be_late(struct ask *a, struct question *q, unsigned seconds, const char *why)
{
	take_away(a, q);
	settle(a, q, RULE_DENY, seconds, why);
	q->state = ASK_IS_LATE;
	q->last = ASK_UNANSWERED;
}

/* Room for another: a free one, else the late one that is oldest. */
static struct question *
room(struct ask *a, int open)
{
	struct question *late = NULL;

	if (!open && count(a, ASK_IS_LATE) < ASK_LATE)
		open = 1;
	for (size_t i = 0; i < LEN(a->q); i++) {
		struct question *q = &a->q[i];

		if (open && q->state == ASK_FREE)
			return q;
		if (q->state == ASK_IS_LATE && (!late || q->id < late->id))
			late = q;
	}
	return late;
}

/* Whether one more may be put before people. */
static int
may_show(const struct ask *a, long long now)
{
	for (size_t i = 0; i < ASK_SHOWN; i++)
		if (!a->shown[i] || now - a->shown[i] >= ASK_WINDOW_MS)
			return 1;
	return 0;
}

static void
note_shown(struct ask *a, long long now)
{
	size_t oldest = 0;

	for (size_t i = 1; i < ASK_SHOWN; i++)
		if (a->shown[i] < a->shown[oldest])
			oldest = i;
	a->shown[oldest] = now;
}

/* One that people allowed was no nuisance. */
static void
unnote_shown(struct ask *a)
{
	size_t newest = 0;

	for (size_t i = 1; i < ASK_SHOWN; i++)
		if (a->shown[i] > a->shown[newest])
			newest = i;
	a->shown[newest] = 0;
}

static void
add_asker(struct ask *a, struct question *q, int who, unsigned id)
{
	if (q->naskers == ASK_ASKERS) {
		a->call.reply(
		    who, id, RULE_DENY, NOT_NOW_S, "full", a->call.arg);
		return;
	}
	q->asker[q->naskers].who = who;
	q->asker[q->naskers++].id = id;
}

static struct ask_past *
past(struct ask *a, const struct ask_to *to)
{
	for (size_t i = 0; i < ASK_PAST; i++)
		if (a->past[i].last && same(&a->past[i].to, to))
			return &a->past[i];
	return NULL;
}

static void
recall(struct ask *a, struct question *q)
{
	const struct ask_past *p = past(a, &q->to);

	if (p) {
		q->last = p->last;
		q->denials = p->denials;
	}
}

static void
remember(struct ask *a, const struct ask_to *to, enum rule_verdict v)
{
	struct ask_past *p = past(a, to);

	if (!p) {
		p = &a->past[a->npast++ % ASK_PAST];
		*p = (struct ask_past){ .to = *to };
	}
	p->last = v == RULE_ALLOW ? ASK_ALLOWED : ASK_DENIED;
	p->denials = v == RULE_ALLOW ? 0 : p->denials + 1;
}

void
ask_request(
    struct ask *a, int who, unsigned id, const struct ask_to *to, long long now)
{
	struct question *q = find(a, to);
	int shown = ask_showing(a) != NULL;
	int some = a->people || a->expected;
	int open = some && ask_waiting(a) + shown <= ASK_WAITING &&
	    (may_show(a, now) || shown);

	if (q && is_open(q)) {
		q->tries++;
		add_asker(a, q, who, id);
		return;
	}
	if (!q) {
		q = room(a, open);
		*q = (struct question){ .to = *to };
		q->id = ++a->id;
		recall(a, q);
	}
	q->tries++;
	q->since = now;
	q->until = now + a->timeout;
	add_asker(a, q, who, id);
	if (open)
		q->state = ASK_WAITS;
	else
		be_late(a, q, NOT_NOW_S, some ? "full" : "nobody");
	ask_tick(a, now);
}

void
ask_gone(struct ask *a, int who)
{
	for (size_t i = 0; i < LEN(a->q); i++)
		for (size_t k = 0; k < a->q[i].naskers; k++)
			if (a->q[i].asker[k].who == who)
				a->q[i].asker[k].who = -1;
}

/* Where question id is; LEN(a->q): nowhere. */
static size_t
at(const struct ask *a, unsigned id)
{
	size_t i = 0;

	while (i < LEN(a->q) && (a->q[i].state == ASK_FREE || a->q[i].id != id))
		i++;
	return i;
}

const struct question *
ask_find(const struct ask *a, unsigned id)
{
	size_t i = at(a, id);

	return i < LEN(a->q) ? &a->q[i] : NULL;
}

int
ask_wants(const struct ask *a, long long now)
{
	return ask_showing(a) ||
	    (a->people && ask_waiting(a) && may_show(a, now));
}

int
ask_answer(struct ask *a, unsigned id, enum rule_verdict v, unsigned seconds,
    struct ask_to *to, long long now)
{
	size_t i = at(a, id);
	struct question *q = &a->q[i];

	if (i == LEN(a->q))
		return -1;
	*to = q->to;
	remember(a, to, v);
	if (v == RULE_ALLOW && q->state == ASK_SHOWING)
		unnote_shown(a);
	take_away(a, q);
	settle(a, q, v, seconds, "asked");
	*q = (struct question){ .state = ASK_FREE };
	ask_tick(a, now);
	return 0;
}

void
ask_restore(struct ask *a, const struct question *q)
{
	struct question *to;

	if (!q->id || ask_find(a, q->id) || find(a, &q->to))
		return;
	to = room(a, 0);
	*to = *q;
	to->naskers = 0;
	to->state = ASK_IS_LATE;
	to->last = ASK_UNANSWERED;
	if (q->id > a->id)
		a->id = q->id;
}

/* The oldest that waits. */
static struct question *
first(struct ask *a)
{
	struct question *best = NULL;

	for (size_t i = 0; i < LEN(a->q); i++)
		if (a->q[i].state == ASK_WAITS &&
		    (!best || a->q[i].since < best->since ||
			(a->q[i].since == best->since &&
			    a->q[i].id < best->id)))
			best = &a->q[i];
	return best;
}

void
ask_tick(struct ask *a, long long now)
{
	int some = a->people || a->expected;
	struct question *q;

	for (size_t i = 0; i < LEN(a->q); i++)
		if (is_open(&a->q[i]) && (!some || now >= a->q[i].until))
			be_late(a, &a->q[i], some ? SILENCE_S : NOT_NOW_S,
			    some ? "silence" : "nobody");
	q = ask_showing(a) ? &a->q[showing(a)] : NULL;
	if (q && !a->turn) { /* another VM's is shown for a while */
		take_away(a, q);
		q->state = ASK_WAITS;
	}
	q = a->turn && a->people && !ask_showing(a) ? first(a) : NULL;
	if (!q || !may_show(a, now))
		return;
	q->state = ASK_SHOWING;
	note_shown(a, now);
	a->call.show(q, a->call.arg);
}

int
ask_wait(const struct ask *a, long long now)
{
	long long least = -1;

	for (size_t i = 0; i < LEN(a->q); i++) {
		long long left = a->q[i].until - now;

		if (is_open(&a->q[i]) && (least < 0 || left < least))
			least = left < 0 ? 0 : left;
	}
	return least > 3600000 ? 3600000 : (int)least;
}
