/* SPDX-License-Identifier: ISC */
#include "outlet.h"

#include <errno.h>
#include <unistd.h>

#include "say.h"

/* Which of the dialer's paths is whose. */
enum { ASK };

/* ---- a person ---- */

static int
call(void *arg)
{
	struct outlet *o = arg;

	return dialer_ask(&o->dialer, ASK);
}

static enum rule_verdict
ask(const struct target *to, char *why, void *arg)
{
	struct outlet *o = arg;

	return inquiry_ask(&o->inquiry, to, o->proxy->now, why);
}

static void
asker_said(void *arg)
{
	struct outlet *o = arg;

	if (o->inquiry.fd >= 0 && inquiry_serve(&o->inquiry, o->proxy->now))
		proxy_answered(o->proxy);
}

static void
asker_came(struct outlet *o, int fd)
{
	if (fd >= 0 && proxy_watch(o->proxy, &o->asker, fd) < 0) {
		close(fd);
		fd = -1;
	}
	inquiry_attach(&o->inquiry, fd);
	if (o->inquiry.fd < 0)
		proxy_answered(o->proxy);
}

/* ---- both ---- */

static void
dialled(void *arg)
{
	struct outlet *o = arg;
	size_t i;
	int fd;

	while (dialer_next(&o->dialer, &i, &fd) > 0)
		if (i == ASK)
			asker_came(o, fd);
}

int
outlet_start(struct outlet *o, struct why *why)
{
	inquiry_init(&o->inquiry);
	if (!o->ask)
		return 0;
	if (dialer_start(&o->dialer, &o->ask, 1, why) < 0)
		return -1;
	o->inquiry.call = call;
	o->asker.told = asker_said;
	o->dialled.told = dialled;
	o->inquiry.arg = o->asker.arg = o->dialled.arg = o;
	o->proxy->ask = ask;
	if (proxy_watch(o->proxy, &o->dialled, o->dialer.fd) < 0)
		return why_sys(why, EX_OSERR, "the event loop");
	return 0;
}

int
outlet_is_whole(const struct outlet *o)
{
	return !o->ask || o->dialer.fd >= 0;
}
