/* SPDX-License-Identifier: ISC */
#include "io.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "sys.h"

int
io_write(int fd, const void *p, size_t n)
{
	const char *s = p;

	while (n) {
		ssize_t w = write(fd, s, n);

		if (w < 0 && errno == EINTR)
			continue;
		if (w < 0)
			return -1;
		s += w;
		n -= (size_t)w;
	}
	return 0;
}

/* Read once, at most n bytes, to the end of b. */
static ssize_t
buf_read(struct buf *b, int fd, size_t n)
{
	ssize_t got = read(fd, buf_space(b, n), n);

	if (got > 0)
		b->n += (size_t)got;
	b->p[b->n] = '\0';
	return got;
}

int
io_read(int fd, struct buf *b, size_t max)
{
	char chunk[16384];
	size_t got = 0;

	for (;;) {
		ssize_t n = read(fd, chunk, sizeof chunk);

		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0)
			return -1;
		if (n == 0)
			break;
		got += (size_t)n;
		if (got > max) {
			errno = EFBIG;
			return -1;
		}
		buf_add(b, chunk, (size_t)n);
	}
	buf_add(b, "", 0); /* terminated, even when empty */
	return 0;
}

int
io_read_file(int dir, const char *name, struct buf *b, size_t max)
{
	autoclose int fd =
	    openat(dir, name, O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY);
	struct stat st;

	if (fd < 0 || fstat(fd, &st) < 0)
		return -1;
	if (!S_ISREG(st.st_mode)) {
		errno = S_ISDIR(st.st_mode) ? EISDIR : EINVAL;
		return -1;
	}
	if (st.st_size > 0 && (uint64_t)st.st_size <= max) {
		/* one call where the file is as long as it said */
		ssize_t n = buf_read(b, fd, (size_t)st.st_size + 1);

		if (n >= 0 && n <= st.st_size)
			return 0;
		max -= n > 0 ? (size_t)n : 0;
	}
	return io_read(fd, b, max);
}

static int
put(int dir, const char *name, mode_t mode, const void *p, size_t n, int sync)
{
	char tmp[256];
	int fd, err;

	if ((size_t)snprintf(tmp, sizeof tmp, ".%s.new", name) >= sizeof tmp) {
		errno = ENAMETOOLONG;
		return -1;
	}
	fd = openat(dir, tmp,
	    O_WRONLY | O_CREAT | O_TRUNC | O_NOFOLLOW | O_CLOEXEC, mode);
	if (fd < 0)
		return -1;
	if (io_write(fd, p, n) < 0 || (sync && sys_fsync(fd) < 0))
		goto fail;
	err = close(fd);
	fd = -1;
	if (err < 0 || renameat(dir, tmp, dir, name) < 0)
		goto fail;
	return 0;
fail:
	err = errno;
	if (fd >= 0)
		close(fd);
	unlinkat(dir, tmp, 0);
	errno = err;
	return -1;
}

int
io_replace(int dir, const char *name, mode_t mode, const void *p, size_t n)
{
	return io_rewrite(dir, name, mode, p, n) < 0 ? -1 : sys_fsync(dir);
}

int
io_rewrite(int dir, const char *name, mode_t mode, const void *p, size_t n)
{
	return put(dir, name, mode, p, n, 1);
}

int
io_put(int dir, const char *name, mode_t mode, const void *p, size_t n)
{
	return put(dir, name, mode, p, n, 0);
}

int
io_create(int dir, const char *name, mode_t mode, const void *p, size_t n)
{
	int fd =
	    openat(dir, name, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, mode);
	int err;

	if (fd < 0)
		return -1;
	if (io_write(fd, p, n) < 0) {
		err = errno;
		close(fd);
		unlinkat(dir, name, 0);
		errno = err;
		return -1;
	}
	return close(fd);
}

int
io_opendir(int dir, const char *name)
{
	return openat(dir, name, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
}

int
io_mkdir(int dir, const char *name)
{
	int fd = io_opendir(dir, name);

	if (fd >= 0 || errno != ENOENT)
		return fd;
	if (mkdirat(dir, name, 0700) < 0 && errno != EEXIST)
		return -1;
	return io_opendir(dir, name);
}

int
io_mkdir_kept(int dir, const char *name)
{
	int fd = io_opendir(dir, name);

	if (fd >= 0 || errno != ENOENT)
		return fd;
	fd = io_mkdir(dir, name);
	if (fd < 0 || sys_fsync(dir) == 0)
		return fd;
	close(fd);
	return -1;
}

int
io_walk(int dir, int (*fn)(const char *name, void *arg), void *arg)
{
	int fd = io_opendir(dir, "."), result = 0, err;
	struct dirent *e;
	DIR *d;

	if (fd < 0)
		return -1;
	if (!(d = fdopendir(fd))) {
		close(fd);
		return -1;
	}
	for (;;) {
		errno = 0;
		e = readdir(d);
		if (!e) {
			result = errno ? -1 : 0;
			break;
		}
		if (strcmp(e->d_name, ".") == 0 || strcmp(e->d_name, "..") == 0)
			continue;
		if ((result = fn(e->d_name, arg)) < 0)
			break;
	}
	err = errno;
	closedir(d);
	errno = err;
	return result;
}

static int
remove_entry(const char *name, void *arg)
{
	return io_remove_tree(*(int *)arg, name);
}

int
io_remove_tree(int dir, const char *name)
{
	int fd, err;

	if (unlinkat(dir, name, 0) == 0 || errno == ENOENT)
		return 0;
	err = errno;
	if (err != EISDIR && err != EPERM) /* EPERM: macOS, for a directory */
		return -1;
	fd = openat(dir, name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
	if (fd < 0) {
		if (errno == ENOTDIR)
			errno = err;
		return -1;
	}
	err = io_walk(fd, remove_entry, &fd);
	close(fd);
	if (err < 0)
		return -1;
	return unlinkat(dir, name, AT_REMOVEDIR);
}

/* Copy [at, end) by read and write, for file systems without better. */
static int
copy_plain(int from, int to, off_t at, off_t end)
{
	autofree char *chunk = xmalloc(1 << 20);

	while (at < end) {
		size_t want = end - at < 1 << 20 ? (size_t)(end - at) : 1 << 20;
		ssize_t n = pread(from, chunk, want, at);

		if (n < 0 && errno == EINTR)
			continue;
		if (n <= 0) {
			errno = n ? errno : EIO;
			return -1;
		}
		for (ssize_t done = 0; done < n;) {
			ssize_t w = pwrite(
			    to, chunk + done, (size_t)(n - done), at + done);

			if (w < 0 && errno != EINTR)
				return -1;
			if (w > 0)
				done += w;
		}
		at += n;
	}
	return 0;
}

/* Data is copied piece by piece, 64 MiB at a time so that tick is called;
 * holes stay holes. */
static int
copy_data(int from, int to, off_t size, void (*tick)(uint64_t, uint64_t))
{
	enum { PIECE = 64 << 20 };
	off_t at = 0, data, hole;

	while (at < size) {
		data = lseek(from, at, SEEK_DATA);
		if (data < 0 && errno == ENXIO)
			return 0;
		if (data < 0) {
			data = at;
			hole = size;
		} else if ((hole = lseek(from, data, SEEK_HOLE)) < 0)
			hole = size;
		for (at = data; at < hole;) {
			off_t end = hole - at > PIECE ? at + PIECE : hole;
			off_t done = sys_copy_range(from, to, at, end - at);

			if (done <= 0) {
				if (copy_plain(from, to, at, end) < 0)
					return -1;
				done = end - at;
			}
			at += done;
			if (tick)
				tick((uint64_t)at, (uint64_t)size);
		}
	}
	return 0;
}

int
io_copy(int from, int to, void (*tick)(uint64_t done, uint64_t all))
{
	struct stat st;

	if (fstat(from, &st) < 0)
		return -1;
	if (sys_reflink(from, to) == 0)
		return 0;
	if (ftruncate(to, st.st_size) < 0)
		return -1;
	return copy_data(from, to, st.st_size, tick);
}

long long
io_now(void)
{
	struct timespec ts;

	clock_gettime(CLOCK_MONOTONIC, &ts); /* cannot fail with this clock */
	return ts.tv_sec * 1000LL + ts.tv_nsec / 1000000;
}

int
io_left(long long deadline)
{
	long long left = deadline - io_now();

	return left < 0 ? 0 : left > 3600000 ? 3600000 : (int)left;
}

int
io_wait_readable(int fd, long long deadline)
{
	struct pollfd pfd = { .fd = fd, .events = POLLIN };

	for (;;) {
		int n = poll(&pfd, 1, io_left(deadline));

		if (n > 0)
			return 1;
		if (n < 0 && errno != EINTR)
			return -1;
		if (io_left(deadline) == 0)
			return 0;
	}
}

void
io_nap(void)
{
	const struct timespec ts = { .tv_nsec = 200000 };

	(void)nanosleep(&ts, NULL); /* an early end is fine */
}

void
io_sleep(int ms)
{
	(void)poll(NULL, 0, ms); /* an early end is fine */
}

void
io_timestamp(char out[32], int ms)
{
	struct timespec ts;
	struct tm tm;
	size_t n;

	clock_gettime(CLOCK_REALTIME, &ts);
	gmtime_r(&ts.tv_sec, &tm);
	n = strftime(out, 32, "%Y-%m-%dT%H:%M:%S", &tm);
	if (ms)
		(void)snprintf(
		    out + n, 32 - n, ".%03ldZ", ts.tv_nsec / 1000000);
	else
		(void)snprintf(out + n, 32 - n, "Z");
}
