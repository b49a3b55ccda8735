/* SPDX-License-Identifier: ISC */
/*
 * fake-qmp SOCKET SCRIPT COMMAND...: be a QEMU that says the lines of SCRIPT
 * to the first client, whatever it asks, and exit with COMMAND's code.
 * <close> ends the connection, <raw>TEXT has no newline; <deep>, <endless>
 * and <events> are 100000 brackets, 16 MB without a newline, a million events.
 */
#include <fcntl.h>
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

static void
repeat(int fd, const char *s, int times)
{
	autobuf struct buf b = { 0 };

	for (int i = 0; i < times; i++) {
		buf_str(&b, s);
		if (b.n > 60000 || i == times - 1) {
			if (io_write(fd, b.p, b.n) < 0)
				return;
			b.n = 0;
		}
	}
}

/* 0 when the connection is to be closed. */
static int
speak(int fd, const char *line)
{
	if (strcmp(line, "<close>") == 0)
		return 0;
	if (strncmp(line, "<raw>", 5) == 0)
		put(fd, line + 5);
	else if (strcmp(line, "<deep>") == 0) {
		repeat(fd, "[", 100000);
		put(fd, "\n");
	} else if (strcmp(line, "<endless>") == 0)
		repeat(fd, "aaaaaaaaaaaaaaaa", 1 << 20);
	else if (strcmp(line, "<events>") == 0)
		repeat(
		    fd, "{\"event\":\"RTC_CHANGE\",\"data\":{}}\r\n", 1000000);
	else if (*line) {
		put(fd, line);
		put(fd, "\r\n");
	}
	return 1;
}

static _Noreturn void
serve(int listener, char *script)
{
	int fd = accept(listener, NULL, NULL), open = 1;
	char *line;

	while (open && (line = strsep(&script, "\n")))
		open = speak(fd, line);
	if (!open)
		close(fd);
	for (;;)
		pause();
}

int
main(int argc, char **argv)
{
	int listener = argc > 3 ? io_listen(AT_FDCWD, argv[1], 4) : -1;
	pid_t server, client;
	int status;

	signal(SIGPIPE, SIG_IGN);
	if (listener < 0) {
		perror("fake-qmp");
		return 99;
	}
	server = fork();
	if (server == 0)
		serve(listener, argv[2]);
	client = fork();
	if (client == 0) {
		signal(SIGPIPE, SIG_DFL);
		execvp(argv[3], argv + 3);
		_exit(127);
	}
	if (waitpid(client, &status, 0) < 0)
		status = 98 << 8;
	kill(server, SIGKILL);
	(void)waitpid(server, NULL, 0);
	return WIFEXITED(status) ? WEXITSTATUS(status) : 98;
}
