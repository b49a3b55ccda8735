/* SPDX-License-Identifier: ISC */
/*
 * desk: where the questions of one VM meet those who answer them: the queue,
 * the connections of both, and the scribe.  See xray-ask(1) for the lines.
 */
#ifndef XRAY_DESK_H
#define XRAY_DESK_H

#include "ask.h"
#include "fronts.h"
#include "scribe.h"
#include "usher.h"

enum { DESK_CLIENTS = FRONTS_MOST };
enum { DESK_FDS = DESK_CLIENTS + 2 };

/* Start with { 0 } and desk_init; fill in what is the caller's. */
struct desk {
	struct talk talk;
	struct ask ask; /* its timeout is the caller's */
	struct scribe scribe;
	struct usher usher; /* what it starts is policy's to choose */
	const char *vm;
	int nobody; /* nobody is to be asked, whoever is there */
	int hold; /* what nobody is there to answer waits */
	/* Before a question is taken, or somebody comes who answers: policy may
	 * be read anew. */
	void (*policy)(void *arg);
	/* What was shown is shown no more; ask.turn is 0. */
	void (*over)(void *arg);
	/* The rule for dest was not written down; a program did not start. */
	void (*failed)(const char *dest, const char *text, void *arg);
	void (*unable)(const char *text, void *arg);
	void *arg;
	struct fronts fronts;
	char curious[DESK_CLIENTS]; /* who waits for a status */
	long long called; /* ms: when those who may be there were, last */
	long gateway; /* whose questions we went for; -1: nobody's */
	size_t waiting; /* as told */
	long long now;
};

/* vm is its name, program xray-fw; both must live on. */
void desk_init(struct desk *d, const char *vm, const char *program);
/* Ask at fd for the questions of a gateway. */
void desk_gateway(struct desk *d, int fd);

/* Fill in what to wait for, DESK_FDS entries; how long at most, -1: for
 * ever. */
int desk_poll(const struct desk *d, struct pollfd *p);
/* Go on with what poll found. */
void desk_serve(struct desk *d, const struct pollfd *p, long long now);
/* Ours is the turn to show, or not: go on. */
void desk_turn(struct desk *d, int ours);

#endif
