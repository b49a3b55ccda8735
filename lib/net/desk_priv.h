/* SPDX-License-Identifier: ISC */
/* desk_priv: what the parts of a desk know of each other. */
#ifndef XRAY_DESK_PRIV_H
#define XRAY_DESK_PRIV_H

#include "desk.h"
#include "dialog.h"

/* Note who is there, and whether somebody may yet come. */
void desk_count_people(struct desk *d);
/* Have those looked for who could be asked. */
void desk_call_people(struct desk *d);
/* The line of a question, as it is told. */
void desk_question(
    const struct desk *d, const struct question *q, struct buf *out);
/* Tell asker who what came of his question id; arg is the desk. */
void desk_reply(int who, unsigned id, enum rule_verdict v, unsigned seconds,
    const char *why, void *arg);
/* Who has said a line; arg is the desk. */
void desk_heard(size_t who, char *line, void *arg);

#endif
