/* SPDX-License-Identifier: ISC */
#include "strict.h"

#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "say.h"

static int
of_others(const struct stat *st)
{
	return st->st_uid != geteuid() && st->st_uid != 0;
}

int
strict_file(const struct stat *st, const char *path, struct why *why)
{
	if (!of_others(st) && !(st->st_mode & 022))
		return 0;
	return why_set(why, EX_NOPERM,
	    "%s: others can write to it; chmod go-w it, or --copy", path);
}

static int
folder(const char *path, struct why *why)
{
	struct stat st;

	if (lstat(path, &st) < 0)
		return why_sys(why, EX_NOINPUT, "%s", path);
	if (S_ISLNK(st.st_mode))
		return why_set(
		    why, EX_NOPERM, "%s: is a symbolic link now", path);
	if (of_others(&st))
		return why_set(why, EX_NOPERM,
		    "%s: the folder belongs to another user, who could put "
		    "another file there; --copy",
		    path);
	/* of a sticky one, only an entry's owner can take it away */
	if ((st.st_mode & 022) && !(st.st_mode & S_ISVTX))
		return why_set(why, EX_NOPERM,
		    "%s: others can write to the folder; chmod go-w it, or "
		    "--copy",
		    path);
	return 0;
}

int
strict_path(const char *path, struct why *why)
{
	autofree char *p = xstrdup(path);
	struct stat st;

	if (*p != '/')
		return why_set(why, EX_NOPERM, "%s: no path from /", path);
	if (folder("/", why) < 0)
		return -1;
	for (char *slash = strchr(p + 1, '/'); slash;
	     slash = strchr(slash + 1, '/')) {
		*slash = '\0';
		if (folder(p, why) < 0)
			return -1;
		*slash = '/';
	}
	if (lstat(path, &st) < 0)
		return why_sys(why, EX_NOINPUT, "%s", path);
	if (S_ISLNK(st.st_mode))
		return why_set(
		    why, EX_NOPERM, "%s: is a symbolic link now", path);
	return 0;
}
