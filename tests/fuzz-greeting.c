/* SPDX-License-Identifier: ISC */
/*
 * fuzz-greeting: the bytes behind the first are what stands on port 22 of a
 * guest that was asked whether its sshd is there; when the first is a dot the
 * connection ends behind them.
 */
#include <errno.h>
#include <sys/socket.h>

#include "dial.h"
#include "fuzz.h"
#include "io.h"
#include "ssh.h"
#include "sys.h"

static int next = -1; /* our end of what comes next */

int
dial_once(const struct vm *vm, int port)
{
	int fd = next;

	must(vm && port == 22);
	next = -1;
	if (fd < 0)
		errno = ECONNREFUSED;
	return fd;
}

int
dial_live(const struct vm *vm, struct why *why)
{
	(void)why;
	return vm ? 0 : -1;
}

int
dial_network(const struct vm *vm, struct why *why)
{
	return dial_live(vm, why);
}

int
dial_port(const struct vm *vm, int port, long long deadline, struct why *why)
{
	(void)deadline;
	(void)why;
	return dial_once(vm, port);
}

/* A VM that is alive: its lock is held by another description than it sees. */
static void
begin(struct vm *vm)
{
	const char *folder = fuzz_folder();
	int fd;

	fuzz_file(fuzz_path("run.lock"), "", 0);
	*vm = (struct vm){ .dir = io_opendir(AT_FDCWD, folder), .hold = -1 };
	vm->name = xstrdup("v");
	must(vm->dir >= 0);
	fd = openat(vm->dir, "run.lock", O_RDWR | O_CLOEXEC);
	must(fd >= 0 && sys_lock(fd) == 0);
	must(vm_alive(vm));
}

int
LLVMFuzzerTestOneInput(const uint8_t *p, size_t n)
{
	static struct vm vm;
	static int begun;
	struct why why = { 0 };
	char first[512], again[512];
	int s[2], fd, files, is;
	size_t len;

	if (!n)
		return 0;
	if (!begun++)
		begin(&vm);
	files = fuzz_files();
	must(socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, s) == 0);
	must(n == 1 || write(s[0], p + 1, n - 1) == (ssize_t)n - 1);
	if (*p == '.')
		must(shutdown(s[0], SHUT_WR) == 0);
	len = n - 1 < sizeof first - 1 ? n - 1 : sizeof first - 1;
	memcpy(first, p + 1, len);
	first[len] = '\0';
	is = strncmp(first, "SSH-", 4) == 0 || strstr(first, "\nSSH-");
	next = s[1];
	fd = ssh_await(&vm, io_now(), NULL, &why);
	must((fd >= 0) == is);
	if (fd < 0)
		fuzz_why(&why);
	else
		must(recv(fd, again, len, MSG_DONTWAIT) == (ssize_t)len);
	if (fd >= 0)
		close(fd);
	close(s[0]);
	must(fuzz_files() == files);
	return 0;
}
