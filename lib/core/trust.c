/* SPDX-License-Identifier: ISC */
#include "trust.h"

#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "say.h"

/* Root's and ours. */
static int
is_ours(const struct stat *st)
{
	return st->st_uid == 0 || st->st_uid == geteuid();
}

/* One of the path's parts; below: the part under it is in what follows. */
static int
check(const char *path, int below, struct why *why)
{
	struct stat st;

	if (lstat(path, &st) < 0)
		return why_sys(why, EX_NOINPUT, "%s", path);
	if (!is_ours(&st))
		return why_set(why, EX_NOPERM,
		    "%s: belongs to another user, who can change it", path);
	if (!(st.st_mode & (S_IWGRP | S_IWOTH)))
		return 0;
	/* in such a folder nobody else can put ours aside */
	if (below && (st.st_mode & S_ISVTX))
		return 0;
	return why_set(why, EX_NOPERM,
	    "%s: others can write to it; chmod go-w %s", path, path);
}

int
trust_path(const char *path, struct why *why)
{
	autofree char *real = realpath(path, NULL);

	if (!real)
		return why_sys(why, EX_NOINPUT, "%s", path);
	if (check(real, 0, why) < 0)
		return -1;
	for (char *slash; (slash = strrchr(real, '/'));) {
		slash[slash == real] = '\0'; /* of "/" its name stays */
		if (check(real, 1, why) < 0)
			return -1;
		if (strcmp(real, "/") == 0)
			break;
	}
	return 0;
}
