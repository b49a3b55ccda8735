/* SPDX-License-Identifier: ISC */
/* story_priv: what the parts of story share. */
#ifndef XRAY_STORY_PRIV_H
#define XRAY_STORY_PRIV_H

#include "story.h"

/* Text for people of n bytes, of which SIGN_LINE count, the caller's. */
char *story_text(const char *p, size_t n);
/* An event with that text, which it owns; and into the story. */
struct event story_event(
    const char *stamp, enum story_source source, char *text);
void story_take(struct story *s, struct event e);

/* The times of the last n starts in the folder of logs, oldest first; *ended:
 * QEMU has ended since.  -1 with errno. */
int story_starts(int log, size_t n, struct strv *starts, int *ended);
/* Read the logs of the run that began at s->from.  -1 with errno. */
int story_logs(int log, struct story *s);

#endif
