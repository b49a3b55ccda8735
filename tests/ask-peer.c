/* SPDX-License-Identifier: ISC */
/*
 * ask-peer SOCKET ADDR ROUNDS: QEMU with a guest that connects, in turn, to
 * port 443 and port 80 of ADDR, then of the next address and so on; the gateway
 * comes to SOCKET.  A line of two numbers for each round: us until each was
 * there, -1 for one that was refused or not there in time.
 */
#include <arpa/inet.h>
#include <fcntl.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <time.h>

#include "net-guest.h"

/* ms: between one round and the next, in which rules are written. */
enum { REST_MS = 40 };

static long long
now_us(void)
{
	struct timespec t;

	(void)clock_gettime(CLOCK_MONOTONIC, &t);
	return t.tv_sec * 1000000LL + t.tv_nsec / 1000;
}

/* How long a connection takes; it is given up at once. */
static long
dial(uint32_t addr, uint16_t port)
{
	long long start = now_us(), deadline = soon(), took = -1;
	uint16_t from = tcp.sport;
	struct frame r;

	tcp = (struct tcp){ .peer = addr, .dport = port, .next = 1000 };
	tcp.sport = from < 40000 ? 40000 : (uint16_t)(from + 1);
	segment(FRAME_SYN, 0);
	while (next_frame(&r, deadline) > 0 && !is_ours(&r))
		continue;
	if (is_ours(&r) && (r.flags & FRAME_SYN)) {
		took = now_us() - start;
		tcp.want = r.seq + 1;
		segment(FRAME_RST | FRAME_ACK, 0);
	}
	return (long)took;
}

/* Read what comes meanwhile. */
static void
rest(void)
{
	long long end = io_now() + REST_MS;
	struct frame r;

	while (next_frame(&r, end) > 0)
		continue;
}

int
main(int argc, char **argv)
{
	int listener = argc == 4 ? io_listen(AT_FDCWD, argv[1], 8) : -1;
	struct in_addr a;
	long rounds;

	if (listener < 0 || inet_pton(AF_INET, argv[2], &a) != 1)
		die_sys(EX_USAGE, "SOCKET ADDR ROUNDS");
	rounds = strtol(argv[3], NULL, 10);
	if (io_wait_readable(listener, io_now() + 30000) <= 0 ||
	    (qemu = accept(listener, NULL, NULL)) < 0)
		die(EX_TEMPFAIL, "nobody comes");
	/* until the gateway has somebody to ask */
	for (long long end = io_now() + 30000;
	     dial(ntohl(a.s_addr) - 1, 80) < 0 && io_now() < end;)
		rest();
	for (long i = 0; i < rounds; i++) {
		uint32_t to = ntohl(a.s_addr) + (uint32_t)i;
		long by_rule = dial(to, 443), asked;

		rest();
		asked = dial(to, 80);
		rest();
		tell("%ld %ld", by_rule, asked);
	}
	return 0;
}
