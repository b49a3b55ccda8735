/* SPDX-License-Identifier: ISC */
/*
 * xray-screenshot: a picture of a VM's display as PNG.  QEMU's sandbox and
 * working directory are such that it writes into the VM's directory; from
 * there the bytes are taken.
 */
#include "say.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "io.h"
#include "opt.h"
#include "qemu.h"
#include "qmp.h"
#include "vm.h"

enum { ANSWER_MS = 30000, PICTURE_MAX = 64 << 20 };
#define PICTURE ".screenshot.png"

static const struct opt opts[] = { { 0 } };
static const struct usage use = { "xray-screenshot", "VM [FILE | -]", opts, 0 };

/* The picture's bytes; the QMP socket's lock makes its name ours alone. */
static void
take(const struct vm *vm, struct buf *b)
{
	static const char png[] = "\x89PNG\r\n\x1a\n";
	long long deadline = io_now() + ANSWER_MS;
	struct why why;
	autoqmp struct qmp *q =
	    qmp_open(vm->dir, VM_QMP, vm->name, deadline, &why);
	int err;

	if (!q)
		die_why(&why);
	if (qmp_do(q, "screendump",
		"{\"filename\":\"" PICTURE "\",\"format\":\"png\"}", deadline,
		&why) < 0) {
		if (strstr(why.text, "no console"))
			die(EX_UNAVAILABLE,
			    "%s: has no display; xray console %s", vm->name,
			    vm->name);
		die_why(&why);
	}
	err = io_read_file(vm->dir, PICTURE, b, PICTURE_MAX) < 0 ? errno : 0;
	(void)unlinkat(vm->dir, PICTURE, 0); /* the next is written over it */
	errno = err;
	if (err)
		die_sys(EX_IOERR, "%s: picture", vm->name);
	if (b->n < sizeof png - 1 || memcmp(b->p, png, sizeof png - 1) != 0)
		die(EX_PROTOCOL, "%s: QEMU made no PNG", vm->name);
}

static char *
default_name(const struct vm *vm)
{
	time_t now = time(NULL);
	struct tm tm;
	char text[16];

	if (!localtime_r(&now, &tm) ||
	    strftime(text, sizeof text, "%H%M%S", &tm) == 0)
		die_sys(EX_OSERR, "time");
	return xasprintf("%s-%s.png", vm->name, text);
}

/* A name that we made up must be new: a link of that name is somebody's. */
static void
save(const char *file, int ours, const struct buf *b)
{
	autoclose int fd = open(file,
	    O_WRONLY | O_CREAT | O_CLOEXEC |
		(ours ? O_EXCL | O_NOFOLLOW : O_TRUNC),
	    0666);

	if (fd < 0 || io_write(fd, b->p, b->n) < 0)
		die_sys(EX_IOERR, "%s", file);
}

int
main(int argc, char **argv)
{
	autobuf struct buf b = { 0 };
	autofree char *name = NULL;
	const char *file;
	struct home home;
	struct vm vm;
	struct why why;

	while (opt_next(argc, argv, &use) != -1)
		;
	if (argc - optind < 1 || argc - optind > 2)
		die_usage(&use, "a VM, and perhaps a file");
	if (home_open(&home, &why) < 0 ||
	    vm_open(&home, argv[optind], &vm, &why) < 0)
		die_why(&why);
	if (!vm_alive(&vm))
		die(EX_UNAVAILABLE, "%s: stopped; xray start %s", vm.name,
		    vm.name);
	name = default_name(&vm);
	file = argc - optind == 2 ? argv[optind + 1] : name;
	if (strcmp(file, "-") == 0 && isatty(1))
		die_usage(&use, "-: a picture is not for a terminal");
	take(&vm, &b);
	if (strcmp(file, "-") == 0) {
		if (io_write(1, b.p, b.n) < 0)
			die_sys(EX_IOERR, "standard output");
		return 0;
	}
	save(file, file == name, &b);
	say_result("%s\n", file);
	return say_done();
}
