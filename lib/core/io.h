/* SPDX-License-Identifier: ISC */
/*
 * io: whole reads and writes, files replaced as one, trees removed, unix
 * sockets by short names.  Everything is relative to a directory's
 * descriptor; 0 or -1 with errno unless said otherwise.
 */
#ifndef XRAY_IO_H
#define XRAY_IO_H

#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

#include "mem.h"

/* Write all n bytes, through EINTR and short writes. */
int io_write(int fd, const void *p, size_t n);

/* Read what is left of fd, at most max bytes (EFBIG when there is more), into
 * b, after what it holds. */
int io_read(int fd, struct buf *b, size_t max);
/* The same for the file dir/name.  EISDIR, ELOOP and the like for what is no
 * plain file. */
int io_read_file(int dir, const char *name, struct buf *b, size_t max);

/*
 * Replace dir/name (mode as given) with the n bytes at p.  A reader sees the
 * old bytes or the new, never a part, even across a power cut.  The caller
 * holds the lock that makes it the only writer, so one temporary name,
 * .NAME.new, is enough; a leftover of a killed writer is overwritten.
 */
int io_replace(int dir, const char *name, mode_t mode, const void *p, size_t n);
/* The same, but for the folder, which the caller is about to sync: until then a
 * power cut may bring the old bytes back. */
int io_rewrite(int dir, const char *name, mode_t mode, const void *p, size_t n);
/* The same without syncing, for what ends with the running VM anyway. */
int io_put(int dir, const char *name, mode_t mode, const void *p, size_t n);
/* Write a new file dir/name, EEXIST when it is there; not synced. */
int io_create(int dir, const char *name, mode_t mode, const void *p, size_t n);

/* Open directory dir/name, made with mode 0700 first when it is not there. */
int io_mkdir(int dir, const char *name);
/* The same, which stays when the power fails once dir does: dir is synced when
 * it was made. */
int io_mkdir_kept(int dir, const char *name);
/* Open directory dir/name. */
int io_opendir(int dir, const char *name);
/* Remove dir/name and, when it is a directory, all below it; links are not
 * followed.  Already gone is success. */
int io_remove_tree(int dir, const char *name);
/* Call fn for each entry of directory dir (in no order) but . and ..; stops
 * at the first -1 of fn. */
int io_walk(int dir, int (*fn)(const char *name, void *arg), void *arg);

/*
 * Copy from's bytes into the empty file to: a reflink where the file system
 * has them, else sparse and in the kernel where it can.  tick, when not NULL,
 * is called now and then with the bytes done and to do.
 */
int io_copy(int from, int to, void (*tick)(uint64_t done, uint64_t all));

/*
 * Unix stream sockets at dir/name.  The name, not the path, counts against
 * the 107 bytes of sun_path: Linux goes through /proc/self/fd, elsewhere the
 * working directory changes for the moment.  A listener replaces a socket
 * left behind; it is made with mode 0600.  io_connect fails at
 * once, with EAGAIN when the listener's backlog is full.
 */
int io_listen(int dir, const char *name, int backlog);
int io_connect(int dir, const char *name);

/* Milliseconds of a clock that only goes forward, for deadlines. */
long long io_now(void);
/* How long until deadline, as poll(2) wants it: at least 0, at most 1 hour. */
int io_left(long long deadline);
/* 1 readable (or at its end), 0 the deadline passed, -1. */
int io_wait_readable(int fd, long long deadline);
/* Sleep 0.2 ms: for what will be there in a moment. */
void io_nap(void);
/* Sleep ms milliseconds. */
void io_sleep(int ms);
/* The time as RFC 3339 in UTC, with 3 digits of the second when ms is 1. */
void io_timestamp(char out[32], int ms);

#endif
