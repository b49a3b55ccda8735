/* SPDX-License-Identifier: ISC */
/* made: to wait until something is made in a folder. */
#ifndef XRAY_MADE_H
#define XRAY_MADE_H

/*
 * From now on tell what is made in folder dir: a descriptor for made_wait, or
 * -1 with errno.  A user has but some hundred of them, and the system may take
 * 20 ms to close(2) one: close it soon, and when nobody waits for it.
 */
int made_watch(int dir);

/* Wait until something was made since made_watch or the last call, at most
 * ms milliseconds; where fd is -1 a moment. */
void made_wait(int fd, int ms);

#endif
