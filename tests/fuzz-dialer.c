/* SPDX-License-Identifier: ISC */
/*
 * fuzz-dialer: what the child of a proxy's dialer answers, two bytes each: how
 * (bit 0 with a descriptor, bit 1 with two, bit 2: the proxy asks before), and
 * what it says.
 */
#include <sys/socket.h>

#include "child.h"
#include "dialer.h"
#include "fuzz.h"

enum { FD = 1, TWO = 2, ASK = 4, ANSWERS = 24 };

static int peer; /* the child's end */

/* Played here: the child is we ourselves. */
pid_t
child_fork(const int *keep, int n)
{
	must(n == 1);
	peer = dup(keep[0]);
	return 1;
}

static void
answer(int how, uint8_t c)
{
	union {
		struct cmsghdr head;
		char room[CMSG_SPACE(2 * sizeof(int))];
	} control = { .room = { 0 } };
	struct iovec iov = { .iov_base = &c, .iov_len = 1 };
	struct msghdr m = { .msg_iov = &iov, .msg_iovlen = 1 };
	size_t n = how & TWO ? 2 : how & FD ? 1 : 0;
	const int fd[2] = { peer, peer };

	if (n) {
		m.msg_control = &control;
		m.msg_controllen = CMSG_SPACE(n * sizeof *fd);
		control.head.cmsg_level = SOL_SOCKET;
		control.head.cmsg_type = SCM_RIGHTS;
		control.head.cmsg_len = CMSG_LEN(n * sizeof *fd);
		memcpy(CMSG_DATA(&control.head), fd, n * sizeof *fd);
	}
	must(sendmsg(peer, &m, MSG_NOSIGNAL) == 1);
}

/* One answer, one descriptor at most, which no child of ours inherits. */
static void
check_next(struct dialer *d, int how, uint8_t c)
{
	size_t i = 999;
	int fd = -2;

	must(dialer_next(d, &i, &fd) == 1);
	must(i == (c & 0x7f));
	must((fd >= 0) == ((how & (FD | TWO)) != 0));
	if (fd < 0)
		return;
	must(fcntl(fd, F_GETFD) & FD_CLOEXEC);
	close(fd);
}

int
LLVMFuzzerTestOneInput(const uint8_t *p, size_t n)
{
	static const char *const paths[] = { "a", "b" };
	int files = fuzz_files(), fd;
	struct dialer d;
	struct why why;
	uint8_t asked;
	size_t i;

	must(dialer_start(&d, paths, 2, &why) == 0);
	must(dialer_next(&d, &i, &fd) == 0);
	n = n < 2 * ANSWERS ? n : 2 * ANSWERS;
	for (; n >= 2; n -= 2, p += 2) {
		if (*p & ASK) {
			must(dialer_ask(&d, p[1] % 2) == 0);
			must(recv(peer, &asked, 1, 0) == 1);
			must(asked == p[1] % 2);
		}
		answer(p[0], p[1]);
		check_next(&d, p[0], p[1]);
	}
	close(peer);
	must(dialer_next(&d, &i, &fd) == -1 && d.fd == -1);
	must(dialer_next(&d, &i, &fd) == -1 && dialer_ask(&d, 0) == -1);
	must(fuzz_files() == files);
	return 0;
}
