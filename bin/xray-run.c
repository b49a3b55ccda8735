/* SPDX-License-Identifier: ISC */
/*
 * xray-run: a command in a VM made for it.
 *
 *	claim -> VM made -> started -> answers -> --in -> the command -> --out
 *
 * Whatever comes between, the end is one: the VM is stopped, what was denied
 * is told, the VM is removed, and then its claim (throw.h).
 */
#include "say.h"

#include <getopt.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "exact.h"
#include "firewall.h"
#include "io.h"
#include "netlog.h"
#include "opt.h"
#include "rule.h"
#include "run.h"
#include "ssh.h"
#include "tend.h"
#include "throw.h"
#include "vm.h"

enum { OPT_RM = OPT_OWN, OPT_NAME, OPT_IN, OPT_OUT, OPT_ALLOW, OPT_MODE };
enum { WATCH_MS = 5000, ASK_MS = 20000, DENIED = 10 };

static const struct opt opts[] = {
	{ OPT_RM, "rm", NULL, "remove the VM afterwards" },
	{ OPT_NAME, "name", "N", "the VM's name (run-XXXXXX)" },
	{ 'm', "memory", "SIZE", "memory; a bare number is MiB" },
	{ 'c', "cpus", "N", "processors" },
	{ 'i', "interactive", NULL, "give it our standard input" },
	{ 't', "tty", NULL, "give it a terminal" },
	{ OPT_IN, "in", "SRC[:DST]", "copy to the guest before" },
	{ OPT_OUT, "out", "SRC[:DST]", "copy from the guest after" },
	{ OPT_ALLOW, "allow", "DEST", "let it reach that" },
	{ OPT_MODE, "mode", "M",
	    "ask, deny, allow or learn: no rule names it" },
	{ OPT_TIMEOUT, "timeout", "S", "end the command after S seconds" },
	{ 0 },
};
static const struct usage use = { "xray-run", "BASE -- COMMAND ...", opts, 0 };

/* What --in and --out said. */
struct carried {
	char *src, *dst; /* dst NULL: not said */
};

static struct home home;
/* Whatever config.ini has for VMs that stay. */
static struct vm_spec spec = {
	.no_defaults = 1, .net = "filtered", .display = "none"
};
static struct throw claim;
static struct vm vm = { .dir = -1 };
static struct carried in[64], out[64];
static size_t nin, nout;
static int gone, interactive, tty; /* gone: --rm */
static int served, late; /* the command was run; it took too long */
static const char *name;
static char **command;
static long long timeout_ms;

/* ---- children ---- */

/* Run one of our programs; what it says is for people.  Its exit code, -1 when
 * we were told to end. */
static int
ours(const char *program, int group, struct strv *words)
{
	autofree char *bin = home_bin_dir(NULL);
	autostrv struct strv argv = { 0 };
	struct tend t = { .group = group };
	struct run r = RUN_PLAIN;
	struct why why;
	pid_t pid;

	strv_fmt(&argv, "%s/%s", bin ? bin : ".", program);
	for (size_t i = 0; i < words->n; i++)
		strv_add(&argv, words->v[i]);
	strv_free(words);
	r.in = RUN_NULL;
	r.out = 2;
	r.session = group;
	r.tied = 1;
	if (tend_told(0))
		return -1;
	if ((pid = run_spawn(&r, argv.v, &why)) > 0)
		return tend_wait(pid, &t);
	warn_why(&why);
	return why.code;
}

/* ---- one step after the other ---- */

static int
make(void)
{
	struct why why;

	spec.name = claim.name;
	spec.uuid = claim.uuid;
	if (vm_make(&home, &spec, &vm, &why) == 0)
		return 0;
	warn_why(&why);
	return why.code;
}

/* It is going to be removed, and with it what it leaves to look at. */
static void
tell_why(void)
{
	struct strv words = { 0 };

	strv_words(&words, "--", vm.name, NULL);
	(void)ours("xray-why", 0, &words);
	note("%s: is removed; without --rm it stays, to be looked at", vm.name);
}

static int
boot(void)
{
	struct strv words = { 0 };
	int code;

	progress("%s: booting", vm.name);
	strv_words(&words, "-q", "--no-hooks", "--", vm.name, NULL);
	code = ours("xray-start", 0, &words);
	progress_end();
	if (code)
		return code;
	if (say_quiet)
		strv_add(&words, "-q");
	strv_words(&words, "--", vm.name, NULL);
	code = ours("xray-wait", 0, &words);
	if (code && gone && !tend_told(0))
		tell_why();
	return code;
}

/* ssh's own 255 would be taken for the command's. */
static int
carry(struct strv *words)
{
	int code = ours("xray-copy", 1, words);

	return code == 255 ? EX_PROTOCOL : code;
}

/* A folder's content goes under its new name, a file becomes it. */
static int
copy_in(const struct carried *c)
{
	autofree char *full = c->dst ? NULL : realpath(c->src, NULL);
	const char *base = full ? strrchr(full, '/') + 1 : NULL;
	struct strv words = { 0 };
	struct stat st;
	int folder = stat(c->src, &st) == 0 && S_ISDIR(st.st_mode);

	strv_words(&words, "-q", "-a", "--", NULL);
	strv_fmt(&words, folder ? "%s/" : "%s", c->src);
	strv_fmt(&words, folder ? "%s:%s/" : "%s:%s", vm.name,
	    c->dst	      ? c->dst :
		base && *base ? base :
				"root");
	return carry(&words);
}

static int
copy_out(const struct carried *c)
{
	struct strv words = { 0 };

	strv_words(&words, "-q", "-a", "--", NULL);
	strv_fmt(&words, "%s:%s", vm.name, c->src);
	strv_fmt(&words, c->dst && *c->dst != '/' ? "./%s" : "%s",
	    c->dst ? c->dst : ".");
	return carry(&words);
}

/* ssh said 255: the command's code, or what became of ssh. */
static int
judge(const char *mark)
{
	if (exact_meant(&home, &vm, mark, ASK_MS))
		return 255;
	if (!vm_alive(&vm)) {
		warn("%s: the guest went down before the command ended",
		    vm.name);
		return EX_UNAVAILABLE;
	}
	warn("%s: ssh ended before the command did", vm.name);
	return EX_PROTOCOL;
}

/* The command; its exit code, -1 when we were told to end. */
static int
serve(void)
{
	autofree char *mark = xasprintf(".xray-run-%s", claim.uuid);
	autostrv struct strv argv = { 0 };
	struct buf line = { 0 };
	struct tend t = { .output = 1, .ms = timeout_ms };
	struct run r = RUN_PLAIN;
	struct why why;
	int code;
	pid_t pid;

	if (ssh_argv(&home, &vm, NULL, tty && interactive && isatty(0), -1,
		&argv, &why) < 0)
		goto fail;
	strv_add(&argv, tty ? "-tt" : "-T");
	strv_take(&argv, ssh_host(&vm));
	exact_line(&line, command, mark);
	strv_take(&argv, buf_take(&line));
	r.in = interactive ? RUN_KEEP : RUN_NULL;
	r.tied = 1;
	if (tend_told(0))
		return -1;
	if ((pid = run_spawn(&r, argv.v, &why)) < 0)
		goto fail;
	served = 1;
	code = tend_wait(pid, &t);
	late = t.late;
	if (late) {
		warn("%s: not done after %lld s", vm.name, timeout_ms / 1000);
		return EX_TEMPFAIL;
	}
	return code == 255 ? judge(mark) : code;
fail:
	warn_why(&why);
	return why.code;
}

/* All of it; the exit code. */
static int
work(void)
{
	int code = make();

	if (!code)
		code = boot();
	for (size_t i = 0; !code && i < nin; i++)
		code = copy_in(&in[i]);
	if (code)
		return code;
	code = serve();
	for (size_t i = 0; !late && !tend_told(0) && vm_alive(&vm) && i < nout;
	     i++) {
		int got = copy_out(&out[i]);

		code = code ? code : got;
	}
	return code;
}

/* ---- the end ---- */

static void
tell_denied(void)
{
	autoclose int log = io_opendir(vm.dir, "log");
	autofree char *text = log < 0 ? NULL : netlog_denied(log, NULL, DENIED);

	if (text)
		note("denied: %s", text);
}

/* One that stays has what its guest wrote: by the power button. */
static void
switch_off(void)
{
	struct strv words = { 0 };

	(void)tend_told(1); /* another one ends this, too */
	strv_words(&words, "-q", "--", vm.name, NULL);
	(void)ours("xray-stop", 0, &words); /* else it is ended below */
}

/* Told to end or not, all is put away; code, or what went wrong there. */
static int
put_away(int code)
{
	autofree char *it = xstrdup(claim.name);
	int made = vm.dir >= 0, bad;
	struct why why;

	if (!gone && served && vm_alive(&vm))
		switch_off();
	bad = throw_stop(&home, &claim, &why) < 0;
	if (made)
		tell_denied();
	if (throw_end(&home, &claim, &why) < 0)
		bad = 1;
	if (bad) {
		warn_why(&why);
		return code ? code : why.code;
	}
	if (!gone && made)
		note("%s: stays, stopped; xray start %s, or xray remove %s", it,
		    it, it);
	return code;
}

/* ---- the command line ---- */

static void
add_carry(struct carried *c, size_t *n, const char *option, char *arg)
{
	char *colon = strchr(arg, ':');

	if (*n == LEN(in))
		die_usage(&use, "%s: too many", option);
	c[*n].src = xstrndup(arg, strcspn(arg, ":"));
	c[*n].dst = colon && colon[1] ? colon + 1 : NULL;
	if (!*c[(*n)++].src)
		die_usage(&use, "%s: %s: SRC[:DST]", option, arg);
}

static void
add_rule(const char *dest)
{
	struct rule r;
	struct why why;

	if (rule_dest(&r, RULE_ALLOW, dest, &why) < 0)
		die_usage(&use, "%s", why.text);
	rule_print(&r, &spec.rules);
	buf_str(&spec.rules, "\n");
	rule_free(&r);
}

static void
option(int c)
{
	switch (c) {
	case OPT_RM:
		gone = 1;
		break;
	case OPT_NAME:
		name = optarg;
		break;
	case 'm':
		spec.memory = opt_size(&use, "--memory", optarg, 1 << 20);
		break;
	case 'c':
		spec.cpus = opt_int(&use, "--cpus", optarg, 1, 255);
		break;
	case 'i':
		interactive = 1;
		break;
	case 't':
		tty = 1;
		break;
	case OPT_IN:
		add_carry(in, &nin, "--in", optarg);
		break;
	case OPT_OUT:
		add_carry(out, &nout, "--out", optarg);
		break;
	case OPT_ALLOW:
		add_rule(optarg);
		break;
	case OPT_MODE:
		spec.mode = opt_word(&use, "--mode", optarg, firewall_modes);
		break;
	case OPT_TIMEOUT:
		timeout_ms = opt_ms(&use, "--timeout", optarg);
		break;
	}
}

/* Options may stand behind BASE, but all behind -- is the command's. */
static void
take_options(int argc, char **argv)
{
	struct why why;
	int n = 1, c;

	while (n < argc && strcmp(argv[n], "--") != 0)
		n++;
	while ((c = opt_next(n, argv, &use)) != -1)
		option(c);
	if (optind == n)
		die_usage(&use, "no base named");
	if (n - optind > 1 && n < argc)
		die_usage(&use, "%s: one base", argv[optind + 1]);
	if (n - optind > 1)
		die_usage(&use,
		    "%s: the command stands behind --: xray run %s -- %s",
		    argv[optind + 1], argv[optind], argv[optind + 1]);
	if (argc - n < 2)
		die_usage(&use, "no command");
	spec.base = argv[optind];
	command = argv + n + 1;
	if (name && name_check(name, &why) < 0)
		die_why(&why);
	for (size_t i = 0; i < nin; i++)
		if (access(in[i].src, R_OK) < 0)
			die_sys(EX_NOINPUT, "%s", in[i].src);
	if (!spec.mode)
		spec.mode = isatty(0) && isatty(2) ? "ask" : "deny";
}

int
main(int argc, char **argv)
{
	int watched = -1, code, sig;
	struct base base;
	struct why why;
	pid_t watch;

	take_options(argc, argv);
	if (home_open(&home, &why) < 0 ||
	    base_open(&home, spec.base, &base, &why) < 0)
		die_why(&why);
	base_close(&base);
	tend_begin();
	watch = throw_watch(&home, &watched);
	if (throw_claim(&home, name, !gone, &claim, &why) < 0)
		die_why(&why);
	code = work();
	progress_end();
	sig = tend_told(0);
	code = put_away(sig ? 128 + sig : code);
	if (watch > 0) {
		close(watched);
		(void)run_wait(watch, io_now() + WATCH_MS); /* it goes alone */
	}
	return code;
}
