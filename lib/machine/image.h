/* SPDX-License-Identifier: ISC */
/*
 * image: what a file is, by its content; its name says nothing.
 *
 * Follows QEMU's docs/interop/qcow2.txt and block/vdi.c's layout, VMware's
 * "Virtual Disk Format 5.0", Microsoft's "Virtual Hard Disk Image Format
 * Specification" and MS-VHDX, as far as the first bytes go.
 */
#ifndef XRAY_IMAGE_H
#define XRAY_IMAGE_H

#include <stdint.h>

#include "mem.h"

struct image {
	/* QEMU's name of the format: qcow2 raw vmdk vdi vpc vhdx; NULL when
	 * the content is not certain. */
	const char *format;
	uint64_t size; /* of the disk it says it holds, 0: not told */
	const char *hint; /* what it seems to be instead, and the mend; NULL */
};

/*
 * Look at the file fd.  0 and *im, or -1 with why: EX_NOPERM for an image
 * that names other files, is encrypted or says it is larger than 64 TiB,
 * EX_DATAERR for an empty one, EX_IOERR.
 */
int image_sniff(int fd, struct image *im, struct why *why);

/* QEMU's name for what a person calls a format (qcow2 raw vmdk vdi vhd vhdx,
 * or vpc for vhd); NULL when it is none that is taken. */
const char *image_format(const char *word);

/*
 * The format to take: what --format says (NULL: nothing), which has to agree
 * with the content unless it is raw, else what is certain.  NULL with why
 * (EX_DATAERR) that names the option.
 */
const char *image_choose(
    const struct image *im, const char *format, struct why *why);

#endif
