/* SPDX-License-Identifier: ISC */
/*
 * xray-connect: standard input and output to a port of a guest, or to its
 * console; ssh's ProxyCommand.  With --fdpass the connection itself is handed
 * to ssh over its standard output (ProxyUseFdpass), so no byte passes through
 * here.
 */
#include "say.h"

#include <errno.h>
#include <fcntl.h>
#include <getopt.h>
#include <limits.h>
#include <poll.h>
#include <signal.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "dial.h"
#include "io.h"
#include "opt.h"
#include "qemu.h"
#include "ssh.h"
#include "vm.h"

enum { OPT_FDPASS = OPT_OWN, GATEWAY_MS = 10000, REFUSED_MS = 100 };

static const struct opt opts[] = {
	{ OPT_FDPASS, "fdpass", NULL,
	    "hand the connection over, for ssh's "
	    "ProxyUseFdpass" },
	{ OPT_TIMEOUT, "timeout", "S", "wait S seconds for the guest" },
	{ 0 },
};
static const struct usage use = { "xray-connect", "VM [PORT | console]", opts,
	0 };

/* One byte with the descriptor beside it (cmsg(3), SCM_RIGHTS). */
static void
pass(int fd)
{
	union {
		char space[CMSG_SPACE(sizeof(int))];
		struct cmsghdr align;
	} control = {
		{ 0 },
	};
	char byte = 0;
	struct iovec iov = { &byte, 1 };
	struct msghdr msg = { .msg_iov = &iov,
		.msg_iovlen = 1,
		.msg_control = control.space,
		.msg_controllen = sizeof control.space };
	struct cmsghdr *c = CMSG_FIRSTHDR(&msg);

	c->cmsg_level = SOL_SOCKET;
	c->cmsg_type = SCM_RIGHTS;
	c->cmsg_len = CMSG_LEN(sizeof fd);
	memcpy(CMSG_DATA(c), &fd, sizeof fd);
	if (sendmsg(1, &msg, 0) < 0)
		die_sys(EX_IOERR, "standard output");
}

/* Bytes on their way.  What stands here waits for its reader, and stops its
 * writer when it is full, so that neither direction holds up the other. */
struct flow {
	char bytes[65536];
	size_t from, to; /* what is in it */
	int ended; /* nothing more comes */
};

static struct flow in, out;
static int port = 22;
static int reset; /* the guest's side broke off */

/* Fill an empty one; a reader that is not ready just now brings nothing. */
static void
fill(struct flow *f, int fd)
{
	ssize_t n = read(fd, f->bytes, sizeof f->bytes);

	if (n < 0 && (errno == EINTR || errno == EAGAIN))
		return;
	if (n < 0 && errno != ECONNRESET)
		die_sys(EX_IOERR, "read");
	reset |= n < 0;
	f->ended = n <= 0;
	f->from = 0;
	f->to = n > 0 ? (size_t)n : 0;
}

/* At most a piece that a pipe with room takes without blocking: standard
 * output is not ours to make non-blocking.  -1 when nobody takes it. */
static int
drain(struct flow *f, int fd)
{
	size_t n = f->to - f->from;
	ssize_t done;

	if (fd == 1 && n > PIPE_BUF)
		n = PIPE_BUF;
	done = write(fd, f->bytes + f->from, n);
	if (done >= 0)
		f->from += (size_t)done;
	else if (errno == EPIPE || errno == ECONNRESET)
		return -1;
	else if (errno != EINTR && errno != EAGAIN)
		die_sys(EX_IOERR, "write");
	return 0;
}

static int
holds(const struct flow *f)
{
	return f->from < f->to;
}

/* What the guest will not read any more need not be read here. */
static void
to_guest(int fd)
{
	if (drain(&in, fd) == 0)
		return;
	reset = in.ended = 1;
	in.from = in.to;
}

static void
look(struct pollfd p[3], int fd)
{
	short guest =
	    (short)((holds(&in) ? POLLOUT : 0) | (holds(&out) ? 0 : POLLIN));

	/* without an event to wait for, poll would tell of hangups only */
	p[0] = (struct pollfd){ in.ended || holds(&in) ? -1 : 0, POLLIN, 0 };
	p[1] = (struct pollfd){ guest ? fd : -1, guest, 0 };
	p[2] = (struct pollfd){ holds(&out) ? 1 : -1, POLLOUT, 0 };
	while (poll(p, 3, -1) < 0)
		if (errno != EINTR)
			die_sys(EX_OSERR, "poll");
}

/* Until the guest has ended its side; our end of input is passed on.  How
 * many bytes came is only told apart from none. */
static int
relay(int fd)
{
	int told = 0, came = 0;
	struct pollfd p[3];

	if (fcntl(fd, F_SETFL, O_NONBLOCK) < 0)
		die_sys(EX_OSERR, "fcntl");
	for (;;) {
		if (in.ended && !holds(&in) && !told) {
			(void)shutdown(fd, SHUT_WR); /* it may be gone */
			told = 1;
		}
		if (out.ended && !holds(&out))
			return came;
		look(p, fd);
		if (p[0].revents)
			fill(&in, 0);
		if (p[1].revents && holds(&in))
			to_guest(fd);
		if (p[1].revents && !holds(&out))
			fill(&out, fd);
		came |= holds(&out);
		if (p[2].revents && drain(&out, 1) < 0)
			return 1; /* nobody reads any more */
	}
}

/* A refusal comes at once, as an end: look before the first byte goes there,
 * for later it could be that of one who has got what he wanted. */
static int
refused(int fd)
{
	char c;

	return io_wait_readable(fd, io_now() + REFUSED_MS) == 1 &&
	    recv(fd, &c, 1, MSG_PEEK) <= 0;
}

static void
talk(const struct vm *vm, int fd)
{
	struct why why;
	int listens;

	if (port != 0 && port != 22 && refused(fd))
		reset = 1;
	else if (relay(fd))
		return;
	if (!reset || !port)
		return;
	listens = dial_listens(vm, port, io_now() + GATEWAY_MS, &why);
	if (listens < 0)
		die_why(&why);
	if (!listens)
		die(EX_UNAVAILABLE, "%s: nothing listens on port %d", vm->name,
		    port);
}

static int
console(const struct vm *vm)
{
	int fd;

	if (!vm_alive(vm))
		die(EX_UNAVAILABLE, "%s: stopped; xray start %s", vm->name,
		    vm->name);
	fd = io_connect(vm->dir, VM_TTY);
	if (fd < 0)
		die(EX_UNAVAILABLE,
		    "%s: its supervisor is gone; xray console %s", vm->name,
		    vm->name);
	return fd;
}

/* ssh's port when the guest is up, another one as it is. */
static int
reach(const struct home *home, const struct vm *vm, long long ms)
{
	struct why why;
	int fd;

	if (port != 22)
		ms = ms < 0 ? GATEWAY_MS : ms;
	else if ((ms = ssh_wait_ms(home, vm, ms, &why)) < 0)
		die_why(&why);
	fd = port == 22 ? ssh_await(vm, io_now() + ms,
			      say_chatty() ? progress_text : NULL, &why) :
			  dial_port(vm, port, io_now() + ms, &why);
	progress_end();
	if (fd < 0)
		die_why(&why);
	return fd;
}

int
main(int argc, char **argv)
{
	long long ms = -1;
	struct home home;
	struct vm vm;
	struct why why;
	int c, fd, fdpass = 0;

	while ((c = opt_next(argc, argv, &use)) != -1)
		if (c == OPT_FDPASS)
			fdpass = 1;
		else
			ms = opt_ms(&use, "--timeout", optarg);
	if (argc - optind < 1 || argc - optind > 2)
		die_usage(&use, "a VM, and perhaps a port");
	if (argc - optind == 2 && strcmp(argv[optind + 1], "console") == 0)
		port = 0;
	else if (argc - optind == 2)
		port = (int)opt_int(&use, "PORT", argv[optind + 1], 1, 65535);
	signal(SIGPIPE, SIG_IGN);
	if (home_open(&home, &why) < 0 ||
	    vm_open(&home, argv[optind], &vm, &why) < 0)
		die_why(&why);
	fd = port ? reach(&home, &vm, ms) : console(&vm);
	if (fdpass)
		pass(fd);
	else
		talk(&vm, fd);
	return 0;
}
