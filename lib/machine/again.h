/* SPDX-License-Identifier: ISC */
/* again: how long to wait before a program that ended is started again. */
#ifndef XRAY_AGAIN_H
#define XRAY_AGAIN_H

/* Start with { 0 }. */
struct again {
	int ms; /* that were waited last */
	long long since; /* ms, that it runs */
};

/* It runs from now on, by io_now. */
void again_runs(struct again *a);
/* It has ended: how many ms to wait.  AGAIN_MS, and twice as long each time in
 * a row, up to AGAIN_MOST_MS; who has run for ten times as long as was waited
 * for it is not one of a row. */
enum { AGAIN_MS = 100, AGAIN_MOST_MS = 5000 };
int again_ended(struct again *a);

#endif
