/* SPDX-License-Identifier: ISC */
/*
 * xray-console: the serial console of a VM.  The supervisor shares it out, to
 * as many as come; when that one was killed, QEMU's own socket serves one.
 *
 * Bytes pass as they are, both ways.  On a terminal the bytes typed go to the
 * guest at once (raw mode), but for the character that leaves; however we
 * end, the terminal is put back.
 */
#include "say.h"

#include <errno.h>
#include <getopt.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/select.h>
#include <sys/socket.h>
#include <termios.h>
#include <unistd.h>

#include "io.h"
#include "opt.h"
#include "qemu.h"
#include "vm.h"

enum { OPT_READ_ONLY = OPT_OWN, NO_ESCAPE = -1, LOGIN_MAX = 256, AHEAD = 4096 };

static const struct opt opts[] = {
	{ 'e', "escape", "CHAR", "CHAR leaves: c, ^C or none (^])" },
	{ OPT_READ_ONLY, "read-only", NULL, "look, and send nothing" },
	{ 0 },
};
static const struct usage use = { "xray-console", "VM", opts, 0 };

static struct termios cooked;
static int is_raw;
static volatile sig_atomic_t caught;

static void catch (int sig)
{
	caught = sig;
}

static void
put_back(void)
{
	if (is_raw)
		(void)tcsetattr(0, TCSAFLUSH, &cooked); /* or it is gone */
	is_raw = 0;
}

static void
make_raw(void)
{
	struct termios raw = cooked;

	cfmakeraw(&raw);
	if (tcsetattr(0, TCSAFLUSH, &raw) < 0)
		die_sys(EX_IOERR, "terminal");
	is_raw = 1;
}

/* Signals wait but for the moment in which we do. */
static void
hold_signals(sigset_t *open)
{
	static const int ends[] = { SIGINT, SIGTERM, SIGHUP, SIGQUIT, SIGTSTP };
	struct sigaction sa = { .sa_handler = catch };
	sigset_t held;

	sigemptyset(&held);
	for (size_t i = 0; i < LEN(ends); i++) {
		sigaddset(&held, ends[i]);
		(void)sigaction(ends[i], &sa, NULL); /* they can be caught */
	}
	sigprocmask(SIG_BLOCK, &held, open);
}

/* Stop as asked, with the terminal as it was, or end as asked. */
static void
obey(void)
{
	int sig = caught, was_raw = is_raw;

	caught = 0;
	put_back();
	if (sig == SIGTSTP) {
		(void)raise(SIGSTOP); /* until SIGCONT */
		if (was_raw)
			make_raw();
		return;
	}
	die_signal(sig);
}

/* ^], none, or a character. */
static int
escape_char(const char *arg)
{
	if (strcmp(arg, "none") == 0)
		return NO_ESCAPE;
	if (arg[0] == '^' && arg[1] >= '@' && arg[1] <= '~' && !arg[2])
		return arg[1] & 0x1f;
	if (arg[0] && !arg[1])
		return (unsigned char)arg[0];
	die_usage(&use, "-e: %s: a character, ^ and a letter, or none", arg);
}

/* What to type at the login, where the seed disk gave the guest a password. */
static void
greet(const struct vm *vm, int escape)
{
	autobuf struct buf b = { 0 }, text = { 0 };

	buf_fmt(&text, "%s: ", vm->name);
	if (escape == NO_ESCAPE)
		buf_str(&text, "no key leaves");
	else if (escape < ' ')
		buf_fmt(&text, "Ctrl-%c leaves", escape + '@');
	else
		buf_fmt(&text, "%c leaves", escape);
	if (io_read_file(vm->dir, "password", &b, LOGIN_MAX) == 0 && b.n) {
		b.p[strcspn(b.p, "\n")] = '\0';
		buf_fmt(&text,
		    ". Login %s, password %s (console only, never by ssh)",
		    vm->ssh_user, b.p);
	}
	note("%s", text.p);
}

static int
reach(const struct vm *vm)
{
	int fd;

	if (!vm_alive(vm))
		die(EX_UNAVAILABLE, "%s: stopped; xray start %s", vm->name,
		    vm->name);
	fd = io_connect(vm->dir, VM_TTY);
	if (fd >= 0)
		return fd;
	/* QEMU would let a second one wait unheard; the lock is ours until
	 * we end */
	{
		autofree char *what = xasprintf("%s: console", vm->name);
		struct why why;

		if (lock_take(vm->dir, "console.lock", what, 0, &why) < 0)
			die_why(&why);
	}
	fd = io_connect(vm->dir, VM_CONSOLE);
	if (fd < 0)
		die_sys(EX_TEMPFAIL, "%s: console", vm->name);
	note("%s: its supervisor is gone; straight to QEMU", vm->name);
	return fd;
}

enum typing { LEAVE, ENDED, GOES_ON };

/*
 * Take what was typed into out.  A guest that takes nothing must not keep
 * anybody from leaving: on a terminal what it cannot take is left out.
 */
static enum typing
typed(struct buf *out, int escape)
{
	char chunk[AHEAD], *end;
	ssize_t n = read(0, chunk, sizeof chunk);

	if (n < 0 && (errno == EINTR || errno == EAGAIN))
		return GOES_ON;
	if (n < 0 && errno != EIO) /* EIO: the terminal has hung up */
		die_sys(EX_IOERR, "standard input");
	if (n <= 0)
		return is_raw ? LEAVE : ENDED;
	end = is_raw && escape != NO_ESCAPE ? memchr(chunk, escape, (size_t)n) :
					      NULL;
	if (end)
		return LEAVE;
	if (out->n < AHEAD)
		buf_add(out, chunk, (size_t)n);
	return GOES_ON;
}

static void
pass_on(int fd, struct buf *out)
{
	ssize_t n = send(fd, out->p, out->n, MSG_DONTWAIT);

	if (n > 0)
		buf_drop(out, (size_t)n);
}

static int
printed(int fd)
{
	char chunk[65536];
	ssize_t n = read(fd, chunk, sizeof chunk);

	if (n < 0 && errno == EINTR)
		return 1;
	if (n > 0 && io_write(1, chunk, (size_t)n) < 0) {
		put_back();
		die_sys(EX_IOERR, "standard output");
	}
	return n > 0;
}

/* 1 when the person left, 0 when the console ended. */
static int
relay(int fd, int escape, int read_only, const sigset_t *open)
{
	autobuf struct buf out = { 0 };
	int input = !read_only || is_raw;

	for (;;) {
		fd_set in, ready;

		FD_ZERO(&in);
		FD_ZERO(&ready);
		FD_SET(fd, &in);
		if (input && (is_raw || !out.n))
			FD_SET(0, &in);
		if (out.n)
			FD_SET(fd, &ready);
		if (pselect(fd + 1, &in, &ready, NULL, NULL, open) < 0) {
			if (errno != EINTR)
				die_sys(EX_OSERR, "pselect");
			if (caught)
				obey();
			continue;
		}
		if (FD_ISSET(fd, &in) && !printed(fd))
			return 0;
		if (FD_ISSET(0, &in)) {
			enum typing t = typed(&out, escape);

			if (t == LEAVE)
				return 1;
			input = t == GOES_ON;
		}
		if (read_only)
			out.n = 0;
		if (out.n)
			pass_on(fd, &out);
	}
}

int
main(int argc, char **argv)
{
	int c, fd, left, escape = ']' & 0x1f, read_only = 0, tty;
	struct home home;
	struct vm vm;
	struct why why;
	sigset_t open;

	while ((c = opt_next(argc, argv, &use)) != -1)
		if (c == 'e')
			escape = escape_char(optarg);
		else
			read_only = 1;
	if (argc - optind != 1)
		die_usage(&use, "one VM");
	if (home_open(&home, &why) < 0 ||
	    vm_open(&home, argv[optind], &vm, &why) < 0)
		die_why(&why);
	fd = reach(&vm);
	tty = isatty(0) && tcgetattr(0, &cooked) == 0;
	hold_signals(&open);
	signal(SIGPIPE, SIG_IGN);
	if (tty) {
		greet(&vm, escape);
		atexit(put_back);
		make_raw();
	}
	left = relay(fd, escape, read_only, &open);
	put_back();
	if (left)
		hint("%s", "");
	else
		note("%s: the console ended", vm.name);
	return 0;
}
