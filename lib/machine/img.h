/* SPDX-License-Identifier: ISC */
/*
 * img: qemu-img on a stranger's image.  Driver and protocol are always
 * stated and a backing file is never opened; it runs with bounds on memory
 * and processor time, ends with us, and what it says is masked.
 */
#ifndef XRAY_IMG_H
#define XRAY_IMG_H

#include "home.h"
#include "layout.h"

/* What goes on in the meantime: a text for people, and whether to stop. */
struct img_job {
	const struct home *home;
	const char *who; /* named first in messages */
	int force; /* min_free does not count */
	void (*tell)(const char *text); /* may be NULL */
};

/*
 * Convert the file fd, of QEMU's format, into stage/disk.qcow2.  -1 with why:
 * EX_DATAERR with qemu-img's own words, EX_IOERR for a full disk, EX_TEMPFAIL
 * when it did not get on for ten minutes or min_free was reached.
 */
int img_convert(const struct img_job *j, int stage, int fd, const char *format,
    struct why *why);

/* 0 when qemu-img check finds stage/disk.qcow2 sound (leaks are nothing);
 * -1 with why, EX_NOPERM for a damaged one, EX_TEMPFAIL after ten minutes. */
int img_check(const struct img_job *j, int stage, struct why *why);

/*
 * The disk that stage/disk.qcow2 (size bytes to a guest) holds, for
 * layout_read; it is read 1 MiB at a time and 32 times at most.  img_shut
 * frees it; -1 when qemu-img could not read what was asked for.
 */
struct img_disk;
struct img_disk *img_open(int stage, uint64_t size, struct disk *d);
int img_shut(struct img_disk *i);

#endif
