/* SPDX-License-Identifier: ISC */
/*
 * xray-key: the key pair that guests are given, and a guest that was not given
 * it: install does what ssh-copy-id does, with our own options.
 */
#include "say.h"

#include <fcntl.h>
#include <getopt.h>
#include <string.h>
#include <unistd.h>

#include "io.h"
#include "opt.h"
#include "run.h"
#include "ssh.h"
#include "sys.h"
#include "vm.h"

enum { OPT_PASSWORD = OPT_OWN };

static const struct opt opts[] = {
	{ 'f', "force", NULL,
	    "make a new pair; guests keep the old until "
	    "they boot" },
	{ OPT_PASSWORD, "password", NULL,
	    "install: ask for the guest's password" },
	{ 0 },
};
static const struct usage use = { "xray-key", "[show | install VM]", opts, 0 };

static int
show(const char *path)
{
	autofree char *pub = xasprintf("%s.pub", path);
	autobuf struct buf b = { 0 };

	if (io_read_file(AT_FDCWD, pub, &b, 65536) < 0)
		die_sys(EX_NOINPUT, "%s", pub);
	say("%s", b.p);
	return say_done();
}

/* Add the line on standard input where it is not yet; as a guest's sh has
 * it. */
static const char add_line[] =
    "umask 077; cd && mkdir -p .ssh && read -r k && f=.ssh/authorized_keys && "
    "touch $f && { grep -qxF \"$k\" $f || "
    "{ [ -z \"$(tail -c 1 $f)\" ] || echo >>$f; printf '%s\\n' \"$k\" >>$f; "
    "}; }";

/* A pipe with the public key in it, as standard input for ssh. */
static int
key_pipe(const char *path)
{
	autofree char *pub = xasprintf("%s.pub", path);
	autobuf struct buf b = { 0 };
	int p[2];

	if (io_read_file(AT_FDCWD, pub, &b, 4096) < 0)
		die_sys(EX_NOINPUT, "%s", pub);
	if (sys_pipe(p) < 0 || io_write(p[1], b.p, b.n) < 0)
		die_sys(EX_OSERR, "pipe");
	close(p[1]);
	return p[0];
}

static int
install(struct home *home, const char *path, const char *name, int password)
{
	autostrv struct strv argv = { 0 };
	struct run r = RUN_PLAIN;
	struct vm vm;
	struct why why;
	long long ms;
	int code, fd;
	pid_t pid;

	if (vm_open(home, name, &vm, &why) < 0 ||
	    (ms = ssh_wait_ms(home, &vm, -1, &why)) < 0)
		die_why(&why);
	fd = ssh_await(
	    &vm, io_now() + ms, say_chatty() ? progress_text : NULL, &why);
	progress_end();
	if (fd < 0)
		die_why(&why);
	close(fd);
	if (ssh_argv(home, &vm, NULL, password, ms, &argv, &why) < 0)
		die_why(&why);
	if (password)
		ssh_with_password(&argv);
	strv_take(&argv, ssh_host(&vm));
	strv_add(&argv, add_line);
	r.in = key_pipe(path);
	pid = run_spawn(&r, argv.v, &why);
	if (pid < 0)
		die_why(&why);
	code = run_wait(pid, -1);
	if (code != 0)
		die(EX_NOPERM, "%s: the key is not in%s%s", name,
		    password ? "" : "; xray key install --password ",
		    password ? "" : name);
	note("%s: the key is in", name);
	return 0;
}

int
main(int argc, char **argv)
{
	autofree char *path = NULL;
	struct home home;
	struct why why;
	int c, force = 0, password = 0, made;
	const char *verb;

	while ((c = opt_next(argc, argv, &use)) != -1)
		if (c == 'f')
			force = 1;
		else
			password = 1;
	verb = optind < argc ? argv[optind] : "";
	if (!(argc == optind && !password) &&
	    !(strcmp(verb, "show") == 0 && argc - optind == 1 && !password) &&
	    !(strcmp(verb, "install") == 0 && argc - optind == 2 && !force))
		die_usage(&use, "show, install VM, or nothing");
	if (home_open(&home, &why) < 0)
		die_why(&why);
	path = ssh_key(&home);
	made = ssh_key_make(&home, force, &why);
	if (made < 0)
		die_why(&why);
	if (strcmp(verb, "install") == 0)
		return install(&home, path, argv[optind + 1], password);
	if (*verb)
		return show(path);
	note("%s: %s", path, made ? "made" : "is there; -f makes a new one");
	return say_done();
}
