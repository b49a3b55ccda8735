/* SPDX-License-Identifier: ISC */
/* hook_net: scripts that are for VMs with one kind of network alone. */
#include "hook.h"

#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "io.h"

/* Where a script may say so: one of its first lines. */
enum { HEAD_MOST = 256 };

static void
clear(struct hook *k)
{
	free(k->source);
	free(k->name);
	free(k->script);
	free(k->path);
	free(k->off);
}

void
hooks_free(struct hooks *hooks)
{
	for (size_t i = 0; i < hooks->n; i++)
		clear(&hooks->v[i]);
	free(hooks->v);
	*hooks = (struct hooks){ 0 };
}

static int
is_for_others(const struct hook *k, const char *net)
{
	static const char mark[] = "\n# xray: net = ";
	autoclose int fd = open(k->path, O_RDONLY | O_CLOEXEC | O_NONBLOCK);
	char head[HEAD_MOST + 1], *at;
	ssize_t n = fd < 0 ? -1 : read(fd, head, HEAD_MOST);

	head[n < 0 ? 0 : n] = '\0';
	if (!(at = strstr(head, mark)))
		return 0;
	at += sizeof mark - 1;
	at[strcspn(at, "\n")] = '\0';
	return strcmp(at, net) != 0;
}

void
hooks_keep_net(struct hooks *hooks, const char *net)
{
	size_t n = 0;

	for (size_t i = 0; i < hooks->n; i++)
		if (!hooks->v[i].off && is_for_others(&hooks->v[i], net))
			clear(&hooks->v[i]);
		else
			hooks->v[n++] = hooks->v[i];
	hooks->n = n;
}
