/* SPDX-License-Identifier: ISC */
/* untar_priv: between untar.c, which makes, and untar_end.c. */
#ifndef XRAY_UNTAR_PRIV_H
#define XRAY_UNTAR_PRIV_H

#include <fcntl.h>
#include <sys/types.h>

#include "tar.h"
#include "untar.h"

enum { UNTAR_FOLDER = O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC };

struct untar_folder_of { /* its mode and time are set when all is in it */
	char *path;
	mode_t mode;
	int64_t mtime;
};

struct untar_work {
	struct untar *u;
	struct tar tar;
	int root; /* u->dir, or the folder u->as in it */
	mode_t umask;
	int lone; /* one file to the name u->as: nothing else may come */
	uint64_t entries, names; /* and bytes of names kept */
	struct strv seen; /* with prune: the paths that came */
	struct untar_folder_of *folders;
	size_t n, cap;
};

/* Set why to errno's meaning for path, which a guest has named; -1. */
int untar_fails(struct why *why, const char *path);
/* Open the folder root/path, "" the root itself; -1 with why. */
int untar_folder(const struct untar_work *w, const char *path, struct why *why);
/* All has come: remove what did not, if the guest met no error (whole), and
 * give folders their modes and times. */
int untar_finish(struct untar_work *w, int whole, struct why *why);

#endif
