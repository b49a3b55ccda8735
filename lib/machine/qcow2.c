/* SPDX-License-Identifier: ISC */
#include "qcow2.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "io.h"
#include "say.h"

enum {
	HEADER_V2 = 72,
	HEADER_V3 = 104,
	OUR_HEADER = 112,
	READ_MAX = 65536,
	CLUSTER = 65536,
	EXT_END = 0,
	EXT_BACKING_FORMAT = (int)0xe2792aca,
	EXT_DATA_FILE = 0x44415441,
	EXT_LUKS = 0x0537be77,
	CRYPT_LUKS = 2,
	ZSTD = 1,
	MAX_L1 = 32 << 20, /* bytes; QEMU's own bounds */
	MAX_REFCOUNT_TABLE = 8 << 20,
	MAX_SNAPSHOTS = 65536, /* QEMU's own bound */
	MAX_TABLE = 16 << 20 /* bytes of snapshot table looked at */
};

static const uint64_t MAX_DISK = (uint64_t)64 << 40;

static uint64_t
get(const unsigned char *p, int bytes)
{
	uint64_t v = 0;

	for (int i = 0; i < bytes; i++)
		v = v << 8 | p[i];
	return v;
}

static uint32_t
get32(const unsigned char *p)
{
	return (uint32_t)get(p, 4);
}

static void
put(unsigned char *p, uint64_t v, int bytes)
{
	for (int i = bytes - 1; i >= 0; i--, v >>= 8)
		p[i] = (unsigned char)v;
}

static int
bad(struct why *why, const char *what)
{
	return why_set(why, EX_DATAERR, "qcow2 header: %s", what);
}

/* Text of n bytes at offset `at` of the header's h bytes. */
static int
text(const unsigned char *b, size_t h, uint64_t at, uint64_t n, char *out,
    size_t size, struct why *why)
{
	if (n >= size || at > h || n > h - at)
		return bad(why, "a name outside the first cluster");
	memcpy(out, b + at, n);
	out[n] = '\0';
	if (memchr(out, '\0', n))
		return bad(why, "a NUL byte in a name");
	return 0;
}

/* Header extensions: type, length, data padded to 8 bytes. */
static int
extensions(const unsigned char *b, size_t h, size_t at, struct qcow2 *q,
    struct why *why)
{
	for (;;) {
		uint32_t type, n;

		if (at + 8 > h)
			return bad(why, "extensions run over");
		type = get32(b + at);
		n = get32(b + at + 4);
		at += 8;
		if (type == EXT_END)
			return 0;
		if (n > h - at)
			return bad(why, "an extension runs over");
		if (type == (uint32_t)EXT_BACKING_FORMAT &&
		    text(b, h, at, n, q->backing_format,
			sizeof q->backing_format, why) < 0)
			return -1;
		/* what names another file or a key counts without its bit */
		if (type == EXT_DATA_FILE)
			q->data_file = 1;
		if (type == EXT_LUKS && !q->crypt)
			q->crypt = CRYPT_LUKS;
		at += (n + 7) & ~7u;
	}
}

static int
header(const unsigned char *b, size_t got, struct qcow2 *q, size_t *length,
    struct why *why)
{
	q->version = (int)get32(b + 4);
	if (q->version != 2 && q->version != 3)
		return bad(why, "neither version 2 nor 3");
	*length = q->version == 2 ? HEADER_V2 : get32(b + 100);
	if (got < HEADER_V3 ||
	    (q->version == 3 && (*length < HEADER_V3 || *length % 8)))
		return bad(why, "too short");
	q->cluster_bits = (int)get32(b + 20);
	if (q->cluster_bits < 9 || q->cluster_bits > 21)
		return bad(why, "cluster size out of bounds");
	q->size = get(b + 24, 8);
	if (q->size > (uint64_t)1 << 56 || q->size % 512)
		return bad(why, "virtual size out of bounds");
	q->crypt = get32(b + 32);
	q->l1_entries = get32(b + 36);
	q->l1_table = get(b + 40, 8);
	q->refcount_table = get(b + 48, 8);
	q->refcount_clusters = get32(b + 56);
	q->snapshots = get32(b + 60);
	q->snapshot_table = get(b + 64, 8);
	if (q->snapshots > MAX_SNAPSHOTS)
		return bad(why, "too many snapshots");
	if (q->version == 3) {
		q->incompatible = get(b + 72, 8);
		if (get32(b + 96) > 6)
			return bad(why, "refcount width out of bounds");
		if (*length > HEADER_V3)
			q->compression = b[HEADER_V3];
	}
	return 0;
}

int
qcow2_read(int fd, struct qcow2 *q, struct why *why)
{
	unsigned char b[READ_MAX];
	ssize_t n = pread(fd, b, sizeof b, 0);
	size_t length = 0, h;

	*q = (struct qcow2){ 0 };
	if (n < 0)
		return why_sys(why, EX_IOERR, "read");
	if (n < HEADER_V2 || get32(b) != QCOW2_MAGIC)
		return why_set(why, EX_DATAERR, "not a qcow2 image");
	if (header(b, (size_t)n, q, &length, why) < 0)
		return -1;
	h = (size_t)1 << q->cluster_bits;
	h = h < (size_t)n ? h : (size_t)n; /* what counts as the header */
	if (length > h)
		return bad(why, "longer than a cluster");
	if (get(b + 8, 8) &&
	    text(b, h, get(b + 8, 8), get32(b + 16), q->backing,
		sizeof q->backing, why) < 0)
		return -1;
	return extensions(b, h, length, q, why);
}

int
qcow2_sealable(const struct qcow2 *q, struct why *why)
{
	const uint64_t known = QCOW2_COMPRESSION | QCOW2_EXTENDED_L2;

	if (*q->backing) {
		autobuf struct buf b = { 0 };

		buf_vis(&b, q->backing, strlen(q->backing));
		return why_set(why, EX_NOPERM,
		    "has a backing file (%s); "
		    "qemu-img convert makes one image of them",
		    b.p);
	}
	if (q->incompatible & QCOW2_DATA_FILE || q->data_file)
		return why_set(why, EX_NOPERM,
		    "keeps its data in another "
		    "file; qemu-img convert makes one image of them");
	if (q->crypt)
		return why_set(why, EX_NOPERM, "is encrypted");
	if (q->snapshots)
		return why_set(why, EX_NOPERM,
		    "holds %u internal "
		    "snapshot(s); qemu-img convert leaves them out",
		    q->snapshots);
	if (q->incompatible & (QCOW2_DIRTY | QCOW2_CORRUPT))
		return why_set(why, EX_NOPERM,
		    "was not closed cleanly; "
		    "qemu-img check -r all mends it");
	if (q->incompatible & ~known)
		return why_set(why, EX_NOPERM,
		    "needs a feature we do not know (bits %llx)",
		    (unsigned long long)(q->incompatible & ~known));
	if (q->compression > ZSTD ||
	    !q->compression != !(q->incompatible & QCOW2_COMPRESSION))
		return why_set(why, EX_NOPERM,
		    "is compressed in a way we do not know (%d)",
		    q->compression);
	if (q->size == 0 || q->size > MAX_DISK)
		return why_set(why, EX_NOPERM,
		    "a disk of %llu bytes; at most 64 TiB, and not none",
		    (unsigned long long)q->size);
	return 0;
}

/* A table at byte `at` of n bytes in a file of `size`. */
static int
inside(uint64_t at, uint64_t n, int cluster_bits, uint64_t size)
{
	return at && at % ((uint64_t)1 << cluster_bits) == 0 && at <= size &&
	    n <= size - at;
}

int
qcow2_tables(int fd, const struct qcow2 *q, struct why *why)
{
	/* an L2 table is one cluster of entries of 8 or 16 bytes */
	int entry_bits = q->incompatible & QCOW2_EXTENDED_L2 ? 4 : 3;
	int per_l1 = 2 * q->cluster_bits - entry_bits;
	uint64_t need = (q->size + ((uint64_t)1 << per_l1) - 1) >> per_l1;
	uint64_t l1 = (uint64_t)q->l1_entries * 8;
	uint64_t rt = (uint64_t)q->refcount_clusters << q->cluster_bits;
	off_t size = lseek(fd, 0, SEEK_END);

	if (size < 0)
		return why_sys(why, EX_IOERR, "size");
	if (q->l1_entries < need || l1 > MAX_L1 ||
	    !inside(q->l1_table, l1, q->cluster_bits, (uint64_t)size))
		return why_set(why, EX_NOPERM,
		    "qcow2 header: an L1 table outside the file or of the "
		    "wrong length");
	if (!rt || rt > MAX_REFCOUNT_TABLE ||
	    !inside(q->refcount_table, rt, q->cluster_bits, (uint64_t)size))
		return why_set(why, EX_NOPERM,
		    "qcow2 header: a refcount table outside the file or of "
		    "the wrong length");
	return 0;
}

/* One entry at p of the table's n bytes; its length, 0 when it is cut. */
static size_t
entry(const unsigned char *p, size_t n, struct qcow2_snapshot *s)
{
	size_t id, name, extra, all;

	if (n < 40)
		return 0;
	id = get(p + 12, 2);
	name = get(p + 14, 2);
	extra = get32(p + 36);
	if (extra > 1024 || 40 + extra + id + name > n)
		return 0;
	*s = (struct qcow2_snapshot){ .seconds = get32(p + 16),
		.state_size = get32(p + 32) };
	if (extra >= 8)
		s->state_size = get(p + 40, 8);
	if (name < sizeof s->name)
		memcpy(s->name, p + 40 + extra + id, name);
	all = (40 + extra + id + name + 7) & ~(size_t)7;
	return all < n ? all : n;
}

int
qcow2_snapshots(int fd, const struct qcow2 *q,
    void (*fn)(const struct qcow2_snapshot *s, void *arg), void *arg,
    struct why *why)
{
	autofree unsigned char *table = NULL;
	struct qcow2_snapshot s;
	size_t at = 0, step, max;
	ssize_t n;

	if (!q->snapshots)
		return 0;
	max = (size_t)q->snapshots * 2048;
	max = max < MAX_TABLE ? max : MAX_TABLE;
	table = xmalloc(max);
	n = pread(fd, table, max, (off_t)q->snapshot_table);
	if (n < 0)
		return why_sys(why, EX_IOERR, "snapshot table");
	for (uint32_t i = 0; i < q->snapshots; i++, at += step) {
		step = entry(table + at, (size_t)n - at, &s);
		if (!step)
			return why_set(
			    why, EX_DATAERR, "snapshot table is cut short");
		if (*s.name &&
		    s.name[strspn(s.name,
			"abcdefghijklmnopqrstuvw"
			"xyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789._-")] == '\0')
			fn(&s, arg);
	}
	return 0;
}

/* Header, backing-format extension, end of extensions, backing name. */
static size_t
fill_header(unsigned char *h, const char *backing, const char *format,
    uint64_t size, uint32_t l1_entries)
{
	size_t nb = backing ? strlen(backing) : 0, nf = strlen(format);
	size_t at = OUR_HEADER;

	put(h, QCOW2_MAGIC, 4);
	put(h + 4, 3, 4);
	put(h + 16, nb, 4);
	put(h + 20, 16, 4); /* 64 KiB clusters */
	put(h + 24, size, 8);
	put(h + 36, l1_entries, 4);
	put(h + 40, 3 * CLUSTER, 8); /* L1 table */
	put(h + 48, CLUSTER, 8); /* refcount table */
	put(h + 56, 1, 4); /* its clusters */
	put(h + 96, 4, 4); /* refcounts of 16 bits */
	put(h + 100, OUR_HEADER, 4);
	if (!backing)
		return at + 8; /* EXT_END */
	put(h + at, (uint32_t)EXT_BACKING_FORMAT, 4);
	put(h + at + 4, nf, 4);
	memcpy(h + at + 8, format, nf);
	at += 8 + ((nf + 7) & ~(size_t)7) + 8; /* the last 8: EXT_END */
	put(h + 8, at, 8);
	memcpy(h + at, backing, nb);
	return at + nb;
}

static int
write_at(int fd, const void *p, size_t n, off_t at)
{
	ssize_t w = pwrite(fd, p, n, at);

	if (w == (ssize_t)n)
		return 0;
	if (w >= 0)
		errno = ENOSPC;
	return -1;
}

static int
fill(int fd, const unsigned char *h, size_t nh, uint64_t l1_clusters)
{
	unsigned char table[8], counts[2 * 4096] = { 0 };
	uint64_t used = 3 + l1_clusters; /* header, table, block, L1 */

	put(table, 2 * CLUSTER, 8);
	for (uint64_t i = 0; i < used; i++)
		put(counts + 2 * i, 1, 2);
	if (ftruncate(fd, (off_t)(used * CLUSTER)) < 0 ||
	    write_at(fd, h, nh, 0) < 0 ||
	    write_at(fd, table, sizeof table, CLUSTER) < 0)
		return -1;
	return write_at(fd, counts, 2 * used, 2 * CLUSTER);
}

int
qcow2_overlay(int dir, const char *name, const char *backing,
    const char *format, uint64_t size, struct why *why)
{
	const uint64_t per_l1 = (uint64_t)CLUSTER * (CLUSTER / 8);
	uint64_t entries = (size + per_l1 - 1) / per_l1;
	uint64_t clusters = (entries * 8 + CLUSTER - 1) / CLUSTER;
	unsigned char h[4096] = { 0 };
	size_t nh;
	int fd, err;

	entries = entries ? entries : 1;
	clusters = clusters ? clusters : 1;
	if (size % 512 || (backing && strlen(backing) > QCOW2_NAME_MAX) ||
	    strlen(format) > 16 || clusters > 4000)
		return why_set(why, EX_USAGE, "%s: size out of bounds", name);
	nh = fill_header(h, backing, format, size, (uint32_t)entries);
	fd = openat(dir, name, O_RDWR | O_CREAT | O_EXCL | O_CLOEXEC, 0600);
	if (fd < 0)
		return why_sys(why, EX_IOERR, "%s", name);
	if (fill(fd, h, nh, clusters) == 0)
		return fd;
	err = errno;
	close(fd);
	unlinkat(dir, name, 0);
	errno = err;
	return why_sys(why, EX_IOERR, "%s", name);
}
