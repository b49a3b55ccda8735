/* SPDX-License-Identifier: ISC */
/*
 * xray: run xray-COMMAND: the one beside this program, else what an alias
 * stands for, else a plug-in in $XRAY_HOME/plugins or on PATH.
 */
#include "say.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "home.h"
#include "io.h"
#include "opt.h"
#include "run.h"

/* A line of share/commands: words of an alias, or class and summary. */
struct entry {
	char *name, *class, *text;
};

static const char *const classes[] = { "machines", "access", "state", "network",
	"house" };

static char *bin;
static struct entry *entries;
static size_t nentries;

static void
take_line(char *line)
{
	struct entry e = { .name = strsep(&line, "\t") };

	e.class = line ? strsep(&line, "\t") : NULL;
	e.text = line;
	if (!e.text || *e.name == '#' || !*e.name)
		return;
	entries = xreallocarray(entries, nentries + 1, sizeof *entries);
	entries[nentries++] = e;
}

/* The registry's lines live as long as we do. */
static void
read_registry(void)
{
	struct why why;
	char *share = home_share_dir(&why);
	autoclose int dir = share ? io_opendir(AT_FDCWD, share) : -1;
	struct buf b = { 0 };
	char *line, *rest;

	if (!share)
		die_why(&why);
	if (dir < 0 || io_read_file(dir, "commands", &b, 1 << 20) < 0)
		die_sys(EX_UNAVAILABLE, "%s/commands", share);
	for (rest = b.p; (line = strsep(&rest, "\n"));)
		take_line(line);
	free(share);
}

static const struct entry *
entry(const char *name, int alias)
{
	for (size_t i = 0; i < nentries; i++)
		if (strcmp(entries[i].name, name) == 0 &&
		    (strcmp(entries[i].class, "=") == 0) == alias)
			return &entries[i];
	return NULL;
}

static _Noreturn void
unknown(const char *name)
{
	const char *best = NULL;

	for (size_t i = 0; i < nentries; i++) {
		str_nearest(&best, name, entries[i].name);
	}
	if (best)
		die(EX_USAGE, "%s: no such command (%s?)", name, best);
	die(EX_USAGE, "%s: no such command; xray help lists them", name);
}

/* Ours, and nobody else can put programs there. */
static int
trusted(const char *folder)
{
	struct stat st;

	return *folder == '/' && stat(folder, &st) == 0 &&
	    st.st_uid == geteuid() && !(st.st_mode & 022);
}

/* The folder of plug-ins, the caller's; NULL when it is not ours alone. */
static char *
plugins(void)
{
	const char *house = getenv("XRAY_HOME"), *user = getenv("HOME");
	int given = house && *house;
	char *folder = given ? xasprintf("%s/plugins", house) :
			       xasprintf("%s/.xray/plugins", user ? user : "");

	if (trusted(given ? house : folder) && trusted(folder))
		return folder;
	free(folder);
	return NULL;
}

struct plugins {
	int dir, n;
	FILE *out;
};

/* A plug-in, with what a comment "xray-NAME: ..." in its first lines says. */
static int
plugin_text(const char *file, void *arg)
{
	struct plugins *p = arg;
	autofree char *label = xasprintf("# %s: ", file);
	autobuf struct buf b = { 0 }, text = { 0 };
	autoclose int fd = -1;
	char head[512] = "";
	const char *at;

	if (!str_starts(file, "xray-") || !name_valid(file) ||
	    faccessat(p->dir, file, X_OK, 0) < 0)
		return 0;
	fd = openat(p->dir, file, O_RDONLY | O_CLOEXEC | O_NONBLOCK);
	if (fd >= 0 && read(fd, head, sizeof head - 1) > 0 &&
	    (at = strstr(head, label)))
		buf_vis(&text, at + strlen(label),
		    strcspn(at + strlen(label), "\n"));
	buf_vis(&b, file + 5, strlen(file + 5));
	(void)fprintf(p->out, "%s%s%s%s", p->n++ ? ", " : "plug-ins  ", b.p,
	    text.n ? ": " : "", text.n ? text.p : "");
	return 0;
}

static void
plugins_text(FILE *out)
{
	autofree char *folder = plugins();
	autoclose int dir = folder ? io_opendir(AT_FDCWD, folder) : -1;
	struct plugins p = { dir, 0, out };

	if (dir >= 0 && io_walk(dir, plugin_text, &p) == 0 && p.n)
		(void)fputs("\n", out);
}

static void
usage_text(FILE *out)
{
	(void)fputs(
	    "usage: xray COMMAND [ARG ...]     xray help COMMAND\n", out);
	for (size_t c = 0; c < LEN(classes); c++) {
		int n = 0;

		for (size_t i = 0; i < nentries; i++)
			if (strcmp(entries[i].class, classes[c]) == 0) {
				if (n++ == 0)
					(void)fprintf(out, "%-9s", classes[c]);
				(void)fprintf(out, " %s", entries[i].name);
			}
		if (n)
			(void)fputs("\n", out);
	}
	plugins_text(out);
}

/* Every command with its line. */
static int
help_all(void)
{
	usage_text(stdout);
	say("\n");
	for (size_t i = 0; i < nentries; i++)
		if (strcmp(entries[i].class, "=") != 0)
			say("%-10s %s\n", entries[i].name, entries[i].text);
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

static void
try_plugins(const char *name, char **argv)
{
	autofree char *folder = plugins();
	autofree char *program = xasprintf("xray-%s", name);
	autofree char *found = NULL;

	if (folder)
		try(folder, name, argv);
	found = run_find(program);
	if (!found)
		return;
	argv[0] = found;
	execv(found, argv);
	die_sys(EX_CANTEXEC, "%s", found);
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
	read_registry();
	if (!name) {
		usage_text(stderr);
		return EX_USAGE;
	}
	if (strcmp(name, "help") == 0 && argc > 2) {
		if (strcmp(argv[2], "xray") != 0 && !entry(argv[2], 0) &&
		    !entry(argv[2], 1))
			unknown(argv[2]);
		help_page(argv[2]);
	}
	if (strcmp(name, "help") == 0 || strcmp(name, "--help") == 0 ||
	    strcmp(name, "-h") == 0)
		return help_all();
	if (*name == '-')
		die(EX_USAGE, "%s: options go behind the command", name);
	if (!plain_word(name))
		die(EX_USAGE, "'%s': not a command", name);
	if ((alias = entry(name, 1)))
		try_alias(alias, argc, argv);
	try_plugins(name, argv + 1);
	unknown(name);
}
