/* SPDX-License-Identifier: ISC */
#include "apart.h"

#include <stdlib.h>
#include <string.h>

#include "home.h"
#include "isolate.h"
#include "once.h"
#include "usernet.h"

static int
has_window(const struct vm *vm)
{
	return strcmp(vm->display, "gtk") == 0 ||
	    strcmp(vm->display, "sdl") == 0;
}

/* X(7): [HOST]:DISPLAY.  Without a host, and on unix, it is a socket's path;
 * what ssh forwards is localhost's, by TCP. */
static int
is_far(const char *display)
{
	return display && *display && *display != ':' && *display != '/' &&
	    !str_starts(display, "unix:");
}

int
apart_argv(
    const struct vm *vm, struct strv *argv, struct strv *told, struct why *why)
{
	const char *display = has_window(vm) ? getenv("DISPLAY") : NULL;
	autofree char *bin = NULL;

	/* the guest's ports are on this machine's loopback */
	if (usernet_is(vm))
		return 0;
	if (is_far(display)) {
		strv_fmt(told,
		    "%s: DISPLAY is %s, which QEMU reaches by TCP: it stays in "
		    "the host's network",
		    vm->name, display);
		return 0;
	}
	if (!(bin = home_bin_dir(why)))
		return -1;
	strv_fmt(argv, "%s/xray-isolate", bin);
	strv_words(argv, "--try", "--", NULL);
	return 0;
}

/* Why the run that is under way is not. */
static const char *
reason(const struct vm *vm)
{
	autobuf struct buf text = { 0 };
	struct vm now = *vm;

	once_recall(&now, &text);
	return usernet_is(&now) ? "no (net = proxy)" :
	    has_window(&now)	? "no (its window is on another machine)" :
				  "no (not started so)";
}

char *
apart_said(const struct vm *vm)
{
	unsigned long long start;
	struct why why;
	pid_t pid;
	int is;

	if (vm_pid(vm, &pid, &start) < 0)
		return NULL;
	is = isolate_is(pid);
	if (is < 0)
		return xstrdup("unknown");
	if (is)
		return xstrdup("yes");
	if (isolate_can(&why) < 0)
		return xstrdup("no (this host does not allow it)");
	return xstrdup(reason(vm));
}
