/* SPDX-License-Identifier: ISC */
/*
 * fuzz.h: what fuzz targets share.  A target is tests/fuzz-NAME.c with its
 * seeds in tests/corpus/NAME, one a line for printf(1); tests/fuzz.sh runs it.
 */
#ifndef XRAY_FUZZ_H
#define XRAY_FUZZ_H

#include <fcntl.h>
#include <poll.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "mem.h"

/* What has to be so whatever the bytes are. */
#define must(cond)                                                             \
	do {                                                                   \
		if (!(cond)) {                                                 \
			fprintf(                                               \
			    stderr, "%s:%d: %s\n", __FILE__, __LINE__, #cond); \
			abort();                                               \
		}                                                              \
	} while (0)

int LLVMFuzzerTestOneInput(const uint8_t *p, size_t n);

/* The n bytes at p as text that ends where its memory does, the caller's. */
static inline char *
fuzz_text(const uint8_t *p, size_t n)
{
	char *text = malloc(n + 1);

	must(text);
	if (n)
		memcpy(text, p, n);
	text[n] = '\0';
	return text;
}

/* Text for people: it moves no cursor, whoever wrote what it quotes. */
static inline void
fuzz_plain(const char *text)
{
	for (; *text; text++)
		must(*text >= ' ' && *text <= '~');
}

/* What is said of a refusal may quote a strange file in its own letters, but
 * moves no cursor. */
static inline void
fuzz_said(const char *text)
{
	const unsigned char *p = (const unsigned char *)text;

	must(*p);
	for (; *p; p++) {
		must(*p >= ' ' || *p == '\t' || *p == '\n');
		must(*p != 0x7f);
		must(*p != 0xc2 || p[1] < 0x80 || p[1] > 0x9f);
	}
}

/* What was refused has a code and words; *why is as new. */
static inline void
fuzz_why(struct why *why)
{
	must(why->code);
	fuzz_said(why->text);
	*why = (struct why){ 0 };
}

/* The path of a new folder, the same for all inputs; fuzz.sh says where. */
static inline const char *
fuzz_folder(void)
{
	static char path[80];
	const char *where = getenv("TMPDIR");

	if (!*path) {
		(void)snprintf(path, sizeof path, "%s/xray-fuzz-%ld",
		    where ? where : "/tmp", (long)getpid());
		must(mkdir(path, 0700) == 0);
	}
	return path;
}

/* The path of name in that folder, in static memory. */
static inline const char *
fuzz_path(const char *name)
{
	static char path[128];

	(void)snprintf(path, sizeof path, "%s/%s", fuzz_folder(), name);
	return path;
}

/* Write them to the file of that path, which is made or cut. */
static inline void
fuzz_file(const char *path, const void *p, size_t n)
{
	int fd = open(path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);

	must(fd >= 0);
	must(write(fd, p, n) == (ssize_t)n);
	close(fd);
}

/* What is ready now of the n at p, of which most may be none: poll(2) itself
 * looks at each, and the sanitizer at each again. */
static inline void
fuzz_poll(struct pollfd *p, size_t n)
{
	struct pollfd some[64];
	size_t at[64] = { 0 }, k = 0;

	for (size_t i = 0; i < n; i++) {
		p[i].revents = 0;
		if (p[i].fd < 0)
			continue;
		must(k < 64);
		at[k] = i;
		some[k++] = p[i];
	}
	(void)poll(some, k, 0);
	while (k-- > 0)
		p[at[k]].revents = some[k].revents;
}

/* How many descriptors are open: as many before an input as behind it. */
static inline int
fuzz_files(void)
{
	struct pollfd p[64];
	int n = 0;

	for (int i = 0; i < 64; i++)
		p[i] = (struct pollfd){ .fd = i };
	must(poll(p, 64, 0) >= 0);
	for (int i = 0; i < 64; i++)
		n += !(p[i].revents & POLLNVAL);
	return n;
}

#endif
