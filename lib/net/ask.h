/* SPDX-License-Identifier: ISC */
/*
 * ask: the questions of one VM that wait for a person.  No I/O: what is to be
 * said to whom is handed to the caller.
 *
 *	asked -> waiting -> shown -> answered
 *	  \         \         \---> nobody answered in time: late
 *	   \         \------------> everybody who could is gone: late
 *	    nobody there, or too many: late at once
 *
 * Those who ask are gateways and proxies; the same destination is one
 * question, whoever asks.  Late ones are kept for a while, so that a person
 * who comes later can answer for the next time.
 */
#ifndef XRAY_ASK_H
#define XRAY_ASK_H

#include <stddef.h>
#include <stdint.h>

#include "rule.h"

/* Questions that wait besides the one that is shown, late ones that are kept,
 * who waits for one answer; answers that are remembered. */
enum { ASK_WAITING = 16, ASK_LATE = 64, ASK_ASKERS = 8, ASK_PAST = 64 };
/* How many are shown within ASK_WINDOW_MS that are not allowed then. */
enum { ASK_SHOWN = 17, ASK_WINDOW_MS = 300000 };
enum { ASK_HOST = RULE_NAME_MAX };

/* Where to: as inquiry.h has it. */
struct ask_to {
	uint8_t proto; /* RULE_TCP, ... */
	uint16_t port;
	char host[ASK_HOST]; /* a name, an address, or host */
};

/* What came of a question the last time. */
enum ask_last { ASK_NEVER, ASK_ALLOWED, ASK_DENIED, ASK_UNANSWERED };

/* An answer to an earlier one. */
struct ask_past {
	struct ask_to to;
	enum ask_last last; /* ASK_NEVER: free */
	unsigned denials; /* in a row */
};

enum ask_state { ASK_FREE, ASK_WAITS, ASK_SHOWING, ASK_IS_LATE };

struct question {
	enum ask_state state;
	unsigned id; /* as people name it, from 1 */
	struct ask_to to;
	long long since, until; /* ms: asked first, given up */
	unsigned tries; /* how often it was asked */
	enum ask_last last;
	unsigned denials; /* in a row, before */
	struct {
		int who; /* of the caller's, -1: gone */
		unsigned id; /* of the asker's own */
	} asker[ASK_ASKERS];
	size_t naskers;
};

struct ask_calls {
	/* The answer to question id of asker who, and in a word why: asked,
	 * nobody (was there), full, silence; for seconds it need not ask
	 * again. */
	void (*reply)(int who, unsigned id, enum rule_verdict v,
	    unsigned seconds, const char *why, void *arg);
	/* q is to be shown to everybody, or is to be shown no more. */
	void (*show)(const struct question *q, void *arg);
	void (*withdraw)(const struct question *q, void *arg);
	void *arg;
};

/* Start with { 0 }; fill in call and timeout. */
struct ask {
	struct ask_calls call;
	long long timeout; /* ms that a question is open */
	/* Somebody could answer, or it is not known yet: set by the caller. */
	int people, expected;
	int turn; /* ours is the one that may be shown */
	unsigned id; /* of the last question */
	struct question q[ASK_WAITING + 1 + ASK_LATE];
	long long shown[ASK_SHOWN]; /* when, those that were not allowed */
	struct ask_past past[ASK_PAST];
	size_t npast; /* how many there were; the next is npast % ASK_PAST */
};

/* Asker who asks, by an id of its own; now in ms. */
void ask_request(struct ask *a, int who, unsigned id, const struct ask_to *to,
    long long now);
/* A question of before, by its id, to, tries and since: it is late.  Nothing
 * when there is another by its id or about its place. */
void ask_restore(struct ask *a, const struct question *q);
/* That asker is gone: nobody waits there. */
void ask_gone(struct ask *a, int who);
/* Question id; NULL: there is none. */
const struct question *ask_find(const struct ask *a, unsigned id);
/* Something could be shown, or is: ours should be the turn. */
int ask_wants(const struct ask *a, long long now);
/*
 * A person's answer to question id.  0: the askers have it, and it is the
 * caller's to write it down; *to gets where it is about.  -1: there is no such
 * question (any more).
 */
int ask_answer(struct ask *a, unsigned id, enum rule_verdict v,
    unsigned seconds, struct ask_to *to, long long now);
/* Go on: give up what nobody answered, show the next.  To be called when
 * people or turn changed, after requests and answers, and when ask_wait says
 * so.  */
void ask_tick(struct ask *a, long long now);
/* How many ms until ask_tick has something to do, -1: nothing. */
int ask_wait(const struct ask *a, long long now);
/* The one that is shown, NULL; how many wait besides it. */
const struct question *ask_showing(const struct ask *a);
size_t ask_waiting(const struct ask *a);
/* All that are open or late, by id: the one behind q, or the first for NULL;
 * NULL at the end. */
const struct question *ask_next(const struct ask *a, const struct question *q);

#endif
