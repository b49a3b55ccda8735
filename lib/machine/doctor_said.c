/* SPDX-License-Identifier: ISC */
#include "doctor.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* Digits and dots; more than these are no version. */
enum { VERSION_MAX = 31 };

char *
doctor_version(const char *said, int *recent)
{
	static const char before[] = "version ";
	const char *p = strstr(said, before);
	size_t n = p ? strspn(p + sizeof before - 1, "0123456789.") : 0;
	int major, minor;
	char *is;

	if (!n || n > VERSION_MAX)
		return NULL;
	is = xstrndup(p + sizeof before - 1, n);
	if (sscanf(is, "%9d.%9d", &major, &minor) != 2) {
		free(is);
		return NULL;
	}
	*recent = major > 7 || (major == 7 && minor >= 2);
	return is;
}
