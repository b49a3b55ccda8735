/* SPDX-License-Identifier: ISC */
#include "settings.h"

#include <fcntl.h>
#include <string.h>

#include "conf.h"

/* Settings in vm.ini's words and in those of vm-provisioner. */
static const struct {
	const char *key, *option;
	const char *unit; /* put behind the value */
} keys[] = {
	{ "name", "name", "" },
	{ "base", "base", "" },
	{ "generation", "generation", "" },
	{ "memory", "memory", "" },
	{ "memory_mb", "memory", "M" },
	{ "cpus", "cpus", "" },
	{ "vcpus", "cpus", "" },
	{ "disk", "disk", "" },
	{ "disk_size_gb", "disk", "G" },
	{ "port", "port", "" },
	{ "ssh_port", "ssh-port", "" },
	{ "ssh_user", "ssh-user", "" },
	{ "ssh_keys", "ssh-key", "" },
	{ "user_data", "user-data", "" },
	{ "arch", "arch", "" },
	{ "firmware", "firmware", "" },
	{ "display", "display", "" },
	{ "net", "net", "" },
	{ "mode", "mode", "" },
	{ "rules", "rules", "" },
	{ "allow", "allow", "" },
	{ "deny", "deny", "" },
	{ "provision", "provision", "" },
	{ "accel", "accel", "" },
	{ "label", "label", "" },
};

/* TOML has quotes around a text. */
static char *
unquoted(const char *v)
{
	size_t n = strlen(v);

	if (n >= 2 && (*v == '"' || *v == '\'') && v[n - 1] == *v)
		return xstrndup(v + 1, n - 2);
	return xstrdup(v);
}

struct unknown {
	const char *file;
	struct strv *told;
};

/* A conf_each function. */
static int
known(const char *section, const char *key, const char *value, int line,
    void *arg)
{
	const struct unknown *u = arg;

	(void)value;
	for (size_t i = 0; i < LEN(keys); i++)
		if (!*section && strcmp(key, keys[i].key) == 0)
			return 0;
	if (strcmp(key, "version") != 0)
		strv_fmt(u->told, "%s:%d: %s: not known, left out", u->file,
		    line, key);
	return 0;
}

int
settings_read(const char *file, void (*set)(const char *option, char *value),
    struct strv *told, struct why *why)
{
	struct conf *c = conf_read(AT_FDCWD, file, file, why);
	struct unknown u = { file, told };
	const char *v;

	if (!c)
		return -1;
	/* a list is the key repeated */
	for (size_t i = 0; i < LEN(keys); i++)
		for (size_t k = 0; (v = conf_nth(c, NULL, keys[i].key, k));
		     k++) {
			autofree char *value = unquoted(v);

			set(keys[i].option,
			    xasprintf("%s%s", value, keys[i].unit));
		}
	(void)conf_each(c, known, &u); /* it only tells */
	conf_free(c);
	return 0;
}
