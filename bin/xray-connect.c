/* SPDX-License-Identifier: ISC */
/*
 * xray-connect: standard input and output to a port of a guest, or to its
 * console; ssh's ProxyCommand.  With --fdpass the connection itself is handed
 * to ssh over its standard output (ProxyUseFdpass), so no byte passes through
 * here.
 */
#include "say.h"

#include <errno.h>
#include <getopt.h>
#include <poll.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "dial.h"
#include "io.h"
#include "opt.h"
#include "qemu.h"
#include "ssh.h"
#include "vm.h"

enum { OPT_FDPASS = OPT_OWN, GATEWAY_MS = 10000 };

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

/* Move what is there from one to the other: 0 at its end. */
static int
move(int from, int to)
{
	char chunk[65536];
	ssize_t n = read(from, chunk, sizeof chunk);

	if (n < 0 && errno == EINTR)
		return 1;
	if (n < 0 && errno == ECONNRESET)
		return 0;
	if (n < 0)
		die_sys(EX_IOERR, "read");
	if (n > 0 && io_write(to, chunk, (size_t)n) < 0)
		die_sys(EX_IOERR, "write");
	return n > 0;
}

/* Until the guest has ended its side; our end of input is passed on. */
static void
relay(int fd)
{
	struct pollfd p[2] = {
		{ .fd = 0, .events = POLLIN },
		{ .fd = fd, .events = POLLIN },
	};

	for (;;) {
		if (poll(p, 2, -1) < 0) {
			if (errno == EINTR)
				continue;
			die_sys(EX_OSERR, "poll");
		}
		if (p[1].revents && !move(fd, 1))
			return;
		if (p[0].revents && !move(0, fd)) {
			(void)shutdown(fd, SHUT_WR); /* the guest may be gone */
			p[0].fd = -1;
		}
	}
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
reach(const struct home *home, const struct vm *vm, int port, long long ms)
{
	struct why why;
	int fd;

	if ((ms = ssh_wait_ms(home, vm, ms, &why)) < 0)
		die_why(&why);
	fd = port == 22 ? ssh_await(vm, io_now() + ms,
			      say_chatty() ? progress_text : NULL, &why) :
			  dial_port(vm, port, io_now() + GATEWAY_MS, &why);
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
	int c, fd, fdpass = 0, port = 22;

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
	if (home_open(&home, &why) < 0 ||
	    vm_open(&home, argv[optind], &vm, &why) < 0)
		die_why(&why);
	fd = port ? reach(&home, &vm, port, ms) : console(&vm);
	if (fdpass)
		pass(fd);
	else
		relay(fd);
	return 0;
}
