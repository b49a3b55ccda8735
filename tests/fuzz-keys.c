/* SPDX-License-Identifier: ISC */
/*
 * fuzz-keys: what a terminal sends; the first byte says how: as it is (r), or
 * as what it is made of (m), characters, arrows, and all else that keys and the
 * terminal itself send, of which nothing is a key; and text that is folded to
 * so many columns (f).
 */
#include <poll.h>
#include <sys/mman.h>

#include "fuzz.h"
#include "term.h"

enum { MOST = 512 };

/* Standard input is these bytes, and then nobody is there. */
static void
begin(const void *p, size_t n)
{
	static int fd = -1;

	if (fd < 0) {
		must((fd = memfd_create("keys", 0)) >= 0);
		must(dup2(fd, 0) == 0);
	}
	must(ftruncate(fd, 0) == 0 && lseek(fd, 0, SEEK_SET) == 0);
	must(pwrite(fd, p, n, 0) == (ssize_t)n);
}

static void
fuzz_raw(const uint8_t *p, size_t n)
{
	off_t at = 0, was;
	int key;

	begin(p, n);
	while ((key = term_key()) != TERM_END) {
		was = at;
		at = lseek(0, 0, SEEK_CUR);
		must(at > was);
		must(key == TERM_NONE || key == TERM_UP || key == TERM_DOWN ||
		    (key == p[was] && key != '\033' && at == was + 1));
	}
	must(lseek(0, 0, SEEK_CUR) == (off_t)n);
}

/* Of class "from to": ECMA-48 sections 5.4 and 5.6. */
static void
some(struct buf *b, const uint8_t *p, size_t n, char from, char to)
{
	for (size_t i = 0; i < n; i++) {
		char c = (char)(from + p[i] % (to - from + 1));

		buf_add(b, &c, 1);
	}
}

/* One thing that is no character, made of four bytes: 0, or its key. */
static int
sequence(struct buf *b, const uint8_t *p)
{
	static const char *const ends[] = { "\033\\", "\a" };
	static const char begins[] = "]PX^_";
	char c;

	switch (p[0] % 7) {
	case 0:
		buf_str(b, p[1] % 2 ? "\033[A" : "\033OA");
		return TERM_UP;
	case 1:
		buf_str(b, p[1] % 2 ? "\033[B" : "\033OB");
		return TERM_DOWN;
	case 2: /* a control sequence: an answer of the terminal's, F5 */
		buf_str(b, "\033[");
		some(b, p + 1, p[1] % 3, '0', '?');
		some(b, p + 2, 1 + p[2] % 2, ' ', '/');
		some(b, p + 3, 1, '@', '~');
		break;
	case 3:
		buf_str(b, "\033[");
		some(b, p + 1, p[1] % 3, '0', '?');
		some(b, p + 3, 1, 'C', 'Z');
		break;
	case 4: /* a string: what a title or a colour is */
		c = begins[p[1] % (sizeof begins - 1)];
		buf_str(b, "\033");
		buf_add(b, &c, 1);
		some(b, p + 2, 2, ' ', '~');
		buf_str(b, ends[p[1] / 16 % 2]);
		break;
	case 5: /* F1 to F5 of Linux */
		buf_str(b, "\033[[");
		some(b, p + 1, 1, 'A', 'E');
		break;
	case 6: /* Alt with an arrow that has no other key then */
		buf_str(b, "\033\033[");
		some(b, p + 1, 1, 'C', 'D');
		break;
	}
	return 0;
}

static void
fuzz_made(const uint8_t *p, size_t n)
{
	struct buf b = { 0 };
	int want[MOST], key;
	size_t nwant = 0, got = 0;

	for (size_t i = 0; i < n && nwant < MOST; i++) {
		if (p[i] & 0x80 && n - i > 4) {
			key = sequence(&b, p + i + 1);
			i += 4;
		} else {
			key = ' ' + p[i] % ('~' - ' ' + 1);
			buf_fmt(&b, "%c", key);
		}
		if (key)
			want[nwant++] = key;
	}
	begin(b.p ? b.p : "", b.n);
	while ((key = term_key()) != TERM_END)
		if (key != TERM_NONE) {
			must(got < nwant && want[got] == key);
			got++;
		}
	must(got == nwant);
	buf_free(&b);
}

/* Of a line longer than that, each part but the last has a blank behind it, or
 * is full. */
static void
fuzz_fold(const char *text, int cols)
{
	struct strv v = { 0 };
	size_t width = cols > 8 ? (size_t)cols : 8;
	const char *at = text;

	term_fold(&v, text, cols);
	for (size_t i = 0; i < v.n; i++) {
		size_t n = strlen(v.v[i]);

		must(n <= width && !strchr(v.v[i], '\n'));
		must(strncmp(at, v.v[i], n) == 0);
		at += n;
		must(!*at || *at == '\n' || *at == ' ' || n == width);
		at += *at == '\n';
	}
	must(!*at);
	strv_free(&v);
}

/* Escape alone, when nothing comes behind it for a moment. */
static void
check_escape(void)
{
	int p[2];

	must(pipe(p) == 0 && dup2(p[0], 0) == 0 && write(p[1], "\033", 1) == 1);
	must(term_key() == TERM_ESCAPE);
	must(term_key() == TERM_NONE);
	close(p[0]);
	close(p[1]);
}

int
LLVMFuzzerTestOneInput(const uint8_t *p, size_t n)
{
	static int first = 1;
	char *text;

	if (first) {
		first = 0;
		check_escape();
	}
	if (n < 2 || n > MOST)
		return 0;
	if (*p == 'r')
		fuzz_raw(p + 1, n - 1);
	else if (*p == 'm')
		fuzz_made(p + 1, n - 1);
	else if (*p == 'f') {
		text = fuzz_text(p + 2, n - 2);
		fuzz_fold(text, p[1]);
		free(text);
	}
	return 0;
}
