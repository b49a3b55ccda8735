/* SPDX-License-Identifier: ISC */
/*
 * fuzz-disk: the first two bytes are how large the disk is in units of 64 KiB;
 * then come pieces of it: where they are, in sectors of 512 bytes, and how many
 * bytes, in two bytes each, and they themselves.  The rest of it is zero.  With
 * the top bit of the length the checksum of a GPT header is made right, and
 * that of the footer of a VHD.
 */
#include <sys/mman.h>

#include "bytes.h"
#include "fat.h"
#include "fuzz.h"
#include "image.h"
#include "layout.h"
#include "qcow2.h"
#include "say.h"

enum { UNIT = 65536, SECTOR = 512, MEND = 0x8000 };

static struct why why;

static uint32_t
crc32(const uint8_t *p, size_t n)
{
	uint32_t c = ~0U;

	for (; n--; p++)
		for (int i = 0; i < 8; i++)
			c = c >> 1 ^
			    (((c ^ (uint32_t)*p >> i) & 1) ? 0xedb88320 : 0);
	return ~c;
}

static void
mend(uint8_t *p, size_t n)
{
	uint32_t sum = 0;

	if (n >= 92 && memcmp(p, "EFI PART", 8) == 0) {
		memset(p + 16, 0, 4);
		sum = crc32(p, 92);
		for (int i = 0; i < 4; i++)
			p[16 + i] = (uint8_t)(sum >> 8 * i);
	} else if (n >= SECTOR && memcmp(p, "conectix", 8) == 0) {
		memset(p + 64, 0, 4);
		for (int i = 0; i < SECTOR; i++)
			sum += p[i];
		for (int i = 0; i < 4; i++)
			p[64 + i] = (uint8_t)(~sum >> (24 - 8 * i));
	}
}

static int reads;

/* A piece of the disk, as img_open's reads: at most so many. */
static int
get(void *arg, uint64_t at, void *buf, size_t n)
{
	int fd = *(int *)arg;

	must(n <= 65536);
	reads++;
	if (at > INT64_MAX)
		return -1;
	return pread(fd, buf, n, (off_t)at) == (ssize_t)n ? 0 : -1;
}

static void
fuzz_layout(int fd, uint64_t size)
{
	const struct disk d = { get, &fd, size };
	struct layout l;

	reads = 0;
	layout_read(&d, &l);
	must(reads < 4096);
	must(l.esp || (!l.x86_64 && !l.aarch64));
	(void)fat_has(&d, 0, "EFI/BOOT/BOOTX64.EFI");
	(void)fat_has(&d, SECTOR, "A");
}

static void
seen(const struct qcow2_snapshot *s, void *arg)
{
	unsigned *n = arg;

	++*n;
	must(*s->name && strlen(s->name) < sizeof s->name);
	fuzz_plain(s->name);
}

static void
fuzz_qcow2(int fd)
{
	unsigned n = 0;
	struct qcow2 q;

	if (qcow2_read(fd, &q, &why) < 0) {
		fuzz_why(&why);
		return;
	}
	must(q.version == 2 || q.version == 3);
	must(q.cluster_bits >= 9 && q.cluster_bits <= 21);
	must(strlen(q.backing) <= QCOW2_NAME_MAX);
	if (qcow2_sealable(&q, &why) < 0)
		fuzz_why(&why);
	else
		must(!*q.backing && !q.crypt && !q.snapshots && !q.data_file);
	if (qcow2_tables(fd, &q, &why) < 0)
		fuzz_why(&why);
	if (qcow2_snapshots(fd, &q, seen, &n, &why) < 0)
		fuzz_why(&why);
	must(n <= q.snapshots);
}

static void
fuzz_image(int fd)
{
	static const char *const words[] = { NULL, "raw", "qcow2", "vhd" };
	struct image im;

	if (image_sniff(fd, &im, &why) < 0) {
		fuzz_why(&why);
		return;
	}
	must(!im.format || image_format(im.format) == im.format);
	must(im.size <= (uint64_t)64 << 40);
	for (size_t i = 0; i < LEN(words); i++) {
		const char *f = words[i] ? image_format(words[i]) : NULL;
		const char *got = image_choose(&im, f, &why);

		if (!got)
			fuzz_why(&why);
		must(!got || !f || got == f);
	}
}

int
LLVMFuzzerTestOneInput(const uint8_t *p, size_t n)
{
	static int fd = -1;
	const uint8_t *end = p + n;
	uint64_t size;

	if (n < 2)
		return 0;
	if (fd < 0)
		must((fd = memfd_create("disk", MFD_CLOEXEC)) >= 0);
	size = be(p, 2) * UNIT;
	must(ftruncate(fd, 0) == 0 && ftruncate(fd, (off_t)size) == 0);
	for (p += 2; end - p >= 4;) {
		uint64_t at = be(p, 2) * SECTOR;
		size_t len = (size_t)be(p + 2, 2), m = len & ~(size_t)MEND;
		uint8_t *piece;

		p += 4;
		m = m < (size_t)(end - p) ? m : (size_t)(end - p);
		piece = malloc(m + 1);
		must(piece);
		memcpy(piece, p, m);
		if (len & MEND)
			mend(piece, m);
		must(pwrite(fd, piece, m, (off_t)at) == (ssize_t)m);
		free(piece);
		p += m;
	}
	size = (uint64_t)lseek(fd, 0, SEEK_END);
	fuzz_image(fd);
	fuzz_qcow2(fd);
	fuzz_layout(fd, size);
	return 0;
}
