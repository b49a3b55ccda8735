/* SPDX-License-Identifier: ISC */
/*
 * fuzz-tar: the bytes behind the first are a tar stream; or, when that is odd,
 * entries of which one is made: the length of the name, the type, flags and
 * two bytes for how much there is of it, the name and that.  It is read twice:
 * as it is, and unpacked into a folder.
 */
#include <sys/mman.h>

#include "fuzz.h"
#include "io.h"
#include "tar.h"
#include "untar.h"

enum { PREFIX = 1, BASE_256 = 2, OLD = 4, SIGNED = 8 };

/* A header, with its sum. */
static void
header(struct buf *b, const uint8_t *how, const uint8_t *name, size_t len,
    size_t n)
{
	uint8_t h[TAR_BLOCK] = { 0 };
	unsigned sum = 0;

	memcpy(h, name, len < 100 ? len : 100);
	(void)snprintf((char *)h + 100, 8, "%07o", how[1] == '5' ? 0755 : 0644);
	(void)snprintf((char *)h + 124, 12, "%011zo", n);
	(void)snprintf((char *)h + 136, 12, "%011o", 1700000000);
	if (how[2] & BASE_256) {
		memset(h + 124, 0, 12);
		h[124] = 0x80;
		h[134] = (uint8_t)(n >> 8);
		h[135] = (uint8_t)n;
	}
	h[156] = how[1];
	if (!(how[2] & OLD))
		memcpy(h + 257, "ustar\00000", 8);
	if (how[2] & PREFIX)
		memcpy(h + 345, "a/prefix", 8);
	if (how[2] & SIGNED)
		h[500] = 0xff;
	memset(h + 148, ' ', 8);
	for (size_t i = 0; i < sizeof h; i++)
		sum += how[2] & SIGNED ? (unsigned)(signed char)h[i] : h[i];
	(void)snprintf((char *)h + 148, 8, "%06o", sum);
	buf_add(b, h, sizeof h);
}

static void
expand(struct buf *b, const uint8_t *p, size_t n)
{
	static const uint8_t zero[2 * TAR_BLOCK];

	while (n >= 5) {
		const uint8_t *how = p;
		size_t len = p[0], m = (size_t)p[3] << 8 | p[4];

		p += 5;
		n -= 5;
		if (how[1] == 'Z') { /* the end */
			buf_add(b, zero, sizeof zero);
			if (how[2])
				buf_str(b, UNTAR_WHOLE);
			continue;
		}
		len = len < n ? len : n;
		m = m < n - len ? m : n - len;
		header(b, how, p, len, m);
		buf_add(b, p + len, m);
		buf_add(b, zero, -m % TAR_BLOCK);
		p += len + m;
		n -= len + m;
	}
	buf_add(b, p, n);
}

static void
read_all(int fd, uint64_t n)
{
	struct tar t = { .in = fd };
	struct tar_entry e;
	struct why why = { 0 };
	uint64_t all = 0;
	const char *p;
	int r;
	ssize_t got = 0;

	must(lseek(fd, 0, SEEK_SET) == 0);
	while (got >= 0 && (r = tar_next(&t, &e, &why)) == 1) {
		uint64_t size = 0;

		must(e.path && e.mode <= 07777 && e.mtime >= 0);
		while ((got = tar_data(&t, &p, &why)) > 0)
			size += (uint64_t)got;
		must(got < 0 || size == e.size);
		all += TAR_BLOCK + size;
		must(all <= n);
	}
	if (got < 0 || r < 0)
		fuzz_said(why.text);
	else
		(void)tar_rest(&t, UNTAR_WHOLE, &why);
	tar_free(&t);
}

static int
room(int dir, uint64_t need, void *arg, struct why *why)
{
	(void)dir, (void)arg;
	return need < 1 << 20 ? 0 : why_set(why, 1, "room");
}

static int
clear(const char *name, void *arg)
{
	must(strcmp(name, "in") == 0); /* nothing came beside it */
	return io_remove_tree(*(int *)arg, name);
}

static void
unpack(int fd, uint8_t how)
{
	static int dir = -1;
	struct untar u = { .want = how & 1 ? "." : "a",
		.as = how & 2 ? "b" : NULL,
		.archive = how & 4,
		.prune = how & 8,
		.room = room };
	struct why why = { 0 };

	if (dir < 0)
		must((dir = io_opendir(AT_FDCWD, fuzz_folder())) >= 0);
	u.dir = io_mkdir(dir, "in");
	must(u.dir >= 0 && lseek(fd, 0, SEEK_SET) == 0);
	/* who finds something there goes around it or is refused */
	if (how & 16)
		must(symlinkat("..", u.dir, "l") == 0 &&
		    mkdirat(u.dir, "a", 0700) == 0 &&
		    mkdirat(u.dir, "a/old", 0700) == 0 &&
		    symlinkat("old", u.dir, "a/link") == 0);
	if (untar(fd, &u, &why) < 0)
		fuzz_said(why.text);
	must(u.bytes < 2 << 20);
	close(u.dir);
	must(io_walk(dir, clear, &dir) == 0);
}

int
LLVMFuzzerTestOneInput(const uint8_t *p, size_t n)
{
	static int fd = -1;
	struct buf b = { 0 };

	if (!n)
		return 0;
	if (fd < 0)
		must((fd = memfd_create("tar", MFD_CLOEXEC)) >= 0);
	if (*p & 1)
		expand(&b, p + 1, n - 1);
	else
		buf_add(&b, p + 1, n - 1);
	must(ftruncate(fd, 0) == 0 && pwrite(fd, b.p, b.n, 0) == (ssize_t)b.n);
	read_all(fd, b.n);
	unpack(fd, *p >> 1);
	buf_free(&b);
	return 0;
}
