/* SPDX-License-Identifier: ISC */
/*
 * pair-peer ROUNDS COMMAND...: what commands take beside the first of them.
 *
 * Each round runs all of them, beginning with another one each time.  A
 * command is words with blanks between; a % in it is the number of the round,
 * so that each can make a thing of its own.  Their output is nobody's.
 *
 * A line for each: the medians of wall and of processor time in ms, those of
 * what it waited for included, and of the ratios of the rounds to the first.
 */
#include <errno.h>
#include <fcntl.h>
#include <spawn.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "mem.h"

extern char **environ;
static posix_spawn_file_actions_t nowhere;

struct took {
	double wall, cpu; /* ms */
};

static double
now(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return (double)t.tv_sec * 1e3 + (double)t.tv_nsec / 1e6;
}

static double
spent(const struct rusage *u)
{
	return (double)(u->ru_utime.tv_sec + u->ru_stime.tv_sec) * 1e3 +
	    (double)(u->ru_utime.tv_usec + u->ru_stime.tv_usec) / 1e3;
}

static int
ascending(const void *a, const void *b)
{
	double x = *(const double *)a, y = *(const double *)b;

	return (x > y) - (x < y);
}

static double
median(double *v, size_t n)
{
	qsort(v, n, sizeof *v, ascending);
	return v[n / 2];
}

static void
words(struct strv *argv, const char *command, size_t round)
{
	autobuf struct buf word = { 0 };

	for (const char *p = command;; p++) {
		if (*p == '%')
			buf_fmt(&word, "%zu", round);
		else if (*p && *p != ' ')
			buf_add(&word, p, 1);
		else if (word.n > 0) {
			strv_fmt(argv, "%.*s", (int)word.n, word.p);
			word.n = 0;
		}
		if (!*p)
			return;
	}
}

static struct took
run(const char *command, size_t round)
{
	autostrv struct strv argv = { 0 };
	struct rusage use;
	struct took took;
	double from;
	pid_t pid;
	int st;

	words(&argv, command, round);
	from = now();
	errno = posix_spawnp(&pid, argv.v[0], &nowhere, NULL, argv.v, environ);
	if (errno || wait4(pid, &st, 0, &use) < 0) {
		perror(argv.v[0]);
		exit(1);
	}
	took.wall = now() - from;
	took.cpu = spent(&use);
	if (st == 0)
		return took;
	fprintf(stderr, "pair-peer: %s: it failed\n", command);
	exit(1);
}

static void
tell(const struct took *mine, const struct took *first, size_t n)
{
	autofree double *v = xcalloc(n, sizeof *v);
	double wall, cpu;

	for (size_t i = 0; i < n; i++)
		v[i] = mine[i].wall;
	wall = median(v, n);
	for (size_t i = 0; i < n; i++)
		v[i] = mine[i].cpu;
	cpu = median(v, n);
	for (size_t i = 0; i < n; i++)
		v[i] = mine[i].wall / first[i].wall;
	printf("%.3f\t%.3f\t%.3f", wall, cpu, median(v, n));
	for (size_t i = 0; i < n; i++)
		v[i] = mine[i].cpu / first[i].cpu;
	printf("\t%.3f\n", median(v, n));
}

int
main(int argc, char **argv)
{
	size_t rounds = argc > 2 ? strtoul(argv[1], NULL, 10) : 0;
	size_t n = argc > 2 ? (size_t)argc - 2 : 0;
	autofree struct took *took = xcalloc(rounds * n + 1, sizeof *took);

	if (rounds == 0) {
		fprintf(stderr, "usage: pair-peer ROUNDS COMMAND...\n");
		return 64;
	}
	posix_spawn_file_actions_init(&nowhere);
	for (int fd = 1; fd <= 2; fd++)
		posix_spawn_file_actions_addopen(
		    &nowhere, fd, "/dev/null", O_WRONLY, 0);
	for (size_t r = 0; r < rounds; r++)
		for (size_t k = 0; k < n; k++) {
			size_t i = (r + k) % n;

			took[i * rounds + r] = run(argv[i + 2], r);
		}
	for (size_t i = 0; i < n; i++)
		tell(took + i * rounds, took, rounds);
	return 0;
}
