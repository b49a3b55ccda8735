/* SPDX-License-Identifier: ISC */
/*
 * hub: one who shows questions hands them on to others: programs that it
 * starts, and those that come to its socket.  To them it is what xray-ask is.
 */
#ifndef XRAY_HUB_H
#define XRAY_HUB_H

#include "front.h"
#include "fronts.h"
#include "usher.h"

enum { HUB_FDS = 1 + FRONTS_MOST };

/* Start with { 0 } and hub_init. */
struct hub {
	struct talk talk;
	struct fronts fronts;
	struct usher usher; /* failed and its arg are the caller's */
	struct front *front; /* whose questions they are */
	long long called, now; /* ms */
};

void hub_init(struct hub *h, struct front *front, long long now);
/* Have those who come be told too: at a socket in the home, the folder home of
 * that path; XRAY_ASK_SOCK says which to those that we start.  -1 with errno.
 */
int hub_listen(struct hub *h, int home, const char *path);
/* What front heard. */
void hub_tell(struct hub *h, const char *line);
/* 1 while somebody shows questions, or may yet. */
int hub_has(const struct hub *h);
/* Fill in what to wait for, HUB_FDS entries; how long at most, -1: for ever. */
int hub_poll(const struct hub *h, struct pollfd *p);
/* Go on with what poll found. */
void hub_serve(struct hub *h, const struct pollfd *p, long long now);

#endif
