/* SPDX-License-Identifier: ISC */
#include "guess.h"

#include <ctype.h>
#include <string.h>
#include <strings.h>

#include "mem.h"

struct meaning {
	const char *word, *means;
};

/* A word ends where its letters end: "rocky" is in "Rocky-9", "arch" is not
 * in "aarch64". */
static const struct meaning users[] = {
	{ "ubuntu", "ubuntu" },
	{ "bionic", "ubuntu" },
	{ "focal", "ubuntu" },
	{ "jammy", "ubuntu" },
	{ "noble", "ubuntu" },
	{ "plucky", "ubuntu" },
	{ "questing", "ubuntu" },
	{ "debian", "debian" },
	{ "bullseye", "debian" },
	{ "bookworm", "debian" },
	{ "trixie", "debian" },
	{ "fedora", "fedora" },
	{ "centos", "cloud-user" },
	{ "rhel", "cloud-user" },
	{ "rocky", "rocky" },
	{ "almalinux", "almalinux" },
	{ "arch", "arch" },
	{ "alpine", "alpine" },
	{ "opensuse", "opensuse" },
	{ "freebsd", "freebsd" },
	{ "kali", "kali" },
	{ "gentoo", "gentoo" },
	{ "amzn", "ec2-user" },
};
static const struct meaning arches[] = {
	{ "amd64", "x86_64" },
	{ "x86_64", "x86_64" },
	{ "x64", "x86_64" },
	{ "arm64", "aarch64" },
	{ "aarch64", "aarch64" },
};

/* Look for each word with no letter or digit (digits: 1) around it. */
static const char *
look(const char *name, const struct meaning *m, size_t n, int digits)
{
	const char *slash = strrchr(name, '/');

	name = slash ? slash + 1 : name;
	for (size_t i = 0; i < n; i++) {
		size_t k = strlen(m[i].word);

		for (const char *p = name; *p; p++) {
			int before = p > name && isalpha((unsigned char)p[-1]);
			int after;

			if (before || strncasecmp(p, m[i].word, k) != 0)
				continue;
			after = (unsigned char)p[k];
			if (!isalpha(after) && (!digits || !isdigit(after)))
				return m[i].means;
		}
	}
	return NULL;
}

const char *
guess_user(const char *name)
{
	return look(name, users, LEN(users), 0);
}

const char *
guess_arch(const char *name)
{
	return look(name, arches, LEN(arches), 1);
}
