/* SPDX-License-Identifier: ISC */
/* label: changes of a base that is there: what new VMs begin with. */
#include "base.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "io.h"
#include "say.h"

int
base_use(
    struct home *h, const char *name, long long generation, struct why *why)
{
	autofree char *text = xasprintf("%lld", generation);
	struct seal s;
	struct base b;
	int lock = base_change(h, name, &b, why), r = -1;

	if (lock < 0)
		return -1;
	if (base_seal_of(&b, generation, &s, why) == 0 &&
	    conf_set(b.conf, "current", text, why) == 0)
		r = base_write(&b, why);
	base_close(&b);
	close(lock);
	return r;
}

static int
one_of(const char *key, const char *value, const char *a, const char *b,
    struct why *why)
{
	if (strcmp(value, a) == 0 || strcmp(value, b) == 0)
		return 0;
	return why_set(why, EX_USAGE, "%s=%s: %s or %s", key, value, a, b);
}

/* A user's name is a word of ssh's command line and of the guest's files. */
static int
user(const char *value, struct why *why)
{
	size_t n = strlen(value);

	if (n < 33 && *value != '-' &&
	    value[strspn(value,
		"abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ"
		"0123456789_-.")] == '\0')
		return 0;
	return why_set(why, EX_USAGE, "user=%s: not a user's name", value);
}

static int
size(const char *key, const char *value, uint64_t unit, uint64_t least,
    struct why *why)
{
	uint64_t n;

	if (num_size(value, unit, &n) == 0 && n >= least &&
	    n <= (uint64_t)64 << 40)
		return 0;
	return why_set(why, EX_USAGE, "%s=%s: a size such as %s", key, value,
	    unit == 1 << 20 ? "512M or 4G" : "20G");
}

/* Rules are a text; what they say is looked at where they are used. */
static int
rules(const char *path, struct buf *b, struct why *why)
{
	if (io_read_file(AT_FDCWD, path, b, BASE_RULES_MAX) < 0)
		return why_sys(why, EX_NOINPUT, "%s", path);
	if (b->n && memchr(b->p, '\0', b->n))
		return why_set(why, EX_DATAERR, "%s: not a text", path);
	return 0;
}

int
base_label_check(const char *key, const char *value, struct why *why)
{
	autobuf struct buf b = { 0 };

	if (strcmp(key, "user") == 0)
		return user(value, why);
	if (strcmp(key, "arch") == 0)
		return *value ? one_of(key, value, "x86_64", "aarch64", why) :
				0;
	if (strcmp(key, "firmware") == 0)
		return *value ? one_of(key, value, "bios", "uefi", why) : 0;
	if (strcmp(key, "disk") == 0)
		return *value ? size(key, value, 1 << 30, 0, why) : 0;
	if (strcmp(key, "memory") == 0)
		return *value ? size(key, value, 1 << 20, 16 << 20, why) : 0;
	if (strcmp(key, "rules") == 0)
		return *value ? rules(value, &b, why) : 0;
	return why_set(why, EX_USAGE,
	    "%s: no such label; user, arch, firmware, disk, memory or rules",
	    key);
}

/* The file first, then the word that says it is there. */
static int
set_rules(struct base *b, const char *path, struct why *why)
{
	autobuf struct buf text = { 0 };

	if (!*path)
		return unlinkat(b->dir, "rules", 0) == 0 || errno == ENOENT ?
		    0 :
		    why_sys(why, EX_IOERR, "%s: rules", b->name);
	if (rules(path, &text, why) < 0)
		return -1;
	if (io_replace(b->dir, "rules", 0600, text.p, text.n) < 0)
		return why_sys(why, EX_IOERR, "%s: rules", b->name);
	return 0;
}

/* "user=me" in two; the key is the caller's. */
static const char *
value_of(const char *word, char **key)
{
	size_t n = strcspn(word, "=");

	*key = xstrndup(word, n);
	return word[n] ? word + n + 1 : NULL;
}

static int
set(struct base *b, const char *word, struct why *why)
{
	autofree char *key = NULL;
	const char *value = value_of(word, &key);

	if (strcmp(key, "rules") == 0)
		return set_rules(b, value, why);
	return conf_set(b->conf, key, *value ? value : NULL, why);
}

int
base_label(struct home *h, const char *name, char **words, struct why *why)
{
	struct base b;
	int lock, r = 0;

	for (char **w = words; *w; w++) {
		autofree char *key = NULL;
		const char *value = value_of(*w, &key);

		if (!value)
			return why_set(
			    why, EX_USAGE, "%s: KEY=VALUE is wanted", *w);
		if (base_label_check(key, value, why) < 0)
			return -1;
	}
	if ((lock = base_change(h, name, &b, why)) < 0)
		return -1;
	for (char **w = words; *w && r == 0; w++)
		r = set(&b, *w, why);
	if (r == 0)
		r = base_write(&b, why);
	base_close(&b);
	close(lock);
	return r;
}
