/* SPDX-License-Identifier: ISC */
/*
 * deny: which refusals are worth a line.  A destination is named once a
 * minute, there are at most DENY_LINES lines in a second, and what was left
 * out for that is counted.  A guest can make refusals without end.
 */
#ifndef XRAY_DENY_H
#define XRAY_DENY_H

#include <stddef.h>
#include <stdint.h>

enum { DENY_LINES = 20, DENY_SEEN = 256, DENY_AGAIN = 60000 };

/* Start with { 0 }.  Times are in ms, of a clock that starts above 0. */
struct deny {
	struct {
		uint32_t addr;
		uint16_t port;
		uint8_t proto;
		long long at; /* 0: free */
	} seen[DENY_SEEN];
	size_t next; /* to be overwritten */
	long long second; /* when this second began */
	unsigned lines; /* in it */
	unsigned long missed;
};

/* 1 when one more line may be written now; else it is counted. */
int deny_line(struct deny *d, long long now);
/* 1 when a refusal of proto addr:port is to be written. */
int deny_first(
    struct deny *d, uint8_t proto, uint32_t addr, uint16_t port, long long now);
/* How many lines were left out, told once, when their second is over; else
 * 0.  Ask before the refusals of the same moment: they may begin a second. */
unsigned long deny_missed(struct deny *d, long long now);

#endif
