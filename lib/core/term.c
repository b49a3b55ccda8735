/* SPDX-License-Identifier: ISC */
#include "term.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <termios.h>
#include <unistd.h>

#include "io.h"
#include "say.h"
#include "sys.h"

/* How soon what belongs to an escape comes behind it. */
enum { SOON_MS = 50 };

static struct {
	struct termios was, ours;
	int taken, screen;
	int pipe[2];
} t = { .pipe = { -1, -1 } };

static const int caught[] = { SIGINT, SIGTERM, SIGHUP, SIGQUIT, SIGTSTP,
	SIGCONT, SIGWINCH };

static void
on_signal(int sig)
{
	int err = errno;
	char c = (char)sig;

	(void)!write(t.pipe[1], &c, 1); /* full: one is enough */
	errno = err;
}

static void
print(const char *s)
{
	(void)io_write(1, s, strlen(s)); /* nobody there: keys tell */
}

static int
take(void)
{
	if (tcsetattr(0, TCSADRAIN, &t.ours) < 0)
		return -1;
	if (t.screen)
		print("\033[?1049h\033[?25l");
	t.taken = 1;
	return 0;
}

void
term_close(void)
{
	if (!t.taken)
		return;
	t.taken = 0;
	if (t.screen)
		print("\033[?25h\033[?1049l");
	(void)tcsetattr(0, TCSADRAIN, &t.was); /* or it is gone */
}

int
term_open(int screen)
{
	struct sigaction sa = { .sa_handler = on_signal };

	if (tcgetattr(0, &t.was) < 0 || sys_pipe(t.pipe) < 0 ||
	    fcntl(t.pipe[0], F_SETFL, O_NONBLOCK) < 0 ||
	    fcntl(t.pipe[1], F_SETFL, O_NONBLOCK) < 0)
		return -1;
	t.screen = screen;
	t.ours = t.was;
	t.ours.c_lflag &= ~(tcflag_t)(ICANON | ECHO);
	t.ours.c_cc[VMIN] = 0;
	t.ours.c_cc[VTIME] = 0;
	sigemptyset(&sa.sa_mask);
	for (size_t i = 0; i < LEN(caught); i++)
		sigaction(caught[i], &sa, NULL); /* these can be caught */
	signal(SIGPIPE, SIG_IGN);
	(void)atexit(term_close);
	return take();
}

int
term_fd(void)
{
	return t.pipe[0];
}

/* As who does not catch it, so that whoever waits for us knows why we stop. */
static void
stop(void)
{
	struct sigaction was, usual = { .sa_handler = SIG_DFL };

	sigemptyset(&usual.sa_mask);
	term_close();
	sigaction(SIGTSTP, &usual, &was);
	(void)raise(SIGTSTP); /* until SIGCONT */
	sigaction(SIGTSTP, &was, NULL);
	(void)take();
}

int
term_obey(void)
{
	char sig = 0;

	if (read(t.pipe[0], &sig, 1) != 1)
		return 0;
	if (sig == SIGTSTP)
		stop();
	if (sig == SIGTSTP || sig == SIGCONT || sig == SIGWINCH)
		return 1;
	term_close();
	die_signal(sig);
}

static int
next_byte(int ms)
{
	struct pollfd p = { .fd = 0, .events = POLLIN };
	unsigned char c;
	ssize_t n;

	if (poll(&p, 1, ms) <= 0)
		return TERM_NONE;
	n = read(0, &c, 1);
	if (n < 0 && (errno == EINTR || errno == EAGAIN))
		return TERM_NONE;
	return n == 1 ? c : TERM_END;
}

/* A string up to its end; the escape that begins the end, or no byte of one. */
static int
pass_string(void)
{
	int c;

	do
		c = next_byte(SOON_MS);
	while (c >= 0 && c != '\033' && c != '\a');
	return c == '\033' ? c : '\a';
}

/* What is behind an escape, ECMA-48 sections 5.3, 5.4 and 5.6: two of them are
 * a key with Alt, a string is what the terminal itself says, "[[A" is F1 of
 * Linux.  None of it but the arrows is a key. */
static int
sequence(void)
{
	int c, last, n = 0, other = 0;

	do {
		c = next_byte(SOON_MS);
		if (c > 0 && strchr("]PX^_", c))
			c = pass_string();
	} while (c == '\033');
	if (c == TERM_NONE)
		return TERM_ESCAPE;
	if (c != '[' && c != 'O')
		return TERM_NONE;
	for (; (last = next_byte(SOON_MS)) >= ' ' && last <= '?'; n++)
		other |= last < '0';
	if (last == '[' && !n)
		other = next_byte(SOON_MS);
	if (other)
		return TERM_NONE;
	return last == 'A' ? TERM_UP : last == 'B' ? TERM_DOWN : TERM_NONE;
}

int
term_key(void)
{
	int c = next_byte(0);

	return c == '\033' ? sequence() : c;
}

void
term_forget(void)
{
	(void)tcflush(0, TCIFLUSH);
}

void
term_size(int *rows, int *cols)
{
	struct winsize w = { 0 };

	(void)ioctl(1, TIOCGWINSZ, &w);
	*rows = w.ws_row ? w.ws_row : 24;
	*cols = w.ws_col ? w.ws_col : 80;
}

void
term_draw(const struct strv *lines)
{
	autobuf struct buf b = { 0 };
	int rows, cols;

	term_size(&rows, &cols);
	buf_str(&b, "\033[H");
	for (int i = 0; i < rows; i++) {
		const char *s = (size_t)i < lines->n ? lines->v[i] : "";
		int strong = *s == TERM_STRONG;

		buf_fmt(&b, "%s%.*s%s\033[K%s", strong ? "\033[1m" : "", cols,
		    s + strong, strong ? "\033[m" : "",
		    i + 1 < rows ? "\r\n" : "");
	}
	(void)io_write(1, b.p, b.n); /* nobody there: keys tell */
}

void
term_fold(struct strv *out, const char *text, int cols)
{
	size_t n = strlen(text), width = cols > 8 ? (size_t)cols : 8;

	for (size_t at = 0, step; at < n; at += step) {
		size_t line = strcspn(text + at, "\n");

		step = line > width ? width : line;
		while (line > width && step && text[at + step] != ' ')
			step--;
		if (line && !step)
			step = width;
		strv_take(out, xstrndup(text + at, step));
		if (text[at + step] == '\n')
			step++;
	}
}
