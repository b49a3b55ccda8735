/* SPDX-License-Identifier: ISC */
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "io.h"
#include "say.h"
#include "untar_priv.h"

struct pruning {
	struct untar_work *w;
	int dir;
	const char *path;
	struct why *why;
};

static int
by_name(const void *a, const void *b)
{
	return strcmp(*(char *const *)a, *(char *const *)b);
}

static int prune(struct untar_work *w, const char *path, struct why *why);

static int
prune_one(const char *name, void *arg)
{
	struct pruning *p = arg;
	autofree char *path =
	    xasprintf("%s%s%s", p->path, *p->path ? "/" : "", name);
	struct untar_work *w = p->w;
	struct stat st;

	if (!w->seen.n ||
	    !bsearch(&path, w->seen.v, w->seen.n, sizeof *w->seen.v, by_name))
		return io_remove_tree(p->dir, name) < 0 ?
		    untar_fails(p->why, path) :
		    0;
	if (fstatat(p->dir, name, &st, AT_SYMLINK_NOFOLLOW) == 0 &&
	    S_ISDIR(st.st_mode))
		return prune(w, path, p->why);
	return 0;
}

/* Remove below root/path what did not come. */
static int
prune(struct untar_work *w, const char *path, struct why *why)
{
	autoclose int dir = untar_folder(w, path, why);
	struct pruning p = { w, dir, path, why };

	if (dir < 0)
		return -1;
	why->code = 0;
	if (io_walk(dir, prune_one, &p) < 0)
		return why->code ? -1 : untar_fails(why, path);
	return 0;
}

static int
set_folders(struct untar_work *w, struct why *why)
{
	for (size_t i = w->n; w->u->archive && i-- > 0;) {
		const struct untar_folder_of *f = &w->folders[i];
		struct timespec times[2] = { { .tv_nsec = UTIME_OMIT },
			{ .tv_sec = (time_t)f->mtime } };
		autoclose int fd = untar_folder(w, f->path, why);

		if (fd < 0)
			return -1;
		if (fchmod(fd, f->mode) < 0 || futimens(fd, times) < 0)
			return untar_fails(why, f->path);
	}
	return 0;
}

/* Only below a folder that came: contents, or one by its name. */
int
untar_finish(struct untar_work *w, int whole, struct why *why)
{
	int all = strcmp(w->u->want, ".") == 0;

	if (w->u->prune && !whole)
		return why_set(
		    why, EX_IOERR, "the guest met errors; nothing was removed");
	if (w->u->prune && (all ? w->root >= 0 : w->n > 0)) {
		strv_sort(&w->seen);
		if (prune(w, all ? "" : w->u->want, why) < 0)
			return -1;
	}
	return set_folders(w, why);
}
