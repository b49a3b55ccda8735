/* SPDX-License-Identifier: ISC */
/*
 * trust: the path is walked part by part as the system would, so that the
 * folder of each link on the way counts, not only those of where it ends.
 */
#include "trust.h"

#include <errno.h>
#include <grp.h>
#include <limits.h>
#include <pwd.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "say.h"

enum { LINKS_MOST = 40 };

/* Root's and ours. */
static int
is_ours(const struct stat *st)
{
	return st->st_uid == 0 || st->st_uid == geteuid();
}

/* Whether the group is ours alone: of our name, and with nobody else in it,
 * as systems make one for each user whose umask lets his group write. */
static int
is_private(gid_t gid)
{
	struct passwd *pw = getpwuid(geteuid());
	autofree char *name = pw ? xstrdup(pw->pw_name) : NULL;
	struct group *g = pw && pw->pw_gid == gid ? getgrgid(gid) : NULL;

	if (!g || strcmp(g->gr_name, name) != 0)
		return 0;
	for (char **member = g->gr_mem; *member; member++)
		if (strcmp(*member, name) != 0)
			return 0;
	return 1;
}

/* One of the path's parts; below: the part under it is in what follows. */
static int
check(const char *path, int below, const struct stat *st, struct why *why)
{
	if (!is_ours(st))
		return why_set(why, EX_NOPERM,
		    "%s: belongs to another user, who can change it", path);
	if (S_ISLNK(st->st_mode) || !(st->st_mode & (S_IWGRP | S_IWOTH)))
		return 0;
	if (!(st->st_mode & S_IWOTH) && is_private(st->st_gid))
		return 0;
	/* in such a folder nobody else can put ours aside */
	if (below && (st->st_mode & S_ISVTX))
		return 0;
	return why_set(why, EX_NOPERM,
	    "%s: others can write to it; chmod go-w %s", path, path);
}

/* The path to go on with when the link at `at`, in folder, has been followed,
 * the caller's; NULL with errno. */
static char *
follow(const char *folder, const char *at, const char *rest)
{
	char target[PATH_MAX];
	ssize_t n = readlink(at, target, sizeof target - 1);

	if (n < 0)
		return NULL;
	target[n] = '\0';
	return *target == '/' ? xasprintf("%s/%s", target, rest) :
				xasprintf("%s/%s/%s", folder, target, rest);
}

/* Take the last part off. */
static void
go_up(char *path)
{
	char *slash = strrchr(path, '/');

	if (slash)
		*slash = '\0';
}

/*
 * Walk path, absolute, to its end or to the first link: 0, or 1 with what is
 * to be walked then, the caller's; -1 with why.
 */
static int
walk(const char *path, char **more, struct why *why)
{
	autofree char *at = xstrdup("");
	struct stat st;

	if (lstat("/", &st) < 0)
		return why_sys(why, EX_NOINPUT, "/");
	if (check("/", 1, &st, why) < 0)
		return -1;
	while (*(path += strspn(path, "/"))) {
		size_t n = strcspn(path, "/");
		const char *rest = path + n + strspn(path + n, "/");
		autofree char *folder = at;

		at = xasprintf("%s/%.*s", folder, (int)n, path);
		if (n == 1 && *path == '.') {
			go_up(at);
		} else if (n == 2 && strncmp(path, "..", 2) == 0) {
			go_up(at);
			go_up(at);
		} else if (lstat(at, &st) < 0) {
			return why_sys(why, EX_NOINPUT, "%s", at);
		} else if (check(at, 1, &st, why) < 0) {
			return -1;
		} else if (S_ISLNK(st.st_mode)) {
			*more = follow(folder, at, rest);
			return *more ? 1 : why_sys(why, EX_NOINPUT, "%s", at);
		}
		path = rest;
	}
	/* "." and ".." may be the end of it, too */
	if (!*at)
		return 0;
	if (lstat(at, &st) < 0)
		return why_sys(why, EX_NOINPUT, "%s", at);
	return check(at, 0, &st, why);
}

int
trust_path(const char *path, struct why *why)
{
	autofree char *real = realpath(path, NULL); /* that it is there */
	autofree char *here = *path == '/' ? NULL : realpath(".", NULL);
	char *now = xasprintf("%s/%s", here ? here : "", path);
	int links = 0, r;

	if (!real) {
		why_sys(why, EX_NOINPUT, "%s", path);
		free(now);
		return -1;
	}
	do {
		char *more = NULL;

		r = links++ < LINKS_MOST ?
		    walk(now, &more, why) :
		    why_set(why, EX_NOINPUT, "%s: %s", path, strerror(ELOOP));
		free(now);
		now = more;
	} while (r > 0);
	free(now);
	return r;
}
