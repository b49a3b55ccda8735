/* SPDX-License-Identifier: ISC */
/* cause_priv: what the parts of cause share. */
#ifndef XRAY_CAUSE_PRIV_H
#define XRAY_CAUSE_PRIV_H

#include "cause.h"

/* Set c to the cause that is called word; detail is what its sentence leaves
 * open. */
void cause_is(struct cause *c, const struct look *l, const char *word,
    const char *detail);

/* Take what the guest answered to the questions of cause_look.c, a text that
 * is cut up. */
void cause_take_answers(struct look *l, char *text);
/* Take what stands on its port 22. */
void cause_take_greeting(struct look *l, const char *text);
/* The last line of what a program that has ended said, a text that is cut up;
 * the caller's, NULL when it said nothing. */
char *cause_last_line(char *text);

#endif
