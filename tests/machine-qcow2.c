/* SPDX-License-Identifier: ISC */
/* qcow2: headers read within bounds, overlays as QEMU would write them. */
#include "qcow2.h"

#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "io.h"
#include "say.h"
#include "tap.h"

static int dir;

static void
put(unsigned char *p, uint64_t v, int bytes)
{
	for (int i = bytes - 1; i >= 0; i--, v >>= 8)
		p[i] = (unsigned char)v;
}

/* A sound header of version 3 that stands alone. */
static void
plain(unsigned char h[4096])
{
	memset(h, 0, 4096);
	put(h, QCOW2_MAGIC, 4);
	put(h + 4, 3, 4);
	put(h + 20, 16, 4);
	put(h + 24, 1 << 20, 8);
	put(h + 96, 4, 4);
	put(h + 100, 104, 4);
}

static int
reads(const unsigned char *h, size_t n, struct qcow2 *q, struct why *why)
{
	int fd, r;

	if (io_replace(dir, "h", 0600, h, n) < 0 ||
	    (fd = openat(dir, "h", O_RDONLY | O_CLOEXEC)) < 0)
		return -2;
	r = qcow2_read(fd, q, why);
	close(fd);
	return r;
}

static const struct {
	const char *what;
	int at, bytes;
	uint64_t value;
	int code; /* of reading; 0: reads, but is not sealable */
} cases[] = {
	{ "no magic", 0, 4, 0x12345678, EX_DATAERR },
	{ "version 1", 4, 4, 1, EX_DATAERR },
	{ "version 4", 4, 4, 4, EX_DATAERR },
	{ "clusters of 2^8", 20, 4, 8, EX_DATAERR },
	{ "clusters of 2^22", 20, 4, 22, EX_DATAERR },
	{ "clusters of 2^4G", 20, 4, 0xffffffff, EX_DATAERR },
	{ "a size of 2^63", 24, 8, (uint64_t)1 << 63, EX_DATAERR },
	{ "a size that is odd", 24, 8, 1000, EX_DATAERR },
	{ "a header of 8 bytes", 100, 4, 8, EX_DATAERR },
	{ "a header of 4 GiB", 100, 4, 0xfffffff8, EX_DATAERR },
	{ "refcounts of 2^7 bits", 96, 4, 7, EX_DATAERR },
	{ "4 G snapshots", 60, 4, 0xffffffff, EX_DATAERR },
	{ "a backing name beyond the cluster", 8, 8, 65530, 0 },
	{ "encryption", 32, 4, 1, 0 },
	{ "a data file", 72, 8, QCOW2_DATA_FILE, 0 },
	{ "the dirty bit", 72, 8, QCOW2_DIRTY, 0 },
	{ "the corrupt bit", 72, 8, QCOW2_CORRUPT, 0 },
	{ "an unknown feature", 72, 8, (uint64_t)1 << 40, 0 },
	{ "a snapshot", 60, 4, 1, 0 },
};

static void
refusals(void)
{
	unsigned char h[4096];
	struct qcow2 q;
	struct why why;

	for (size_t i = 0; i < LEN(cases); i++) {
		int r;

		plain(h);
		put(h + cases[i].at, cases[i].value, cases[i].bytes);
		if (cases[i].at == 8)
			put(h + 16, 20, 4);
		why = (struct why){ 0 };
		r = reads(h, sizeof h, &q, &why);
		if (r == 0) {
			r = qcow2_sealable(&q, &why);
			ok(r == -1 && !cases[i].code && why.code == EX_NOPERM,
			    "%s: %s", cases[i].what, why.text);
		} else
			ok(why.code == EX_DATAERR &&
				(cases[i].code || cases[i].at == 8),
			    "%s: %s", cases[i].what, why.text);
	}
}

static void
backing_names(void)
{
	unsigned char h[4096];
	struct qcow2 q;
	struct why why;

	plain(h);
	put(h + 8, 200, 8);
	put(h + 16, 11, 4);
	memcpy(h + 200, "/etc/shadow", 11);
	ok(reads(h, sizeof h, &q, &why) == 0 &&
		strcmp(q.backing, "/etc/shadow") == 0,
	    "a backing name is seen");
	ok(qcow2_sealable(&q, &why) < 0 && why.code == EX_NOPERM, "%s",
	    why.text);
	put(h + 16, 1024, 4);
	ok(reads(h, sizeof h, &q, &why) < 0, "a name of 1024 bytes");
	memcpy(h + 200, "a\0b", 3);
	put(h + 16, 3, 4);
	ok(reads(h, sizeof h, &q, &why) < 0, "a name with a NUL");
	plain(h);
	put(h + 20, 9, 4);
	put(h + 8, 500, 8);
	put(h + 16, 20, 4);
	memcpy(h + 500, "a name over its end.", 20);
	ok(reads(h, sizeof h, &q, &why) < 0 && why.code == EX_DATAERR,
	    "a name that runs over the first cluster");
}

/* Every length of a good header, and every byte of it changed. */
static void
mutations(void)
{
	unsigned char h[4096];
	unsigned seed = 3;
	struct qcow2 q;
	int sealable = 0;

	plain(h);
	put(h + 104, 0xe2792aca, 4);
	put(h + 108, 5, 4);
	memcpy(h + 112, "qcow2", 5);
	for (size_t n = 0; n < 200; n++)
		(void)reads(h, n, &q, NULL);
	for (int i = 0; i < 2000; i++) {
		unsigned char m[512];

		memcpy(m, h, sizeof m);
		for (int k = 0; k < 2; k++) {
			seed = seed * 1103515245 + 12345;
			m[seed / 65536 % 128] = (unsigned char)(seed >> 8);
		}
		if (reads(m, sizeof m, &q, NULL) == 0)
			sealable += qcow2_sealable(&q, NULL) == 0;
	}
	ok(sealable < 2000, "cuts and mutations (%d of 2000 still fine)",
	    sealable);
}

static void
count(const struct qcow2_snapshot *s, void *arg)
{
	(void)s;
	++*(int *)arg;
}

/* A snapshot table that lies about its lengths. */
static void
tables(void)
{
	unsigned char f[8192] = { 0 };
	struct qcow2 q = { .snapshots = 3, .snapshot_table = 4096 };
	autoclose int odd = -1;
	struct why why;
	int fd, n = 0;

	put(f + 4096 + 14, 4, 2);
	memcpy(f + 4096 + 40, "good", 4);
	put(f + 4096 + 48 + 12, 0xffff, 2);
	if (io_replace(dir, "t", 0600, f, sizeof f) < 0 ||
	    (fd = openat(dir, "t", O_RDONLY | O_CLOEXEC)) < 0)
		return;
	ok(qcow2_snapshots(fd, &q, count, &n, &why) < 0 && n == 1 &&
		why.code == EX_DATAERR,
	    "a name longer than the file");
	n = 0;
	q.snapshots = 1;
	memcpy(f + 4096 + 40, "a\033[b", 4);
	ok(io_replace(dir, "u", 0600, f, sizeof f) == 0 &&
		(odd = openat(dir, "u", O_RDONLY | O_CLOEXEC)) >= 0 &&
		qcow2_snapshots(odd, &q, count, &n, &why) == 0 && n == 0,
	    "a name that is no word is nobody's");
	q.snapshots = 60000;
	q.snapshot_table = (uint64_t)1 << 62;
	ok(qcow2_snapshots(fd, &q, count, &n, &why) < 0 && n == 0,
	    "a table far behind the end");
	close(fd);
}

static void
overlays(void)
{
	static const uint64_t sizes[] = { 512, 65536, (uint64_t)20 << 30,
		((uint64_t)20 << 30) + 512, (uint64_t)64 << 40 };
	struct qcow2 q;
	struct why why;

	for (size_t i = 0; i < LEN(sizes); i++) {
		int fd;

		(void)unlinkat(dir, "o", 0);
		fd = qcow2_overlay(
		    dir, "o", "../b/1/disk.qcow2", "qcow2", sizes[i], &why);
		ok(fd >= 0 && qcow2_read(fd, &q, &why) == 0 &&
			q.size == sizes[i] &&
			strcmp(q.backing, "../b/1/disk.qcow2") == 0 &&
			strcmp(q.backing_format, "qcow2") == 0,
		    "an overlay of %llu bytes reads back",
		    (unsigned long long)sizes[i]);
		if (fd >= 0)
			close(fd);
	}
	ok(qcow2_overlay(dir, "o", "x", "qcow2", 512, &why) < 0,
	    "an overlay does not overwrite");
	ok(qcow2_overlay(dir, "p", "x", "qcow2", 1000, &why) < 0,
	    "nor has it an odd size");
}

int
main(void)
{
	char name[] = "/tmp/xray-qcow2.XXXXXX";

	if (!mkdtemp(name) || (dir = io_opendir(AT_FDCWD, name)) < 0)
		return 1;
	refusals();
	backing_names();
	mutations();
	tables();
	overlays();
	close(dir);
	(void)io_remove_tree(AT_FDCWD, name);
	return tap_end();
}
