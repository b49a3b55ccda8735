/* SPDX-License-Identifier: ISC */
/*
 * xray-log: what a VM's console, QEMU, gateway and hooks have said, by time.
 * A log is a ring of files, see ring.h; a line begins with its time.
 */
#include "say.h"

#include <getopt.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "io.h"
#include "opt.h"
#include "tail.h"
#include "vm.h"

enum { OPT_BOOT = OPT_OWN, OPT_RAW, OPT_CONSOLE, OPT_QEMU, OPT_NETWORK };
enum { FOLLOWED = 10, LOOK_MS = 200 };

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
static const struct usage use = { "xray-log",
	"VM [console|qemu|net|hooks|ssh|all]", opts, 0 };

static struct source {
	const char *name, *file;
	int wanted;
	struct tail tail;
} sources[] = {
	{ .name = "console", .file = "console.log", .tail = { .fd = -1 } },
	{ .name = "qemu", .file = "qemu.log", .tail = { .fd = -1 } },
	{ .name = "net", .file = "net.log", .tail = { .fd = -1 } },
	{ .name = "hooks", .file = "hooks.log", .tail = { .fd = -1 } },
	{ .name = "ssh", .file = "ssh.log", .tail = { .fd = -1 } },
};

static struct line {
	const struct source *source;
	size_t nr;
	char stamp[TAIL_STAMP + 1];
	char *text;
	size_t n;
} * lines;
static size_t nlines, cap;
static int raw, several;

static void
add_line(const char *stamp, const char *p, size_t n, void *arg)
{
	struct line l = { .source = arg, .nr = nlines, .n = n };

	memcpy(l.stamp, stamp, sizeof l.stamp);
	l.text = xmalloc(n + 1);
	memcpy(l.text, p, n);
	l.text[n] = '\0';
	if (nlines == cap)
		lines = xreallocarray(
		    lines, cap = cap ? 2 * cap : 1024, sizeof *lines);
	lines[nlines++] = l;
}

static void
read_ring(int dir, struct source *s)
{
	if (tail_open(&s->tail, dir, s->file, add_line, s) < 0)
		die_sys(EX_IOERR, "%s", s->file);
}

static int
by_time(const void *a, const void *b)
{
	const struct line *x = a, *y = b;
	int r = strcmp(x->stamp, y->stamp);

	return r ? r : (x->nr > y->nr) - (x->nr < y->nr);
}

static void
add_time(struct buf *b, const char *stamp)
{
	autofree char *local = isatty(1) ? tail_local(stamp, 0) : NULL;

	buf_str(b, local ? local : stamp);
	buf_str(b, local ? " " : "\t");
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
	char from[TAIL_STAMP + 1] = "", to[TAIL_STAMP + 1] = "";
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

static _Noreturn void
follow(void)
{
	for (;;) {
		for (size_t i = 0; i < LEN(sources); i++)
			if (sources[i].wanted &&
			    tail_more(&sources[i].tail, add_line, &sources[i]) <
				0)
				die_sys(EX_IOERR, "%s", sources[i].file);
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
		die_usage(
		    &use, "%s: console, qemu, net, hooks, ssh or all", name);
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
		if (boot <= 0)
			tail_end(&sources[i].tail, add_line, &sources[i]);
	last = last < 0 && follows ? FOLLOWED : last;
	print_lines(
	    last < 0 || (size_t)last > nlines ? 0 : nlines - (size_t)last);
	if (follows)
		follow();
	return say_done();
}
