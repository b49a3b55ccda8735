/* SPDX-License-Identifier: ISC */
/* trust: who could change what a path leads to. */
#include <errno.h>
#include <fcntl.h>
#include <grp.h>
#include <pwd.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "io.h"
#include "say.h"
#include "tap.h"
#include "trust.h"

static char top[] = "/tmp/xray-trust.XXXXXX";
static int dir;
static struct why why;

/* What trust_path says of name below our folder: 0, or why's code. */
static int
trusted(const char *name)
{
	autofree char *path = xasprintf("%s/%s", top, name);

	why.code = 0;
	return trust_path(path, &why) < 0 ? why.code : 0;
}

static void
file(const char *name, mode_t mode)
{
	ok(io_create(dir, name, 0600, "#!/bin/sh\n", 10) == 0 &&
		fchmodat(dir, name, mode, 0) == 0,
	    "%s is made", name);
}

/* The file group is of our private group, if we have one, then of another. */
static void
private_group(void)
{
	struct passwd *pw = getpwuid(geteuid());
	struct group *g = pw ? getgrgid(pw->pw_gid) : NULL;
	int mine = g && strcmp(g->gr_name, pw->pw_name) == 0 && !g->gr_mem[0];

	if (mine && fchownat(dir, "group", (uid_t)-1, g->gr_gid, 0) == 0)
		ok(trusted("group") == 0, "our private group is nobody else");
	else
		ok(1, "a private group # SKIP we have none");
	if (geteuid() == 0)
		ok(fchownat(dir, "group", (uid_t)-1, 65534, 0) == 0,
		    "it is given to another");
	else /* which only root can */
		ok(fchmodat(dir, "group", 0777, 0) == 0, "all may write");
}

static void
modes(void)
{
	file("own", 0755);
	ok(trusted("own") == 0, "a file of ours");
	file("group", 0775);
	private_group();
	ok(trusted("group") == EX_NOPERM, "a group that can write");
	ok(strstr(why.text, "chmod go-w") && strstr(why.text, "/group"),
	    "the mend names it");
	file("all", 0757);
	ok(trusted("all") == EX_NOPERM, "others that can write");
	ok(trusted("none") == EX_NOINPUT, "nothing there");
}

static void
folders(void)
{
	ok(mkdirat(dir, "open", 0700) == 0, "a folder is made");
	file("open/script", 0755);
	ok(trusted("open/script") == 0, "in a folder of ours");
	ok(fchmodat(dir, "open", 0777, 0) == 0 &&
		trusted("open/script") == EX_NOPERM,
	    "in one that all can write to");
	ok(strstr(why.text, "/open: ") != NULL, "which is named");
	ok(trusted("open") == EX_NOPERM, "nor is that itself trusted");
	ok(fchmodat(dir, "open", 01777, 0) == 0 && trusted("open/script") == 0,
	    "sticky: ours stays ours in it");
	ok(trusted("open") == EX_NOPERM, "but it can hold anything");
	ok(trusted("open/") == EX_NOPERM && trusted("open/.") == EX_NOPERM,
	    "however it is spelt");
}

static void
links(void)
{
	ok(symlinkat("own", dir, "link") == 0 && trusted("link") == 0,
	    "a link to a file of ours");
	ok(symlinkat("all", dir, "bad") == 0 && trusted("bad") == EX_NOPERM,
	    "a link to one that others can write to");
	ok(symlinkat("/dev/null", dir, "null") == 0, "a link to a device");
	ok(symlinkat("gone", dir, "dead") == 0 && trusted("dead") == EX_NOINPUT,
	    "a link to nothing");
	ok(symlinkat("circle", dir, "circle") == 0 &&
		trusted("circle") == EX_NOINPUT,
	    "a link to itself");
}

/* Who can put another link in its place says where it leads. */
static void
links_on_the_way(void)
{
	ok(mkdirat(dir, "wide", 0700) == 0 && mkdirat(dir, "safe", 0700) == 0,
	    "two folders are made");
	file("safe/script", 0755);
	ok(symlinkat("../safe", dir, "wide/link") == 0 &&
		trusted("wide/link/script") == 0,
	    "behind a link");
	ok(symlinkat("wide/link/script", dir, "two") == 0 &&
		trusted("two") == 0,
	    "behind two");
	ok(fchmodat(dir, "wide", 0777, 0) == 0 &&
		trusted("wide/link/script") == EX_NOPERM &&
		strstr(why.text, "/wide: ") != NULL,
	    "a link that others can put aside");
	ok(trusted("two") == EX_NOPERM, "also further on");
	ok(fchmodat(dir, "wide", 01777, 0) == 0 && trusted("two") == 0,
	    "not one in a folder with the sticky bit");
}

/* As root we can give a file away. */
static void
owners(void)
{
	if (geteuid() != 0) {
		ok(1, "another's file # SKIP not root");
		ok(1, "another's folder # SKIP not root");
		ok(1, "another's link # SKIP not root");
		return;
	}
	file("theirs", 0755);
	ok(fchownat(dir, "theirs", 65534, 65534, 0) == 0 &&
		trusted("theirs") == EX_NOPERM,
	    "another's file");
	ok(mkdirat(dir, "home", 0755) == 0 &&
		io_create(dir, "home/s", 0755, "", 0) == 0 &&
		fchownat(dir, "home", 65534, 65534, 0) == 0 &&
		trusted("home/s") == EX_NOPERM,
	    "another's folder");
	ok(fchownat(dir, "wide/link", 65534, 65534, AT_SYMLINK_NOFOLLOW) == 0 &&
		trusted("two") == EX_NOPERM,
	    "another's link");
}

int
main(void)
{
	umask(022);
	if (!mkdtemp(top) || (dir = io_opendir(AT_FDCWD, top)) < 0)
		die_sys(EX_OSERR, "%s", top);
	modes();
	folders();
	links();
	links_on_the_way();
	owners();
	(void)io_remove_tree(AT_FDCWD, top);
	return tap_end();
}
