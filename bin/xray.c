/* SPDX-License-Identifier: ISC */
/*
 * xray: run xray-COMMAND: the one beside this program, else what an alias
 * stands for, else a plug-in in $XRAY_HOME/plugins or on PATH.
 */
#include "say.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "home.h"
#include "plugin.h"
#include "registry.h"

static const char *const classes[] = { "machines", "access", "state", "network",
	"house" };

static char *bin;
static struct registry registry;

static const struct entry *
entry(const char *name, int alias)
{
	return registry_find(&registry, name, alias);
}

static _Noreturn void
unknown(const char *name)
{
	const char *best = NULL;

	for (size_t i = 0; i < registry.n; i++) {
		str_nearest(&best, name, registry.v[i].name);
	}
	if (best)
		die(EX_USAGE, "%s: no such command (%s?)", name, best);
	die(EX_USAGE, "%s: no such command; xray help lists them", name);
}

/* One line about a plug-in, the caller's; NULL: nothing is known. */
static char *
plugin_line(const char *name)
{
	if (entry(name, 0) || entry(name, 1))
		return xstrdup("hidden by the command");
	return plugin_text(name);
}

static void
plugins_text(FILE *out)
{
	autostrv struct strv names = { 0 };

	plugin_names(&names);
	for (size_t i = 0; i < names.n; i++) {
		autofree char *text = plugin_line(names.v[i]);

		(void)fprintf(out, "%-9s %s%s%s\n", i ? "" : "plug-ins",
		    names.v[i], text ? ": " : "", text ? text : "");
	}
}

static void
usage_text(FILE *out)
{
	(void)fputs(
	    "usage: xray COMMAND [ARG ...]     xray help COMMAND\n", out);
	for (size_t c = 0; c < LEN(classes); c++) {
		int n = 0;

		for (size_t i = 0; i < registry.n; i++)
			if (strcmp(registry.v[i].class, classes[c]) == 0) {
				if (n++ == 0)
					(void)fprintf(out, "%-9s", classes[c]);
				(void)fprintf(out, " %s", registry.v[i].name);
			}
		if (n)
			(void)fputs("\n", out);
	}
}

/* Every command with its line. */
static int
help_all(void)
{
	autostrv struct strv names = { 0 };

	usage_text(stdout);
	say("\n");
	for (size_t i = 0; i < registry.n; i++)
		if (strcmp(registry.v[i].class, "=") != 0)
			say("%-10s %s\n", registry.v[i].name,
			    registry.v[i].text);
	plugin_names(&names);
	for (size_t i = 0; i < names.n; i++) {
		autofree char *text = plugin_line(names.v[i]);

		say("%-10s %s\n", names.v[i], text ? text : "a plug-in");
	}
	return say_done();
}

/* The page beside the tree, else the installed one. */
static _Noreturn void
help_page(const char *name)
{
	const struct entry *alias = entry(name, 1);
	autofree char *word = alias ?
	    xstrndup(alias->text, strcspn(alias->text, " ")) :
	    xstrdup(name);
	autofree char *page = strcmp(word, "xray") == 0 ?
	    xstrdup("xray") :
	    xasprintf("xray-%s", word);
	autofree char *file = xasprintf("%s/../man/%s.1", bin, page);

	if (access(file, R_OK) == 0)
		execlp("man", "man", "-l", file, (char *)NULL);
	else
		execlp("man", "man", page, (char *)NULL);
	if (errno == ENOENT && access(file, R_OK) == 0)
		execlp("mandoc", "mandoc", "-a", file, (char *)NULL);
	die_sys(EX_UNAVAILABLE, "man");
}

/* exec folder/xray-name when it is there. */
static void
try(const char *folder, const char *name, char **argv)
{
	autofree char *path = xasprintf("%s/xray-%s", folder, name);

	argv[0] = path;
	execv(path, argv);
	if (errno != ENOENT && errno != ENOTDIR)
		die_sys(EX_CANTEXEC, "%s", path);
}

/* exec the plug-in when there is one. */
static void
try_plugin(const char *name, char **argv)
{
	struct why why;
	char *path = plugin_find(name, &why);

	if (!path && why.code != EX_NOINPUT)
		die_why(&why);
	if (!path)
		return;
	plugin_environment(bin);
	argv[0] = path;
	execv(path, argv);
	die_sys(EX_CANTEXEC, "%s", path);
}

/* xray status web -> xray-info -H -o status web */
static void
try_alias(const struct entry *alias, int argc, char **argv)
{
	autofree char *text = xstrdup(alias->text);
	struct strv words = { 0 };
	char *rest = text, *word;

	while ((word = strsep(&rest, " ")))
		strv_add(&words, word);
	for (int i = 2; i < argc; i++)
		strv_add(&words, argv[i]);
	word = words.v[0];
	try(bin, word, words.v);
	die(EX_UNAVAILABLE, "%s: stands for %s, which is not there",
	    alias->name, word);
}

static int
plain_word(const char *s)
{
	return *s && *s != '-' && *s != '.' && !strchr(s, '/');
}

/* Of a plug-in what it says itself. */
static _Noreturn void
help(const char *name)
{
	char option[] = "--help", *argv[] = { NULL, option, NULL };

	if (strcmp(name, "xray") == 0 || entry(name, 0) || entry(name, 1))
		help_page(name);
	if (plain_word(name))
		try_plugin(name, argv);
	unknown(name);
}

int
main(int argc, char **argv)
{
	const char *name = argc > 1 ? argv[1] : NULL;
	const struct entry *alias;
	struct why why;

	bin = home_bin_dir(&why);
	if (!bin)
		die_why(&why);
	if (name && plain_word(name) && strcmp(name, "help") != 0)
		try(bin, name, argv + 1);
	if (name && strcmp(name, "--version") == 0) {
		say("xray %s\n", XRAY_VERSION);
		return say_done();
	}
	if (registry_read(&registry, &why) < 0)
		die_why(&why);
	if (!name) {
		usage_text(stderr);
		plugins_text(stderr);
		return EX_USAGE;
	}
	if (strcmp(name, "help") == 0 && argc > 2)
		help(argv[2]);
	if (strcmp(name, "help") == 0 || strcmp(name, "--help") == 0 ||
	    strcmp(name, "-h") == 0)
		return help_all();
	if (*name == '-')
		die(EX_USAGE, "%s: options go behind the command", name);
	if (!plain_word(name))
		die(EX_USAGE, "'%s': not a command", name);
	if ((alias = entry(name, 1)))
		try_alias(alias, argc, argv);
	if (entry(name, 0))
		die(EX_UNAVAILABLE,
		    "%s/xray-%s: not there; the installation is not whole", bin,
		    name);
	try_plugin(name, argv + 1);
	unknown(name);
}
