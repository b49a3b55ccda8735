/* SPDX-License-Identifier: ISC */
#include "cache.h"

#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
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

/* Open the folder, made with all above it. */
static int
make(char *path)
{
	for (char *slash = strchr(path + 1, '/'); slash;
	     slash = strchr(slash + 1, '/')) {
		int fd;

		*slash = '\0';
		fd = io_mkdir(AT_FDCWD, path);
		*slash = '/';
		if (fd < 0)
			return -1;
		close(fd);
	}
	return io_mkdir(AT_FDCWD, path);
}

/* What lies there is gone on with and believed: nobody else may put it. */
static int
ours(int fd, const char *path, struct why *why)
{
	struct stat st;

	if (fstat(fd, &st) < 0)
		return why_sys(why, EX_IOERR, "%s", path);
	if (st.st_uid != geteuid())
		return why_set(why, EX_NOPERM,
		    "%s: the cache belongs to another user; set XRAY_CACHE to "
		    "a folder of yours",
		    path);
	if (st.st_mode & 022)
		return why_set(why, EX_NOPERM,
		    "%s: others can write to the cache; chmod go-w it, after a "
		    "look at what is there",
		    path);
	return 0;
}

int
cache_open(const struct home *h, const char *sub, struct why *why)
{
	autofree char *path = cache_path(h);
	autoclose int top = make(path);
	int fd;

	if (top < 0)
		return why_sys(why, EX_IOERR, "%s", path);
	if (ours(top, path, why) < 0)
		return -1;
	fd = io_mkdir(top, sub);
	if (fd < 0)
		return why_sys(why, EX_IOERR, "%s/%s", path, sub);
	if (ours(fd, path, why) == 0)
		return fd;
	close(fd);
	return -1;
}
