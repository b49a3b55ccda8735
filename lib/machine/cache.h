/* SPDX-License-Identifier: ISC */
/*
 * cache: where downloads are kept, and how full a file system may become.
 */
#ifndef XRAY_CACHE_H
#define XRAY_CACHE_H

#include "home.h"

/* The folder for downloads, perhaps not yet there, the caller's:
 * $XRAY_CACHE, the key cache, $XDG_CACHE_HOME/xray, ~/.cache/xray. */
char *cache_path(const struct home *h);
/* Open its folder sub, made with all above it.  -1 with why (EX_IOERR). */
int cache_open(const struct home *h, const char *sub, struct why *why);

/*
 * 0 when `need` more bytes leave min_free (config.ini, 1G by default) on the
 * file system of directory dir (-1: the home's).  Else -1 with why:
 * EX_TEMPFAIL, in words that name both figures and the options; EX_CONFIG
 * when min_free is no size.  who is named first ("web").
 */
int home_room(const struct home *h, int dir, uint64_t need, const char *who,
    struct why *why);

#endif
