/* SPDX-License-Identifier: ISC */
/*
 * fuzz-argv: a command line, its words one a line; the first byte says of whom:
 * a command whose options come anywhere (a), or first (f), one with verbs (v),
 * a gateway (g).  It is taken, or refused by exit 64 and a line about a word
 * that was given.
 */
#include <dlfcn.h>
#include <setjmp.h>
#include <stdio.h>
#include <sanitizer/common_interface_defs.h>
#include <sys/mman.h>

#include "fuzz.h"
#include "opt.h"
#include "order.h"
#include "say.h"
#include "setup.h"

enum { WORDS = 32 };
enum { OPT_TAG = OPT_OWN, OPT_FD };

static jmp_buf out;
static int inside, ended;
static int was[3]; /* where 1 and 2 went before */

/* Who exits frees nothing. */
const char *__asan_default_options(void);
const char *
__asan_default_options(void)
{
	return "detect_leaks=0";
}

/* A command that is refused ends: here it goes on behind the call. */
void
exit(int code)
{
	void (*real)(int);

	if (inside) {
		ended = code;
		longjmp(out, 1);
	}
	*(void **)&real = dlsym(RTLD_NEXT, "exit");
	must(real);
	real(code);
	_exit(code);
}

static const char *const colours[] = { "red", "green", NULL };
static const struct opt opts[] = { { 'n', "number", "N", "a number" },
	{ 's', "size", "SIZE", "a size" }, { 'w', "word", "WORD", "a word" },
	{ 'x', NULL, NULL, "a letter" }, { 'y', "yes", NULL, "both" },
	{ OPT_TAG, "tag", "[=TAG]", "may be left out" },
	{ OPT_TIMEOUT, "timeout", "TIME", "a time" },
	{ OPT_FD, "some-fd", "N", "a descriptor" }, { 0 } };

static void
take(const struct usage *u, int c, const char *arg)
{
	const char *word;

	must(c == 'x' || c == 'y' || c == OPT_TAG || arg);
	switch (c) {
	case 'n':
		must(opt_int(u, "-n", arg, -5, 5) <= 5);
		break;
	case 's':
		must(opt_size(u, "-s", arg, 1) <= INT64_MAX);
		break;
	case 'w':
		word = opt_word(u, "-w", arg, colours);
		must(word == colours[0] || word == colours[1]);
		break;
	case OPT_TIMEOUT:
		must(opt_ms(u, "--timeout", arg) >= 0);
		break;
	case OPT_FD: /* none that is open */
		if (strlen(arg) == 3)
			must(opt_fd(u, "--some-fd", arg) <= 999);
		break;
	default:
		must(c == 'x' || c == 'y' || c == OPT_TAG);
	}
}

/* Those of one usage after the other: the parser begins anew. */
static int
fuzz_options(int argc, char **argv, const struct usage *u)
{
	char *given[WORDS + 2];
	int c, n = 0;

	memcpy(given, argv, sizeof given);
	while ((c = opt_next(argc, argv, u)) != -1)
		take(u, c, optarg);
	must(optind >= 1 && optind <= argc);
	/* words were moved, and none is lost */
	for (int i = 0; i < argc; i++)
		for (int k = 0; k < argc; k++)
			n += argv[i] == given[k];
	must(n == argc);
	if (u->inorder && optind < argc)
		must(given[optind] == argv[optind]);
	return 0;
}

static int
run_verb(int argc, char **argv)
{
	must(argc >= 1 && argv[0] && !argv[argc]);
	return 7;
}

static int
fuzz_verb(int argc, char **argv)
{
	static const struct usage one = { "xray-fuzz one", "", NULL, 0 },
				  two = { "xray-fuzz two", "[X]", NULL, 0 };
	static const struct verb verbs[] = { { &one, run_verb, "first" },
		{ &two, run_verb, "second" } };

	return opt_verb(argc, argv, verbs, LEN(verbs));
}

/* ---- a gateway ---- */

static int
fuzz_gateway(int argc, char **argv, const struct usage *u)
{
	static struct setup *s;
	struct why why = { 0 };
	int c;

	free(s);
	must((s = calloc(1, sizeof *s)));
	setup_init(s);
	while ((c = opt_next(argc, argv, u)) != -1)
		if (setup_set(s, c, optarg, &why) < 0)
			break;
	if (c == -1 && setup_done(s, argc - optind, argv + optind, &why) == 0) {
		must(s->socket && s->given == 3);
		must(s->published.n <= PUBLISH_MAX);
		must(s->wall.gate.policy.nprivate <= MIND_PRIVATE);
		must(s->wall.mind.sources.n <= SOURCES_MAX);
		return 0;
	}
	fuzz_why(&why); /* it is said with the usage, and 64 */
	return 0;
}

/* ---- what is said ---- */

/* Without what has to be masked. */
static int
is_plain(const char *word)
{
	for (; *word; word++)
		if (*word < ' ' || *word > '~')
			return 0;
	return 1;
}

/* "xray-fuzz: -q: no such option": a letter of that word, or all of it. */
static void
check_refusal(char kind, const char *text, int argc, char **argv)
{
	static const char name[] = "xray-fuzz: ";
	const char *at;
	size_t n;

	fuzz_said(text);
	must(str_starts(text, name));
	must(strstr(text, "\nxray-fuzz: usage: xray-fuzz") ||
	    str_starts(text, "xray-fuzz: usage: xray-fuzz"));
	text += sizeof name - 1;
	at = strstr(text, ": ");
	if (kind == 'v' || !at || !str_starts(at, ": no such option"))
		return;
	n = strcspn(text, "\n");
	for (int i = 1; i < argc; i++) {
		const char *w = argv[i];

		if (!is_plain(w))
			return;
		if (strlen(w) < n && strncmp(text, w, strlen(w)) == 0 &&
		    str_starts(text + strlen(w), ": no such option") &&
		    str_starts(w, "-"))
			return;
		if (*w == '-' && w[1] != '-' && strchr(w + 1, text[1]) &&
		    str_starts(text + 2, ": no such option"))
			return;
	}
	must(0);
}

static int
call(char kind, int argc, char **argv)
{
	/* another one than that of the last call begins anew */
	static struct usage any[2] = { { "xray-fuzz", "[X]", opts, 0 },
		{ "xray-fuzz", "[X]", opts, 0 } };
	static struct usage first[2] = { { "xray-fuzz run", "X", opts, 1 },
		{ "xray-fuzz run", "X", opts, 1 } };
	static struct usage gateway[2] = { { "xray-fuzz", "SOCKET", setup_opts,
					       0 },
		{ "xray-fuzz", "SOCKET", setup_opts, 0 } };
	static int turn;

	turn ^= kind != 'v';
	switch (kind) {
	case 'a':
		return fuzz_options(argc, argv, &any[turn]);
	case 'f':
		return fuzz_options(argc, argv, &first[turn]);
	case 'v':
		return fuzz_verb(argc, argv);
	default:
		return fuzz_gateway(argc, argv, &gateway[turn]);
	}
}

/* What goes to fd meanwhile is in memory; what is wrong is told where it was
 * before. */
static void
divert(int fd)
{
	static int memory[3];

	if (!memory[fd]) {
		must((memory[fd] = memfd_create("said", MFD_CLOEXEC)) > 0);
		must((was[fd] = fcntl(fd, F_DUPFD_CLOEXEC, 3)) > 0);
		if (fd == 2) {
			__sanitizer_set_report_fd((void *)(intptr_t)was[fd]);
			must((stderr = fdopen(was[fd], "w")));
			(void)setvbuf(stderr, NULL, _IONBF, 0);
		}
	}
	must(ftruncate(memory[fd], 0) == 0);
	must(lseek(memory[fd], 0, SEEK_SET) == 0);
	must(dup2(memory[fd], fd) == fd);
}

static void
restore(int fd, char *text, size_t size)
{
	ssize_t n = pread(fd, text, size - 1, 0);

	must(n >= 0 && dup2(was[fd], fd) == fd);
	text[n] = '\0';
}

static void
fuzz_call(char kind, int argc, char **argv)
{
	static char said[16384], printed[16384];
	int r = -1;

	divert(1);
	divert(2);
	ended = -1;
	inside = 1;
	if (setjmp(out) == 0)
		r = call(kind, argc, argv);
	inside = 0;
	(void)fflush(stdout);
	restore(1, printed, sizeof printed);
	restore(2, said, sizeof said);
	must((ended >= 0) == (r < 0));
	must(ended <= 0 || ended == EX_USAGE);
	if (ended == EX_USAGE)
		check_refusal(kind, said, argc, argv);
	else
		must(!*said);
	if (ended == 0)
		must(str_starts(printed, "usage: xray-fuzz") ||
		    str_starts(printed, "xray "));
}

int
LLVMFuzzerTestOneInput(const uint8_t *p, size_t n)
{
	char *argv[WORDS + 2] = { (char[]){ "xray-fuzz" } }, *text, *at;
	int argc = 1;

	if (!n || n > 512 || !strchr("afvg", *p) || !*p)
		return 0;
	at = text = fuzz_text(p + 1, n - 1);
	while (*at && argc < WORDS) {
		argv[argc++] = at;
		at += strcspn(at, "\n");
		if (*at)
			*at++ = '\0';
	}
	fuzz_call((char)*p, argc, argv);
	free(text);
	return 0;
}
