/* SPDX-License-Identifier: ISC */
#include "usernet.h"

#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <poll.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "io.h"
#include "qemu.h"
#include "qmp.h"
#include "once.h"
#include "say.h"
#include "sys.h"

/* How many of each there may be at once: each is a process. */
enum { PROXIES = 256, RESOLVERS = 32 };
/* QEMU keeps 1023 bytes of what follows guestfwd=, and cuts it without a word:
 * of those this many are for the folder of our programs. */
enum { BIN_MAX = 959 };
enum { QMP_MS = 10000, CONNECT_MS = 1000 };

int
usernet_is(const struct vm *vm)
{
	return strcmp(vm->net, "proxy") == 0;
}

int
usernet_runs(const struct vm *vm)
{
	autobuf struct buf text = { 0 };
	struct vm now = { .name = vm->name, .dir = vm->dir, .net = "" };

	once_recall(&now, &text);
	return usernet_is(&now);
}

/* vm.ini as it is now, or as it was when somebody is editing it. */
static const struct conf *
current(const struct vm *vm, struct conf **now)
{
	*now = conf_read(vm->dir, "vm.ini", "vm.ini", NULL);
	return *now ? *now : vm->conf;
}

/* ---- QEMU's words ---- */

/* QEMU splits the command at blanks, as a shell would, and looks for programs
 * in PATH; where ours are, nothing may need to be quoted. */
static char *
join_program(struct why *why)
{
	autofree char *bin = home_bin_dir(why);

	if (!bin)
		return NULL;
	if (*bin == '/' && strlen(bin) <= BIN_MAX &&
	    !bin[strspn(bin,
		"abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ"
		"0123456789/._+~@%-")])
		return xasprintf("%s/xray-join", bin);
	why_set(why, EX_CONFIG,
	    "%s: net = proxy needs xray's programs where the path has neither "
	    "blanks, commas nor quotes, and at most %d bytes",
	    bin, BIN_MAX);
	return NULL;
}

static void
hostfwd(struct buf *b, const struct forward *f)
{
	buf_fmt(b, ",hostfwd=%s:%s:%d-:%d", f->udp ? "udp" : "tcp", f->addr,
	    f->host, f->guest);
}

char *
usernet_netdev(const struct vm *vm, struct why *why)
{
	struct forward f = { "127.0.0.1", (int)vm->ssh_port, 22, 0 };
	autofree char *join = join_program(why);
	struct buf b = { 0 };
	const char *text;

	if (!join)
		return NULL;
	buf_str(&b, "user,id=net0,restrict=on,ipv6=off");
	if (f.host)
		hostfwd(&b, &f);
	for (size_t i = 0; (text = conf_nth(vm->conf, NULL, "port", i)); i++) {
		if (forward_parse(text, &f, why) < 0) {
			buf_free(&b);
			return NULL;
		}
		hostfwd(&b, &f);
	}
	buf_fmt(&b,
	    ",guestfwd=tcp:10.0.2.100:1080-cmd:%s --max %d " VM_PROXY
	    ",guestfwd=tcp:10.0.2.101:53-cmd:%s --max %d " VM_RESOLVER,
	    join, PROXIES, join, RESOLVERS);
	return buf_take(&b);
}

/* ---- into the guest ---- */

/* Where a TCP port of the guest's is published; 0: nowhere. */
static int
find(const struct vm *vm, int port, struct forward *f)
{
	autoconf struct conf *now = NULL;
	const struct conf *c = current(vm, &now);
	long long ssh = vm->ssh_port;
	const char *text;

	*f = (struct forward){ "127.0.0.1", 0, port, 0 };
	if (port == 22) {
		(void)conf_int(c, "ssh_port", 1, 65535, &ssh, NULL);
		f->host = (int)ssh;
		return f->host != 0;
	}
	for (size_t i = 0; (text = conf_nth(c, NULL, "port", i)); i++)
		if (forward_parse(text, f, NULL) == 0 && !f->udp &&
		    f->guest == port)
			return 1;
	return 0;
}

/* QEMU, which may stand still, takes one or two that it has not heard of. */
static int
connect_soon(int fd, const struct sockaddr_in *in)
{
	long long deadline = io_now() + CONNECT_MS;
	struct pollfd p = { .fd = fd, .events = POLLOUT };
	int n, err = 0;
	socklen_t len = sizeof err;

	if (fcntl(fd, F_SETFL, O_NONBLOCK) < 0)
		return -1;
	if (connect(fd, (const struct sockaddr *)in, sizeof *in) < 0 &&
	    errno != EINPROGRESS)
		return -1;
	do
		n = poll(&p, 1, io_left(deadline));
	while (n < 0 && errno == EINTR);
	if (n == 0)
		err = ETIMEDOUT;
	else if (n < 0 || getsockopt(fd, SOL_SOCKET, SO_ERROR, &err, &len) < 0)
		return -1;
	if (err) {
		errno = err;
		return -1;
	}
	return fcntl(fd, F_SETFL, 0);
}

int
usernet_dial(const struct vm *vm, int port)
{
	struct sockaddr_in in = { .sin_family = AF_INET };
	struct forward f;
	int fd, err;

	if (!find(vm, port, &f)) {
		errno = ENOENT;
		return -1;
	}
	in.sin_port = htons((uint16_t)f.host);
	if (inet_pton(AF_INET, f.addr, &in.sin_addr) != 1)
		return -1;
	fd = socket(AF_INET, SOCK_STREAM | SYS_SOCK_CLOEXEC, 0);
	if (fd < 0)
		return -1;
	if (connect_soon(fd, &in) == 0)
		return fd;
	err = errno;
	close(fd);
	errno = err;
	return -1;
}

/* ---- while it runs ---- */

/* QEMU says what went wrong as what the command has printed. */
static int
monitor(const struct vm *vm, const char *line, struct why *why)
{
	long long deadline = io_now() + QMP_MS;
	autobuf struct buf args = { 0 };
	autofree char *said = NULL;
	struct why w = { 0 };
	autoqmp struct qmp *q =
	    qmp_open(vm->dir, VM_QMP, vm->name, deadline, &w);
	autojson struct json *r = NULL;

	if (!q)
		return w.code == EX_UNAVAILABLE ?
		    1 :
		    why_set(why, EX_TEMPFAIL, "%s", w.text);
	buf_str(&args, "{\"command-line\":");
	json_quote(&args, line);
	buf_str(&args, "}");
	r = qmp_call(q, "human-monitor-command", args.p, deadline, &w);
	if (!r)
		return why_set(why, EX_TEMPFAIL, "%s", w.text);
	said = json_str(r, json_get(r, 0, "return"));
	if (!said || !*said || strstr(said, " removed") ||
	    strstr(said, " not found"))
		return 0;
	said[strcspn(said, "\r\n")] = '\0';
	return why_set(why, EX_TEMPFAIL, "%s: %s", vm->name, said);
}

int
usernet_forward(
    const struct vm *vm, const struct forward *f, int on, struct why *why)
{
	const char *proto = f->udp ? "udp" : "tcp";
	autofree char *add = xasprintf(
	    "hostfwd_add net0 %s:%s:%d-:%d", proto, f->addr, f->host, f->guest);
	autofree char *take =
	    xasprintf("hostfwd_remove net0 %s:%s:%d", proto, f->addr, f->host);
	int r;

	if (!vm_alive(vm))
		return 1;
	/* it may be there already, which QEMU would take for an error */
	r = monitor(vm, take, on ? NULL : why);
	return on ? monitor(vm, add, why) : r;
}
