/* SPDX-License-Identifier: ISC */
/* xray-key: the key pair that guests are given. */
#include "say.h"

#include <fcntl.h>
#include <getopt.h>
#include <string.h>
#include <unistd.h>

#include "io.h"
#include "opt.h"
#include "ssh.h"

static const struct opt opts[] = {
	{ 'f', "force", NULL,
	    "make a new pair; guests keep the old until "
	    "they boot" },
	{ 0 },
};
static const struct usage use = { "xray-key", "[show]", opts, 0 };

static int
show(const char *path)
{
	autofree char *pub = xasprintf("%s.pub", path);
	autobuf struct buf b = { 0 };

	if (io_read_file(AT_FDCWD, pub, &b, 65536) < 0)
		die_sys(EX_NOINPUT, "%s", pub);
	say("%s", b.p);
	return say_done();
}

int
main(int argc, char **argv)
{
	autofree char *path = NULL;
	struct home home;
	struct why why;
	int c, force = 0, made;

	while ((c = opt_next(argc, argv, &use)) != -1)
		force = 1;
	if (argc - optind > 1 ||
	    (argc > optind && strcmp(argv[optind], "show") != 0))
		die_usage(&use, "%s: show, or nothing", argv[optind]);
	if (home_open(&home, &why) < 0)
		die_why(&why);
	path = ssh_key(&home);
	made = ssh_key_make(&home, force, &why);
	if (made < 0)
		die_why(&why);
	if (optind < argc)
		return show(path);
	note("%s: %s", path, made ? "made" : "is there; -f makes a new one");
	return say_done();
}
