/* SPDX-License-Identifier: ISC */
/* ask: questions that wait for a person, without one. */
#include <stdlib.h>
#include <string.h>

#include "ask.h"
#include "mem.h"
#include "tap.h"

static struct ask a;
static struct buf told; /* all that was said, a word each */
static long long now;

static const char *last_why;

static void
reply(int who, unsigned id, enum rule_verdict v, unsigned seconds,
    const char *why, void *arg)
{
	(void)arg;
	last_why = why;
	buf_fmt(&told, "%d.%u=%s/%u ", who, id, v == RULE_ALLOW ? "yes" : "no",
	    seconds);
}

static void
show(const struct question *q, void *arg)
{
	(void)arg;
	buf_fmt(&told, "show:%s ", q->to.host);
}

static void
withdraw(const struct question *q, void *arg)
{
	(void)arg;
	buf_fmt(&told, "hide:%s ", q->to.host);
}

static void
begin(int people, int turn)
{
	a = (struct ask){ .call = { reply, show, withdraw, NULL },
		.timeout = 300000,
		.people = people,
		.turn = turn };
	now = 1000;
	buf_free(&told);
}

/* What was said since, exactly. */
static int
said(const char *want)
{
	int r = strcmp(told.p ? told.p : "", want) == 0;

	if (!r)
		printf("# said: %s\n", told.p ? told.p : "");
	buf_free(&told);
	return r;
}

static void
request(int who, unsigned id, const char *host)
{
	struct ask_to to = { .proto = RULE_TCP, .port = 443 };

	(void)snprintf(to.host, sizeof to.host, "%s", host);
	ask_request(&a, who, id, &to, now);
}

static int
answer(unsigned id, enum rule_verdict v)
{
	struct ask_to to;

	return ask_answer(&a, id, v, 30, &to, now);
}

static void
test_one(void)
{
	begin(1, 1);
	request(0, 7, "a.example");
	ok(said("show:a.example "), "a question is shown");
	request(0, 8, "a.example");
	request(1, 1, "a.example");
	ok(said(""), "the same is no other, whoever asks");
	request(0, 9, "b.example");
	ok(said("") && ask_waiting(&a) == 1, "another one waits");
	ok(answer(1, RULE_ALLOW) == 0 &&
		said("hide:a.example 0.7=yes/30 0.8=yes/30 1.1=yes/30 "
		     "show:b.example "),
	    "all who asked have the answer, and the next is shown");
	ok(answer(1, RULE_DENY) < 0 && said(""), "it is answered once");
	ask_gone(&a, 0);
	ok(answer(2, RULE_DENY) == 0 && said("hide:b.example "),
	    "who is gone is not told");
	ok(!ask_next(&a, NULL) && ask_wait(&a, now) < 0, "nothing is left");
}

static void
test_nobody(void)
{
	const struct question *q;

	begin(0, 1);
	request(0, 1, "a.example");
	ok(said("0.1=no/1 ") && strcmp(last_why, "nobody") == 0,
	    "nobody there: no, at once");
	q = ask_next(&a, NULL);
	ok(q && q->state == ASK_IS_LATE && q->id == 1, "and kept as late");
	a.people = 1;
	ask_tick(&a, now);
	ok(said(""), "which is not shown to who comes later");
	request(0, 2, "a.example");
	ok(said("show:a.example ") && q->id == 1 && q->last == ASK_UNANSWERED,
	    "but asked again it is, by the same number");
	a.people = 0;
	ask_tick(&a, now);
	ok(said("hide:a.example 0.2=no/1 "), "until everybody is gone");
	ok(answer(1, RULE_ALLOW) == 0 && said(""),
	    "a late answer is taken, for the next time");
}

static void
test_silence(void)
{
	begin(1, 1);
	request(0, 1, "a.example");
	now += 299999;
	request(0, 2, "b.example");
	ok(said("show:a.example ") && ask_wait(&a, now) == 1, "300 s,");
	now++;
	ask_tick(&a, now);
	ok(said("hide:a.example 0.1=no/60 show:b.example "),
	    "and silence is a no, and the next one's turn");
}

static void
test_turns(void)
{
	begin(1, 0);
	request(0, 1, "a.example");
	ok(said("") && ask_waiting(&a) == 1, "not our turn: it waits");
	a.turn = 1;
	ask_tick(&a, now);
	ok(said("show:a.example "), "until it is");
	a.turn = 0;
	ask_tick(&a, now);
	ok(said("hide:a.example "), "another's turn: put back");
	a.turn = 1;
	request(0, 2, "b.example");
	ok(said("show:a.example "), "and it is the first again");
}

static void
test_askers(void)
{
	begin(1, 1);
	for (unsigned id = 1; id <= ASK_ASKERS; id++)
		request(0, id, "a.example");
	ok(said("show:a.example "), "so many wait for one answer");
	request(0, 99, "a.example");
	ok(said("0.99=no/1 "), "one more does not");
}

static void
test_flood(void)
{
	size_t shown = 0, no = 0, late = 0;
	char host[64];

	begin(1, 1);
	for (unsigned i = 0; i < 10000; i++) {
		(void)snprintf(host, sizeof host, "h%u.example", i);
		request(0, i, host);
		now++;
	}
	for (const char *p = told.p; (p = strstr(p, "show:")); p++)
		shown++;
	for (const char *p = told.p; (p = strstr(p, "=no/1 ")); p++)
		no++;
	ok(shown == 1 && ask_waiting(&a) == ASK_WAITING &&
		no == 10000 - 1 - ASK_WAITING,
	    "a flood: one is shown, %d wait, %zu are refused", ASK_WAITING, no);
	for (const struct question *q = NULL; (q = ask_next(&a, q));)
		late += q->state == ASK_IS_LATE;
	ok(late == ASK_LATE, "the last %d are kept", ASK_LATE);
	/* one who says no to each, as quick as he can, while more come */
	buf_free(&told);
	for (unsigned i = 0; i < 10000 && now < 200000; i++) {
		const struct question *q = ask_showing(&a);

		if (q)
			(void)answer(q->id, RULE_DENY);
		(void)snprintf(host, sizeof host, "x%u.example", i);
		request(0, i, host);
		now += 10;
	}
	shown = 1;
	for (const char *p = told.p; (p = strstr(p, "show:")); p++)
		shown++;
	ok(shown == ASK_SHOWN, "%zu are shown in five minutes", shown);
	now += ASK_WINDOW_MS;
	buf_free(&told);
	ask_tick(&a, now);
	request(0, 1, "new.example");
	ok(strstr(told.p, "show:") != NULL, "then there are more");
}

static void
test_allowed(void)
{
	size_t shown = 0;
	char host[64];

	begin(1, 1);
	for (unsigned i = 0; i < 100; i++) {
		(void)snprintf(host, sizeof host, "h%u.example", i);
		request(0, i, host);
		if (ask_showing(&a))
			(void)answer(ask_showing(&a)->id, RULE_ALLOW);
	}
	for (const char *p = told.p; (p = strstr(p, "show:")); p++)
		shown++;
	ok(shown == 100, "what is allowed is no flood");
}

static void
test_restored(void)
{
	struct question q = { .id = 7,
		.to = { .proto = RULE_TCP, .port = 443, .host = "a.example" },
		.tries = 3,
		.since = 500 };
	const struct question *is;

	begin(1, 1);
	ask_restore(&a, &q);
	is = ask_find(&a, 7);
	ok(said("") && is && is->state == ASK_IS_LATE && is->tries == 3 &&
		is->since == 500 && is->last == ASK_UNANSWERED,
	    "one of before is late, and not shown");
	q.to.port = 80;
	ask_restore(&a, &q);
	q.to.port = 443;
	q.id = 8;
	ask_restore(&a, &q);
	ok(ask_find(&a, 7)->to.port == 443 && !ask_find(&a, 8),
	    "neither by a number nor a place that is taken");
	request(0, 1, "a.example");
	request(0, 2, "b.example");
	ok(said("show:a.example ") && is->tries == 4 && ask_find(&a, 8),
	    "it is asked again by its number, and others by higher ones");
	begin(0, 0);
	for (q.id = 1; q.id <= ASK_LATE + 9; q.id++) {
		q.to.port = (uint16_t)q.id;
		ask_restore(&a, &q);
	}
	for (is = NULL, q.tries = 0; (is = ask_next(&a, is));)
		q.tries++;
	ok(q.tries == ASK_LATE, "at most as many as there may be");
}

int
main(void)
{
	test_one();
	test_nobody();
	test_silence();
	test_turns();
	test_askers();
	test_flood();
	test_allowed();
	test_restored();
	buf_free(&told);
	return tap_end();
}
