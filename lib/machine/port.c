/* SPDX-License-Identifier: ISC */
/*
 * A claim is an O_EXCL file, so no vm.ini need be read to know who has a
 * port.  The claims are made and dropped under the home's lock; a claim whose
 * VM does not exist is what a killed create or remove left, and free.
 *
 * A VM that gets another name has both in its claims meanwhile, the new one
 * behind: the one that exists holds the port, at whatever moment the move was
 * killed.  When there is another VM of the other name by then, the one whose
 * vm.ini has the port.
 */
#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "forward.h"
#include "home.h"
#include "io.h"
#include "say.h"
#include "sys.h"

enum { FIRST_PORT = 2222 };

int
port_free_at(const char *addr, int port, int udp)
{
	struct sockaddr_in sin = { .sin_family = AF_INET,
		.sin_port = htons((uint16_t)port) };
	autoclose int fd = socket(
	    AF_INET, (udp ? SOCK_DGRAM : SOCK_STREAM) | SYS_SOCK_CLOEXEC, 0);
	int one = 1;

	if (fd < 0)
		return 1; /* for want of descriptors: it cannot be told */
	if (inet_pton(AF_INET, addr, &sin.sin_addr) != 1)
		return 0;
	if (!udp) /* what is left of closed connections does not count */
		(void)setsockopt(
		    fd, SOL_SOCKET, SO_REUSEADDR, &one, sizeof one);
	return bind(fd, (struct sockaddr *)&sin, sizeof sin) == 0;
}

int
port_free(int port)
{
	return port_free_at("127.0.0.1", port, 0);
}

/* Whether vm.ini says so; one that cannot be read may. */
static int
has(struct home *h, const char *name, const char *port)
{
	struct vm vm;
	long long n = 0;
	int same, r;

	if (vm_open_any(h, name, &vm, NULL) < 0)
		return 1;
	(void)num_int(port, 1, 65535, &n); /* no VM has port 0 */
	r = vm.broken || forward_uses(&vm, (int)n, 0, &same);
	vm_close(&vm);
	return r;
}

/* *who claims the port, the caller's; NULL when nobody does.  0 or -1 with
 * errno: who cannot be read may be anybody. */
static int
holder(struct home *h, int ports, const char *name, char **who)
{
	autobuf struct buf b = { 0 };
	const char *last = NULL;

	*who = NULL;
	if (io_read_file(ports, name, &b, 256) < 0)
		return errno == ENOENT ? 0 : -1;
	for (char *line = b.p, *end; *line; line = end) {
		end = line + strcspn(line, "\n");
		if (*end)
			*end++ = '\0';
		if (!name_valid(line)) /* damaged: it leads anywhere */
			continue;
		if (faccessat(h->vms, line, F_OK, 0) == 0)
			last = !last || has(h, line, name) ? line : last;
		else if (errno != ENOENT)
			return -1;
	}
	if (last)
		*who = xstrdup(last);
	return 0;
}

char *
port_holder(struct home *h, const char *port)
{
	autoclose int ports = io_opendir(h->fd, "ports");
	char *who = NULL;

	if (ports >= 0)
		(void)holder(h, ports, port, &who); /* nobody we know of */
	return who;
}

/* 1 claimed for vm, 0 somebody else has it (*who, the caller's), -1. */
static int
claim(struct home *h, int ports, const char *vm, int port, char **who)
{
	autofree char *text = xasprintf("%s\n", vm);
	char name[16];

	*who = NULL;
	(void)snprintf(name, sizeof name, "%d", port);
	if (io_create(ports, name, 0600, text, strlen(text)) == 0)
		return 1;
	if (errno != EEXIST)
		return -1;
	if (holder(h, ports, name, who) < 0)
		return -1;
	if (*who) /* its own stays: it may be in vm.ini */
		return strcmp(*who, vm) == 0;
	if (unlinkat(ports, name, 0) < 0 ||
	    io_create(ports, name, 0600, text, strlen(text)) < 0)
		return -1;
	return 1;
}

static int
claim_this(struct home *h, int ports, const char *vm, int port, struct why *why)
{
	autofree char *who = NULL;
	int r = claim(h, ports, vm, port, &who);

	if (r < 0)
		return why_sys(why, EX_IOERR, "port %d", port);
	if (r == 0)
		return why_set(why, EX_TEMPFAIL, "port %d: is %s's", port, who);
	return 0;
}

static int
mark(const char *name, void *arg)
{
	long long port;

	if (num_int(name, 1, 65535, &port) == 0)
		((unsigned char *)arg)[port] = 1;
	return 0;
}

static int
claim_first(
    struct home *h, int ports, const char *vm, int *got, struct why *why)
{
	autofree unsigned char *taken = xcalloc(65536, 1);

	if (io_walk(ports, mark, taken) < 0)
		return why_sys(why, EX_IOERR, "ports");
	for (int round = 0; round < 2; round++) {
		/* the second round looks behind claims that may be dead */
		for (int port = FIRST_PORT; port < 65536; port++) {
			autofree char *who = NULL;

			if (taken[port] != round || !port_free(port))
				continue;
			int r = claim(h, ports, vm, port, &who);

			if (r < 0)
				return why_sys(why, EX_IOERR, "ports/%d", port);
			if (r == 1) {
				*got = port;
				return 0;
			}
		}
	}
	return why_set(
	    why, EX_TEMPFAIL, "no port is free from %d on", FIRST_PORT);
}

int
port_claim(struct home *h, const char *vm, int want, int *got, struct why *why)
{
	autoclose int ports = io_mkdir_kept(h->fd, "ports");

	if (ports < 0)
		return why_sys(why, EX_IOERR, "%s/ports", h->path);
	if (!want)
		return claim_first(h, ports, vm, got, why);
	*got = want;
	return claim_this(h, ports, vm, want, why);
}

int
port_sync(struct home *h, int port, struct why *why)
{
	char name[32];
	autoclose int fd = -1;

	(void)snprintf(name, sizeof name, "ports/%d", port);
	fd = openat(h->fd, name, O_RDONLY | O_CLOEXEC);
	if (fd < 0 || sys_fsync(fd) < 0)
		return why_sys(why, EX_IOERR, "%s", name);
	return 0;
}

int
port_release(struct home *h, const char *vm, int port)
{
	autoclose int ports = io_mkdir_kept(h->fd, "ports");
	autofree char *who = NULL;
	char name[16];

	(void)snprintf(name, sizeof name, "%d", port);
	if (ports < 0 || holder(h, ports, name, &who) < 0)
		return -1;
	if (who && strcmp(who, vm) != 0)
		return 0;
	return unlinkat(ports, name, 0) < 0 && errno != ENOENT ? -1 : 0;
}

struct ports {
	struct home *h;
	int dir;
};

/* An io_walk function. */
static int
drop_dead(const char *name, void *arg)
{
	struct ports *p = arg;
	autofree char *who = NULL;
	long long port;

	if (num_int(name, 1, 65535, &port) == 0 &&
	    holder(p->h, p->dir, name, &who) == 0 && !who)
		(void)unlinkat(p->dir, name, 0); /* a dead claim is harmless */
	return 0;
}

void
port_sweep(struct home *h)
{
	autoclose int dir = io_opendir(h->fd, "ports");
	struct ports p = { h, dir };

	if (dir >= 0)
		(void)io_walk(dir, drop_dead, &p);
}

int
port_rename(
    struct home *h, int port, const char *from, const char *to, struct why *why)
{
	autoclose int ports = io_mkdir_kept(h->fd, "ports");
	autofree char *text =
	    from ? xasprintf("%s\n%s\n", from, to) : xasprintf("%s\n", to);
	char name[16];

	(void)snprintf(name, sizeof name, "%d", port);
	if (ports < 0 || io_replace(ports, name, 0600, text, strlen(text)) < 0)
		return why_sys(why, EX_IOERR, "ports/%s", name);
	return 0;
}
