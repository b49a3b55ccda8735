/* SPDX-License-Identifier: ISC */
/*
 * One geometry serves all: 8192 sectors of 512 bytes; the boot sector, two
 * tables of 6 sectors, a root of 128 entries, clusters of 4 sectors from
 * number 2 on.  2042 clusters make it FAT12.
 */
#include "mkfat.h"

#include <ctype.h>
#include <stdio.h>
#include <string.h>

#include "say.h"

enum {
	SECTOR = 512,
	TABLE = 6 * SECTOR, /* bytes of one of the two */
	ROOT = SECTOR + 2 * TABLE,
	ENTRIES = 128,
	ENTRY = 32,
	CLUSTER = 4 * SECTOR,
	DATA = ROOT + ENTRIES * ENTRY,
	LAST = 0xfff, /* of a chain */
	FILES = 16,
	NAME = 26 /* two entries of 13 letters */
};

static void
put16(unsigned char *p, unsigned v)
{
	p[0] = (unsigned char)v;
	p[1] = (unsigned char)(v >> 8);
}

static void
put32(unsigned char *p, unsigned long v)
{
	put16(p, v & 0xffff);
	put16(p + 2, v >> 16 & 0xffff);
}

/* A name of 8.3 letters, filled up with blanks. */
static void
short_name(unsigned char *p, const char *name)
{
	size_t n = strlen(name);

	memset(p, ' ', 11);
	memcpy(p, name, n < 11 ? n : 11);
}

static void
boot_sector(unsigned char *p, const char *label)
{
	static const unsigned char jump[] = { 0xeb, 0x3c, 0x90 };

	memcpy(p, jump, sizeof jump);
	memcpy(p + 3, "XRAY    ", 8);
	put16(p + 11, SECTOR);
	p[13] = CLUSTER / SECTOR;
	put16(p + 14, 1); /* sectors before the tables */
	p[16] = 2; /* tables */
	put16(p + 17, ENTRIES);
	put16(p + 19, MKFAT_SIZE / SECTOR);
	p[21] = 0xf8; /* a fixed disk */
	put16(p + 22, TABLE / SECTOR);
	put16(p + 24, 32); /* sectors a track, heads: not used */
	put16(p + 26, 2);
	p[36] = 0x80;
	p[38] = 0x29; /* serial number, label and type follow */
	put32(p + 39, 0x78726179);
	short_name(p + 43, label);
	memcpy(p + 54, "FAT12   ", 8);
	put16(p + 510, 0xaa55);
}

/* Entry c of both tables: one and a half bytes. */
static void
link_cluster(unsigned char *image, unsigned c, unsigned next)
{
	for (int t = 0; t < 2; t++) {
		unsigned char *p = image + SECTOR + t * TABLE + c * 3 / 2;
		unsigned old = p[0] | (unsigned)p[1] << 8;

		put16(p,
		    c & 1 ? (old & 0x000f) | next << 4 : (old & 0xf000) | next);
	}
}

/* The short name of the k-th file: it is not shown where long ones are. */
static void
alias(unsigned char *p, const char *name, size_t k)
{
	char text[32];

	(void)snprintf(text, sizeof text, "%.5s~%zu", name, k + 1);
	for (char *c = text; *c; c++)
		*c = (char)toupper((unsigned char)*c);
	short_name(p, text);
}

static unsigned char
checksum(const unsigned char *p)
{
	unsigned char sum = 0;

	for (int i = 0; i < 11; i++)
		sum = (unsigned char)((sum << 7 | sum >> 1) + p[i]);
	return sum;
}

/* The part of a long name from its letter `from` on. */
static void
long_part(unsigned char *p, const char *name, size_t from, int order,
    unsigned char sum)
{
	static const unsigned char places[13] = { 1, 3, 5, 7, 9, 14, 16, 18, 20,
		22, 24, 28, 30 };
	size_t n = strlen(name);

	p[0] = (unsigned char)order;
	p[11] = 0x0f;
	p[13] = sum;
	for (size_t i = 0; i < LEN(places); i++)
		put16(p + places[i],
		    from + i < n      ? (unsigned char)name[from + i] :
			from + i == n ? 0 :
					0xffff);
}

/* Write f's entries at e, its data from cluster on; the entries used. */
static size_t
place(unsigned char *image, size_t e, const struct mkfat_file *f, size_t k,
    unsigned cluster)
{
	unsigned char *root = image + ROOT, short_entry[ENTRY] = { 0 };
	size_t parts = (strlen(f->name) + 12) / 13, clusters;

	alias(short_entry, f->name, k);
	short_entry[11] = 0x21; /* read-only, archive */
	put16(short_entry + 16, 0x21); /* 1 January 1980: no date differs */
	put16(short_entry + 18, 0x21);
	put16(short_entry + 24, 0x21);
	put16(short_entry + 26, f->n ? cluster : 0);
	put32(short_entry + 28, f->n);
	for (size_t i = parts; i > 0; i--)
		long_part(root + (e + parts - i) * ENTRY, f->name, (i - 1) * 13,
		    (int)i | (i == parts ? 0x40 : 0), checksum(short_entry));
	memcpy(root + (e + parts) * ENTRY, short_entry, ENTRY);

	if (f->n)
		memcpy(image + DATA + (cluster - 2) * CLUSTER, f->p, f->n);
	clusters = (f->n + CLUSTER - 1) / CLUSTER;
	for (size_t i = 0; i < clusters; i++)
		link_cluster(image, cluster + (unsigned)i,
		    i + 1 < clusters ? cluster + (unsigned)i + 1 : LAST);
	return parts + 1;
}

int
mkfat_image(const char *label, const struct mkfat_file *files, size_t n,
    struct buf *out, struct why *why)
{
	autofree unsigned char *image = NULL;
	unsigned cluster = 2;
	size_t e = 1, all = 0;

	for (size_t i = 0; i < n; i++) {
		all += (files[i].n + CLUSTER - 1) / CLUSTER * CLUSTER;
		if (strlen(files[i].name) > NAME || files[i].n > MKFAT_MAX ||
		    all > MKFAT_MAX || n > FILES)
			return why_set(why, EX_DATAERR,
			    "%s: too large; %d MiB fit", files[i].name,
			    MKFAT_MAX >> 20);
	}
	image = xcalloc(1, DATA + all);
	boot_sector(image, label);
	link_cluster(image, 0, 0xff8);
	link_cluster(image, 1, LAST);
	short_name(image + ROOT, label);
	image[ROOT + 11] = 0x08; /* the volume's label */
	put16(image + ROOT + 24, 0x21);
	for (size_t i = 0; i < n; i++) {
		e += place(image, e, &files[i], i, cluster);
		cluster += (unsigned)((files[i].n + CLUSTER - 1) / CLUSTER);
	}
	buf_add(out, image, DATA + all);
	return 0;
}
