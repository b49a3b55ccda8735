/* SPDX-License-Identifier: ISC */
/*
 * fuzz-text: the first byte says how many bytes come at once; the others are
 * what a guest prints, or a stranger says, on its way to a terminal or a log.
 */
#include "fuzz.h"
#include "exact.h"
#include "say.h"
#include "sift.h"
#include "sign.h"
#include "tail.h"
#include "tty.h"

static void
check_plain(const struct buf *b)
{
	must(!b->n || strlen(b->p) == b->n);
	fuzz_plain(b->p ? b->p : "");
}

/* All bytes are printable ASCII, white space and back, or UTF-8 that is no
 * control. */
static void
check_sifted(const struct buf *b)
{
	for (size_t i = 0; i < b->n; i++) {
		unsigned char c = (unsigned char)b->p[i];

		must(c >= ' ' || (c && strchr("\n\r\t\b", c)));
		must(c != 0x7f);
		if (c == 0xc2)
			must((b->p[i + 1] & 0xe0) != 0x80);
	}
}

/* However it comes, it is the same. */
static void
fuzz_sift(const char *p, size_t n, size_t piece)
{
	struct buf a = { 0 }, b = { 0 };
	struct sift s = { .n = 0 }, t = { .n = 0 };

	sift(&s, p, n, &a);
	sift_end(&s, &a);
	for (size_t i = 0; i < n; i += piece)
		sift(&t, p + i, n - i < piece ? n - i : piece, &b);
	sift_end(&t, &b);
	must(a.n == b.n && (!a.n || memcmp(a.p, b.p, a.n) == 0));
	must(a.n <= 4 * n);
	check_sifted(&a);
	buf_free(&a);
	buf_free(&b);
}

/* A line of a console: what it means is that of the text, which is plain. */
static void
fuzz_sign(const char *p, size_t n)
{
	struct buf a = { 0 };

	sign_clean(&a, p, n);
	must(a.n <= 4 * SIGN_LINE);
	check_plain(&a);
	must(sign_of(a.p ? a.p : "") < SIGNS);
	buf_free(&a);
}

static void
fuzz_screen(const char *p, size_t n)
{
	struct buf a = { 0 }, b = { 0 };
	size_t lines = 0;

	tty_text(&a, p, n);
	must(!memchr(a.p ? a.p : "", '\033', a.n));
	for (size_t i = 0; i < a.n; i++)
		lines += a.p[i] == '\n';
	must(lines <= TTY_LINES);
	tty_text(&b, a.p ? a.p : "", a.n); /* it has nothing more to lose */
	must(a.n >= b.n);
	buf_free(&a);
	buf_free(&b);
}

static void
fuzz_masks(const char *text, size_t n)
{
	struct buf a = { 0 };
	struct why why = { 0 };
	char *best = NULL;

	buf_vis(&a, text, n);
	must(a.n >= n && a.n <= 4 * n);
	check_plain(&a);
	a.n = 0;
	say_mask(&a, text);
	check_sifted(&a);
	for (size_t i = 0; i < a.n; i++)
		must(!strchr("\n\r\b", a.p[i]));
	buf_free(&a);
	why_set(&why, EX_DATAERR, "%s: %s", "fuzz", text);
	fuzz_said(why.text);
	best = tail_local(text, n % 2);
	must(best);
	free(best);
}

/* A word for a shell, read as a shell would: quotes, and backslashes outside
 * of them. */
static void
check_word(const char *text, size_t n)
{
	struct buf b = { 0 };
	size_t at = 0;
	int quoted = 0;

	if (memchr(text, '\0', n))
		return;
	buf_word(&b, text, n);
	for (size_t i = 0; i < b.n; i++) {
		char c = b.p[i];

		if (c == '\'') {
			quoted = !quoted;
			continue;
		}
		if (!quoted && c == '\\')
			c = b.p[++i];
		else if (!quoted)
			must(!strchr(" \t\n\"`$&|;<>()*?[#~%!{}", c));
		must(at < n && c == text[at]);
		at++;
	}
	must(!quoted && at == n && b.n >= 1);
	buf_free(&b);
}

int
LLVMFuzzerTestOneInput(const uint8_t *p, size_t n)
{
	char *text;

	if (!n)
		return 0;
	text = fuzz_text(p + 1, n - 1);
	fuzz_sift(text, n - 1, 1 + *p % 8);
	fuzz_sign(text, n - 1);
	fuzz_screen(text, n - 1);
	fuzz_masks(text, strlen(text));
	check_word(text, n - 1);
	free(text);
	return 0;
}
