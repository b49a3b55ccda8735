/* SPDX-License-Identifier: ISC */
/*
 * fake-qmp SOCKET SCRIPT COMMAND...: be a QEMU that says the lines of SCRIPT
 * to the first client, whatever it asks, and exit with COMMAND's code.
 * <close> ends the connection, <raw>TEXT has no newline, <slow>TEXT comes byte
 * by byte; <deep>, <endless> and <events> are 100000 brackets, 100 MB without
 * a newline, a million events; <flood> never ends.
 *
 * fake-qmp -c N SOCKET SCRIPT COMMAND...: say SCRIPT as it is, again and again,
 * and no more after 0, N, 2 N ... bytes of it; prints which exit codes there
 * were, and how often, and nothing that COMMAND prints.
 */
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include "io.h"
#include "mem.h"

static void
put(int fd, const char *s)
{
	(void)io_write(fd, s, strlen(s)); /* the client may have gone */
}

/* -1 when nobody hears it any more. */
static int
repeat(int fd, const char *s, int times)
{
	autobuf struct buf b = { 0 };

	for (int i = 0; i < times; i++) {
		buf_str(&b, s);
		if (b.n > 60000 || i == times - 1) {
			if (io_write(fd, b.p, b.n) < 0)
				return -1;
			b.n = 0;
		}
	}
	return 0;
}

static void
dribble(int fd, const char *s)
{
	for (; *s; s++) {
		if (io_write(fd, s, 1) < 0)
			return;
		io_sleep(5);
	}
	put(fd, "\r\n");
}

static const char event[] = "{\"event\":\"RTC_CHANGE\",\"data\":{}}\r\n";

/* 0 when the connection is to be closed. */
static int
speak(int fd, const char *line)
{
	if (strcmp(line, "<close>") == 0)
		return 0;
	if (strncmp(line, "<raw>", 5) == 0)
		put(fd, line + 5);
	else if (strcmp(line, "<deep>") == 0) {
		(void)repeat(fd, "[", 100000);
		put(fd, "\n");
	} else if (strcmp(line, "<endless>") == 0)
		(void)repeat(fd, "aaaaaaaaaaaaaaaaaaaa", 5 << 20);
	else if (strncmp(line, "<slow>", 6) == 0)
		dribble(fd, line + 6);
	else if (strcmp(line, "<events>") == 0)
		(void)repeat(fd, event, 1000000);
	else if (strcmp(line, "<flood>") == 0)
		while (repeat(fd, event, 1000) == 0)
			;
	else if (*line) {
		put(fd, line);
		put(fd, "\r\n");
	}
	return 1;
}

/* The first client of listener hears the lines of script, or its first n bytes
 * and no more. */
static _Noreturn void
serve(int listener, const char *script, long n)
{
	autofree char *copy = xstrdup(script);
	char *rest = copy, *line;
	int fd = accept(listener, NULL, NULL), open = n < 0;

	if (n >= 0) {
		(void)io_write(fd, script, (size_t)n);
		shutdown(fd, SHUT_WR); /* what the client says is heard */
	}
	while (open && (line = strsep(&rest, "\n")))
		open = speak(fd, line);
	if (n < 0 && !open)
		close(fd);
	for (;;)
		pause();
}

/* A client that came twice has left a connection, which is nobody else's. */
static void
forget(int listener)
{
	struct pollfd p = { listener, POLLIN, 0 };

	while (poll(&p, 1, 0) > 0)
		close(accept(listener, NULL, NULL));
}

/* One client; its exit code. */
static int
play(int listener, const char *script, long n, char **command)
{
	int nowhere = open("/dev/null", O_WRONLY | O_CLOEXEC), status;
	pid_t server = fork(), client;

	if (server == 0)
		serve(listener, script, n);
	client = fork();
	if (client == 0) {
		signal(SIGPIPE, SIG_DFL);
		if (n >= 0) {
			dup2(nowhere, 1);
			dup2(nowhere, 2);
		}
		execvp(command[0], command);
		_exit(127);
	}
	if (waitpid(client, &status, 0) < 0)
		status = 98 << 8;
	close(nowhere);
	kill(server, SIGKILL);
	(void)waitpid(server, NULL, 0);
	forget(listener);
	return WIFEXITED(status) ? WEXITSTATUS(status) : 98;
}

static void
cut(int listener, const char *script, size_t step, char **command)
{
	int times[256] = { 0 };

	for (size_t n = 0; n <= strlen(script); n += step)
		times[play(listener, script, (long)n, command) & 255]++;
	for (int i = 0; i < 256; i++)
		if (times[i])
			printf("%d: %d\n", i, times[i]);
}

int
main(int argc, char **argv)
{
	int step = argc > 2 && strcmp(argv[1], "-c") == 0 ? atoi(argv[2]) : 0,
	    listener;

	if (step > 0) {
		argc -= 2;
		argv += 2;
	}
	listener = argc > 3 ? io_listen(AT_FDCWD, argv[1], 4) : -1;
	signal(SIGPIPE, SIG_IGN);
	if (listener < 0) {
		perror("fake-qmp");
		return 99;
	}
	if (step <= 0)
		return play(listener, argv[2], -1, argv + 3);
	cut(listener, argv[2], (size_t)step, argv + 3);
	return 0;
}
