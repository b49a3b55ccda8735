/* SPDX-License-Identifier: ISC */
/* image, layout, fat, guess: what a file is, and thousands that lie. */
#include "image.h"

#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base.h"
#include "guess.h"
#include "io.h"
#include "layout.h"
#include "qcow2.h"
#include "run.h"
#include "say.h"
#include "tap.h"

enum { MIB = 1 << 20, DISK = 4 << 20 };

static int dir;
static unsigned seed = 1;

static unsigned
chance(unsigned n)
{
	seed = seed * 1103515245 + 12345;
	return (seed >> 8) % n;
}

/* A disk in memory. */
struct bytes {
	unsigned char *p;
	size_t n;
	unsigned long reads;
};

static int
get(void *arg, uint64_t at, void *buf, size_t n)
{
	struct bytes *b = arg;

	b->reads++;
	if (at > b->n || n > b->n - at)
		return -1;
	memcpy(buf, b->p + at, n);
	return 0;
}

static void
put(unsigned char *p, uint64_t v, int n)
{
	for (int i = 0; i < n; i++, v >>= 8)
		p[i] = (unsigned char)v;
}

static void
entry(unsigned char *p, const char *name, int attr, unsigned cluster)
{
	memcpy(p, name, 11);
	p[11] = (unsigned char)attr;
	put(p + 20, cluster >> 16, 2);
	put(p + 26, cluster, 2);
}

/* A FAT with so many clusters of one sector; EFI and BOOT have two each, and
 * what is looked for is behind the first. */
static void
fat(unsigned char *p, unsigned clusters, const char *loader)
{
	int bits = clusters < 4085 ? 12 : clusters < 65525 ? 16 : 32;
	unsigned per_fat = (clusters + 2) * (unsigned)bits / 8 / 512 + 1;
	unsigned root = bits == 32 ? 0 : 16;
	unsigned char *table = p + 512, *r = table + per_fat * 512;
	unsigned char *data = r + root * 32;
	unsigned first = bits == 32 ? 2 : 0;
	static const unsigned chain[][2] = { { 3, 5 }, { 4, 6 } };

	put(p + 11, 512, 2);
	p[13] = 1;
	put(p + 14, 1, 2);
	p[16] = 1;
	put(p + 17, root, 2);
	put(p + 32, 1 + per_fat + root / 16 + clusters, 4);
	put(p + (bits == 32 ? 36 : 22), per_fat, bits == 32 ? 4 : 2);
	put(p + 44, first, 4);
	put(p + 510, 0xaa55, 2);
	for (int i = 0; i < 2; i++) {
		unsigned c = chain[i][0], to = chain[i][1];

		if (bits == 12) {
			unsigned char *e = table + c + c / 2;
			unsigned v = e[0] | (unsigned)e[1] << 8;

			put(e, c & 1 ? (v & 15) | to << 4 : (v & 0xf000) | to,
			    2);
		} else
			put(table + c * (unsigned)bits / 8, to, bits / 8);
	}
	entry(bits == 32 ? data : r, "EFI        ", 0x10, 3);
	for (int i = 0; i < 2; i++) /* the first clusters are full of others */
		for (int k = 0; k < 16; k++)
			entry(data + (chain[i][0] - 2) * 512 + k * 32,
			    "OTHER   EFI", 0x20, 9);
	entry(data + 3 * 512, "BOOT       ", 0x10, 4);
	entry(data + 4 * 512, loader, 0x20, 9);
}

/* An MBR with one partition of that type at 1 MiB. */
static unsigned char *
mbr(int type)
{
	unsigned char *p = xcalloc(1, DISK);

	p[446 + 4] = (unsigned char)type;
	put(p + 446 + 8, MIB / 512, 4);
	put(p + 446 + 12, (DISK - MIB) / 512, 4);
	put(p + 510, 0xaa55, 2);
	return p;
}

static void
layouts(void)
{
	static const unsigned clusters[] = { 2000, 5000 };

	for (size_t i = 0; i < LEN(clusters); i++) {
		autofree unsigned char *p = mbr(0xef);
		struct bytes b = { p, DISK, 0 };
		struct disk d = { get, &b, DISK };
		struct layout l;

		fat(p + MIB, clusters[i], i ? "BOOTAA64EFI" : "BOOTX64 EFI");
		layout_read(&d, &l);
		ok(l.table && l.esp && !l.bios && l.x86_64 == !i &&
			l.aarch64 == (int)i,
		    "an ESP with a loader, FAT of %u clusters", clusters[i]);
		p[0] = 0xeb;
		layout_read(&d, &l);
		ok(l.esp && l.bios, "boot code beside it");
	}
	{
		autofree unsigned char *p = xcalloc(1, 40 << 20);
		autofree unsigned char *table = mbr(0xef);
		struct bytes b = { p, 40 << 20, 0 };
		struct disk d = { get, &b, 40 << 20 };
		struct layout l;

		memcpy(p, table, 512);
		put(p + 446 + 12, (39 << 20) / 512, 4);
		fat(p + MIB, 70000, "BOOTX64 EFI");
		layout_read(&d, &l);
		ok(l.esp && l.x86_64 && !l.aarch64, "FAT32");
	}
}

/* Thousands of disks with bytes changed; all end soon, within bounds. */
static void
lying_disks(void)
{
	autofree unsigned char *good = mbr(0xef), *p = xmalloc(DISK);
	unsigned long most = 0;
	int found = 0;

	fat(good + MIB, 2000, "BOOTX64 EFI");
	memcpy(p, good, DISK);
	for (int i = 0; i < 4000; i++) {
		/* the MBR, the boot sector, the FAT, the directories */
		static const size_t from[] = { 446, MIB, MIB + 512,
			MIB + 7 * 512 };
		static const unsigned span[] = { 66, 64, 16, 4000 };
		struct bytes b = { p, DISK - chance(2) * chance(DISK), 0 };
		struct disk d = { get, &b, b.n };
		struct layout l;
		size_t at[3];

		for (int k = 0; k < 3; k++) {
			unsigned where = chance(4);

			at[k] = from[where] + chance(span[where]);
			p[at[k]] = (unsigned char)chance(256);
		}
		layout_read(&d, &l);
		found += l.x86_64;
		most = b.reads > most ? b.reads : most;
		for (int k = 0; k < 3; k++)
			p[at[k]] = good[at[k]];
	}
	ok(found > 100 && found < 4000, "4000 disks that lie (%d found)",
	    found);
	ok(most < 1000, "at most %lu reads", most);
}

/* Images of all formats, by qemu-img, and what is said of them. */
static void
formats(void)
{
	static const char *const names[] = { "qcow2", "vmdk", "vdi", "vpc",
		"vhdx" };

	for (size_t i = 0; i < LEN(names); i++) {
		autostrv struct strv argv = { 0 };
		struct image im;
		struct why why;
		int fd;

		strv_words(&argv, "qemu-img", "create", "-q", "-f", names[i],
		    names[i], "8M", NULL);
		if (run_quiet(dir, argv.v, &why) != 0)
			continue;
		fd = openat(dir, names[i], O_RDWR | O_CLOEXEC);
		ok(fd >= 0 && image_sniff(fd, &im, &why) == 0 && im.format &&
			strcmp(im.format, names[i]) == 0 &&
			image_choose(&im, NULL, &why) == im.format,
		    "%s", names[i]);
		close(fd);
	}
	ok(strcmp(image_format("vhd"), "vpc") == 0 && !image_format("qed") &&
		!image_format("nbd"),
	    "words for formats");
}

/* The first bytes of dir/name. */
static size_t
head(const char *name, char out[4096])
{
	int fd = openat(dir, name, O_RDONLY | O_CLOEXEC);
	ssize_t n = read(fd, out, 4096);

	close(fd);
	return n < 1024 ? 0 : (size_t)n;
}

/* Each of them with bytes changed and cut: sniffed and read. */
static void
lying_images(void)
{
	static const char *const names[] = { "qcow2", "vmdk", "vdi", "vpc",
		"vhdx" };
	int refused = 0, sealable = 0;

	for (int i = 0; i < 5000; i++) {
		char b[4096];
		size_t n = head(names[chance(LEN(names))], b);
		struct image im;
		struct qcow2 q;
		struct why why;
		int fd;

		for (unsigned k = chance(6); n && k > 0; k--)
			b[chance(chance(2) ? 160 : 640)] =
			    (char)(chance(2) ? 0xff : chance(256));
		n -= chance(4) ? 0 : chance((unsigned)n + 1);
		if (io_put(dir, "lie", 0600, b, n) < 0 ||
		    (fd = openat(dir, "lie", O_RDWR | O_CLOEXEC)) < 0 ||
		    (chance(2) && ftruncate(fd, MIB) < 0))
			exit(1);
		refused += image_sniff(fd, &im, &why) < 0;
		sealable += base_inspect(fd, "lie", &q, &why) == 0;
		close(fd);
	}
	ok(refused > 10 && refused < 5000 && sealable < 2000,
	    "5000 images that lie (%d refused at sight, %d still fine)",
	    refused, sealable);
}

static const struct {
	const char *file, *user, *arch;
} guesses[] = {
	{ "noble-server-cloudimg-amd64.img", "ubuntu", "x86_64" },
	{ "https://a.example/x/debian-12-generic-arm64.qcow2", "debian",
	    "aarch64" },
	{ "Fedora-Cloud-Base-Generic-41-1.4.x86_64.qcow2", "fedora", "x86_64" },
	{ "CentOS-Stream-GenericCloud-9-latest.x86_64.qcow2", "cloud-user",
	    "x86_64" },
	{ "Rocky-9-GenericCloud.latest.aarch64.qcow2", "rocky", "aarch64" },
	{ "AlmaLinux-9-GenericCloud-latest.x86_64.qcow2", "almalinux",
	    "x86_64" },
	{ "Arch-Linux-x86_64-cloudimg.qcow2", "arch", "x86_64" },
	{ "nocloud_alpine-3.20.3-x86_64-bios.qcow2", "alpine", "x86_64" },
	{ "/home/debian/disk.img", NULL, NULL },
	{ "monarch.qcow2", NULL, NULL },
};

static int
same(const char *a, const char *b)
{
	return a && b ? strcmp(a, b) == 0 : a == b;
}

static void
names(void)
{
	for (size_t i = 0; i < LEN(guesses); i++) {
		const char *user = guess_user(guesses[i].file);
		const char *arch = guess_arch(guesses[i].file);

		ok(same(user, guesses[i].user) && same(arch, guesses[i].arch),
		    "%s: %s, %s", guesses[i].file, user ? user : "?",
		    arch ? arch : "?");
	}
}

int
main(void)
{
	char name[] = "/tmp/xray-image.XXXXXX";

	if (!mkdtemp(name) || (dir = io_opendir(AT_FDCWD, name)) < 0)
		return 1;
	layouts();
	lying_disks();
	formats();
	lying_images();
	names();
	close(dir);
	(void)io_remove_tree(AT_FDCWD, name);
	return tap_end();
}
