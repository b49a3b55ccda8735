/* SPDX-License-Identifier: ISC */
/* flood-peer N: begin a connection to each of N addresses, one after the other,
 * and wait for none. */
#include <arpa/inet.h>
#include <errno.h>
#include <netinet/in.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <unistd.h>

enum { FIRST = 0x0b000001 }; /* 11.0.0.1 */

int
main(int argc, char **argv)
{
	long n = argc == 2 ? strtol(argv[1], NULL, 10) : 0;

	for (long i = 0; i < n; i++) {
		struct sockaddr_in to = { .sin_family = AF_INET,
			.sin_port = htons(443),
			.sin_addr.s_addr = htonl(FIRST + (uint32_t)i) };
		int fd = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK, 0);

		if (fd < 0 ||
		    (connect(fd, (struct sockaddr *)&to, sizeof to) < 0 &&
			errno != EINPROGRESS && errno != ECONNREFUSED)) {
			perror("flood-peer");
			return 1;
		}
		close(fd);
	}
	return 0;
}
