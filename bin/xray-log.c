/* SPDX-License-Identifier: ISC */
/*
 * xray-log: what a VM's console, QEMU and gateway have said, by time.  A log
 * is a ring of files, see ring.h; a line begins with its time.
 */
#include "say.h"

#include <errno.h>
#include <fcntl.h>
#include <getopt.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "io.h"
#include "opt.h"
#include "ring.h"
#include "vm.h"

enum { OPT_BOOT = OPT_OWN, OPT_RAW, OPT_CONSOLE, OPT_QEMU, OPT_NETWORK };
enum { STAMP = 24, FOLLOWED = 10, LOOK_MS = 200, FILE_MAX = 64 << 20 };

static const struct opt opts[] = {
	{ 'f', "follow", NULL, "go on with what comes" },
	{ 'n', "lines", "N", "the last N lines (with -f: 10)" },
	{ OPT_BOOT, "boot", "N", "of one run: 0 the latest, 1 that before" },
	{ OPT_RAW, "raw", NULL, "bytes as they came, without times" },
	{ OPT_CONSOLE, "serial", NULL, "the same as console" },
	{ OPT_QEMU, "qemu", NULL, "the same as qemu" },
	{ OPT_NETWORK, "fw", NULL, "the same as net" },
	{ 0 },
};
static const struct usage use = { "xray-log", "VM [console|qemu|net|all]", opts,
	0 };

static struct source {
	const char *name, *file;
	int wanted;
	int fd; /* the newest file, read to its end */
	ino_t inode;
	struct buf rest; /* of a line that goes on */
	char stamp[STAMP + 1]; /* of the last line */
} sources[] = {
	{ .name = "console", .file = "console.log", .fd = -1 },
	{ .name = "qemu", .file = "qemu.log", .fd = -1 },
	{ .name = "net", .file = "net.log", .fd = -1 },
};

static struct line {
	const struct source *source;
	size_t nr;
	char stamp[STAMP + 1];
	char *text;
	size_t n;
} * lines;
static size_t nlines, cap;
static int raw, several;

static int
is_stamp(const char *p, size_t n)
{
	return n > STAMP && p[4] == '-' && p[10] == 'T' &&
	    p[STAMP - 1] == 'Z' && p[STAMP] == ' ';
}

/* A line of the file, without its end; one without a time goes on a line of
 * the file before. */
static void
add_line(struct source *s, const char *p, size_t n)
{
	struct line l = { .source = s, .nr = nlines };

	if (is_stamp(p, n)) {
		memcpy(s->stamp, p, STAMP);
		p += STAMP + 1;
		n -= STAMP + 1;
	}
	memcpy(l.stamp, s->stamp, sizeof l.stamp);
	l.text = xstrndup(p, n);
	l.n = n;
	if (memchr(p, '\0', n)) {
		free(l.text);
		l.text = xmalloc(n + 1);
		memcpy(l.text, p, n);
	}
	if (nlines == cap)
		lines = xreallocarray(
		    lines, cap = cap ? 2 * cap : 1024, sizeof *lines);
	lines[nlines++] = l;
}

/* What can be read of fd now, line by line. */
static void
add_all(struct source *s, int fd)
{
	char chunk[65536], *nl;
	ssize_t n;
	size_t from = 0;

	while ((n = read(fd, chunk, sizeof chunk)) > 0 && s->rest.n < FILE_MAX)
		buf_add(&s->rest, chunk, (size_t)n);
	if (n < 0)
		die_sys(EX_IOERR, "%s", s->file);
	while (s->rest.n > from &&
	    (nl = memchr(s->rest.p + from, '\n', s->rest.n - from))) {
		add_line(s, s->rest.p + from, (size_t)(nl - s->rest.p) - from);
		from = (size_t)(nl - s->rest.p) + 1;
	}
	buf_drop(&s->rest, from);
}

static int
open_log(int dir, const char *file, ino_t *inode)
{
	int fd = openat(dir, file, O_RDONLY | O_NOFOLLOW | O_CLOEXEC);
	struct stat st;

	if (fd < 0 && errno == ENOENT)
		return -1;
	if (fd < 0 || fstat(fd, &st) < 0)
		die_sys(EX_IOERR, "%s", file);
	*inode = st.st_ino;
	return fd;
}

/* The whole ring, oldest file first.  The newest is opened first: if the ring
 * turns meanwhile, it comes by a second name, and is the same file. */
static void
read_ring(int dir, struct source *s)
{
	int fd[RING_FILES];
	ino_t inode[RING_FILES] = { 0 };

	for (int i = 0; i < RING_FILES; i++) {
		autofree char *name =
		    i ? xasprintf("%s.%d", s->file, i) : xstrdup(s->file);

		fd[i] = open_log(dir, name, &inode[i]);
		if (i && fd[i] >= 0 && inode[i] == inode[i - 1]) {
			close(fd[i]);
			fd[i] = -1;
		}
	}
	for (int i = RING_FILES - 1; i >= 0; i--) {
		if (fd[i] < 0)
			continue;
		add_all(s, fd[i]);
		if (i)
			close(fd[i]);
	}
	s->fd = fd[0];
	s->inode = inode[0];
}

static int
by_time(const void *a, const void *b)
{
	const struct line *x = a, *y = b;
	int r = strcmp(x->stamp, y->stamp);

	return r ? r : (x->nr > y->nr) - (x->nr < y->nr);
}

/* Local time for a person, with its day when that is not today. */
static void
add_time(struct buf *b, const char *stamp)
{
	struct tm tm = { 0 }, here, today;
	time_t now = time(NULL), then;
	char text[32];

	if (!isatty(1) ||
	    sscanf(stamp, "%d-%d-%dT%d:%d:%d", &tm.tm_year, &tm.tm_mon,
		&tm.tm_mday, &tm.tm_hour, &tm.tm_min, &tm.tm_sec) != 6) {
		buf_fmt(b, "%s\t", stamp);
		return;
	}
	tm.tm_year -= 1900;
	tm.tm_mon--;
	then = timegm(&tm);
	if (!localtime_r(&then, &here) || !localtime_r(&now, &today))
		return;
	(void)strftime(text, sizeof text,
	    here.tm_yday == today.tm_yday && here.tm_year == today.tm_year ?
		"%H:%M:%S " :
		"%Y-%m-%d %H:%M:%S ",
	    &here);
	buf_str(b, text);
}

static void
print(const struct line *l)
{
	autobuf struct buf b = { 0 };

	if (!raw) {
		add_time(&b, l->stamp);
		if (several && isatty(1))
			buf_fmt(&b, "%-8s", l->source->name);
		else if (several)
			buf_fmt(&b, "%s\t", l->source->name);
		buf_vis(&b, l->text, l->n);
	} else
		buf_add(&b, l->text, l->n);
	buf_str(&b, "\n");
	if (fwrite(b.p, 1, b.n, stdout) != b.n)
		die_sys(EX_IOERR, "standard output");
}

/* Print all but the first `skip` lines, and forget all. */
static void
print_lines(size_t skip)
{
	qsort(lines, nlines, sizeof *lines, by_time);
	for (size_t i = 0; i < nlines; i++) {
		if (i >= skip)
			print(&lines[i]);
		free(lines[i].text);
	}
	nlines = 0;
}

/* Keep the lines of one run: from its start to the next one's. */
static void
keep_boot(const struct vm *vm, long long nr)
{
	char from[STAMP + 1] = "", to[STAMP + 1] = "";
	size_t kept = 0;
	long long n = 0;

	qsort(lines, nlines, sizeof *lines, by_time);
	for (size_t i = nlines; i-- > 0 && n <= nr;)
		if (strcmp(lines[i].source->name, "qemu") == 0 &&
		    str_starts(lines[i].text, "start: ")) {
			memcpy(to, from, sizeof to);
			memcpy(from, lines[i].stamp, sizeof from);
			n++;
		}
	if (n <= nr)
		die(EX_NOINPUT, "%s: the log has %lld runs", vm->name, n);
	for (size_t i = 0; i < nlines; i++)
		if (lines[i].source->wanted &&
		    strcmp(lines[i].stamp, from) >= 0 &&
		    (!*to || strcmp(lines[i].stamp, to) < 0))
			lines[kept++] = lines[i];
		else
			free(lines[i].text);
	nlines = kept;
}

/* The ring may have turned more than once: read what stands between the file
 * we have and `newest`, oldest first.  When ours is not among them it was
 * removed, and the others are older. */
static void
read_between(int dir, struct source *s, ino_t newest)
{
	int fd[RING_FILES], n = 0, found = 0;
	ino_t before = newest;

	for (int i = 1; i < RING_FILES && !found; i++) {
		autofree char *name = xasprintf("%s.%d", s->file, i);
		ino_t inode;

		fd[n] = open_log(dir, name, &inode);
		if (fd[n] < 0)
			break;
		found = inode == s->inode;
		if (found || inode == before) /* it turned while we look */
			close(fd[n]);
		else
			n++;
		before = inode;
	}
	while (n-- > 0) {
		if (found)
			add_all(s, fd[n]);
		close(fd[n]);
	}
}

/* When the name stands for another file, the one we have is at its end. */
static void
look(int dir, struct source *s)
{
	struct stat st;
	ino_t inode = 0;
	int fd;

	if (s->fd >= 0)
		add_all(s, s->fd);
	if (fstatat(dir, s->file, &st, AT_SYMLINK_NOFOLLOW) < 0 ||
	    (s->fd >= 0 && st.st_ino == s->inode))
		return;
	fd = open_log(dir, s->file, &inode);
	if (fd < 0)
		return;
	if (s->fd >= 0) {
		add_all(s, s->fd); /* it was written until it was turned */
		read_between(dir, s, inode);
		close(s->fd);
	}
	s->fd = fd;
	s->inode = inode;
	add_all(s, fd);
}

static _Noreturn void
follow(int dir)
{
	for (;;) {
		for (size_t i = 0; i < LEN(sources); i++)
			if (sources[i].wanted)
				look(dir, &sources[i]);
		print_lines(0);
		if (fflush(stdout) != 0)
			die_sys(EX_IOERR, "standard output");
		io_sleep(LOOK_MS);
	}
}

static void
want(const char *name)
{
	int n = 0;

	for (size_t i = 0; i < LEN(sources); i++)
		if (strcmp(name, "all") == 0 ||
		    strcmp(name, sources[i].name) == 0)
			sources[i].wanted = ++n;
	if (!n)
		die_usage(&use, "%s: console, qemu, net or all", name);
}

int
main(int argc, char **argv)
{
	long long boot = -1, last = -1;
	int c, dir, follows = 0;
	struct home home;
	struct vm vm;
	struct why why;

	while ((c = opt_next(argc, argv, &use)) != -1)
		switch (c) {
		case 'f':
			follows = 1;
			break;
		case 'n':
			last = opt_int(&use, "-n", optarg, 0, 1000000000);
			break;
		case OPT_BOOT:
			boot = opt_int(&use, "--boot", optarg, -1000, 1000);
			boot = boot < 0 ? -boot : boot;
			break;
		case OPT_RAW:
			raw = 1;
			break;
		case OPT_CONSOLE:
		case OPT_QEMU:
		case OPT_NETWORK:
			sources[c - OPT_CONSOLE].wanted = 1;
			break;
		}
	if (argc - optind < 1)
		die_usage(&use, "no VM named");
	if (follows && boot > 0)
		die_usage(&use, "-f follows the latest run");
	for (int i = optind + 1; i < argc; i++)
		want(argv[i]);
	for (size_t i = 0; i < LEN(sources); i++)
		several += sources[i].wanted != 0;
	if (!several)
		want("all");
	several = several != 1;
	if (home_open(&home, &why) < 0 ||
	    vm_open_any(&home, argv[optind], &vm, &why) < 0)
		die_why(&why);
	dir = io_opendir(vm.dir, "log");
	if (dir < 0)
		die(EX_NOINPUT, "%s: no log: it was never started", vm.name);
	for (size_t i = 0; i < LEN(sources); i++)
		if (sources[i].wanted || boot >= 0)
			read_ring(dir, &sources[i]);
	if (boot >= 0)
		keep_boot(&vm, boot);
	for (size_t i = 0; i < LEN(sources) && !follows; i++)
		if (sources[i].rest.n && boot <= 0)
			add_line(
			    &sources[i], sources[i].rest.p, sources[i].rest.n);
	last = last < 0 && follows ? FOLLOWED : last;
	print_lines(
	    last < 0 || (size_t)last > nlines ? 0 : nlines - (size_t)last);
	if (follows)
		follow(dir);
	return say_done();
}
