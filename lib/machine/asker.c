/* SPDX-License-Identifier: ISC */
#include "asker.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "io.h"
#include "run.h"
#include "say.h"
#include "sys.h"
#include "usernet.h"

#ifndef MSG_NOSIGNAL
#define MSG_NOSIGNAL 0
#endif

/* STATUS_MS: longer than programs may take to say that somebody is there. */
enum { STATUS_MS = 5000, READ = 4096, LONGEST = 65536 };

int
asker_wanted(const struct vm *vm)
{
	return strcmp(vm->net, "filtered") == 0 || usernet_is(vm);
}

int
asker_argv(const struct vm *vm, struct strv *argv, struct why *why)
{
	autofree char *bin = home_bin_dir(why);

	if (!bin)
		return -1;
	strv_fmt(argv, "%s/xray-ask", bin);
	strv_words(argv, "--", vm->name, NULL);
	return 0;
}

/* Always as long, so that who reads gets the old or the new. */
enum { ASKS_TEXT = 11 };

unsigned
asks_open(const struct vm *vm)
{
	autoclose int fd = vm->dir < 0 ?
	    -1 :
	    openat(vm->dir, VM_ASKS, O_RDWR | O_NOFOLLOW | O_CLOEXEC);
	char text[ASKS_TEXT + 1] = "";
	unsigned n = 0;

	if (fd < 0 || sys_locked(fd) != 1 ||
	    pread(fd, text, ASKS_TEXT, 0) < 0 || sscanf(text, "%u", &n) != 1)
		return 0;
	return n;
}

/* Where a lock is looked at by taking it, that is over soon. */
static int
lock(int fd)
{
	for (int i = 0; i < 10; i++) {
		if (sys_lock(fd) == 0)
			return 0;
		if (errno != EAGAIN && errno != EACCES && errno != EWOULDBLOCK)
			return 0; /* no locks here */
		io_sleep(10);
	}
	return -1;
}

int
asks_begin(const struct vm *vm)
{
	int fd = openat(
	    vm->dir, VM_ASKS, O_RDWR | O_CREAT | O_NOFOLLOW | O_CLOEXEC, 0600);

	if (fd >= 0 && lock(fd) < 0) { /* another of us serves the VM */
		close(fd);
		errno = EWOULDBLOCK;
		return -1;
	}
	asks_tell(fd, 0); /* it may be of one that was killed */
	return fd;
}

void
asks_tell(int fd, unsigned n)
{
	char text[ASKS_TEXT + 1];

	if (fd < 0)
		return;
	(void)snprintf(text, sizeof text, "%10u\n", n);
	(void)!pwrite(fd, text, ASKS_TEXT, 0); /* then nobody knows */
}

void
asks_end(const struct vm *vm, int fd)
{
	if (fd < 0)
		return;
	(void)unlinkat(vm->dir, VM_ASKS, 0);
	close(fd);
}

int
asker_open(struct asker *a, const struct vm *vm, struct why *why)
{
	*a = (struct asker){ .fd = io_connect(vm->dir, VM_ASK) };
	if (a->fd >= 0)
		return 0;
	if (!vm_alive(vm))
		return why_set(why, EX_UNAVAILABLE,
		    "%s: stopped; xray start %s", vm->name, vm->name);
	if (!asker_wanted(vm))
		return why_set(why, EX_UNAVAILABLE,
		    "%s: net = %s; nothing is asked", vm->name, vm->net);
	return why_set(why, EX_UNAVAILABLE,
	    "%s: nobody asks there; xray log %s net", vm->name, vm->name);
}

void
asker_close(struct asker *a)
{
	if (a->fd >= 0)
		close(a->fd);
	a->fd = -1;
	buf_free(&a->in);
}

int
asker_say(struct asker *a, const char *line)
{
	autofree char *text = xasprintf("%s\n", line);
	ssize_t n = (ssize_t)strlen(text);

	return send(a->fd, text, (size_t)n, MSG_NOSIGNAL) == n ? 0 : -1;
}

char *
asker_hear(struct asker *a, long long deadline)
{
	char *end, *line, *to;
	ssize_t n;

	while (!a->in.n || !(end = memchr(a->in.p, '\n', a->in.n))) {
		to = buf_space(&a->in, READ);
		if (a->in.n > LONGEST ||
		    io_wait_readable(a->fd, deadline) != 1 ||
		    (n = recv(a->fd, to, READ, 0)) <= 0)
			return NULL;
		a->in.n += (size_t)n;
	}
	line = xstrndup(a->in.p, (size_t)(end - a->in.p));
	buf_drop(&a->in, (size_t)(end - a->in.p) + 1);
	return line;
}

char *
asker_status(const struct vm *vm)
{
	autofree char *line = NULL;
	struct asker a;

	if (asker_open(&a, vm, NULL) < 0)
		return NULL;
	if (asker_say(&a, "status") == 0)
		line = asker_hear(&a, io_now() + STATUS_MS);
	asker_close(&a);
	return line && str_starts(line, "ok ") ? xstrdup(line + 3) : NULL;
}

int
asker_connect(
    const struct home *h, const char *name, const char *sock, struct why *why)
{
	autofree char *path = sock ?
	    xstrdup(sock) :
	    xasprintf("%s/vms/%s/" VM_ASK, h->path, name);
	char *slash = strrchr(path, '/');
	autoclose int dir = -1;
	int fd = -1;

	if (slash) {
		*slash = '\0';
		dir = io_opendir(AT_FDCWD, path);
		*slash = '/';
		if (dir >= 0)
			fd = io_connect(dir, slash + 1);
	}
	return fd < 0 ? why_sys(why, EX_UNAVAILABLE, "%s", path) : fd;
}

pid_t
asker_elsewhere(
    const char *host, const struct strv *names, int *fd, struct why *why)
{
	autostrv struct strv argv = { 0 };
	struct run r = RUN_PLAIN;
	int pair[2];
	pid_t pid;

	strv_words(&argv, "ssh", "-T", "-o", "ServerAliveInterval=15", "--",
	    host, "xray", "fw", "prompt", "--stdio", "--", NULL);
	for (size_t i = 0; i < names->n; i++)
		strv_add(&argv, names->v[i]);
	if (socketpair(AF_UNIX, SOCK_STREAM | SYS_SOCK_CLOEXEC, 0, pair) < 0)
		return why_sys(why, EX_OSERR, "socketpair");
	r.in = r.out = pair[1];
	pid = run_spawn(&r, argv.v, why);
	close(pair[1]);
	*fd = pair[0];
	if (pid < 0)
		close(pair[0]);
	return pid;
}

int
askers_names(
    struct home *h, char *const *vms, struct strv *names, struct why *why)
{
	struct vm vm;

	for (; *vms; vms++) {
		if (vm_open(h, *vms, &vm, why) < 0)
			return -1;
		strv_add(names, vm.name);
		vm_close(&vm);
	}
	return 0;
}
