/* SPDX-License-Identifier: ISC */
#include "tty.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "io.h"
#include "sys.h"

#ifndef MSG_NOSIGNAL
#define MSG_NOSIGNAL 0 /* macOS; callers ignore SIGPIPE anyway */
#endif

enum { BACKLOG = 16, TYPED_MAX = 4096 };

/* Plain bytes; ESC was there; inside of ESC [ and of ESC ] and its like. */
enum state { PLAIN, ESCAPE, CSI, STRING };

/* The state behind c. */
static enum state
after(enum state s, unsigned char c)
{
	if (c == '\033')
		return ESCAPE;
	switch (s) {
	case ESCAPE:
		if (c == '[')
			return CSI;
		return strchr("]PX^_", c) && c ? STRING : PLAIN;
	case CSI:
		return c >= 0x40 && c <= 0x7e ? PLAIN : CSI;
	case STRING:
		return c == '\a' || c == '\n' ? PLAIN : STRING;
	case PLAIN:
		break;
	}
	return PLAIN;
}

/* How many bytes of p are one letter beyond ASCII; 0 for what is none, the C1
 * controls among them: a terminal takes those for the beginning of an escape
 * sequence. */
static size_t
letter(const unsigned char *p, size_t n)
{
	size_t len = p[0] >= 0xf0 && p[0] < 0xf5 ? 4 :
	    p[0] >= 0xe0 && p[0] < 0xf0		 ? 3 :
	    p[0] >= 0xc2 && p[0] < 0xe0		 ? 2 :
						   0;

	if (!len || len > n || (p[0] == 0xc2 && p[1] < 0xa0))
		return 0;
	for (size_t i = 1; i < len; i++)
		if ((p[i] & 0xc0) != 0x80)
			return 0;
	return len;
}

void
tty_text(struct buf *out, const char *p, size_t n)
{
	enum state s = PLAIN, next;
	size_t from = n, len;
	int lines = 0;

	while (from && (p[from - 1] != '\n' || ++lines <= TTY_LINES))
		from--;
	for (size_t i = from; i < n; i += len, s = next) {
		const unsigned char *u = (const unsigned char *)p + i;
		unsigned char c = *u;

		len = s == PLAIN && c >= 0x80 ? letter(u, n - i) : 0;
		if (len) {
			next = PLAIN;
			buf_add(out, &p[i], len);
			continue;
		}
		len = 1;
		next = after(s, c);
		if (s != PLAIN || next != PLAIN)
			continue;
		if ((c >= ' ' && c < 0x7f) || (c && strchr("\r\n\t\b", c)))
			buf_add(out, &p[i], 1);
	}
}

/* Say again what everything is watched for. */
static void
interest(struct tty *t)
{
	int room = t->guest < 0 || !t->typed.n;

	for (int i = 0; i < TTY_CLIENTS; i++) {
		struct tty_client *c = &t->client[i];

		if (c->open)
			(void)sys_watch(
			    t->watch, c->fd, !c->ended && room, c->out.n != 0);
	}
	if (t->guest >= 0)
		(void)sys_watch(t->watch, t->guest, 0, t->typed.n != 0);
}

int
tty_open(struct tty *t, int dir, const char *name)
{
	*t = (struct tty){ .guest = -1, .listener = -1 };
	t->watch = sys_watch_new();
	if (t->watch < 0)
		return -1;
	t->listener = io_listen(dir, name, BACKLOG);
	if (t->listener < 0 || fcntl(t->listener, F_SETFL, O_NONBLOCK) < 0 ||
	    sys_watch(t->watch, t->listener, 1, 0) < 0) {
		int err = errno;

		tty_close(t);
		errno = err;
		return -1;
	}
	return 0;
}

int
tty_guest(struct tty *t, int fd)
{
	t->guest = fcntl(fd, F_DUPFD_CLOEXEC, 3);
	if (t->guest < 0 || fcntl(t->guest, F_SETFL, O_NONBLOCK) < 0)
		return -1;
	interest(t);
	return 0;
}

static void
drop(struct tty_client *c)
{
	close(c->fd);
	buf_free(&c->out);
	*c = (struct tty_client){ 0 };
}

static void
flush(struct tty_client *c)
{
	ssize_t n = 0;

	if (c->out.n)
		n = send(c->fd, c->out.p, c->out.n, MSG_NOSIGNAL);
	if (n > 0)
		buf_drop(&c->out, (size_t)n);
	if (!c->out.n && c->lost) {
		buf_fmt(&c->out, "\r\n[xray: %zu bytes left out]\r\n", c->lost);
		c->lost = 0;
	}
	if (n < 0 && errno != EAGAIN && errno != EINTR)
		drop(c);
}

static void
give(struct tty_client *c, const char *p, size_t n)
{
	if (c->out.n + n > TTY_QUEUE || c->lost)
		c->lost += n;
	else
		buf_add(&c->out, p, n);
	flush(c);
}

void
tty_put(struct tty *t, const char *p, size_t n)
{
	size_t tail = n > TTY_PAST ? TTY_PAST : n;

	buf_add(&t->past, p + n - tail, tail);
	if (t->past.n > 2 * TTY_PAST)
		buf_drop(&t->past, t->past.n - TTY_PAST);
	for (int i = 0; i < TTY_CLIENTS; i++)
		if (t->client[i].open)
			give(&t->client[i], p, n);
	interest(t);
}

static void
let_in(struct tty *t)
{
	static const char full[] = "xray: too many consoles are open\r\n";
	autobuf struct buf past = { 0 };
	int i = 0, fd = accept(t->listener, NULL, NULL);

	if (fd < 0)
		return; /* gone again */
	if (fcntl(fd, F_SETFD, FD_CLOEXEC) < 0 ||
	    fcntl(fd, F_SETFL, O_NONBLOCK) < 0) {
		close(fd);
		return;
	}
	while (i < TTY_CLIENTS && t->client[i].open)
		i++;
	if (i == TTY_CLIENTS) {
		(void)send(
		    fd, full, sizeof full - 1, MSG_NOSIGNAL); /* has room */
		close(fd);
		return;
	}
	t->client[i] = (struct tty_client){ .open = 1, .fd = fd };
	tty_text(&past, t->past.p, t->past.n);
	give(&t->client[i], past.p, past.n);
}

/* A client's bytes wait in its socket while the guest takes none. */
static void
take(struct tty *t, struct tty_client *c)
{
	char chunk[TYPED_MAX];
	ssize_t n = recv(c->fd, chunk, sizeof chunk, 0);

	if (n == 0)
		c->ended = 1;
	else if (n > 0)
		buf_add(&t->typed, chunk, (size_t)n);
	else if (errno != EAGAIN && errno != EINTR)
		drop(c);
}

static void
type(struct tty *t)
{
	ssize_t n = send(t->guest, t->typed.p, t->typed.n, MSG_NOSIGNAL);

	if (n > 0)
		buf_drop(&t->typed, (size_t)n);
	else if (n < 0 && errno != EAGAIN && errno != EINTR)
		t->typed.n = 0; /* QEMU is going */
}

static void
serve(struct tty *t, struct tty_client *c, int revents)
{
	int gone = revents & (POLLHUP | POLLERR);

	if ((revents & POLLIN) && !c->ended &&
	    (!t->typed.n || (gone && t->typed.n < TTY_QUEUE)))
		take(t, c);
	if (c->open && (revents & POLLOUT))
		flush(c);
	if (c->open && gone &&
	    (c->ended || !(revents & POLLIN) || t->typed.n >= TTY_QUEUE))
		drop(c);
}

/* QEMU has closed its end, which is readable for ever. */
static void
leave_guest(struct tty *t)
{
	sys_unwatch(t->watch, t->guest);
	close(t->guest);
	t->guest = -1;
	t->over = 1;
}

void
tty_turn(struct tty *t)
{
	struct pollfd p[2 + TTY_CLIENTS];

	p[0] = (struct pollfd){ .fd = t->listener, .events = POLLIN };
	p[1] = (struct pollfd){ .fd = t->guest, .events = POLLOUT };
	for (int i = 0; i < TTY_CLIENTS; i++)
		p[2 + i] =
		    (struct pollfd){ .fd = t->client[i].open ? t->client[i].fd :
							       -1,
			    .events = POLLIN | POLLOUT };
	if (poll(p, LEN(p), 0) < 0)
		return; /* EINTR: it is still readable */
	for (int i = 0; i < TTY_CLIENTS; i++)
		if (p[2 + i].revents)
			serve(t, &t->client[i], p[2 + i].revents);
	if ((p[1].revents || t->typed.n) && t->guest >= 0 && t->typed.n)
		type(t);
	if (p[1].revents & (POLLHUP | POLLERR))
		leave_guest(t);
	if (t->over)
		t->typed.n = 0; /* nobody reads it */
	if (p[0].revents)
		let_in(t);
	interest(t);
}

void
tty_close(struct tty *t)
{
	for (int i = 0; i < TTY_CLIENTS; i++) {
		if (t->client[i].open)
			flush(&t->client[i]);
		if (t->client[i].open)
			drop(&t->client[i]);
	}
	for (size_t i = 0; i < 3; i++) {
		int fd = ((int[]){ t->listener, t->guest, t->watch })[i];

		if (fd >= 0)
			close(fd);
	}
	buf_free(&t->past);
	buf_free(&t->typed);
	t->watch = t->listener = t->guest = -1;
}
