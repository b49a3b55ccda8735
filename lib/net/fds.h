/* SPDX-License-Identifier: ISC */
/*
 * fds: the descriptors a network stack was given, so that they are counted
 * and capped.
 */
#ifndef XRAY_FDS_H
#define XRAY_FDS_H

/* Connections, and the descriptors for them: one that comes by a unix socket
 * takes libslirp two, and it aborts when there is no second one. */
enum { FDS_LIVE = 1024, FDS_MAX = 2 * FDS_LIVE + 256 };

enum fds_kind { FDS_NONE, FDS_LISTENER, FDS_CONNECTION };

/* Start with { 0 } and fds_limit. */
struct fds {
	unsigned char kind[FDS_MAX];
	long long rest[FDS_MAX]; /* until when it is left alone, ms */
	int live; /* connections */
	int max; /* how many there should be at most */
};

/* Raise RLIMIT_NOFILE to FDS_MAX, or as far as it goes, and set max to fit.
 * -1 with errno, ERANGE when it is too low to work with. */
int fds_limit(struct fds *t);
/* Note what fd is; numbers out of range and what is noted already do not
 * count. */
void fds_note(struct fds *t, int fd, enum fds_kind kind);
/* The same for a listener, which also is made to take a backlog of its size
 * and not to block in accept(2).  1, 0 when it is none, -1. */
int fds_note_listener(struct fds *t, int fd, int backlog);
void fds_forget(struct fds *t, int fd);
int fds_is_listener(const struct fds *t, int fd);
/* Leave fd alone for FDS_REST_MS from now on; a new one of its number is not
 * meant.  Whether it is to be left alone now. */
enum { FDS_REST_MS = 250 };
void fds_rest(struct fds *t, int fd, long long now);
int fds_rests(const struct fds *t, int fd, long long now);
/* Whether there are as many connections as there should be. */
int fds_full(const struct fds *t);
/* Whether there are as many as the guest may begin: of 16 one is kept for
 * those from outside, so that it cannot shut its owner out. */
int fds_crowded(const struct fds *t);

#endif
