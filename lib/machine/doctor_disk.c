/* SPDX-License-Identifier: ISC */
/*
 * doctor_disk: the place of the home: room, and a file system that can what
 * we ask of it.  There are some that take a chmod and forget it, grant a lock
 * twice, or have no sockets (exFAT, CIFS, NFS): each is tried, in a folder
 * that is removed again, by home_sweep when we are killed.
 */
#include "doctor.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "io.h"
#include "room.h"
#include "say.h"
#include "sys.h"

static int
keeps_modes(int dir)
{
	autoclose int fd = openat(dir, "file", O_RDWR | O_CLOEXEC);
	struct stat st;

	return fd >= 0 && fchmod(fd, 0640) == 0 && fstat(fd, &st) == 0 &&
	    (st.st_mode & 07777) == 0640 && fchmod(fd, 0600) == 0 &&
	    fstat(fd, &st) == 0 && (st.st_mode & 07777) == 0600;
}

/* One is granted, a second is not, a look sees it. */
static int
keeps_locks(int dir)
{
	autoclose int one = openat(dir, "file", O_RDWR | O_CLOEXEC);
	autoclose int two = openat(dir, "file", O_RDWR | O_CLOEXEC);

	return one >= 0 && two >= 0 && sys_lock(one) == 0 &&
	    sys_lock(two) < 0 && sys_locked(two) == 1;
}

static int
has_sockets(int dir)
{
	autoclose int listener = io_listen(dir, "socket", 1);
	autoclose int client = listener < 0 ? -1 : io_connect(dir, "socket");

	return client >= 0;
}

static int
has_links(int dir)
{
	struct stat st;

	return symlinkat("file", dir, "link") == 0 &&
	    fstatat(dir, "link", &st, AT_SYMLINK_NOFOLLOW) == 0 &&
	    S_ISLNK(st.st_mode);
}

static const struct {
	const char *what;
	int (*can)(int dir);
} needs[] = {
	{ "modes", keeps_modes },
	{ "locks", keeps_locks },
	{ "unix sockets", has_sockets },
	{ "symbolic links", has_links },
};

static void
file_system(struct doctor *d)
{
	autofree char *name = xasprintf(".stage-%ld", (long)getpid());
	autoclose int dir = -1;
	autobuf struct buf lacks = { 0 };

	(void)io_remove_tree(d->home->fd, name); /* of our pid, long ago */
	dir = io_mkdir(d->home->fd, name);
	if (dir < 0 || io_create(dir, "file", 0600, "x", 1) < 0) {
		doctor_add(d, DOCTOR_BAD, "files", NULL,
		    "%s: cannot be written to: %s: see mount, df -i",
		    d->home->path, strerror(errno));
		(void)io_remove_tree(d->home->fd, name);
		return;
	}
	for (size_t i = 0; i < LEN(needs); i++)
		if (!needs[i].can(dir))
			buf_fmt(
			    &lacks, "%s%s", lacks.n ? ", " : "", needs[i].what);
	(void)io_remove_tree(d->home->fd, name); /* or the next sweep */
	if (lacks.n)
		doctor_add(d, DOCTOR_BAD, "files", NULL,
		    "%s: its file system has no %s: set XRAY_HOME to a folder "
		    "on a local disk",
		    d->home->path, lacks.p);
	else
		doctor_add(d, DOCTOR_OK, "files", NULL,
		    "modes, locks, unix sockets, symbolic links");
}

static void
room(struct doctor *d)
{
	struct room r;
	struct why why;

	if (room_look(d->home, &r, &why) < 0) {
		doctor_why(d, DOCTOR_BAD, "disk", NULL, &why,
		    "xray config unset min_free");
		return;
	}
	autofree char *left = num_human(r.free);
	autofree char *least = num_human(r.least);

	if (r.free < r.least)
		doctor_add(d, DOCTOR_BAD, "disk", NULL,
		    "%s: %s free, min_free is %s: xray disk", r.mount, left,
		    least);
	else
		doctor_add(
		    d, DOCTOR_OK, "disk", NULL, "%s: %s free", r.mount, left);
	room_free(&r);
}

void
doctor_disk(struct doctor *d)
{
	if (!d->home)
		return;
	room(d);
	file_system(d);
}
