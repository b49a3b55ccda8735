/* SPDX-License-Identifier: ISC */
#include "dial.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "io.h"
#include "qemu.h"
#include "say.h"

#ifndef MSG_NOSIGNAL
#define MSG_NOSIGNAL 0 /* macOS; callers ignore SIGPIPE or have no peer */
#endif

enum { ANSWER_MS = 2000, KEPT_MS = 500 };

/* Ask the gateway for the port: 0 it is there now, 1 no gateway just now. */
static int
ask(const struct vm *vm, const char *name, int port, struct why *why)
{
	autoclose int fd = io_connect(vm->dir, VM_CONTROL);
	char line[64], reply[256] = "";
	int n = snprintf(line, sizeof line, "unix %s:%d\n", name, port);

	if (fd < 0 || send(fd, line, (size_t)n, MSG_NOSIGNAL) != n ||
	    io_wait_readable(fd, io_now() + ANSWER_MS) != 1 ||
	    recv(fd, reply, sizeof reply - 1, 0) <= 0)
		return 1;
	reply[strcspn(reply, "\n")] = '\0';
	if (strcmp(reply, "ok") == 0)
		return 0;
	return why_set(why, EX_UNAVAILABLE, "%s: port %d: the gateway says: %s",
	    vm->name, port, reply);
}

int
dial_port(const struct vm *vm, int port, long long deadline, struct why *why)
{
	char name[32];
	int fd;

	(void)snprintf(name, sizeof name, "guest-%d.sock", port);
	if (strcmp(vm->net, "none") == 0)
		return why_set(why, EX_UNAVAILABLE,
		    "%s: has no network (net = none)", vm->name);
	for (;;) {
		if (!vm_alive(vm))
			return why_set(why, EX_UNAVAILABLE,
			    "%s: stopped; xray start %s", vm->name, vm->name);
		fd = io_connect(vm->dir, name);
		if (fd >= 0)
			return fd;
		/* the gateway makes port 22 itself; a socket that nobody
		 * listens on is one of a gateway that was killed */
		if ((errno == ENOENT || errno == ECONNREFUSED) && port != 22 &&
		    ask(vm, name, port, why) < 0)
			return -1;
		if (io_left(deadline) == 0)
			return why_set(why, EX_TEMPFAIL,
			    "%s: port %d: no gateway", vm->name, port);
		io_sleep(20);
	}
}

int
dial_listens(const struct vm *vm, int port, long long deadline, struct why *why)
{
	autoclose int fd = dial_port(vm, port, deadline, why);
	long long kept = io_now() + KEPT_MS;
	char c;

	if (fd < 0)
		return why->code == EX_TEMPFAIL ? 0 : -1;
	if (io_wait_readable(fd, kept < deadline ? kept : deadline) == 1)
		return recv(fd, &c, 1, MSG_PEEK) == 1;
	return io_now() >= kept;
}
