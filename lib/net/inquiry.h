/* SPDX-License-Identifier: ISC */
/*
 * inquiry: the questions of a gateway that no rule answers, at the one who asks
 * a person: xray-ask, which has connected to its control socket and said
 * "ask".  A line each, words with a blank between:
 *
 *	ask ID PROTO HOST PORT		may it reach that?
 *	answer ID allow|deny SECONDS WHY	yes, no; for so long nobody asks
 *					again; why: asked, nobody, full, silence
 *
 * ID is a number that is used once.  HOST is a name that the gateway's own
 * resolver gave the guest, an address, or `host`, this machine.  Nobody
 * there, INQUIRY_OPEN questions open, or one who does not read: denied at
 * once.  A question that got no answer is dropped with the connection.
 *
 * A proxy's are the same, but that it connects itself, when it has a question.
 */
#ifndef XRAY_INQUIRY_H
#define XRAY_INQUIRY_H

#include "rules.h"

enum { INQUIRY_OPEN = 64, INQUIRY_KNOWN = 256, INQUIRY_LINE = 512 };
enum { INQUIRY_MS = 320000 }; /* then a question is given up */
/* How long nobody is called again who did not answer, at first and at most. */
enum { INQUIRY_AGAIN_MS = 100, INQUIRY_MOST_MS = 5000 };

/* Where somebody wants to, in the words of a line: "tcp example.com 443". */
struct inquiry_key {
	char text[RULE_NAME_MAX + 16];
};

/* Start with inquiry_init. */
struct inquiry {
	int fd; /* to whoever asks, -1: nobody */
	/* Nobody is there, and there is a question: connect, and inquiry_attach
	 * is called then.  -1: it cannot be done now.  NULL: they come. */
	int (*call)(void *arg);
	void *arg;
	int calling; /* that has not been told yet */
	long long again; /* ms: no call before */
	int backoff; /* ms, after the next call */
	unsigned id; /* of the next question */
	char line[INQUIRY_LINE]; /* of what comes */
	size_t n;
	struct {
		struct inquiry_key key; /* "": free */
		unsigned id;
		int sent;
		long long until; /* ms */
	} open[INQUIRY_OPEN];
	struct {
		struct inquiry_key key;
		uint8_t verdict; /* enum rule_verdict */
		const char *why;
		long long until;
	} known[INQUIRY_KNOWN]; /* answers, the next one in turn */
	size_t next;
};

void inquiry_init(struct inquiry *q);
/* Whoever is at fd asks from now on; an earlier one is let go.  -1: who was
 * called is not there.  Those who were waiting for him are to ask again. */
void inquiry_attach(struct inquiry *q, int fd);
/*
 * May to be?  RULE_ALLOW or RULE_DENY, and why in one word of WHY_TEXT bytes
 * (asked, nobody, full, silence); RULE_ASK: it is asked, and inquiry_serve will
 * tell.
 * now in ms.
 */
enum rule_verdict inquiry_ask(
    struct inquiry *q, const struct target *to, long long now, char *why);
/* Read all that came on fd: 1 when a question is answered now, or no longer
 * open, so that all who wait are to ask again. */
int inquiry_serve(struct inquiry *q, long long now);

#endif
