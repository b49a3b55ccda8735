/* SPDX-License-Identifier: ISC */
/* fat: look for a file in a FAT file system.  Follows Microsoft's "FAT32 File
 * System Specification" 1.03; short names only, which loaders have. */
#ifndef XRAY_FAT_H
#define XRAY_FAT_H

#include "layout.h"

/* 1 when the file system that begins at byte `at` of the disk holds path
 * ("EFI/BOOT/BOOTX64.EFI", each part of 8.3 in capitals). */
int fat_has(const struct disk *d, uint64_t at, const char *path);

#endif
