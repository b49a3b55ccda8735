/* SPDX-License-Identifier: ISC */
#include "room.h"

#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/statvfs.h>

#include "say.h"

/* The uppermost folder of path on the same file system. */
static char *
mount_of(const char *path)
{
	char *p = realpath(path, NULL);
	struct stat here, up;

	if (!p || stat(p, &here) < 0) {
		free(p);
		return xstrdup(path);
	}
	for (;;) {
		char *slash = strrchr(p, '/');
		autofree char *parent =
		    xstrndup(p, slash == p ? 1 : (size_t)(slash - p));

		if (!slash[1] || stat(parent, &up) < 0 ||
		    up.st_dev != here.st_dev)
			return p;
		slash[slash == p] = '\0';
	}
}

int
room_look(struct home *h, struct room *r, struct why *why)
{
	struct statvfs fs;

	*r = (struct room){ .least = (uint64_t)1 << 30 };
	if (conf_size(h->conf, "min_free", 1 << 30, &r->least, why) < 0)
		return -1;
	if (fstatvfs(h->vms, &fs) < 0)
		return why_sys(why, EX_IOERR, "%s", h->path);
	r->free = (uint64_t)fs.f_bavail * fs.f_frsize;
	r->all = (uint64_t)fs.f_blocks * fs.f_frsize;
	r->mount = mount_of(h->path);
	return 0;
}

void
room_free(struct room *r)
{
	free(r->mount);
	r->mount = NULL;
}

int
room_check(const struct home *h, int dir, uint64_t need, const char *who,
    struct why *why)
{
	uint64_t least = (uint64_t)1 << 30, left;
	autofree char *is = NULL;
	autofree char *keep = NULL;
	autofree char *want = NULL;
	autofree char *mount = NULL;
	struct statvfs fs;

	if (conf_size(h->conf, "min_free", 1 << 30, &least, why) < 0)
		return -1;
	if (fstatvfs(dir < 0 ? h->vms : dir, &fs) < 0)
		return why_sys(why, EX_IOERR, "%s", h->path);
	left = (uint64_t)fs.f_bavail * fs.f_frsize;
	if (need <= left && left - need >= least)
		return 0;
	is = num_human(left);
	keep = num_human(least);
	want = num_human(need);
	mount = mount_of(h->path);
	return why_set(why, EX_TEMPFAIL,
	    "%s: %s free%s%s%s%s%s, min_free is %s; see xray disk, or use -f",
	    who, is, dir < 0 ? " on " : "", dir < 0 ? mount : "",
	    need ? ", " : "", need ? want : "", need ? " needed" : "", keep);
}
