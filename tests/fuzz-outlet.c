/* SPDX-License-Identifier: ISC */
/*
 * fuzz-outlet: the bytes are what a gateway says to its proxy, in pieces: a tab
 * ends one.  The dialer and the reader of rules are played here: an odd number
 * of bytes, and neither can.
 */
#include <errno.h>
#include <sys/socket.h>
#include <sysexits.h>

#include "fuzz.h"
#include "io.h"
#include "outlet.h"

static int able, calls;

int
dialer_start(
    struct dialer *d, const char *const *paths, size_t n, struct why *why)
{
	int p[2];

	(void)why;
	must(n == 2 && paths[1] && pipe(p) == 0);
	close(p[1]);
	*d = (struct dialer){ .fd = p[0], .pid = 1 };
	return 0;
}

int
dialer_ask(struct dialer *d, size_t i)
{
	must(d->fd >= 0 && i == 1);
	calls += able;
	return able ? 0 : -1;
}

int
dialer_next(struct dialer *d, size_t *i, int *fd)
{
	(void)d;
	*i = 0;
	*fd = -1;
	return 0;
}

int
mind_reload(struct mind *m, struct why *why)
{
	must(m);
	return able ? 0 : why_set(why, EX_DATAERR, "rules:1: \"\\x1b\"");
}

int
mind_defaults(struct mind *m, int on, struct why *why)
{
	must(on == 0 || on == 1);
	return mind_reload(m, why);
}

/* All that it says are lines of a proxy's. */
static void
hear(int fd, int *answers)
{
	char text[1 << 16], *nl;
	ssize_t n = recv(fd, text, sizeof text - 1, MSG_DONTWAIT);

	if (n <= 0)
		return;
	text[n] = '\0';
	must(text[n - 1] == '\n');
	for (char *s = text; *s; s = nl + 1) {
		nl = strchr(s, '\n');
		must(nl);
		*nl = '\0';
		*answers +=
		    strncmp(s, "ok ", 3) == 0 || strncmp(s, "error ", 6) == 0;
		must(strncmp(s, "ok ", 3) == 0 ||
		    strncmp(s, "error ", 6) == 0 ||
		    strncmp(s, "did ", 4) == 0 || strcmp(s, "socks") == 0);
	}
}

/* As many lines that want an answer as were answered: obeyed in turn. */
static void
say(struct outlet *o, int peer, const char *p, size_t n)
{
	int answers = 0, lines = 0;

	for (size_t i = 0; i < n; i++)
		lines += p[i] == '\n';
	if (n && send(peer, p, n, MSG_NOSIGNAL | MSG_DONTWAIT) != (ssize_t)n)
		return; /* it has gone */
	o->gateway.told(o->gateway.arg);
	o->proxy->allowed++;
	outlet_tick(o);
	hear(peer, &answers);
	must(answers <= lines);
	must(o->over || o->n < sizeof o->line);
	must(mode_text(o->proxy->policy.mode));
	must(o->defaults_off >= -1 && o->defaults_off <= 1);
}

static void
run(struct proxy *proxy, int at, const char *path, const char *p,
    const char *end)
{
	struct mind mind = { 0 };
	struct outlet o = {
		.proxy = proxy, .mind = &mind, .control = path, .calls = path
	};
	struct why why = { 0 };
	int peer;

	must(outlet_start(&o, &why) == 0);
	peer = accept(at, NULL, NULL);
	must(peer >= 0);
	while (p < end) {
		const char *tab = memchr(p, '\t', (size_t)(end - p));
		size_t n = (size_t)((tab ? tab : end) - p);

		say(&o, peer, p, n);
		p += n + 1;
	}
	close(peer);
	o.gateway.told(o.gateway.arg);
	must(o.over);
	close(o.gateway.end.fd);
	close(o.dialer.fd);
}

int
LLVMFuzzerTestOneInput(const uint8_t *p, size_t n)
{
	static struct proxy proxy;
	static char *path;
	static int at;
	const char *text = (const char *)p;
	int files;

	if (!path) {
		proxy = (struct proxy){ .max = 4, .now = 1, .wall = 1 };
		must(proxy_start(&proxy) == 0);
		path = xstrdup(fuzz_path("control"));
		at = io_listen(AT_FDCWD, path, 1);
		must(at >= 0);
	}
	files = fuzz_files();
	able = n % 2 == 0;
	run(&proxy, at, path, text, text + n);
	must(fuzz_files() == files);
	return 0;
}
