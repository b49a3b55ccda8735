/* SPDX-License-Identifier: ISC */
#include "confine.h"

static const char *const words[] = { "no_new_privs", "limits", "caps",
	"landlock", "scope", "seccomp", "connect", "unix" };

void
confine_words(unsigned in_force, struct buf *out)
{
	const char *comma = "";

	for (size_t i = 0; i < LEN(words); i++)
		if (in_force & 1U << i) {
			buf_fmt(out, "%s%s", comma, words[i]);
			comma = ",";
		}
	if (!in_force)
		buf_str(out, "none");
}
