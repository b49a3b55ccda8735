/* SPDX-License-Identifier: ISC */
/* cache: where downloads are kept. */
#ifndef XRAY_CACHE_H
#define XRAY_CACHE_H

#include "home.h"

/* The folder for downloads, perhaps not yet there, the caller's:
 * $XRAY_CACHE, the key cache, $XDG_CACHE_HOME/xray, ~/.cache/xray. */
char *cache_path(const struct home *h);
/* Open its folder sub (one name), made with all above it.  -1 with why:
 * EX_IOERR; EX_NOPERM when one of the two is another user's, or others can
 * write to it. */
int cache_open(const struct home *h, const char *sub, struct why *why);

#endif
