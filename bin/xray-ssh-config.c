/* SPDX-License-Identifier: ISC */
/*
 * xray-ssh-config: VMs as hosts of plain ssh, and so of scp, rsync, git,
 * Ansible and editors.  Each VM's directory has a block, ssh.conf; one Include
 * at the top of ~/.ssh/config takes them all in.
 */
#include "say.h"

#include <errno.h>
#include <fcntl.h>
#include <getopt.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "io.h"
#include "opt.h"
#include "sel.h"
#include "ssh.h"
#include "vm.h"

enum { OPT_INSTALL = OPT_OWN, OPT_UNINSTALL, OPT_VIA };
enum { CONFIG_MAX = 1 << 20, LOCK_MS = 10000 };

static const struct opt opts[] = {
	{ OPT_INSTALL, "install", NULL, "have ~/.ssh/config include the VMs" },
	{ OPT_UNINSTALL, "uninstall", NULL, "take that out again" },
	{ OPT_VIA, "via", "HOST",
	    "for another machine, which reaches this "
	    "one as HOST" },
	{ 0 },
};
static const struct usage use = { "xray-ssh-config", "[VM ...]", opts, 0 };

static struct home home;

/* A word of ssh's, and nothing its shell line could take for more. */
static void
check_host(const char *host)
{
	static const char good[] =
	    "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz"
	    "0123456789._@:-";

	if (!*host || *host == '-' || host[strspn(host, good)])
		die_usage(&use, "--via: %s: not [USER@]HOST", host);
}

/* Add text without the lines that are `line`; how many there were. */
static int
without(struct buf *out, const struct buf *text, const char *line)
{
	size_t n = strlen(line);
	int found = 0;

	for (size_t i = 0, len; i < text->n; i += len) {
		const char *p = text->p + i;
		const char *nl = memchr(p, '\n', text->n - i);

		len = nl ? (size_t)(nl - p) + 1 : text->n - i;
		if (len - (nl != NULL) == n && memcmp(p, line, n) == 0)
			found++;
		else
			buf_add(out, p, len);
	}
	return found;
}

/* The file that ~/.ssh/config is or, by links, stands for. */
struct config {
	int dir;
	char *name;
	mode_t mode;
	struct buf text;
};

static void
open_config(struct config *c)
{
	const char *user = getenv("HOME");
	autofree char *folder = xasprintf("%s/.ssh", user ? user : "");
	autofree char *path = xasprintf("%s/config", folder);
	char *real = realpath(path, NULL), *slash;
	struct stat st;

	if (!user || *user != '/')
		die(EX_CONFIG, "HOME is not set");
	*c = (struct config){ .mode = 0600 };
	if (!real && errno != ENOENT)
		die_sys(EX_IOERR, "%s", path);
	if (!real && lstat(path, &st) == 0)
		die(EX_NOINPUT, "%s: a link to nothing", path);
	slash = real ? strrchr(real, '/') : NULL;
	c->name = xstrdup(slash ? slash + 1 : "config");
	if (slash)
		*slash = '\0';
	c->dir = slash ? io_opendir(AT_FDCWD, *real ? real : "/") :
			 io_mkdir(AT_FDCWD, folder);
	if (c->dir < 0)
		die_sys(EX_IOERR, "%s", real ? real : folder);
	if (slash &&
	    (io_read_file(c->dir, c->name, &c->text, CONFIG_MAX) < 0 ||
		fstatat(c->dir, c->name, &st, 0) < 0))
		die_sys(EX_IOERR, "%s", path);
	if (slash)
		c->mode = st.st_mode & 0777;
	free(real);
}

static void
replace_config(const struct config *c, const struct buf *text)
{
	/* the mode once more: the umask may have taken from it */
	if (io_replace(c->dir, c->name, c->mode, text->p, text->n) < 0 ||
	    fchmodat(c->dir, c->name, c->mode, 0) < 0)
		die_sys(EX_IOERR, "~/.ssh/config");
}

/* Blocks of VMs that were made before there were any. */
static void
write_blocks(void)
{
	autostrv struct strv names = { 0 };
	struct why why;

	if (name_list(home.vms, &names, &why) < 0)
		die_why(&why);
	for (size_t i = 0; i < names.n; i++) {
		autoclose int lock = -1;
		struct vm vm;

		if (vm_open(&home, names.v[i], &vm, &why) < 0) {
			warn_why(&why);
			continue;
		}
		lock = vm_lock(&home, &vm, LOCK_MS, &why);
		if (lock < 0 || ssh_config_write(&home, &vm, &why) < 0)
			warn_why(&why);
		vm_close(&vm);
	}
}

static int
install(void)
{
	struct why why;
	autofree char *line = ssh_config_include(&home, &why);
	autobuf struct buf b = { 0 };
	struct config c;

	if (!line)
		die_why(&why);
	write_blocks();
	open_config(&c);
	buf_fmt(&b, "%s\n", line);
	(void)without(&b, &c.text, line);
	if (b.n == c.text.n && memcmp(b.p, c.text.p, b.n) == 0) {
		note("~/.ssh/config: has it already");
		return 0;
	}
	replace_config(&c, &b);
	hint("~/.ssh/config: added at the top: %s  (hosts are NAME.xray; "
	     "undo: --uninstall)",
	    line);
	return 0;
}

static int
uninstall(void)
{
	struct why why;
	autofree char *line = ssh_config_include(&home, &why);
	autobuf struct buf b = { 0 };
	struct config c;

	if (!line)
		die_why(&why);
	open_config(&c);
	if (!without(&b, &c.text, line)) {
		note("~/.ssh/config: does not have it");
		return 0;
	}
	buf_add(&b, "", 0);
	replace_config(&c, &b);
	hint("~/.ssh/config: taken out: %s", line);
	return 0;
}

static int
print_blocks(const struct strv *names, const char *via)
{
	for (size_t i = 0; i < names->n; i++) {
		autobuf struct buf b = { 0 };
		struct vm vm;
		struct why why;

		if (vm_open(&home, names->v[i], &vm, &why) < 0 ||
		    ssh_config_block(&home, &vm, via, &b, &why) < 0)
			die_why(&why);
		say("%s%s", i ? "\n" : "", b.p);
		vm_close(&vm);
	}
	return say_done();
}

int
main(int argc, char **argv)
{
	autostrv struct strv names = { 0 };
	const char *via = NULL;
	struct why why;
	int c, act = 0;

	while ((c = opt_next(argc, argv, &use)) != -1)
		if (c == OPT_VIA)
			check_host(via = optarg);
		else if (act && act != c)
			die_usage(&use, "--install or --uninstall");
		else
			act = c;
	if (act && (argc > optind || via))
		die_usage(&use, "--install and --uninstall are for all VMs");
	if (home_open(&home, &why) < 0)
		die_why(&why);
	if (act)
		return act == OPT_INSTALL ? install() : uninstall();
	if (argc == optind && name_list(home.vms, &names, &why) < 0)
		die_why(&why);
	if (argc > optind &&
	    sel_names(&home, argc, argv, optind, SEL_NONE, &names, &why) < 0)
		die_selection(&use, &why);
	return print_blocks(&names, via);
}
