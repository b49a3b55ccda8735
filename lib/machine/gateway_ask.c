/* SPDX-License-Identifier: ISC */
/* gateway_ask: a line to the gateway of a VM that runs, and its answer. */
#include "gateway.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "io.h"
#include "qemu.h"
#include "say.h"

#ifndef MSG_NOSIGNAL
#define MSG_NOSIGNAL 0 /* macOS; callers ignore SIGPIPE or have no peer */
#endif

enum { ASK_MS = 10000 };

int
gateway_say(const struct vm *vm, const char *line, int ms, char **words)
{
	static const char ok[] = "ok ", error[] = "error ";
	autofree char *text = xasprintf("%s\n", line);
	autoclose int fd = io_connect(vm->dir, VM_CONTROL);
	char reply[256];
	ssize_t n;

	if (fd < 0)
		return -1; /* EAGAIN: too many ask it */
	errno = EPIPE;
	if (send(fd, text, strlen(text), MSG_NOSIGNAL) != (ssize_t)strlen(text))
		return -1;
	if (io_wait_readable(fd, io_now() + ms) != 1) {
		errno = EAGAIN;
		return -1;
	}
	n = recv(fd, reply, sizeof reply - 1, 0);
	errno = EPIPE;
	if (n <= 0)
		return -1;
	reply[n] = '\0';
	reply[strcspn(reply, "\n")] = '\0';
	if (strcmp(reply, "ok") == 0 || str_starts(reply, ok)) {
		*words = xstrdup(reply + (reply[2] ? sizeof ok - 1 : 2));
		return 1;
	}
	*words =
	    xstrdup(reply + (str_starts(reply, error) ? sizeof error - 1 : 0));
	return 0;
}

char *
gateway_ask(const struct vm *vm, const char *line, struct why *why)
{
	char *words = NULL;
	int r = gateway_say(vm, line, ASK_MS, &words);

	if (r > 0)
		return words;
	if (r < 0)
		why_set(why, errno == EAGAIN ? EX_TEMPFAIL : EX_UNAVAILABLE,
		    "%s: its gateway does not answer", vm->name);
	else
		why_set(why, EX_TEMPFAIL, "%s: %s", vm->name, words);
	free(words);
	return NULL;
}

int
gateway_cut(const struct vm *vm)
{
	autofree char *reply = gateway_ask(vm, "cut", NULL);
	long long n;

	return reply && num_int(reply, 0, 1 << 30, &n) == 0 ? (int)n : -1;
}

char *
gateway_confined(const struct vm *vm)
{
	static const char key[] = "confined=";
	autofree char *status = gateway_ask(vm, "status", NULL);
	const char *at = status ? strstr(status, key) : NULL;

	if (!at)
		return NULL;
	at += sizeof key - 1;
	return xstrndup(at, strspn(at, "abcdefghijklmnopqrstuvwxyz_,"));
}
