/* SPDX-License-Identifier: ISC */
/*
 * plugin: programs of other people that are commands: xray-foo in the home's
 * folder plugins, or on PATH, is `xray foo`.  One that others could have
 * changed, or put there, is not run.
 */
#ifndef XRAY_PLUGIN_H
#define XRAY_PLUGIN_H

#include "mem.h"

/* The path of the plug-in called name, the caller's.  NULL with why:
 * EX_NOINPUT when there is none, EX_NOPERM with the command that mends it. */
char *plugin_find(const char *name, struct why *why);
/* Set XRAY_HOME and PATH, our programs first, for a plug-in that is about to
 * take our place. */
void plugin_environment(const char *bin);

/* Add the names of those in the folder, without xray-, sorted. */
void plugin_names(struct strv *names);
/*
 * What `xray-name --xray-describe` prints first, masked, the caller's; NULL
 * when it says nothing within a second.  Only a program in which the word
 * stands is run: one that does not know the option would do what it does.
 */
char *plugin_text(const char *name);
/* The same of what it has printed. */
char *plugin_said(const char *out);

#endif
