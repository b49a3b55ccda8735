/* SPDX-License-Identifier: ISC */
#include "fat.h"

#include <string.h>

#include "bytes.h"

enum {
	ENTRY = 32,
	ATTR_LABEL = 0x08, /* also in the four bits of a long name */
	ATTR_DIRECTORY = 0x10,
	CHUNK = 4096,
	MAX_CHUNKS = 64 /* of a directory: 8192 entries */
};

struct fat {
	const struct disk *d;
	uint64_t begin; /* of the file system */
	uint64_t table, root, data; /* bytes from begin */
	uint64_t cluster; /* bytes */
	uint32_t clusters; /* how many */
	uint32_t root_cluster; /* FAT32 */
	uint32_t root_bytes; /* FAT12 and 16 */
	int bits; /* 12, 16 or 32 */
};

static int
get(const struct fat *f, uint64_t at, void *buf, size_t n)
{
	if (at > f->d->size || f->begin > f->d->size - at)
		return -1;
	return f->d->get(f->d->arg, f->begin + at, buf, n);
}

static int
mount(struct fat *f, const struct disk *d, uint64_t begin)
{
	unsigned char b[512];
	uint64_t sector, reserved, fats, per_fat, root, total, used;

	*f = (struct fat){ .d = d, .begin = begin };
	if (get(f, 0, b, sizeof b) < 0 || b[510] != 0x55 || b[511] != 0xaa)
		return -1;
	sector = le(b + 11, 2);
	f->cluster = sector * b[13];
	reserved = le(b + 14, 2);
	fats = b[16];
	root = le(b + 17, 2) * ENTRY;
	total = le(b + 19, 2) ? le(b + 19, 2) : le(b + 32, 4);
	per_fat = le(b + 22, 2) ? le(b + 22, 2) : le(b + 36, 4);
	if ((sector != 512 && sector != 1024 && sector != 2048 &&
		sector != 4096) ||
	    !f->cluster || !fats || !per_fat)
		return -1;
	f->table = reserved * sector;
	f->root = f->table + fats * per_fat * sector;
	f->root_bytes = (uint32_t)root;
	f->data = f->root + (root + sector - 1) / sector * sector;
	used = f->data / sector;
	if (total <= used)
		return -1;
	f->clusters = (uint32_t)((total - used) / b[13]);
	f->bits = f->clusters < 4085 ? 12 : f->clusters < 65525 ? 16 : 32;
	f->root_cluster = f->bits == 32 ? (uint32_t)le(b + 44, 4) : 0;
	return 0;
}

/* The cluster behind c, 0 at the end of the chain or of sense. */
static uint32_t
next(const struct fat *f, uint32_t c)
{
	unsigned char b[4] = { 0 };
	uint64_t at = f->bits == 12 ? c + c / 2 : (uint64_t)c * f->bits / 8;
	uint32_t v;

	if (get(f, f->table + at, b, f->bits == 32 ? 4 : 2) < 0)
		return 0;
	v = (uint32_t)le(b, 4);
	if (f->bits == 12)
		v = (c & 1 ? v >> 4 : v) & 0xfff;
	v &= 0x0fffffff;
	return v >= 2 && v - 2 < f->clusters ? v : 0;
}

/* "BOOTX64.EFI" as a directory has it: 8 bytes and 3, filled with blanks. */
static void
short_name(const char *name, size_t n, char out[11])
{
	size_t at = 0;

	memset(out, ' ', 11);
	for (size_t i = 0; i < n && at < 11; i++)
		if (name[i] == '.')
			at = 8;
		else
			out[at++] = name[i];
}

/* Look through n bytes of a directory: 1 found, 0 go on, -1 its end. */
static int
scan(const unsigned char *b, size_t n, const char name[11],
    unsigned char found[ENTRY])
{
	for (size_t i = 0; i + ENTRY <= n; i += ENTRY) {
		if (!b[i])
			return -1;
		if (!(b[i + 11] & ATTR_LABEL) && memcmp(b + i, name, 11) == 0) {
			memcpy(found, b + i, ENTRY);
			return 1;
		}
	}
	return 0;
}

/* Look for name in the directory at cluster c; 0: the root. */
static int
find(const struct fat *f, uint32_t c, const char name[11],
    unsigned char found[ENTRY])
{
	unsigned char b[CHUNK];
	int fixed = !c && f->bits != 32, r = 0;
	uint64_t left = fixed ? f->root_bytes : f->cluster, at;

	c = c || fixed ? c : f->root_cluster;
	if (!fixed && (c < 2 || c - 2 >= f->clusters))
		return 0;
	at = fixed ? f->root : f->data + (c - 2) * f->cluster;
	for (int i = 0; i < MAX_CHUNKS && left && r == 0; i++) {
		size_t n = left < CHUNK ? (size_t)left : CHUNK;

		if (get(f, at, b, n) < 0)
			return 0;
		r = scan(b, n, name, found);
		at += n;
		left -= n;
		if (left || fixed || !(c = next(f, c)))
			continue;
		at = f->data + (c - 2) * f->cluster;
		left = f->cluster;
	}
	return r == 1;
}

int
fat_has(const struct disk *d, uint64_t at, const char *path)
{
	unsigned char e[ENTRY];
	uint32_t c = 0;
	struct fat f;

	if (mount(&f, d, at) < 0)
		return 0;
	for (;;) {
		size_t n = strcspn(path, "/");
		char name[11];

		short_name(path, n, name);
		if (!find(&f, c, name, e))
			return 0;
		if (!path[n])
			return !(e[11] & ATTR_DIRECTORY);
		if (!(e[11] & ATTR_DIRECTORY))
			return 0;
		c = (uint32_t)(le(e + 20, 2) << 16 | le(e + 26, 2));
		path += n + 1;
	}
}
