/* SPDX-License-Identifier: ISC */
#include "cache.h"

#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
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
