/* SPDX-License-Identifier: ISC */
/* What a script is given: its environment here, its wrapping there. */
#ifndef XRAY_SCRIPT_PRIV_H
#define XRAY_SCRIPT_PRIV_H

#include "script.h"

/* Fill s->env, once; the agent is started for it. */
int script_environment(struct scripts *s, struct why *why);
/* End the agent; with it goes its socket. */
void script_agent_end(struct scripts *s);

/* The guest's command that takes the n bytes of text from standard input and
 * runs them, the caller's. */
char *script_remote(const struct scripts *s, const char *text, size_t n);

#endif
