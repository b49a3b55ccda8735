/* SPDX-License-Identifier: ISC */
/*
 * deny: how many lines a guest may have written into a log that is kept for
 * its owner: DENY_BURST at once, DENY_RATE a second after that.  What is left
 * out is counted.
 */
#ifndef XRAY_DENY_H
#define XRAY_DENY_H

enum { DENY_BURST = 1000, DENY_RATE = 50 };

/* Start with { 0 }.  Times are in ms, of a clock that starts above 0. */
struct deny {
	long long since; /* when spent was right */
	long spent;
	unsigned long missed;
};

/* 1 when one more line may be written now; else it is counted. */
int deny_line(struct deny *d, long long now);
/* How many lines were left out, told once, when there is room again. */
unsigned long deny_missed(struct deny *d, long long now);

#endif
