/* SPDX-License-Identifier: ISC */
/* keys_file: whole files: what no key is called, values that cannot be, facts
 * that were changed. */
#include "keys.h"

#include <string.h>

#include "say.h"

/* The key of a line, NULL with why when none is called so there. */
static const struct key *
key_of(const char *name, int where, struct why *why)
{
	const struct key *k = key_find(name, why);

	if (!k || k->where & where)
		return k;
	why_set(why, 0, "%s: has no meaning here", name);
	return NULL;
}

struct unknown {
	const struct vm *vm;
	void (*tell)(const struct why *why);
};

static int
tell_unknown(const char *section, const char *key, const char *value, int line,
    void *arg)
{
	const struct unknown *u = arg;
	struct why why, at;

	(void)value;
	if (*section || key_of(key, u->vm ? KEY_VM : KEY_CONFIG, &why))
		return 0;
	if (u->vm)
		why_set(&at, 0, "vms/%s/vm.ini:%d: %s", u->vm->name, line,
		    why.text);
	else
		why_set(&at, 0, "config.ini:%d: %s", line, why.text);
	u->tell(&at);
	return 0;
}

void
keys_unknown(const struct conf *c, const struct vm *vm,
    void (*tell)(const struct why *why))
{
	struct unknown u = { vm, tell };

	(void)conf_each(c, tell_unknown, &u); /* it only tells */
}

struct check {
	const struct conf *c, *old;
	const struct vm *vm;
	void (*unknown)(const struct why *why);
	struct why *why;
};

static int
check_line(const char *section, const char *key, const char *value, int line,
    void *arg)
{
	const struct check *ck = arg;
	const char *file = ck->vm ? "vm.ini" : "config.ini";
	int where = ck->vm ? KEY_VM : KEY_CONFIG;
	const struct key *k;
	struct why why;

	if (*section)
		return 0; /* a plug-in's */
	if (!(k = key_of(key, where, &why))) {
		struct why at;

		why_set(&at, 0, "%s:%d: %s", file, line, why.text);
		ck->unknown(&at);
		return 0;
	}
	if (key_check(k, value, &why) < 0)
		return why_set(
		    ck->why, EX_DATAERR, "%s:%d: %s", file, line, why.text);
	return 0;
}

/* Whether all values of a key are what they were. */
static int
same(const struct conf *a, const struct conf *b, const char *key)
{
	for (size_t i = 0;; i++) {
		const char *x = conf_nth(a, NULL, key, i);
		const char *y = conf_nth(b, NULL, key, i);

		if (!x || !y)
			return !x && !y;
		if (strcmp(x, y) != 0)
			return 0;
	}
}

int
keys_check(const struct conf *c, const struct conf *old, const struct vm *vm,
    void (*unknown)(const struct why *why), struct why *why)
{
	struct check ck = { c, old, vm, unknown, why };

	if (conf_each(c, check_line, &ck) < 0)
		return -1;
	for (size_t i = 0; vm && old && i < nkeys; i++)
		if ((keys[i].where & (KEY_FACT | KEY_OWN)) &&
		    (keys[i].where & KEY_VM) && !same(c, old, keys[i].name))
			return why_set(why, EX_NOPERM,
			    "%s: %s is not changed here: %s", vm->name,
			    keys[i].name, keys[i].how);
	return 0;
}
