/* SPDX-License-Identifier: ISC */
/*
 * tar: read a tar stream that somebody hostile may have written: ustar, GNU
 * and pax headers, of which only names, sizes, modes and times are looked at.
 * Nothing is written anywhere; see untar.h for that.
 *
 *	struct tar t = { .in = 0 };
 *	while ((r = tar_next(&t, &e, &why)) == 1)
 *		while ((n = tar_data(&t, &p, &why)) > 0)
 *			...
 *	tar_free(&t);
 */
#ifndef XRAY_TAR_H
#define XRAY_TAR_H

#include <stdint.h>
#include <sys/types.h>

#include "mem.h"

enum { TAR_BLOCK = 512 };

struct tar {
	int in; /* the stream; it need not be seekable */
	/* The rest is tar's own. */
	uint64_t left; /* bytes of the entry that are still to be read */
	unsigned pad; /* and behind them, to a whole block */
	char *buf;
	size_t at, end;
	char *path, *longname; /* of the entry; of the next one, from L or x */
	uint64_t size; /* from x */
	int has_size;
};

struct tar_entry {
	char *path; /* as sent; the stream's, until the next tar_next */
	char type; /* '0' a file, '5' a folder, else as in the header */
	mode_t mode; /* at most 07777 */
	int64_t mtime; /* seconds, not negative */
	uint64_t size;
};

/*
 * The next entry: 1; 0 at the end of the archive; -1 with why (EX_PROTOCOL
 * for what is cut short or no tar, EX_TEMPFAIL when nothing came for 5
 * minutes, EX_IOERR).  What was not read of the one before is skipped.
 */
int tar_next(struct tar *t, struct tar_entry *e, struct why *why);
/* Some of the entry's data, valid until the next call: how many bytes, 0 at
 * its end, -1 with why. */
ssize_t tar_data(struct tar *t, const char **p, struct why *why);
/*
 * Behind the end of the archive: read the rest of the stream, at most 1 MiB,
 * so that its writer can end.  1 when its last bytes are `last`, else 0; -1
 * with why.
 */
int tar_rest(struct tar *t, const char *last, struct why *why);
void tar_free(struct tar *t);

#endif
