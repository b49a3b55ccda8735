/* SPDX-License-Identifier: ISC */
/* qmp-peer SOCKET: the least that asking QEMU for its status can cost: connect,
 * where nobody listens yet for at most ten seconds, read the greeting, leave
 * negotiation, ask once. */
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <time.h>
#include <unistd.h>

static char text[65536];

/* Read until a line ends that holds word. */
static int
read_line(int fd, const char *word)
{
	size_t n = 0;

	do {
		ssize_t got = read(fd, text + n, sizeof text - 1 - n);

		if (got <= 0)
			return -1;
		n += (size_t)got;
		text[n] = '\0';
	} while (text[n - 1] != '\n' || !strstr(text, word));
	return 0;
}

static int
ask(int fd, const char *command)
{
	size_t n = strlen(command);

	return write(fd, command, n) == (ssize_t)n ?
	    read_line(fd, "\"return\"") :
	    -1;
}

static int
dial(int fd, const struct sockaddr_un *sun)
{
	const struct timespec nap = { .tv_nsec = 200000 };

	for (int i = 0; i < 50000; i++) {
		if (connect(fd, (const struct sockaddr *)sun, sizeof *sun) == 0)
			return 0;
		(void)nanosleep(&nap, NULL);
	}
	return -1;
}

int
main(int argc, char **argv)
{
	struct sockaddr_un sun = { .sun_family = AF_UNIX };
	int fd = socket(AF_UNIX, SOCK_STREAM, 0);

	if (argc != 2 || strlen(argv[1]) >= sizeof sun.sun_path || fd < 0)
		return 2;
	memcpy(sun.sun_path, argv[1], strlen(argv[1]));
	if (dial(fd, &sun) < 0 || read_line(fd, "\"QMP\"") < 0 ||
	    ask(fd, "{\"execute\":\"qmp_capabilities\"}\n") < 0 ||
	    ask(fd, "{\"execute\":\"query-status\"}\n") < 0)
		return 1;
	(void)fputs(text, stdout);
	return 0;
}
