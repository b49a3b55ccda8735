/* SPDX-License-Identifier: ISC */
/*
 * fuzz.h: what fuzz targets share.  A target is tests/fuzz-NAME.c with its
 * seeds in tests/corpus/NAME, one a line for printf(1); tests/fuzz.sh runs it.
 */
#ifndef XRAY_FUZZ_H
#define XRAY_FUZZ_H

#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>

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

#endif
