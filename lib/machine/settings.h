/* SPDX-License-Identifier: ISC */
/* settings: what a VM shall be, from a file, see --config of xray-create(1). */
#ifndef XRAY_SETTINGS_H
#define XRAY_SETTINGS_H

#include "mem.h"

/*
 * Read an ini file of settings and call set for each: option is the long name
 * of an option of xray-create, or "name"; value is set's to keep.  told gets a
 * line for each setting that is not known.  -1 with why when the file cannot
 * be read, or is none.
 */
int settings_read(const char *file,
    void (*set)(const char *option, char *value), struct strv *told,
    struct why *why);

#endif
