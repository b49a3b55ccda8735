/* SPDX-License-Identifier: ISC */
#include "cache.h"

#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/statvfs.h>
#include <unistd.h>

#include "io.h"
#include "say.h"

char *
cache_path(const struct home *h)
{
	const char *env = getenv("XRAY_CACHE"), *xdg, *user;

	if (!env || !*env)
		env = conf_get(h->conf, NULL, "cache");
	if (env && *env)
		return xstrdup(env);
	xdg = getenv("XDG_CACHE_HOME");
	if (xdg && *xdg == '/')
		return xasprintf("%s/xray", xdg);
	user = getenv("HOME");
	return user && *user ? xasprintf("%s/.cache/xray", user) :
			       xasprintf("%s/cache", h->path);
}

int
cache_open(const struct home *h, const char *sub, struct why *why)
{
	autofree char *cache = cache_path(h);
	autofree char *path = xasprintf("%s/%s", cache, sub);
	int fd = -1;

	for (size_t i = 1; i <= strlen(path); i++) {
		char at = path[i];

		if (at != '/' && at != '\0')
			continue;
		path[i] = '\0';
		if (fd >= 0)
			close(fd);
		fd = io_mkdir(AT_FDCWD, path);
		if (fd < 0)
			return why_sys(why, EX_IOERR, "%s", path);
		path[i] = at;
		if (at == '\0')
			break;
	}
	return fd;
}

int
home_room(const struct home *h, int dir, uint64_t need, const char *who,
    struct why *why)
{
	uint64_t keep = (uint64_t)1 << 30, left;
	struct statvfs fs;

	if (conf_size(h->conf, "min_free", 1 << 30, &keep, why) < 0)
		return -1;
	if (fstatvfs(dir < 0 ? h->fd : dir, &fs) < 0)
		return why_sys(why, EX_IOERR, "%s", h->path);
	left = (uint64_t)fs.f_bavail * fs.f_frsize;
	if (need <= left && left - need >= keep)
		return 0;
	{
		autofree char *l = num_human(left), *n = num_human(need);
		autofree char *k = num_human(keep);

		return why_set(why, EX_TEMPFAIL,
		    "%s: %s free, %s needed and min_free keeps %s; "
		    "xray base gc frees some, -f goes on",
		    who, l, n, k);
	}
}
