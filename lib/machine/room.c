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
room_check(struct home *h, const char *what, struct why *why)
{
	struct room r;

	if (room_look(h, &r, why) < 0)
		return -1;
	if (r.free < r.least) {
		autofree char *is = num_human(r.free);
		autofree char *least = num_human(r.least);

		why_set(why, EX_TEMPFAIL,
		    "%s: %s free on %s, min_free is %s; see xray disk, or use "
		    "-f",
		    what, is, r.mount, least);
		room_free(&r);
		return -1;
	}
	room_free(&r);
	return 0;
}
