/* SPDX-License-Identifier: ISC */
/*
 * fuzz-story: the logs of a VM and what its end left, as xray why reads them.
 * The bytes are lines; the first byte of each says which file it is in, and
 * '+' that the time goes on before it.
 */
#include "cause.h"
#include "fuzz.h"
#include "io.h"
#include "say.h"
#include "story_priv.h"

static const struct {
	char c;
	const char *file;
} files[] = { { 'q', "log/qemu.log" }, { 'c', "log/console.log" },
	{ 'n', "log/net.log" }, { 's', "log/ssh.log" },
	{ 'h', "log/hooks.log" }, { 'C', "log/console.log.1" },
	{ 't', "trouble" }, { 'e', "ended" }, { 'H', "hooks" } };

/* Write them all; the time of each line is later than that of the one before,
 * but by nothing. */
static void
write_logs(const char *text, size_t n)
{
	struct buf b[LEN(files)] = { { 0 } };
	unsigned ms = 0;

	for (const char *p = text, *end; p < text + n; p = end) {
		size_t i = 0, left = (size_t)(text + n - p);
		const char *nl = memchr(p, '\n', left);

		end = nl ? nl + 1 : text + n;
		while (i < LEN(files) && files[i].c != *p)
			i++;
		if (*p == '+')
			ms = (ms + 1) % 1000;
		if (i == LEN(files))
			continue;
		if (strncmp(files[i].file, "log/", 4) == 0)
			buf_fmt(&b[i], "2026-11-22T01:02:03.%03uZ ", ms);
		buf_add(&b[i], p + 1, (size_t)(end - p) - 1);
	}
	for (size_t i = 0; i < LEN(files); i++) {
		if (b[i].n)
			fuzz_file(fuzz_path(files[i].file), b[i].p, b[i].n);
		else
			(void)unlink(fuzz_path(files[i].file));
		buf_free(&b[i]);
	}
}

static void
plain(const char *text)
{
	if (text)
		fuzz_plain(text);
}

/* What is kept of each has a bound, and is text for people. */
static void
check_story(const struct story *s)
{
	must(s->n < 300 && s->denials <= DENIALS && s->ruled <= s->denied);
	for (size_t i = 0; i < s->n; i++) {
		must(s->v[i].text && s->v[i].times);
		plain(s->v[i].text);
		must(!i || strcmp(s->v[i - 1].stamp, s->v[i].stamp) <= 0);
		must(*story_word(s->v[i].source));
	}
	for (size_t i = 0; i < SIGNS; i++) {
		must(!s->sign[i].n == !s->sign[i].text);
		must(s->sign[i].n <= s->lines);
		plain(s->sign[i].text);
	}
	for (size_t i = 0; i < s->denials; i++)
		plain(s->denial[i].to);
	plain(s->trouble);
	plain(s->line);
	plain(s->end);
	plain(s->reason);
	plain(s->hook);
	plain(s->gateway);
}

/* Each has one cause, whose commands name the VM. */
static void
check_cause(const struct story *s, uint8_t how)
{
	char running[] = "running", tag[] = "good";
	struct look l = { .name = "web",
		.read = how & 1 ? 0 : -1,
		.full = how & 2 ? 99 : -1,
		.login = how & 4 ? 0 : 1,
		.gateway = how & 8,
		.live = how & 16,
		.door = how & 16 ? (how >> 5) & 3 : DOOR_UNKNOWN,
		.age = 100000,
		.patience = how & 32 ? 1000 : 1000000,
		.status = running,
		.run_state = running,
		.tag = how & 64 ? tag : NULL };
	struct cause c;

	cause_find(s, &l, &c);
	must(c.word && *c.word && c.text);
	plain(c.text);
	for (size_t i = 0; i < c.next.n; i++)
		plain(c.next.v[i]);
	cause_free(&c);
}

int
LLVMFuzzerTestOneInput(const uint8_t *p, size_t n)
{
	static struct vm vm = { .dir = -1, .hold = -1 };
	char *text;

	if (!n)
		return 0;
	if (vm.dir < 0) {
		vm.name = xstrdup("web");
		must(mkdir(fuzz_path("log"), 0700) == 0);
		vm.dir = io_opendir(AT_FDCWD, fuzz_folder());
		must(vm.dir >= 0);
	}
	text = fuzz_text(p + 1, n - 1);
	write_logs(text, n - 1);
	for (long long boot = 0; boot < 3; boot++) {
		struct why why = { 0 };
		struct story s;
		int r = story_read(&vm, boot, &s, &why);

		if (r < 0) {
			must(why.code == EX_NOINPUT);
			fuzz_said(why.text);
		}
		if (r)
			break;
		check_story(&s);
		check_cause(&s, *p);
		story_free(&s);
	}
	free(text);
	return 0;
}
