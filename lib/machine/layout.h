/* SPDX-License-Identifier: ISC */
/*
 * layout: what a disk boots by, from its partition table (MBR; GPT, UEFI
 * specification section 5) and its EFI system partition (FAT 12, 16 and 32).
 * The disk is a stranger's: every number is looked at, all work is bounded.
 */
#ifndef XRAY_LAYOUT_H
#define XRAY_LAYOUT_H

#include <stddef.h>
#include <stdint.h>

/* The disk: get reads n bytes at `at` (n at most 64 KiB), 0 or -1. */
struct disk {
	int (*get)(void *arg, uint64_t at, void *buf, size_t n);
	void *arg;
	uint64_t size; /* in bytes */
};

struct layout {
	int table; /* it has a partition table */
	int bios; /* boot code, or a BIOS boot partition */
	int esp; /* an EFI system partition */
	int x86_64, aarch64; /* a loader for them on it */
};

/* Look at d.  What cannot be read counts as not there. */
void layout_read(const struct disk *d, struct layout *l);

/* 1 when the first n bytes of a disk of `size` bytes hold a partition table
 * that makes sense: the mark of a raw disk. */
int layout_is_disk(const unsigned char *head, size_t n, uint64_t size);

#endif
