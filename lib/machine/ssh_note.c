/* SPDX-License-Identifier: ISC */
/*
 * ssh_note: log/ssh.log, a small ring that any number of commands append to.
 * Each opens it, writes one line and goes; a lock on the file itself keeps two
 * from turning it at once.
 */
#include "ssh.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include "io.h"
#include "ring.h"
#include "sys.h"

enum { SIZE = 64 << 10, LOCK_MS = 200 };

/* Open and lock what the name stands for now: the one before us may have
 * turned the ring.  -1: somebody has it for longer than a line takes. */
static int
lock_log(int dir)
{
	long long deadline = io_now() + LOCK_MS;
	struct stat ours, now;
	int fd;

	do {
		fd = openat(dir, "ssh.log",
		    O_RDWR | O_CREAT | O_NOFOLLOW | O_CLOEXEC, 0600);
		if (fd < 0)
			return -1;
		if (sys_lock(fd) == 0 && fstat(fd, &ours) == 0 &&
		    fstatat(dir, "ssh.log", &now, AT_SYMLINK_NOFOLLOW) == 0 &&
		    ours.st_ino == now.st_ino)
			return fd;
		close(fd);
		io_nap();
	} while (io_left(deadline) > 0);
	return -1;
}

void
ssh_note(const struct vm *vm, const char *text)
{
	autoclose int dir = io_opendir(vm->dir, "log"), lock = -1;
	struct ring ring;

	/* Without it nothing but a line of xray why is missing. */
	if (dir < 0 || (lock = lock_log(dir)) < 0)
		return;
	if (ring_open(&ring, dir, "ssh.log") == 0) {
		ring_limit(&ring, SIZE);
		ring_line(&ring, "%s", text);
	}
	ring_close(&ring);
}
