/* SPDX-License-Identifier: ISC */
#include "dial.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "gateway.h"
#include "io.h"
#include "qemu.h"
#include "say.h"
#include "sys.h"
#include "usernet.h"

enum { ANSWER_MS = 2000, KEPT_MS = 500, TURN_MS = 100 };

/* A snapshot holds the VM still for a while, with the lock in its hands. */
static int
held_still(const struct vm *vm, const char *status)
{
	autoclose int fd = openat(vm->dir, "lock", O_RDWR | O_CLOEXEC);

	return str_starts(status, "paused") && (fd < 0 || sys_locked(fd) != 1);
}

int
dial_live(const struct vm *vm, struct why *why)
{
	autofree char *status = vm_status(vm);

	if (held_still(vm, status)) { /* or it has been let go just now */
		io_sleep(TURN_MS);
		free(status);
		status = vm_status(vm);
	}
	if (strcmp(status, "stopped") == 0)
		return why_set(why, EX_UNAVAILABLE,
		    "%s: stopped; xray start %s", vm->name, vm->name);
	if (held_still(vm, status))
		return why_set(why, EX_UNAVAILABLE, "%s: %s; xray resume %s",
		    vm->name, status, vm->name);
	return 0;
}

/* One that was started before net was changed has its gateway still. */
int
dial_network(const struct vm *vm, struct why *why)
{
	if (gateway_wanted(vm) || faccessat(vm->dir, VM_SSH, F_OK, 0) == 0)
		return 0;
	return why_set(why, EX_UNAVAILABLE, "%s: net = none; xray console %s",
	    vm->name, vm->name);
}

int
dial_once(const struct vm *vm, int port)
{
	char name[32];

	if (usernet_runs(vm))
		return usernet_dial(vm, port);
	(void)snprintf(name, sizeof name, "guest-%d.sock", port);
	return io_connect(vm->dir, name);
}

/* Ask the gateway for the port: 0 it is there now, 1 no gateway just now. */
static int
ask(const struct vm *vm, int port, struct why *why)
{
	autofree char *line = xasprintf("unix guest-%d.sock:%d", port, port);
	autofree char *words = NULL;
	int r = gateway_say(vm, line, ANSWER_MS, &words);

	if (r != 0)
		return r < 0;
	return why_set(why, EX_UNAVAILABLE, "%s: port %d: the gateway says: %s",
	    vm->name, port, words);
}

int
dial_port(const struct vm *vm, int port, long long deadline, struct why *why)
{
	int fd;

	if (dial_network(vm, why) < 0 || dial_live(vm, why) < 0)
		return -1;
	for (;;) {
		if (!vm_alive(vm))
			return why_set(why, EX_UNAVAILABLE,
			    "%s: stopped; xray start %s", vm->name, vm->name);
		fd = dial_once(vm, port);
		if (fd >= 0)
			return fd;
		if (usernet_runs(vm) && errno == ENOENT)
			return why_set(why, EX_UNAVAILABLE,
			    "%s: port %d: with net = proxy only published "
			    "ports "
			    "lead in; xray port add %s HOST:%d",
			    vm->name, port, vm->name, port);
		/* the gateway makes port 22 itself; a socket that nobody
		 * listens on is one of a gateway that was killed */
		if ((errno == ENOENT || errno == ECONNREFUSED) && port != 22 &&
		    !usernet_runs(vm) && ask(vm, port, why) < 0)
			return -1;
		if (io_left(deadline) == 0)
			return why_set(why, EX_TEMPFAIL, "%s: port %d: %s",
			    vm->name, port,
			    usernet_runs(vm) ? "QEMU does not take it" :
					       "no gateway");
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
