/* SPDX-License-Identifier: ISC */
/*
 * fuzz-clerk: the bytes are lines, a note each, KBIFHTEXT: its kind, batch,
 * index and fault as digits, and how it comes: bit 0 with a descriptor, bit 1
 * with two, bit 2 in two pieces, bit 3 with a pipe; what a descriptor leads to
 * is TEXT, and a pipe does not end behind it.  With c for the first byte they go
 * to the child, else to its parent, which at a line that begins with a letter
 * does what is asked of it.  Behind the c may stand what becomes of the names
 * file before: = and text is in it, ; for a newline, up to a newline; # and the
 * same, but more lines than it may have are in front; - and it is gone when the
 * child begins, d and it is a folder then.
 */
#include <errno.h>
#include <signal.h>
#include <sys/mman.h>
#include <sys/socket.h>

#include "child.h"
#include "clerk_priv.h"
#include "fuzz.h"
#include "io.h"

enum { HEAD = 5, FD = 1, TWO = 2, PIECES = 4, PIPE = 8 };
enum { LINES = 16, PIPE_MOST = 4096 };

static int peer = -1; /* the child's end of its parent's socket */

/* Played here: the child is we ourselves. */
pid_t
child_fork(const int *keep, int n)
{
	must(n >= 1);
	peer = dup(keep[0]);
	return 1;
}

void
child_end(pid_t pid)
{
	must(pid == 1);
}

static struct sources sources = {
	.v = { { .path = "rules", .origin = "rules" },
	    { .path = "none", .origin = "none", .form = RULES_DOMAINS },
	    { .text = "deny * @ads *\n", .origin = "own" },
	    { .path = ".", .origin = "folder" } },
	.n = 4,
	.lists = { "lists", "others" },
};

/* ---- notes ---- */

static int
make_file(const char *text)
{
	int fd = memfd_create("fuzz", MFD_CLOEXEC);

	must(fd >= 0);
	must(write(fd, text, strlen(text)) >= 0 && lseek(fd, 0, SEEK_SET) == 0);
	return fd;
}

static int
make_pipe(const char *text, int *held)
{
	int p[2];

	must(pipe(p) == 0);
	must(write(p[1], text, strnlen(text, PIPE_MOST)) >= 0);
	*held = p[1];
	return p[0];
}

/* Send n bytes with so many of the descriptors. */
static void
send_part(int to, const void *p, size_t n, const int *fd, size_t nfd)
{
	union {
		struct cmsghdr head;
		char room[CMSG_SPACE(2 * sizeof(int))];
	} c = { .room = { 0 } };
	struct iovec iov = { .iov_base = (void *)(uintptr_t)p, .iov_len = n };
	struct msghdr m = { .msg_iov = &iov, .msg_iovlen = 1 };

	if (nfd) {
		m.msg_control = &c;
		m.msg_controllen = CMSG_SPACE(nfd * sizeof *fd);
		c.head.cmsg_level = SOL_SOCKET;
		c.head.cmsg_type = SCM_RIGHTS;
		c.head.cmsg_len = CMSG_LEN(nfd * sizeof *fd);
		memcpy(CMSG_DATA(&c.head), fd, nfd * sizeof *fd);
	}
	must(sendmsg(to, &m, MSG_NOSIGNAL) == (ssize_t)n);
}

static void
make_note(struct clerk_note *note, const char *p, size_t n)
{
	size_t len = n - HEAD;

	memset(note, 'x', sizeof *note);
	note->kind = (uint32_t)(p[0] - '0');
	note->batch = (uint32_t)(p[1] - '0');
	note->i = (uint32_t)(p[2] - '0');
	if (note->kind == CLERK_NAME && p[2] != '/')
		note->i += 0xc6120000; /* 198.18.0.0 */
	note->fault = p[3] - '0';
	memcpy(note->text, p + HEAD,
	    len < sizeof note->text ? len : sizeof note->text);
	if (len < sizeof note->text)
		note->text[len] = '\0';
}

static int held[2]; /* the ends of pipes that were sent; 0: none */

static void
let_go(void)
{
	for (size_t i = 0; i < LEN(held); i++) {
		if (held[i])
			close(held[i]);
		held[i] = 0;
	}
}

static void
send_line(int to, const char *p, size_t n, void (*between)(void))
{
	int how = (unsigned char)p[4], fd[2] = { -1, -1 };
	size_t nfd = how & TWO ? 2 : how & FD ? 1 : 0, part = 0;
	struct clerk_note note;
	char *text = fuzz_text((const uint8_t *)p + HEAD, n - HEAD);

	let_go();
	make_note(&note, p, n);
	for (size_t i = 0; i < nfd; i++)
		fd[i] =
		    how & PIPE ? make_pipe(text, &held[i]) : make_file(text);
	free(text);
	if (how & PIECES) {
		part = 1 + n % (sizeof note - 1);
		send_part(to, &note, part, fd, nfd);
		between();
	}
	send_part(to, (const char *)&note + part, sizeof note - part, fd, nfd);
	for (size_t i = 0; i < nfd; i++)
		close(fd[i]);
}

/* ---- the parent ---- */

static struct clerk *clerk;

/* What it tells the child is a note that the child can take. */
static void
take_notes(void)
{
	struct clerk_note note;

	while (recv(peer, &note, sizeof note, MSG_DONTWAIT) == sizeof note) {
		must(note.kind >= CLERK_NAME && note.kind <= CLERK_WANT);
		must(memchr(note.text, '\0', sizeof note.text));
	}
}

static void
go_on(void)
{
	struct rules *rules = NULL;
	struct why why = { 0 };
	int n;

	while ((n = clerk_next(clerk, &rules, &why)) != 0) {
		must((n > 0) == (rules != NULL));
		if (n < 0)
			fuzz_why(&why);
		else
			must(!rules_wants(rules));
		rules_free(rules);
		rules = NULL;
		if (clerk_fd(clerk) < 0)
			break;
	}
	take_notes();
}

static void
of_child(const char *p, const char *end)
{
	struct why why;

	clerk = clerk_start(&sources, NULL, &why);
	must(clerk);
	while (p < end) {
		const char *nl = memchr(p, '\n', (size_t)(end - p));
		size_t n = (size_t)((nl ? nl : end) - p);

		if (n && *p == 'l')
			clerk_look(clerk);
		else if (n && *p == 's')
			clerk_switch(clerk, n % 5, n % 2);
		else if (n && *p == 'n')
			clerk_name(clerk, (uint32_t)n, "a.test");
		else if (n >= HEAD)
			send_line(peer, p, n, go_on);
		go_on();
		let_go();
		p += n + 1;
	}
	close(peer);
	go_on();
	while (clerk_fd(clerk) >= 0) { /* who waits for it is told */
		struct pollfd w = { .fd = clerk_fd(clerk), .events = POLLIN };

		must(poll(&w, 1, 5000) == 1);
		go_on();
	}
	must(clerk_is_current(clerk));
	clerk_free(clerk);
}

/* ---- the child ---- */

static void
begin_child(void)
{
	static int done;

	if (done)
		return;
	done = 1;
	must(chdir(fuzz_folder()) == 0 && mkdir("lists", 0700) == 0);
	fuzz_file("rules", "deny * @ads *\n", 14);
	fuzz_file("lists/ads", "a.test\n", 7);
}

static void
nothing(void)
{
}

/* All that it says are whole notes, which have a file when there is none
 * wrong with it. */
static void
hear_child(int fd)
{
	struct clerk_note note = { 0 };
	struct iovec iov = { .iov_base = &note, .iov_len = sizeof note };
	union {
		struct cmsghdr head;
		char room[CMSG_SPACE(sizeof(int))];
	} c;
	ssize_t n;

	for (;;) {
		struct msghdr m = { .msg_iov = &iov,
			.msg_iovlen = 1,
			.msg_control = &c,
			.msg_controllen = sizeof c };
		int got = -1;

		n = recvmsg(fd, &m, MSG_DONTWAIT);
		if (n <= 0)
			break;
		must(n == sizeof note && note.kind <= CLERK_DONE);
		must(memchr(note.text, '\0', sizeof note.text));
		if (CMSG_FIRSTHDR(&m))
			memcpy(&got, CMSG_DATA(&c.head), sizeof got);
		must(got < 0 ||
		    (!note.fault &&
			(note.kind == CLERK_SOURCE ||
			    note.kind == CLERK_LIST)));
		must(note.kind != CLERK_LIST || (got >= 0) == !note.fault);
		if (got >= 0)
			close(got);
	}
}

/* The file with n bytes, ; for newlines, and many lines in front; so much of it
 * is whole lines. */
static size_t
fill_names(const char *p, size_t n, int many, struct buf *b)
{
	static char lines[(NAMES_LINES + 1) * 13];
	size_t whole;

	for (size_t i = 0; many && i < sizeof lines; i += 13)
		memcpy(lines + i, "198.18.0.7 a\n", 13);
	if (many)
		buf_add(b, lines, sizeof lines);
	buf_add(b, p, n);
	for (size_t i = b->n - n; i < b->n; i++)
		if (b->p[i] == ';')
			b->p[i] = '\n';
	for (whole = b->n; whole && b->p[whole - 1] != '\n';)
		whole--;
	fuzz_file("names", b->p, b->n);
	return whole;
}

/* Whatever the names were, what is written down behind those that were there
 * is lines. */
static void
check_names(const char *before, size_t whole)
{
	autobuf struct buf text = { 0 }, out = { 0 };
	int fd = open("names", O_RDONLY | O_CLOEXEC);
	struct names *t = names_new();
	size_t lines = 0, known = 0, added;

	must(fd >= 0 && io_read(fd, &text, NAMES_FILE) == 0);
	must(!text.n || text.p[text.n - 1] == '\n');
	names_read(t, text.p, text.n);
	names_print(t, &out);
	if (text.n < whole || (whole && memcmp(text.p, before, whole) != 0))
		whole = 0; /* written anew */
	added = text.n - whole;
	for (size_t i = 0; i < text.n; i++) {
		char c = text.p[i];

		lines += c == '\n';
		must(i < whole || c == '\n' || (c >= ' ' && c <= '~'));
	}
	for (size_t i = 0; i < out.n; i++)
		known += out.p[i] == '\n';
	must(known <= lines && (!added || lines <= NAMES_LINES));
	names_free(t);
	close(fd);
}

static void
of_parent(const char *p, const char *end)
{
	const char *nl = memchr(p, '\n', (size_t)(end - p));
	autobuf struct buf before = { 0 };
	struct book *book;
	int s[2], n = 0, room = 1 << 20; /* nobody reads until it is over */
	char how = p < end && strchr("=#-d", *p) ? *p : '\0';
	size_t whole = 0;

	begin_child();
	must(unlink("names") == 0 || rmdir("names") == 0 || errno == ENOENT);
	if ((how == '=' || how == '#') && nl) {
		whole = fill_names(
		    p + 1, (size_t)(nl - p) - 1, how == '#', &before);
		p = nl + 1;
	}
	book = book_open("names");
	if (how == '-' || how == 'd') {
		must(unlink("names") == 0);
		must(how == '-' || mkdir("names", 0700) == 0);
		p++;
	}
	must(book && socketpair(AF_UNIX, SOCK_STREAM, 0, s) == 0);
	must(setsockopt(s[1], SOL_SOCKET, SO_SNDBUF, &room, sizeof room) == 0);
	for (; p < end && n < LINES; n++) {
		size_t len;

		nl = memchr(p, '\n', (size_t)(end - p));
		len = (size_t)((nl ? nl : end) - p);

		if (len >= HEAD)
			send_line(s[0], p, len, nothing);
		else if (!len) /* it dies amid one */
			break;
		p += len + 1;
	}
	if (p < end && *p == '\n')
		send_part(s[0], "half", 4, NULL, 0);
	must(shutdown(s[0], SHUT_WR) == 0);
	clerk_serve(s[1], &sources, book);
	let_go();
	hear_child(s[0]);
	close(s[0]);
	close(s[1]);
	book_free(book);
	if (how == '-' && access("names", F_OK) < 0)
		return; /* no name came */
	if (how != 'd')
		check_names(before.p, whole);
}

int
LLVMFuzzerTestOneInput(const uint8_t *p, size_t n)
{
	const char *text = (const char *)p;
	int files = fuzz_files();

	signal(SIGPIPE, SIG_IGN);
	if (n && *text == 'c')
		of_parent(text + 1, text + n);
	else
		of_child(text, text + n);
	must(fuzz_files() == files);
	return 0;
}
