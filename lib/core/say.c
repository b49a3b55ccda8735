/* SPDX-License-Identifier: ISC */
#include "say.h"

#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

int say_quiet, say_verbose;
enum say_color say_color;

static enum say_color color_default = COLOR_AUTO;
static const char *program = "xray";
static int progress_shown;

void
say_name(const char *name)
{
	program = name;
}

const char *
say_get_name(void)
{
	return program;
}

/* How many bytes of s go as they are. */
static size_t
clean(const char *s)
{
	size_t n = 0;

	for (unsigned char c; (c = (unsigned char)s[n]) >= 0x20; n++) {
		unsigned char d = (unsigned char)s[n + 1];

		if (c == 0x7f || (c == 0xc2 && d >= 0x80 && d <= 0x9f))
			break;
	}
	return n;
}

void
say_mask(struct buf *b, const char *s)
{
	for (;;) {
		size_t n = clean(s);

		buf_add(b, s, n);
		s += n;
		if (!*s)
			return;
		buf_fmt(b, "\\%03o", (unsigned char)*s);
		if ((unsigned char)*s++ == 0xc2)
			buf_fmt(b, "\\%03o", (unsigned char)*s++);
	}
}

static void message(const char *name, const char *err, const char *fmt,
    va_list ap) PRINTF(3, 0);

static void
message(const char *name, const char *err, const char *fmt, va_list ap)
{
	autofree char *text = xvasprintf(fmt, ap);
	autobuf struct buf b = { 0 };
	size_t done = 0;

	progress_end();
	if (name)
		buf_fmt(&b, "%s: ", name);
	say_mask(&b, text);
	if (err)
		buf_fmt(&b, ": %s", err);
	buf_str(&b, "\n");
	while (done < b.n) {
		ssize_t n = write(2, b.p + done, b.n - done);

		if (n < 0 && errno != EINTR)
			return; /* nobody left to tell */
		if (n > 0)
			done += (size_t)n;
	}
}

#define MESSAGE(name, err, fmt)               \
	do {                                  \
		va_list ap_;                  \
		va_start(ap_, fmt);           \
		message(name, err, fmt, ap_); \
		va_end(ap_);                  \
	} while (0)

void
die(int code, const char *fmt, ...)
{
	MESSAGE(program, NULL, fmt);
	exit(code);
}

void
die_sys(int code, const char *fmt, ...)
{
	const char *err = strerror(errno);

	MESSAGE(program, err, fmt);
	exit(code);
}

void
die_why(const struct why *why)
{
	die(why->code ? why->code : EX_SOFTWARE, "%s", why->text);
}

void
die_signal(int sig)
{
	sigset_t one;

	(void)signal(sig, SIG_DFL);
	sigemptyset(&one);
	sigaddset(&one, sig);
	(void)sigprocmask(SIG_UNBLOCK, &one, NULL);
	(void)raise(sig);
	_exit(128 + sig);
}

void
warn(const char *fmt, ...)
{
	MESSAGE(program, NULL, fmt);
}

void
warn_why(const struct why *why)
{
	warn("%s", why->text);
}

void
note(const char *fmt, ...)
{
	if (!say_quiet)
		MESSAGE(program, NULL, fmt);
}

void
hint(const char *fmt, ...)
{
	if (!say_quiet)
		MESSAGE(NULL, NULL, fmt);
}

int
say_chatty(void)
{
	return !say_quiet && isatty(2);
}

void
progress(const char *fmt, ...)
{
	autofree char *text = NULL;
	autobuf struct buf b = { 0 };
	va_list ap;

	if (!say_chatty())
		return;
	va_start(ap, fmt);
	text = xvasprintf(fmt, ap);
	va_end(ap);
	if (strlen(text) > 78)
		text[78] = '\0';
	buf_str(&b, "\r\033[K");
	say_mask(&b, text);
	if (write(2, b.p, b.n) > 0)
		progress_shown = 1;
}

void
progress_text(const char *text)
{
	progress("%s", text);
}

void
progress_end(void)
{
	static const char clear[] = "\r\033[K";

	if (progress_shown && write(2, clear, sizeof clear - 1) > 0)
		progress_shown = 0;
}

void
say(const char *fmt, ...)
{
	va_list ap;

	va_start(ap, fmt);
	(void)vprintf(fmt, ap); /* say_done looks at the stream */
	va_end(ap);
}

void
say_masked(const char *s)
{
	autobuf struct buf b = { 0 };

	if (clean(s) != strlen(s)) {
		say_mask(&b, s);
		s = b.p;
	}
	(void)fputs(s, stdout); /* say_done sees an error */
}

void
say_result(const char *fmt, ...)
{
	va_list ap;

	if (say_quiet)
		return;
	va_start(ap, fmt);
	(void)vprintf(fmt, ap);
	va_end(ap);
}

void
say_guest(const char *p, size_t n)
{
	autobuf struct buf b = { 0 };

	for (size_t i = 0; i < n; i++)
		if (p[i] == '\n')
			buf_str(&b, "\n");
		else if (p[i] != '\r')
			buf_vis(&b, &p[i], 1);
	for (size_t done = 0; done < b.n;) {
		ssize_t w = write(1, b.p + done, b.n - done);

		if (w <= 0)
			return;
		done += (size_t)w;
	}
}

/* A copy is closed: an error may come no sooner, and what is opened next, by us
 * or by whom we become, must not be in the place of standard output. */
int
say_done(void)
{
	int bad = ferror(stdout) != 0 || fflush(stdout) != 0;
	int copy = dup(1);

	if (copy < 0 || close(copy) < 0 || bad)
		die_sys(EX_IOERR, "standard output");
	return 0;
}

int
confirm(int yes, const char *fmt, ...)
{
	autofree char *question = NULL;
	autobuf struct buf b = { 0 };
	char answer[16];
	va_list ap;

	if (yes)
		return 1;
	if (!isatty(0))
		die(EX_USAGE, "no terminal to ask on; -y answers yes");
	va_start(ap, fmt);
	question = xvasprintf(fmt, ap);
	va_end(ap);
	say_mask(&b, question);
	buf_str(&b, " [y/N]: ");
	if (write(2, b.p, b.n) < 0 || !fgets(answer, sizeof answer, stdin))
		return 0;
	return answer[0] == 'y' || answer[0] == 'Y';
}

char *
ask_line(const char *instead, const char *fmt, ...)
{
	autofree char *question = NULL;
	autobuf struct buf b = { 0 };
	char answer[256];
	va_list ap;

	if (!say_chatty() || !isatty(0))
		return NULL;
	va_start(ap, fmt);
	question = xvasprintf(fmt, ap);
	va_end(ap);
	say_mask(&b, question);
	buf_fmt(&b, " [%s]: ", instead);
	if (write(2, b.p, b.n) < 0 || !fgets(answer, sizeof answer, stdin))
		return NULL;
	answer[strcspn(answer, "\n")] = '\0';
	return xstrdup(*answer ? answer : instead);
}

enum say_color
say_color_word(const char *word)
{
	static const struct {
		const char *word;
		enum say_color color;
	} words[] = {
		{ "yes", COLOR_YES },
		{ "always", COLOR_YES },
		{ "no", COLOR_NO },
		{ "never", COLOR_NO },
		{ "auto", COLOR_AUTO },
	};

	for (size_t i = 0; i < LEN(words); i++)
		if (strcmp(word, words[i].word) == 0)
			return words[i].color;
	return COLOR_UNSAID;
}

void
say_color_default(const char *word)
{
	enum say_color c = word ? say_color_word(word) : COLOR_AUTO;

	color_default = c == COLOR_UNSAID ? COLOR_AUTO : c;
}

int
say_colored(int fd)
{
	const char *term = getenv("TERM"), *no = getenv("NO_COLOR");

	enum say_color color = say_color;

	if (color == COLOR_UNSAID)
		color = no && *no ? COLOR_NO : color_default;
	if (color != COLOR_AUTO)
		return color == COLOR_YES;
	if ((no && *no) || !term || strcmp(term, "dumb") == 0)
		return 0;
	return isatty(fd);
}
