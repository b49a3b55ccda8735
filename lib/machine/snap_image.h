/* SPDX-License-Identifier: ISC */
/*
 * snap_image: qemu-img at work on the images of a VM that is off, on all of
 * them at once.  The caller holds the VM by vm->hold, and so does qemu-img,
 * even without us.
 */
#ifndef XRAY_SNAP_IMAGE_H
#define XRAY_SNAP_IMAGE_H

#include "vm.h"

struct snap_images {
	const struct vm *vm;
	struct vm_disk d[VM_DISKS];
	int fd[VM_DISKS]; /* each, open for reading */
	int n;
};

/* Open them, before they are changed: what the system could not write from
 * then on is told by snap_images_sync.  0 and *m to be closed, or -1 with
 * why. */
int snap_images_open(
    const struct vm *vm, struct snap_images *m, struct why *why);
void snap_images_close(struct snap_images *m);

/* Run qemu-img snapshot with letter (-a, -d) on each image whose having the
 * tag is `having`.  0, or -1 with why: EX_IOERR, also when it
 * complains and calls it success. */
int snap_images_each(const struct snap_images *m, const char *letter,
    const char *tag, int having, struct why *why);
/* The same with -c on all; record is written (see snap_record) while they are
 * at work. */
int snap_images_create(const struct snap_images *m, const char *tag,
    const struct conf *record, struct why *why);
/* 1 when all of them have the tag, 0 when not, -1 with why. */
int snap_images_have(
    const struct snap_images *m, const char *tag, struct why *why);
/* Let the first grow to size bytes. */
int snap_images_grow(
    const struct snap_images *m, uint64_t size, struct why *why);
/* Collect the clusters that nothing points to; -1 with why for one that is
 * damaged besides. */
int snap_images_mend(const struct snap_images *m, struct why *why);
/* 0 when all that was written to them is on the disk, else -1 with why. */
int snap_images_sync(const struct snap_images *m, struct why *why);

#endif
