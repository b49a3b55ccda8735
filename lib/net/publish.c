/* SPDX-License-Identifier: ISC */
#include "publish.h"

#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "io.h"
#include "link.h"
#include "say.h"

static struct publish *
next(struct published *t, const char *arg, struct why *why)
{
	if (t->n == PUBLISH_MAX) {
		why_set(
		    why, EX_USAGE, "%s: more than %d ports", arg, PUBLISH_MAX);
		return NULL;
	}
	t->v[t->n] = (struct publish){ .n = 0 };
	return &t->v[t->n];
}

static int
number(const char *s, uint16_t *out, const char *arg, struct why *why)
{
	long long n;

	if (num_int(s, 1, 65535, &n) < 0)
		return why_set(
		    why, EX_USAGE, "%s: %s: a port is from 1 to 65535", arg, s);
	*out = (uint16_t)n;
	return 0;
}

int
publish_port(struct published *t, const char *arg, struct why *why)
{
	struct publish *p = next(t, arg, why);
	autofree char *s = xstrdup(arg);
	char *guest, *host, *slash = strchr(s, '/');
	const char *addr = "127.0.0.1";
	uint16_t port;

	if (!p)
		return -1;
	if (slash && strcmp(slash, "/udp") != 0)
		return why_set(why, EX_USAGE, "%s: /udp or nothing", arg);
	if (slash)
		*slash = '\0';
	p->udp = slash != NULL;
	guest = strrchr(s, ':');
	if (!guest)
		return why_set(
		    why, EX_USAGE, "%s: [ADDR:]HOST:GUEST[/udp]", arg);
	*guest++ = '\0';
	host = strrchr(s, ':');
	if (host) {
		*host++ = '\0';
		addr = s;
	} else
		host = s;
	p->n = sizeof p->host.in;
	p->host.in.sin_family = AF_INET;
	if (inet_pton(AF_INET, addr, &p->host.in.sin_addr) != 1)
		return why_set(
		    why, EX_USAGE, "%s: %s: no IPv4 address", arg, addr);
	if (number(host, &port, arg, why) < 0 ||
	    number(guest, &p->guest, arg, why) < 0)
		return -1;
	p->host.in.sin_port = htons(port);
	(void)snprintf(p->label, sizeof p->label, "%s port %s:%u",
	    p->udp ? "udp" : "tcp", addr, port); /* they fit */
	t->n++;
	return 0;
}

int
publish_find(const struct published *t, const char *arg, struct why *why)
{
	struct published one = { .n = 0 };
	size_t i;

	if (publish_port(&one, arg, why) < 0)
		return -1;
	for (i = 0; i < t->n; i++)
		if (t->v[i].guest == one.v[0].guest &&
		    strcmp(t->v[i].label, one.v[0].label) == 0)
			break;
	return (int)i;
}

void
publish_drop(struct published *t, size_t i)
{
	t->v[i] = t->v[--t->n];
}

void
publish_udp(const struct published *t, uint16_t udp[PUBLISH_MAX])
{
	for (size_t i = 0; i < PUBLISH_MAX; i++)
		udp[i] = i < t->n && t->v[i].udp ? t->v[i].guest : 0;
}

int
publish_unix(struct published *t, const char *arg, struct why *why)
{
	struct publish *p = next(t, arg, why);
	const char *guest = strrchr(arg, ':');
	autofree char *name = NULL;

	if (!p)
		return -1;
	if (!guest)
		return why_set(why, EX_USAGE, "%s: NAME:GUEST", arg);
	name = xstrndup(arg, (size_t)(guest - arg));
	if (publish_name(name, why) < 0 ||
	    number(guest + 1, &p->guest, arg, why) < 0)
		return -1;
	p->n = sizeof p->host.un;
	p->host.un.sun_family = AF_UNIX;
	memcpy(p->host.un.sun_path, name, strlen(name));
	(void)snprintf(p->label, sizeof p->label, "%s", name); /* it fits */
	t->n++;
	return 0;
}

int
publish_name(const char *name, struct why *why)
{
	struct sockaddr_un sun;

	if (!*name || strlen(name) >= sizeof sun.sun_path)
		return why_set(why, EX_USAGE,
		    "%s: a socket's name has from 1 to %zu bytes", name,
		    sizeof sun.sun_path - 1);
	return 0;
}

int
publish_make_way(const char *name, struct why *why)
{
	struct stat st;
	autoclose int fd = -1;

	if (lstat(name, &st) < 0)
		return 0;
	if (!S_ISSOCK(st.st_mode))
		return why_set(
		    why, EX_CANTCREAT, "%s: exists and is no socket", name);
	fd = link_dial(name);
	if (fd >= 0 || errno == EAGAIN)
		return why_set(why, EX_TEMPFAIL, "%s: in use", name);
	return unlink(name) < 0 ? why_sys(why, EX_OSERR, "%s", name) : 0;
}

static int
sweep(const char *name, void *arg)
{
	size_t n = strlen(name);

	(void)arg;
	if (str_starts(name, "guest-") && n > 5 &&
	    strcmp(name + n - 5, ".sock") == 0)
		(void)publish_make_way(name, NULL);
	return 0;
}

void
publish_sweep(void)
{
	autoclose int dir = io_opendir(AT_FDCWD, ".");

	if (dir >= 0)
		(void)io_walk(dir, sweep, NULL);
}
