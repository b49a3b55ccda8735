/* SPDX-License-Identifier: ISC */
/* io: files replaced as one, trees removed, short names for sockets. */
#include "io.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "made.h"
#include "ring.h"
#include "sys.h"
#include "tap.h"

static int dir;

static int
holds(const char *name, const char *text)
{
	autobuf struct buf b = { 0 };

	return io_read_file(dir, name, &b, 1 << 20) == 0 &&
	    strcmp(b.p, text) == 0;
}

static void
replacing(void)
{
	struct stat st;

	ok(io_replace(dir, "f", 0600, "one", 3) == 0 && holds("f", "one"),
	    "a new file");
	ok(io_replace(dir, "f", 0600, "two!", 4) == 0 && holds("f", "two!"),
	    "replaced");
	ok(fstatat(dir, ".f.new", &st, 0) < 0, "nothing beside it");
	ok(io_create(dir, "f", 0600, "x", 1) < 0 && errno == EEXIST,
	    "create does not replace");
	ok(io_replace(dir, "no/f", 0600, "x", 1) < 0, "no such folder");
	ok(mkdirat(dir, "d", 0700) == 0 &&
		io_replace(dir, "d", 0600, "x", 1) < 0 &&
		fstatat(dir, ".d.new", &st, 0) < 0,
	    "a folder in its place: refused, nothing left");
}

static void
reading(void)
{
	autobuf struct buf b = { 0 };

	ok(io_read_file(dir, "f", &b, 2) < 0 && errno == EFBIG, "the cap");
	ok(io_read_file(dir, "d", &b, 9) < 0, "a folder is no file");
	ok(mkfifoat(dir, "p", 0600) == 0 && io_read_file(dir, "p", &b, 9) < 0,
	    "a pipe is none either, and does not hang");
}

static void
full(void)
{
	autoclose int fd = open("/dev/full", O_WRONLY | O_CLOEXEC);

	ok(fd < 0 || (io_write(fd, "x", 1) < 0 && errno == ENOSPC),
	    "what is not written is told");
}

static void
trees(void)
{
	struct stat st;

	mkdirat(dir, "t", 0700);
	mkdirat(dir, "t/a", 0700);
	mkdirat(dir, "t/a/b", 0700);
	(void)io_create(dir, "t/a/b/f", 0600, "x", 1);
	ok(symlinkat("../f", dir, "t/link") == 0 &&
		symlinkat("..", dir, "t/a/up") == 0,
	    "links out of a tree");
	ok(io_remove_tree(dir, "t") == 0 && fstatat(dir, "t", &st, 0) < 0,
	    "a tree goes");
	ok(holds("f", "two!"), "what its links point to stays");
	ok(io_remove_tree(dir, "t") == 0, "gone already is fine");
}

static void
copying(void)
{
	autoclose int from =
	    openat(dir, "big", O_RDWR | O_CREAT | O_CLOEXEC, 0600);
	autoclose int to =
	    openat(dir, "copy", O_RDWR | O_CREAT | O_CLOEXEC, 0600);
	struct stat a, b;
	char x[4] = "";

	if (ftruncate(from, 64 << 20) < 0 ||
	    pwrite(from, "abc", 3, 40 << 20) != 3)
		return;
	ok(io_copy(from, to, NULL) == 0 && fstat(from, &a) == 0 &&
		fstat(to, &b) == 0 && a.st_size == b.st_size &&
		pread(to, x, 3, 40 << 20) == 3 && strcmp(x, "abc") == 0,
	    "a copy");
	ok(b.st_blocks <= a.st_blocks + 256, "holes stay holes");
}

static void
sockets(void)
{
	int l, c;
	struct stat st;

	for (int i = 0; i < 12; i++) { /* 240 bytes deep */
		int next;

		mkdirat(dir, "twenty-bytes-of-name", 0700);
		next = io_opendir(dir, "twenty-bytes-of-name");
		if (next < 0)
			return;
		dir = next; /* the test ends soon */
	}
	l = io_listen(dir, "s.sock", 4);
	c = io_connect(dir, "s.sock");
	ok(l >= 0 && c >= 0, "a socket deeper than sun_path");
	ok(fstatat(dir, "s.sock", &st, 0) == 0 && (st.st_mode & 077) == 0,
	    "it is ours alone");
	close(l);
	ok(io_connect(dir, "s.sock") < 0 && errno == ECONNREFUSED,
	    "nobody listens any more");
	l = io_listen(dir, "s.sock", 4);
	ok(l >= 0, "a socket left behind is replaced");
	close(c);
	close(l);
}

static void
locks(void)
{
	int a = openat(dir, "lk", O_RDWR | O_CREAT | O_CLOEXEC, 0600);
	int b = openat(dir, "lk", O_RDWR | O_CLOEXEC), c;

	ok(sys_locked(b) == 0, "not locked");
	ok(sys_lock(a) == 0 && sys_locked(b) == 1, "locked");
	ok(sys_lock(b) < 0 && errno == EAGAIN, "once");
	c = dup(a);
	close(a);
	ok(sys_locked(b) == 1, "a copy of the descriptor holds it");
	close(c);
	ok(sys_locked(b) == 0 && sys_lock(b) == 0, "its end ends it");
	close(b);
}

static void
rings(void)
{
	struct ring r;
	struct stat st;
	char *last;
	long long all = 0;

	ok(ring_open(&r, dir, "log") == 0, "a ring");
	ring_write(&r, "hello\r\nwor", 10);
	ring_write(&r, "ld\n   \n", 7);
	last = ring_last(dir, "log", NULL);
	ok(last && strcmp(last, "world") == 0, "its last line: %s", last);
	free(last);
	ok(!ring_last(dir, "log", "2999"), "none since then");
	for (int i = 0; i < 100000; i++)
		ring_write(&r,
		    "a guest that prints all night, and the next "
		    "day too, and has nothing to say\n",
		    77);
	for (int i = 0; i < RING_FILES + 2; i++) {
		char name[16];

		(void)snprintf(name, sizeof name, i ? "log.%d" : "log", i);
		all += fstatat(dir, name, &st, 0) == 0 ? st.st_size : 0;
	}
	ok(all <= RING_FILES * RING_SIZE && all > 3 * RING_SIZE - 200,
	    "10 MB of it leave %lld", all);
	ring_limit(&r, 400000);
	for (int i = 0; i < 10000; i++)
		ring_write(&r, "all night, and the next day too\n", 32);
	all = 0;
	for (int i = 0; i < RING_FILES; i++) {
		char name[16];

		(void)snprintf(name, sizeof name, i ? "log.%d" : "log", i);
		all += fstatat(dir, name, &st, 0) == 0 ? st.st_size : 0;
	}
	ok(all <= 400000 && all > 290000, "with less room %lld", all);
	ring_close(&r);
}

/* Who waits sees what was made before he waited, each thing once. */
static void
made(void)
{
	int fd = made_watch(dir), other;
	long long before = io_now();

	ok(fd >= 0, "a folder is watched");
	made_wait(fd, 20);
	ok(io_now() - before >= 15, "nothing is made: it waits");
	other = openat(dir, "new", O_CREAT | O_WRONLY | O_CLOEXEC, 0600);
	before = io_now();
	made_wait(fd, 60000);
	ok(other >= 0 && io_now() - before < 30000, "a file is: it does not");
	before = io_now();
	made_wait(fd, 20);
	ok(io_now() - before >= 15, "which is told once");
	before = io_now();
	made_wait(-1, 60000);
	ok(io_now() - before < 30000, "nobody tells: a moment");
	close(other);
	close(fd);
}

int
main(void)
{
	char name[] = "/tmp/xray-io.XXXXXX";

	if (!mkdtemp(name) || (dir = io_opendir(AT_FDCWD, name)) < 0)
		return 1;
	replacing();
	reading();
	full();
	trees();
	copying();
	rings();
	locks();
	sockets();
	made();
	(void)io_remove_tree(AT_FDCWD, name);
	return tap_end();
}
