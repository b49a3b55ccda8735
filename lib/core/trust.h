/* SPDX-License-Identifier: ISC */
/*
 * trust: whether others could change a program that is about to be run, or a
 * file that is about to be believed.
 */
#ifndef XRAY_TRUST_H
#define XRAY_TRUST_H

#include "mem.h"

/*
 * 0 when only root and we can change what path leads to: links are followed,
 * and the file or folder there, every link on the way and every folder above
 * one of these belong to root or to us and can be written by nobody else, our
 * private group being nobody; of a folder with the sticky bit only what we own
 * is ours.  -1 with why: EX_NOPERM with the path at fault and the command that
 * mends it, EX_NOINPUT when nothing is there.
 */
int trust_path(const char *path, struct why *why);

#endif
