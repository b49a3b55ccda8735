/* SPDX-License-Identifier: ISC */
/* untar: streams that are changed at random never get out of their folder,
 * and never leave half a file. */
#include "untar.h"

#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "io.h"
#include "say.h"
#include "tap.h"

static char top[] = "/tmp/xray-untar.XXXXXX";
static int dir, bad;
static struct why said; /* of the last stream that was unpacked */
static uint32_t seed = 20260707;

static uint32_t
roll(uint32_t n)
{
	seed ^= seed << 13;
	seed ^= seed >> 17;
	seed ^= seed << 5;
	return seed % n;
}

static void
sum(char *h)
{
	unsigned n = 0;

	memset(h + 148, ' ', 8);
	for (int i = 0; i < 512; i++)
		n += (unsigned char)h[i];
	snprintf(h + 148, 8, "%06o", n);
}

static void
member(struct buf *b, const char *name, char type, const char *data)
{
	char block[512] = { 0 };
	size_t n = strlen(data);

	snprintf(block, 100, "%s", name);
	memcpy(block + 100, "0000755", 8);
	snprintf(block + 124, 12, "%011o", (unsigned)n);
	memcpy(block + 136, "00000000001", 12);
	block[156] = type;
	snprintf(block + 157, 100, "../victim");
	memcpy(block + 257, "ustar\00000", 8);
	sum(block);
	buf_add(b, block, 512);
	memset(block, 0, 512);
	memcpy(block, data, n);
	if (n)
		buf_add(b, block, 512);
}

static void
stream(struct buf *b)
{
	static const char zero[1024];

	member(b, "./a/", '5', "");
	member(b, "./a/one", '0', "one");
	member(b, "././@LongLink", 'L', "./a/a long name of GNU's");
	member(b, "./a/a long", '0', "two");
	member(b, "./x", 'x', "18 path=./a/three\n10 size=5\n");
	member(b, "./a/th", '0', "three");
	member(b, "./a/link", '2', "");
	member(b, "./a/link/f", '0', "through");
	buf_add(b, zero, sizeof zero);
	buf_str(b, UNTAR_WHOLE);
}

/* Unpack b into dir/in; the code. */
static int
unpack(const struct buf *b, struct untar *u)
{
	int fd = openat(dir, "stream", O_RDWR | O_CREAT | O_TRUNC, 0600);
	struct why why = { .code = EX_OK };

	if (fd < 0 || io_write(fd, b->p, b->n) < 0 || lseek(fd, 0, SEEK_SET))
		abort();
	u->dir = io_mkdir(dir, "in");
	if (untar(fd, u, &why) < 0 && !why.code)
		bad++;
	close(u->dir);
	close(fd);
	said = why;
	return why.code;
}

static int
no_half(const char *name, void *arg)
{
	struct stat st;
	int here = *(int *)arg, sub;

	if (str_starts(name, ".xray-") ||
	    fstatat(here, name, &st, AT_SYMLINK_NOFOLLOW) < 0 ||
	    S_ISLNK(st.st_mode) || (st.st_mode & 06000))
		bad++;
	else if (S_ISDIR(st.st_mode) && (sub = io_opendir(here, name)) >= 0) {
		io_walk(sub, no_half, &sub);
		close(sub);
	}
	return 0;
}

/* Bytes changed, half of the time with sums that are right again; cut. */
static void
mutate(struct buf *b)
{
	uint32_t head = roll((uint32_t)(b->n / 512)) * 512;

	for (uint32_t i = roll(4); i-- > 0;)
		b->p[head + roll(512)] = (char)roll(256);
	if (roll(4) == 0)
		b->p[head + 156] = "0123456LKxgS57V"[roll(15)];
	if (roll(4) == 0)
		memcpy(b->p + head, "./a/../../victim/x", 19);
	if (roll(8) == 0)
		b->n = roll((uint32_t)b->n);
	else if (roll(8))
		sum(b->p + head);
}

static void
end_of(struct buf *b)
{
	static const char zero[1024];

	buf_add(b, zero, sizeof zero);
	buf_str(b, UNTAR_WHOLE);
}

static void
link_there(void)
{
	autobuf struct buf b = { 0 };
	struct untar u = { .want = "a" };
	int in = io_mkdir(dir, "in");

	if (mkdirat(dir, "victim", 0700) < 0 ||
	    symlinkat("../victim", in, "a") < 0)
		abort();
	close(in);
	member(&b, "./a/one", '0', "one");
	end_of(&b);
	ok(unpack(&b, &u) == EX_CANTCREAT &&
		unlinkat(dir, "victim", AT_REMOVEDIR) == 0,
	    "a link that is there is not followed");
	io_remove_tree(dir, "in");
}

static void
headers(void)
{
	static const char huge[] = "\x80\0\0\0\x3f\xff\xff\xff\xff\xff\xff\xff";
	autobuf struct buf b = { 0 }, l = { 0 };
	struct untar u = { .want = "one" };
	struct stat st;

	member(&b, "./one", '0', "one");
	memcpy(b.p + 100, "0006755", 8);
	end_of(&b);
	ok(unpack(&b, &u) == EX_PROTOCOL, "a sum that is wrong");
	sum(b.p);
	ok(unpack(&b, &u) == EX_OK && fstatat(dir, "in/one", &st, 0) == 0 &&
		!(st.st_mode & 06022),
	    "no bit that gives rights");
	io_remove_tree(dir, "in");
	member(&l, "././@LongLink", 'L', "long");
	memcpy(l.p + 124, huge, sizeof huge - 1);
	sum(l.p);
	end_of(&l);
	ok(unpack(&l, &u) == EX_PROTOCOL, "a name without an end");
	io_remove_tree(dir, "in");
}

/* What it says of the streams that nobody makes by mistake. */
static void
refused(const char *what, const struct buf *b)
{
	struct untar u = { .want = "a" };

	ok(unpack(b, &u) == EX_PROTOCOL && strstr(said.text, what), "%s", what);
	io_remove_tree(dir, "in");
}

static void
oddities(void)
{
	autobuf struct buf sparse = { 0 }, pax = { 0 }, nul = { 0 },
			   heads = { 0 }, more = { 0 };

	member(&sparse, "./a", 'S', "");
	refused("a sparse file", &sparse);
	member(&pax, "./x", 'x', "22 GNU.sparse.major=1\n");
	refused("a sparse file", &pax);
	member(&nul, "./x", 'x', "12 path=a.b\n");
	nul.p[512 + 9] = '\0';
	refused("a name with a NUL", &nul);
	for (int i = 0; i < 20; i++)
		member(&heads, "./x", 'x', "10 size=5\n");
	refused("headers without an entry", &heads);
	member(&more, "./a", '0', "one");
	end_of(&more);
	memset(buf_space(&more, 2 << 20), 'x', 2 << 20);
	more.n += 2 << 20;
	refused("more behind its end", &more);
}

static void
fuzz(int rounds)
{
	int in, whole = 0;

	mkdirat(dir, "victim", 0700);
	for (int i = 0; i < rounds; i++) {
		autobuf struct buf b = { 0 };
		struct untar u = { .want = roll(2) ? "a" : ".",
			.archive = (int)roll(2),
			.prune = (int)roll(2),
			.as = roll(3) ? NULL : "new" };

		stream(&b);
		for (uint32_t n = 1 + roll(3); n-- > 0 && b.n >= 512;)
			mutate(&b);
		whole += unpack(&b, &u) == EX_OK;
		in = io_opendir(dir, "in");
		io_walk(in, no_half, &in);
		close(in);
		io_remove_tree(dir, "in");
	}
	ok(bad == 0,
	    "%d changed streams leave no half file, link or set-id "
	    "bit, and every failure has its code",
	    rounds);
	ok(unlinkat(dir, "victim", AT_REMOVEDIR) == 0 &&
		unlinkat(dir, "stream", 0) == 0 && rmdir(top) == 0,
	    "and nothing beside their folder");
	ok(whole > 0 && whole < rounds, "some are whole: %d", whole);
}

int
main(void)
{
	autobuf struct buf b = { 0 };
	struct untar u = { .want = "a" }, cut = { .want = "a" };

	if (!mkdtemp(top) || (dir = open(top, O_RDONLY | O_DIRECTORY)) < 0)
		return 1;
	stream(&b);
	ok(unpack(&b, &u) == EX_OK && u.files == 4 && u.links == 1,
	    "ustar, GNU's long names and pax");
	ok(faccessat(dir, "in/a/three", F_OK, 0) == 0, "pax names one");
	b.n = 512 * 2 + 2; /* within the first file */
	io_remove_tree(dir, "in");
	ok(unpack(&b, &cut) == EX_PROTOCOL && cut.files == 0, "cut short");
	io_remove_tree(dir, "in");
	link_there();
	headers();
	oddities();
	fuzz(2000);
	close(dir);
	io_remove_tree(AT_FDCWD, top);
	return tap_end();
}
