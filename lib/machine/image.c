/* SPDX-License-Identifier: ISC */
#include "image.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "bytes.h"
#include "layout.h"
#include "say.h"

enum { HEAD = 65536, SECTOR = 512 };

/* What is looked at: the beginning, and the last sector. */
struct look {
	unsigned char head[HEAD], tail[SECTOR];
	size_t n; /* of head */
	uint64_t size; /* of the file */
};

static const uint64_t max_disk = (uint64_t)64 << 40;

static int
has(const struct look *l, size_t at, const char *text, size_t n)
{
	return at + n <= l->n && memcmp(l->head + at, text, n) == 0;
}

static int
holds(const struct look *l, const char *word)
{
	size_t n = strlen(word);

	for (size_t i = 0; i + n <= l->n; i++)
		if (memcmp(l->head + i, word, n) == 0)
			return 1;
	return 0;
}

static int
names_others(struct why *why)
{
	return why_set(why, EX_NOPERM,
	    "a disk whose data or parent is in other files; "
	    "qemu-img convert makes one image of them");
}

/* A text descriptor lists files to open.  A sparse one has its descriptor
 * inside, where a parent may stand; without a capacity it is a list too. */
static int
vmdk(const struct look *l, struct image *im, struct why *why)
{
	uint64_t sectors = le(l->head + 12, 8);

	if (has(l, 0, "KDMV", 4)) {
		uint64_t at = le(l->head + 28, 8), n = le(l->head + 36, 8);

		im->size = sectors > max_disk ? UINT64_MAX : sectors * SECTOR;
		/* a descriptor that is not looked at below is no friend */
		if (!sectors || at + n < at || at + n > HEAD / SECTOR)
			return names_others(why);
	}
	im->format = "vmdk";
	if (!has(l, 0, "KDMV", 4) && !has(l, 0, "COWD", 4))
		return names_others(why);
	return holds(l, "parentFileNameHint") ? names_others(why) : 0;
}

/* The sum of the 512 bytes of a footer without its own field, inverted. */
static int
vhd_footer(const unsigned char *p)
{
	uint32_t sum = 0;

	if (memcmp(p, "conectix", 8) != 0)
		return 0;
	for (int i = 0; i < SECTOR; i++)
		if (i < 64 || i >= 68)
			sum += p[i];
	return (uint32_t)be(p + 64, 4) == ~sum;
}

static int
vhd(const unsigned char *footer, struct image *im, struct why *why)
{
	enum { FIXED = 2, DYNAMIC = 3 };
	uint64_t type = be(footer + 60, 4);

	im->format = "vpc";
	im->size = be(footer + 48, 8);
	return type == FIXED || type == DYNAMIC ? 0 : names_others(why);
}

/* What people have at hand and is no disk, or is one inside a wrapping. */
static const struct {
	size_t at, n;
	const char *magic, *hint;
} others[] = {
	{ 0, 4, "QED\0", "a QED image; qemu-img convert -f qed -O qcow2" },
	{ 0, 4, "QFI\xfb", "a qcow image of a version that is not taken" },
	{ 0, 2, "\x1f\x8b", "compressed; gzip -d it first" },
	{ 0, 6,
	    "\xfd"
	    "7zXZ\0",
	    "compressed; xz -d it first" },
	{ 0, 4, "\x28\xb5\x2f\xfd", "compressed; zstd -d it first" },
	{ 0, 3, "BZh", "compressed; bzip2 -d it first" },
	{ 0, 4, "PK\3\4", "a zip archive; unzip it first" },
	{ 257, 5, "ustar", "a tar archive (an OVA?); tar -x it first" },
	{ 32769, 5, "CD001", "an installer or live CD" },
	{ 0, 4, "\177ELF", "a program" },
	{ 0, 1, "<", "a web page" },
};

static void
guess(const struct look *l, struct image *im)
{
	for (size_t i = 0; i < LEN(others) && !im->hint; i++)
		if (has(l, others[i].at, others[i].magic, others[i].n))
			im->hint = others[i].hint;
	if (im->hint || !layout_is_disk(l->head, l->n, l->size))
		return;
	im->format = "raw";
	im->size = l->size;
}

static int
judge(const struct look *l, struct image *im, struct why *why)
{
	uint64_t version = be(l->head + 4, 4);

	if (has(l, 0, "QFI\xfb", 4) && version >= 2) {
		im->format = "qcow2"; /* qcow2_read looks at the rest */
		return 0;
	}
	if (has(l, 0, "LUKS\xba\xbe", 6))
		return why_set(why, EX_NOPERM, "is encrypted (LUKS)");
	if (has(l, 0, "KDMV", 4) || has(l, 0, "COWD", 4) ||
	    has(l, 0, "# Disk Des", 10))
		return vmdk(l, im, why);
	if (has(l, 64, "\x7f\x10\xda\xbe", 4)) {
		im->format = "vdi";
		im->size = le(l->head + 0x170, 8);
		return 0;
	}
	if (has(l, 0, "vhdxfile", 8)) {
		im->format = "vhdx"; /* its size is deeper inside */
		return 0;
	}
	if (vhd_footer(l->head))
		return vhd(l->head, im, why);
	if (l->size >= SECTOR && vhd_footer(l->tail))
		return vhd(l->tail, im, why);
	guess(l, im);
	return 0;
}

static int
take(int fd, struct look *l, struct why *why)
{
	struct stat st;
	ssize_t n;

	if (fstat(fd, &st) < 0 || (n = pread(fd, l->head, HEAD, 0)) < 0)
		return why_sys(why, EX_IOERR, "read");
	l->n = (size_t)n;
	l->size = (uint64_t)st.st_size;
	if (l->size >= SECTOR &&
	    pread(fd, l->tail, SECTOR, st.st_size - SECTOR) != SECTOR)
		return why_sys(why, EX_IOERR, "read");
	return l->n ? 0 : why_set(why, EX_DATAERR, "is empty");
}

int
image_sniff(int fd, struct image *im, struct why *why)
{
	autofree struct look *l = xcalloc(1, sizeof *l);

	*im = (struct image){ 0 };
	if (take(fd, l, why) < 0 || judge(l, im, why) < 0)
		return -1;
	if (im->size > max_disk)
		return why_set(why, EX_NOPERM,
		    "says it is a disk of %llu bytes; at most 64 TiB",
		    (unsigned long long)im->size);
	return 0;
}

const char *
image_format(const char *word)
{
	static const char *const known[] = { "qcow2", "raw", "vmdk", "vdi",
		"vpc", "vhdx" };

	if (strcmp(word, "vhd") == 0)
		return "vpc";
	for (size_t i = 0; i < LEN(known); i++)
		if (strcmp(word, known[i]) == 0)
			return known[i];
	return NULL;
}

const char *
image_choose(const struct image *im, const char *format, struct why *why)
{
	if (format && (strcmp(format, "raw") == 0 || im->format == format))
		return format;
	if (format && im->format)
		why_set(why, EX_DATAERR,
		    "is %s, not %s, by its content; leave out --format",
		    im->format, format);
	else if (im->hint)
		why_set(why, EX_DATAERR, "not an image but %s", im->hint);
	else if (format)
		why_set(why, EX_DATAERR,
		    "is not %s, by its content; --format raw takes it byte "
		    "for byte",
		    format);
	else if (im->format)
		return im->format;
	else
		why_set(why, EX_DATAERR,
		    "not an image that is known, nor a disk with a partition "
		    "table; if it is a raw disk: --format raw");
	return NULL;
}
