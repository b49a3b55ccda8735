/* SPDX-License-Identifier: ISC */
/*
 * fuzz-gateway: the bytes behind the first are what the gateway of a VM that
 * runs answers; the first says to what: a line (l), cut (c), what confines it
 * (s), a port that is to lead in (p); or they are the file that names its
 * process (n).
 */
#include <pthread.h>
#include <signal.h>
#include <sys/socket.h>
#include <sysexits.h>

#include "dial.h"
#include "fuzz.h"
#include "gateway.h"
#include "io.h"
#include "qemu.h"
#include "sys.h"

static uint8_t answer[4096];
static size_t length;

static void *
answers(void *arg)
{
	int at = *(int *)arg;
	char line[256];

	for (;;) {
		int fd = accept(at, NULL, NULL);
		ssize_t n;

		must(fd >= 0);
		n = recv(fd, line, sizeof line, 0);
		must(n > 1 && line[n - 1] == '\n');
		(void)send(fd, answer, length, MSG_NOSIGNAL);
		close(fd);
	}
	return NULL;
}

/* A VM that runs, with a gateway: its lock is held by another description than
 * it sees. */
static void
begin(struct vm *vm)
{
	static char name[] = "v", net[] = "filtered";
	static int at;
	pthread_t thread;
	int fd;

	fuzz_file(fuzz_path("run.lock"), "", 0);
	fuzz_file(fuzz_path("state"), "running\n", 8);
	*vm = (struct vm){ .name = name, .net = net, .hold = -1 };
	vm->dir = io_opendir(AT_FDCWD, fuzz_folder());
	must(vm->dir >= 0);
	fd = openat(vm->dir, "run.lock", O_RDWR | O_CLOEXEC);
	must(fd >= 0 && sys_lock(fd) == 0 && vm_alive(vm));
	at = io_listen(vm->dir, VM_CONTROL, 8);
	must(at >= 0);
	must(pthread_create(&thread, NULL, answers, &at) == 0);
	(void)signal(SIGPIPE, SIG_IGN);
}

static void
ask(const struct vm *vm)
{
	struct why why = { 0 };
	char *words = gateway_ask(vm, "status", &why);

	if (!words) {
		must(why.code == EX_TEMPFAIL || why.code == EX_UNAVAILABLE);
		must(strncmp(why.text, "v: ", 3) == 0);
		fuzz_why(&why);
	} else
		must(length >= 2 && memcmp(answer, "ok", 2) == 0 &&
		    !strchr(words, '\n') && strlen(words) < length);
	free(words);
}

/* It makes no socket, so there is no way in whatever it says. */
static void
ask_port(const struct vm *vm)
{
	struct why why = { 0 };

	must(dial_port(vm, 80, io_now(), &why) == -1);
	must(why.code == EX_TEMPFAIL || why.code == EX_UNAVAILABLE);
	must(strncmp(why.text, "v: port 80: ", 12) == 0);
	fuzz_why(&why);
}

static void
confined(const struct vm *vm)
{
	char *words = gateway_confined(vm);

	if (words)
		fuzz_plain(words);
	free(words);
}

static void
noted(const struct vm *vm)
{
	unsigned long long start;
	pid_t pid = 0;

	fuzz_file(fuzz_path(VM_GATEWAY), answer, length);
	must(vm_noted(vm, VM_GATEWAY, &pid, &start) < 0 || pid >= 2);
}

int
LLVMFuzzerTestOneInput(const uint8_t *p, size_t n)
{
	static struct vm vm;
	static int begun;

	if (!n)
		return 0;
	length = n - 1 < sizeof answer ? n - 1 : sizeof answer;
	memcpy(answer, p + 1, length);
	if (!begun++)
		begin(&vm);
	if (*p == 'l')
		ask(&vm);
	else if (*p == 'c')
		must(gateway_cut(&vm) >= -1);
	else if (*p == 's')
		confined(&vm);
	else if (*p == 'p')
		ask_port(&vm);
	else if (*p == 'n')
		noted(&vm);
	return 0;
}
