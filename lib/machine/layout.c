/* SPDX-License-Identifier: ISC */
#include "layout.h"

#include <string.h>

#include "bytes.h"
#include "fat.h"
#include "mem.h"

enum {
	SECTOR = 512,
	ENTRIES = 446, /* of the MBR */
	MBR_PROTECTIVE = 0xee,
	MBR_ESP = 0xef,
	GPT_HEADER = 92,
	GPT_MAX = 512, /* entries looked at */
	GPT_TABLE = 65536 /* bytes of them */
};

static const unsigned char guid_esp[16] = { 0x28, 0x73, 0x2a, 0xc1, 0x1f, 0xf8,
	0xd2, 0x11, 0xba, 0x4b, 0x00, 0xa0, 0xc9, 0x3e, 0xc9, 0x3b };
static const unsigned char guid_bios[16] = { 0x48, 0x61, 0x68, 0x21, 0x49, 0x64,
	0x6f, 0x6e, 0x74, 0x4e, 0x65, 0x65, 0x64, 0x45, 0x46, 0x49 };

static uint32_t
crc32(const unsigned char *p, size_t n)
{
	uint32_t c = 0xffffffff;

	while (n--) {
		c ^= *p++;
		for (int k = 0; k < 8; k++)
			c = c >> 1 ^ (c & 1 ? 0xedb88320 : 0);
	}
	return ~c;
}

/* A GPT header is told by its own checksum. */
static int
is_gpt(const unsigned char *sector)
{
	unsigned char h[GPT_HEADER];

	if (memcmp(sector, "EFI PART", 8) != 0 ||
	    le(sector + 12, 4) != GPT_HEADER)
		return 0;
	memcpy(h, sector, sizeof h);
	memset(h + 16, 0, 4);
	return crc32(h, sizeof h) == le(sector + 16, 4);
}

/* One entry of an MBR: 1 used, 0 empty, -1 nonsense. */
static int
mbr_entry(const unsigned char *e, uint64_t sectors)
{
	uint64_t start = le(e + 8, 4), n = le(e + 12, 4);

	if (e[0] != 0 && e[0] != 0x80)
		return -1;
	if (!e[4])
		return n ? -1 : 0;
	/* a protective entry may say more than there is */
	if (!start || !n || (e[4] != MBR_PROTECTIVE && start + n > sectors))
		return -1;
	return 1;
}

static int
is_mbr(const unsigned char *b, uint64_t size)
{
	int used = 0;

	if (b[510] != 0x55 || b[511] != 0xaa)
		return 0;
	for (int i = 0; i < 4; i++) {
		int e = mbr_entry(b + ENTRIES + 16 * i, size / SECTOR);

		if (e < 0)
			return 0;
		used += e;
	}
	return used;
}

int
layout_is_disk(const unsigned char *head, size_t n, uint64_t size)
{
	return n >= 2 * SECTOR && (is_gpt(head + SECTOR) || is_mbr(head, size));
}

static void
read_esp(const struct disk *d, uint64_t at, struct layout *l)
{
	l->esp = 1;
	l->x86_64 |= fat_has(d, at, "EFI/BOOT/BOOTX64.EFI");
	l->aarch64 |= fat_has(d, at, "EFI/BOOT/BOOTAA64.EFI");
}

static void
read_gpt(const struct disk *d, const unsigned char *h, struct layout *l)
{
	uint64_t at = le(h + 72, 8), n = le(h + 80, 4), each = le(h + 84, 4);
	autofree unsigned char *table = NULL;

	n = n < GPT_MAX ? n : GPT_MAX;
	if (each < 128 || each > 4096 || n * each > GPT_TABLE ||
	    at > d->size / SECTOR)
		return;
	table = xmalloc(GPT_TABLE);
	if (d->get(d->arg, at * SECTOR, table, n * each) < 0)
		return;
	for (uint64_t i = 0; i < n; i++) {
		const unsigned char *e = table + i * each;
		uint64_t start = le(e + 32, 8);

		if (memcmp(e, guid_bios, 16) == 0)
			l->bios = 1;
		if (memcmp(e, guid_esp, 16) == 0 && !l->esp &&
		    start < d->size / SECTOR)
			read_esp(d, start * SECTOR, l);
	}
}

static int
boot_code(const unsigned char *b)
{
	if (b[510] != 0x55 || b[511] != 0xaa)
		return 0;
	for (int i = 0; i < 440; i++)
		if (b[i])
			return 1;
	return 0;
}

void
layout_read(const struct disk *d, struct layout *l)
{
	unsigned char b[2 * SECTOR];

	*l = (struct layout){ 0 };
	if (d->size < sizeof b || d->get(d->arg, 0, b, sizeof b) < 0)
		return;
	l->bios = boot_code(b);
	l->table = layout_is_disk(b, sizeof b, d->size);
	if (is_gpt(b + SECTOR)) {
		read_gpt(d, b + SECTOR, l);
		return;
	}
	if (!l->table)
		return;
	for (int i = 0; i < 4 && !l->esp; i++) {
		const unsigned char *e = b + ENTRIES + 16 * i;

		if (e[4] == MBR_ESP)
			read_esp(d, le(e + 8, 4) * SECTOR, l);
	}
}
