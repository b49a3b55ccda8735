/* SPDX-License-Identifier: ISC */
/*
 * xray-ssh: ssh(1) into a guest.  Shaped as rsh, so that rsync -e 'xray ssh'
 * and GIT_SSH_COMMAND='xray ssh' work.
 */
#include "say.h"

#include <errno.h>
#include <fcntl.h>
#include <getopt.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <unistd.h>

#include "asker.h"
#include "dial.h"
#include "fore.h"
#include "io.h"
#include "netlog.h"
#include "opt.h"
#include "run.h"
#include "ssh.h"
#include "trigger.h"
#include "vm.h"

enum { OPT_PASSWORD = OPT_OWN, OPT_CLEAN, OPT_ASK };
enum { DENIED = 5 }; /* destinations that are told at the end */

static const struct opt opts[] = {
	{ 'l', NULL, "USER", "log in as USER" },
	{ 'o', NULL, "OPTION", "an option of ssh, as behind the VM" },
	{ 'S', "start", NULL, "start the VM when it is stopped" },
	{ OPT_ASK, "ask", NULL, "questions of the VM come to this terminal" },
	{ OPT_PASSWORD, "password", NULL, "ask for the guest's password" },
	{ OPT_CLEAN, "clean", NULL, "no triggers, no ssh_config of yours" },
	{ OPT_TIMEOUT, "timeout", "S", "wait S seconds for the guest" },
	{ 0 },
};
static const struct usage use = { "xray-ssh",
	"VM [SSH-OPTION ...] [--] [COMMAND ...]", opts, 1 };

static struct home home;
static struct vm vm;
static const char *user; /* NULL: the VM's, or what a configuration says */
static struct strv theirs; /* options of ssh */
static char **command; /* ends with NULL */
static int password, clean, ask;

static void
start(const char *name)
{
	autofree char *bin = home_bin_dir(NULL);
	autostrv struct strv argv = { 0 };
	struct why why;
	int code;

	strv_fmt(&argv, "%s/xray-start", bin ? bin : ".");
	strv_words(&argv, "--", name, NULL);
	code = run_quiet(-1, argv.v, &why);
	if (code < 0)
		die_why(&why);
	if (code > 0)
		exit(code);
}

/* Whether a stopped VM is to be started: -S, or what ssh_start says. */
static int
shall_start(int given)
{
	const char *v = conf_get(vm.conf, NULL, "ssh_start");

	if (!v)
		v = conf_get(home.conf, NULL, "ssh_start");
	if (given || (v && strcmp(v, "yes") == 0))
		return 1;
	if (!v || strcmp(v, "no") == 0)
		return 0;
	if (strcmp(v, "ask") != 0)
		die(EX_CONFIG, "%s: ssh_start = %s: no, ask or yes", vm.name,
		    v);
	return isatty(0) && confirm(0, "%s is stopped; start it?", vm.name);
}

static void
make_sure_it_runs(int given)
{
	struct why why;

	if (dial_network(&vm, &why) < 0)
		die_why(&why);
	if (vm_alive(&vm) && dial_live(&vm, &why) < 0)
		die_why(&why);
	if (vm_alive(&vm))
		return;
	if (!shall_start(given))
		die(EX_UNAVAILABLE,
		    "%s: stopped; xray start %s, or "
		    "xray ssh -S %s",
		    vm.name, vm.name, vm.name);
	start(vm.name);
}

/* The guest has answered once since it was started: the file `up`. */
static void
await(long long ms)
{
	struct why why;
	int fd;

	if (vm_alive(&vm) && ssh_is_up(&vm))
		return;
	if ((ms = ssh_wait_ms(&home, &vm, ms, &why)) < 0)
		die_why(&why);
	fd = ssh_await(
	    &vm, io_now() + ms, say_chatty() ? progress_text : NULL, &why);
	progress_end();
	if (fd < 0)
		die_why(&why);
	close(fd);
}

/* Those of ssh that have an argument, in the same word or the next. */
static const char with_arg[] = "BbcDEeFIiJLlmOopQRSWw";

/* Whether the argument of word's last option is the next word: -L, -NL. */
static int
wants_next(const char *word)
{
	word += strcspn(word, with_arg);
	return *word && !word[1];
}

/* What follows the first word that is neither option nor argument of one is
 * the command. */
static int
ssh_options(int argc, char **argv, int i, struct strv *words)
{
	for (; i < argc && argv[i][0] == '-' && argv[i][1]; i++) {
		if (strcmp(argv[i], "--") == 0)
			return i + 1;
		strv_add(words, argv[i]);
		if (wants_next(argv[i]) && i + 1 < argc)
			strv_add(words, argv[++i]);
	}
	return i;
}

/* ssh closes what it inherits, so that its configuration is a file, which is
 * there until ssh has ended. */
static char conf_name[32];

/* Its path, the caller's.  What we usually say comes last in it. */
static char *
write_conf(struct buf *conf)
{
	autostrv struct strv usual = { 0 };

	ssh_argv_usual(&vm, user, &usual);
	buf_str(conf, "Match all\n");
	for (size_t i = 1; i < usual.n; i += 2)
		buf_fmt(conf, "%s\n", usual.v[i]);
	(void)snprintf(
	    conf_name, sizeof conf_name, ".ssh-%ld.conf", (long)getpid());
	(void)unlinkat(home.fd, conf_name, 0); /* of one with our pid */
	if (io_create(home.fd, conf_name, 0600, conf->p, conf->n) < 0)
		die_sys(EX_IOERR, "%s/%s", home.path, conf_name);
	return xasprintf("%s/%s", home.path, conf_name);
}

static void
ssh_words(const char *conf, long long ms, struct strv *words)
{
	struct why why;

	if (ssh_argv_fixed(&home, &vm, conf, (isatty(0) && !ask) || password,
		ms, words, &why) < 0)
		die_why(&why);
	if (password)
		ssh_with_password(words);
	if (user) {
		strv_add(words, "-o");
		strv_fmt(words, "User=%s", user);
	}
	for (size_t i = 0; i < theirs.n; i++)
		strv_add(words, theirs.v[i]);
	if (!conf)
		ssh_argv_usual(&vm, user, words);
	strv_add(words, "--"); /* a command may begin with - */
	strv_take(words, ssh_host(&vm));
	for (char **w = command; *w; w++)
		strv_add(words, *w);
}

/* As ssh_config(5) has it: RequestTTY=force. */
static int
requests_terminal(const char *option)
{
	static const char key[] = "requesttty";
	size_t n = sizeof key - 1;

	if (strncasecmp(option, key, n) != 0)
		return 0;
	option += n + strspn(option + n, " \t=\"");
	return strncasecmp(option, "yes", 3) == 0 ||
	    strncasecmp(option, "force", 5) == 0;
}

/* Whether ssh is told to give the command a terminal: -t, -tA, -o. */
static int
gets_terminal(void)
{
	if (!*command)
		return 1;
	for (size_t i = 0; i < theirs.n; i++) {
		const char *word = theirs.v[i];
		size_t n = strcspn(word, with_arg);
		const char *arg = word[n] && word[n + 1] ? word + n + 1 :
		    wants_next(word) && i + 1 < theirs.n ? theirs.v[++i] :
							   "";

		if (memchr(word, 't', n) ||
		    (word[n] == 'o' && requests_terminal(arg)))
			return 1;
	}
	return 0;
}

/* --ask, where that can be; else it is said why not, and nobody is asked. */
static int
can_ask(void)
{
	autoclose int tty = open("/dev/tty", O_RDWR | O_CLOEXEC | O_NOCTTY);
	const char *why_not = NULL;

	if (!asker_wanted(&vm))
		why_not = "nothing is asked there";
	else if (tty < 0)
		why_not = "no terminal, nobody is asked here";
	else if (gets_terminal())
		why_not = "a session has the keys to itself, nobody is asked "
			  "here; xray fw watch in another terminal";
	if (why_not)
		note("%s: %s", vm.name, why_not);
	return !why_not;
}

/* Have the questions come between what ssh prints. */
static void
ask_beside(struct strv *words)
{
	autofree char *bin = home_bin_dir(NULL);
	struct strv all = { 0 };

	strv_fmt(&all, "%s/xray-beside", bin ? bin : ".");
	strv_words(&all, "--as", "ssh", "--", vm.name, NULL);
	for (size_t i = 0; i < words->n; i++)
		strv_add(&all, words->v[i]);
	strv_free(words);
	*words = all;
}

static void
tell_denied(const char *since)
{
	autoclose int log = io_opendir(vm.dir, "log");
	autofree char *text =
	    log < 0 ? NULL : netlog_denied(log, since, DENIED);

	if (text)
		note("%s: denied meanwhile: %s: xray fw log %s", vm.name, text,
		    vm.name);
}

/* Stay until ssh has ended. */
static int
run_ssh(struct strv *words, int after)
{
	struct run r = RUN_PLAIN;
	char since[32];
	struct why why;
	int code;

	r.tied = 1;
	io_timestamp(since, 1);
	code = fore_run(&r, words->v, &why);
	if (*conf_name)
		(void)unlinkat(home.fd, conf_name, 0); /* or home_sweep does */
	if (code < 0)
		die(EX_UNAVAILABLE,
		    why.code == EX_NOTFOUND ? "%s; share/deps installs it" :
					      "%s",
		    why.text);
	if (after)
		trigger_after(&home, &vm, code, warn_why);
	if (say_chatty())
		tell_denied(since);
	return code;
}

static int
connect_to_it(long long ms)
{
	autobuf struct buf conf = { 0 };
	autofree char *path = NULL;
	struct strv words = { 0 };
	int after = !clean && trigger_has_after(&home, &vm);
	struct why why;

	home_sweep(home.fd);
	if (!clean && trigger_before(&home, &vm, &conf, &why) < 0)
		die_why(&why);
	if (conf.n)
		path = write_conf(&conf);
	ask = ask && can_ask();
	ssh_words(path, ms, &words);
	if (ask)
		ask_beside(&words);
	if (path || after || ask || say_chatty())
		return run_ssh(&words, after);
	execvp(words.v[0], words.v);
	if (errno == ENOENT)
		die(EX_UNAVAILABLE, "ssh: not found; share/deps installs it");
	die_sys(EX_UNAVAILABLE, "ssh");
}

int
main(int argc, char **argv)
{
	const char *at;
	autofree char *name = NULL;
	int c, wants_start = 0;
	long long ms = -1;
	struct why why;

	while ((c = opt_next(argc, argv, &use)) != -1)
		switch (c) {
		case 'l':
			user = optarg;
			break;
		case 'o':
			strv_words(&theirs, "-o", optarg, NULL);
			break;
		case 'S':
			wants_start = 1;
			break;
		case OPT_PASSWORD:
			password = 1;
			break;
		case OPT_ASK:
			ask = 1;
			break;
		case OPT_CLEAN:
			clean = 1;
			break;
		case OPT_TIMEOUT:
			ms = opt_ms(&use, "--timeout", optarg);
			break;
		}
	if (optind == argc)
		die_usage(&use, "no VM named");
	if (ask && password)
		die_usage(&use, "--ask and --password want the same keys");
	at = strchr(argv[optind], '@');
	if (at && !user)
		user = xstrndup(argv[optind], (size_t)(at - argv[optind]));
	name = xstrdup(at ? at + 1 : argv[optind]);
	command = argv + ssh_options(argc, argv, optind + 1, &theirs);
	if (home_open(&home, &why) < 0 || vm_open(&home, name, &vm, &why) < 0)
		die_why(&why);
	make_sure_it_runs(wants_start);
	await(ms);
	return connect_to_it(ms);
}
