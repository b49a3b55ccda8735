/* SPDX-License-Identifier: ISC */
/* strict: whether others could put another file in a file's place. */
#ifndef XRAY_STRICT_H
#define XRAY_STRICT_H

#include "mem.h"

struct stat;
/* 0 when the file of this stat can be written to by nobody but us and root;
 * else -1 with why (EX_NOPERM), naming path. */
int strict_file(const struct stat *st, const char *path, struct why *why);

/*
 * 0 when nobody but us and root can change which file the absolute path leads
 * to: it goes through no symbolic link, and each folder on it is ours or
 * root's, and not for others to write in unless it is sticky.  Else -1 with
 * why: EX_NOPERM, EX_NOINPUT when a part is not there.
 */
int strict_path(const char *path, struct why *why);

#endif
