/* SPDX-License-Identifier: ISC */
/* lock-peer FILE COMMAND...: run COMMAND while another, xray-test with pid
 * 4711, holds the lock FILE; it is had as soon as nobody else has it. */
#include <fcntl.h>
#include <stdio.h>
#include <sys/wait.h>
#include <unistd.h>

#include "io.h"
#include "sys.h"

/* Whoever has it before us has it for milliseconds. */
static int
lock(int fd)
{
	for (int i = 0; i < 1000; i++) {
		if (sys_lock(fd) == 0)
			return 0;
		io_sleep(10);
	}
	return -1;
}

int
main(int argc, char **argv)
{
	static const char text[] = "4711 xray-test\n";
	int fd = argc > 2 ? open(argv[1], O_RDWR | O_CREAT | O_CLOEXEC, 0600) :
			    -1,
	    status;
	pid_t pid;

	if (fd < 0 || lock(fd) < 0 || ftruncate(fd, 0) < 0 ||
	    io_write(fd, text, sizeof text - 1) < 0) {
		perror("lock-peer");
		return 99;
	}
	pid = fork();
	if (pid == 0) {
		execvp(argv[2], argv + 2);
		_exit(127);
	}
	if (pid < 0 || waitpid(pid, &status, 0) < 0)
		return 99;
	return WIFEXITED(status) ? WEXITSTATUS(status) : 98;
}
