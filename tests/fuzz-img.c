/* SPDX-License-Identifier: ISC */
/*
 * fuzz-img: the bytes behind the first are what a qemu-img prints that is at a
 * stranger's image; the first is the code it ends with.  With an upper-case
 * letter it says all of it twenty times.
 */
#include <ctype.h>
#include <sysexits.h>

#include "fuzz.h"
#include "img.h"
#include "run.h"

enum { NOBODY = 0x3ffffffe, TIMES = 20 };

static const char *says;
static size_t nsays;
static int code, told;

/* Played here. */
int
run_piped(const struct run *r, char *const argv[], int *out, struct why *why)
{
	int p[2];

	(void)why;
	must(r->limits && r->tied && strcmp(argv[0], "qemu-img") == 0);
	must(pipe(p) == 0);
	must(fcntl(p[1], F_SETPIPE_SZ, TIMES * 4096) > 0);
	for (int i = 0; i < (isupper(code) ? TIMES : 1); i++)
		must(write(p[1], says, nsays) == (ssize_t)nsays);
	close(p[1]);
	*out = p[0];
	return NOBODY;
}

int
run_wait(pid_t pid, long long deadline)
{
	must(pid == NOBODY && deadline < 0);
	return code;
}

static void
tell(const char *text)
{
	fuzz_plain(text);
	must(strncmp(text, "v: converting ", 14) == 0);
	text += 14;
	text += strspn(text, "0123456789.");
	must(strcmp(text, "%") == 0);
	told++;
}

int
LLVMFuzzerTestOneInput(const uint8_t *p, size_t n)
{
	const struct img_job j = { .who = "v", .force = 1, .tell = tell };
	struct why why = { 0 };
	int files = fuzz_files(), r;

	if (!n)
		return 0;
	code = *p & 0x7f;
	says = (const char *)p + 1;
	nsays = n - 1;
	told = 0;
	r = img_convert(&j, -1, 0, "raw", &why);
	must(r == 0 || why.code == EX_DATAERR || why.code == EX_IOERR ||
	    why.code == EX_TEMPFAIL || why.code == EX_NOPERM);
	must(r || !code);
	if (r)
		fuzz_why(&why);
	r = img_check(&j, -1, &why);
	must(r == 0 || why.code != EX_DATAERR);
	if (r)
		fuzz_why(&why);
	must(fuzz_files() == files);
	return 0;
}
