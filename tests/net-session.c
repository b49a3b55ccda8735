/* SPDX-License-Identifier: ISC */
/* session: what a run of a VM leaves to the next one. */
#include <fcntl.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <unistd.h>

#include "io.h"
#include "session.h"
#include "tap.h"

static const char before[] = "# answers\n"
			     "allow tcp a.test 443\n"
			     "allow tcp b.test 443 until=4000000000\n"
			     "allow tcp c.test 443 until=500\n";

static int
is(int dir, const char *want)
{
	autobuf struct buf b = { 0 };

	if (io_read_file(dir, "s", &b, 1000) == 0 && b.n == strlen(want) &&
	    (!b.n || memcmp(b.p, want, b.n) == 0))
		return 1;
	printf("# %s\n", b.n ? b.p : "nothing");
	return 0;
}

int
main(void)
{
	char path[] = "/tmp/xray-session.XXXXXX";
	struct rlimit none = { 0, RLIM_INFINITY },
		      any = { RLIM_INFINITY, RLIM_INFINITY };
	int began;
	struct why why;
	int dir = mkdtemp(path) ? io_opendir(AT_FDCWD, path) : -1;

	ok(dir >= 0 && session_begin("v", dir, "s", &why) == 0 &&
		faccessat(dir, "s", F_OK, 0) < 0,
	    "no file, no session");
	ok(io_put(dir, "s", 0600, before, strlen(before)) == 0 &&
		session_begin("v", dir, "s", &why) == 0 &&
		is(dir,
		    "# answers\nallow tcp b.test 443 "
		    "until=4000000000\n"),
	    "what lasts as long as a run goes, and what is over");
	ok(io_put(dir, "s", 0600, "allow\n", 6) == 0 &&
		session_begin("v", dir, "s", &why) == 0 && is(dir, "allow\n"),
	    "what is broken stays as it is: with it nothing is allowed");
	(void)io_put(dir, "s", 0600, before, strlen(before));
	signal(SIGXFSZ, SIG_IGN);
	(void)setrlimit(RLIMIT_FSIZE, &none);
	began = session_begin("v", dir, "s", &why);
	(void)setrlimit(RLIMIT_FSIZE, &any);
	ok(began == 0 && faccessat(dir, "s", F_OK, 0) < 0,
	    "no room: no old answers");
	ok(mkdirat(dir, "d", 0700) == 0 &&
		session_begin("v", dir, "d", &why) < 0 &&
		strcmp(why.text,
		    "v: d: Is a directory; it has what was allowed until the "
		    "last run ended: remove it") == 0 &&
		unlinkat(dir, "d", AT_REMOVEDIR) == 0,
	    "a folder in its place is told");
	(void)rmdir(path);
	return tap_end();
}
