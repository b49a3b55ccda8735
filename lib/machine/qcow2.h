/* SPDX-License-Identifier: ISC */
/*
 * qcow2: read an image's header without trusting it, and write an overlay
 * without starting a process.  Follows QEMU's docs/interop/qcow2.txt; all
 * numbers in a file are big-endian.
 */
#ifndef XRAY_QCOW2_H
#define XRAY_QCOW2_H

#include <stdint.h>

#include "mem.h"

enum { QCOW2_MAGIC = 0x514649fb, QCOW2_NAME_MAX = 1023 };

/* Incompatible features (header bytes 72 to 79). */
enum {
	QCOW2_DIRTY = 1 << 0,
	QCOW2_CORRUPT = 1 << 1,
	QCOW2_DATA_FILE = 1 << 2,
	QCOW2_COMPRESSION = 1 << 3,
	QCOW2_EXTENDED_L2 = 1 << 4
};

struct qcow2 {
	int version; /* 2 or 3 */
	int cluster_bits; /* 9 to 21 */
	uint64_t size; /* what the guest sees, in bytes */
	char backing[QCOW2_NAME_MAX + 1]; /* "" when there is none */
	char backing_format[32]; /* "" when not said */
	uint32_t crypt; /* 0: none */
	uint64_t incompatible;
	uint32_t snapshots; /* how many inside */
	uint64_t snapshot_table; /* at this byte */
	uint64_t l1_table, refcount_table; /* at these bytes */
	uint32_t l1_entries, refcount_clusters;
	int compression; /* 0 zlib, 1 zstd */
	int data_file; /* an extension names one */
};

/* Read the header of fd.  -1 with why: EX_DATAERR for what is no qcow2 image
 * or breaks the specification's bounds, EX_IOERR. */
int qcow2_read(int fd, struct qcow2 *q, struct why *why);

/*
 * 0 when the image may become a base: it stands alone (no backing file, no
 * external data file), is not encrypted, holds no snapshots, was closed
 * cleanly, uses only features we know, and is a disk of at most 64 TiB and
 * not empty.  Else -1 with why, EX_NOPERM.
 */
int qcow2_sealable(const struct qcow2 *q, struct why *why);

/*
 * 0 when L1 and refcount table lie in the file, aligned, and L1 is as long as
 * the size needs; else -1 with why (EX_NOPERM, EX_IOERR).  QEMU's own bounds:
 * 32 MiB of L1 table, 8 MiB of refcount table.
 */
int qcow2_tables(int fd, const struct qcow2 *q, struct why *why);

/* One snapshot inside an image. */
struct qcow2_snapshot {
	char name[64];
	uint64_t state_size; /* of the memory, 0: disk only */
	uint64_t seconds; /* since 1970 */
};

/* Call fn for each snapshot of fd, whose header is q; names longer than ours
 * or with odd bytes are passed over.  0, or -1 with why. */
int qcow2_snapshots(int fd, const struct qcow2 *q,
    void (*fn)(const struct qcow2_snapshot *s, void *arg), void *arg,
    struct why *why);

/*
 * Write a new overlay dir/name of size bytes (a multiple of 512) on the file
 * called backing (NULL: it stands alone), whose format is given: header with
 * backing-format extension, refcounts, empty L1 table; version 3, 64 KiB
 * clusters.  The descriptor, open for writing and not yet synced, or -1 with
 * why.
 */
int qcow2_overlay(int dir, const char *name, const char *backing,
    const char *format, uint64_t size, struct why *why);

#endif
