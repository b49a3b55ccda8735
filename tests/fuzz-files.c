/* SPDX-License-Identifier: ISC */
/*
 * fuzz-files: the bytes behind the first are a file of the home that others
 * write, or what a program of theirs has printed; the first says which:
 * ssh_config of a VM and of all (t), what was tried of accelerators (a), facts
 * of a recipe (f), known_hosts of a VM that moves (k), the journal of its
 * snapshots (o), what a plug-in tells of itself (p), the list of commands (r).
 */
#include "accel.h"
#include "base.h"
#include "fuzz.h"
#include "io.h"
#include "move.h"
#include "plugin.h"
#include "registry.h"
#include "say.h"
#include "snap.h"
#include "trigger.h"
#include "vm.h"

static struct home home;
static struct vm vm;
static struct why why;

static void
folder(const char *name)
{
	must(mkdir(fuzz_path(name), 0700) == 0);
}

/* What is refused whatever its bytes are: a folder, a file that is too large, a
 * trigger that cannot be run. */
static void
check_refused(void)
{
	static const char large[100000];
	const char *pre = "config/triggers/pre-ssh";
	struct buf conf = { 0 };

	folder("vms/a/ssh_config");
	must(trigger_before(&home, &vm, &conf, &why) < 0);
	fuzz_why(&why);
	must(rmdir(fuzz_path("vms/a/ssh_config")) == 0);
	fuzz_file(fuzz_path("vms/a/ssh_config"), large, sizeof large);
	must(trigger_before(&home, &vm, &conf, &why) < 0);
	must(why.code == EX_DATAERR);
	fuzz_why(&why);
	must(unlink(fuzz_path("vms/a/ssh_config")) == 0);
	folder("config/triggers");
	fuzz_file(fuzz_path(pre), "", 0);
	must(trigger_before(&home, &vm, &conf, &why) < 0);
	must(why.code == EX_NOPERM);
	fuzz_why(&why);
	must(unlink(fuzz_path(pre)) == 0);
	buf_free(&conf);
}

/* A home with a VM, in memory. */
static void
begin(void)
{
	static const char record[] =
	    "# VM a; made\narch = x86_64\nmachine = q\n"
	    "mac = x\nuuid = y\n";

	(void)setenv("XRAY_HOME", fuzz_folder(), 1);
	must(home_open_any(&home, &why) == 0);
	folder("vms/a");
	folder("config");
	fuzz_file(fuzz_path("vms/a/vm.ini"), record, sizeof record - 1);
	must(vm_open(&home, "a", &vm, &why) == 0);
	check_refused();
}

/* ---- what ssh reads ---- */

static int
is_blank(const char *p, size_t n)
{
	for (size_t i = 0; i < n; i++)
		if (!p[i] || !strchr(" \t\n", p[i]))
			return 0;
	return 1;
}

/* A block of its own for each, and nothing but what stands there. */
static void
expect(struct buf *b, const char *p, size_t n)
{
	if (!n || is_blank(p, n))
		return;
	buf_str(b, "Match all\n");
	buf_add(b, p, n);
	if (p[n - 1] != '\n')
		buf_str(b, "\n");
}

static void
fuzz_ssh(const char *p, size_t n)
{
	const char *cut = n ? memchr(p, '\f', n) : NULL;
	size_t own = cut ? (size_t)(cut - p) : n;
	size_t all = cut ? n - own - 1 : 0;
	struct buf conf = { 0 }, want = { 0 };
	int open = *p == '!'; /* to others */

	fuzz_file(fuzz_path("vms/a/ssh_config"), p, own);
	fuzz_file(fuzz_path("config/ssh_config"), cut ? cut + 1 : "", all);
	must(chmod(fuzz_path("vms/a/ssh_config"), open ? 0622 : 0600) == 0);
	if (trigger_before(&home, &vm, &conf, &why) < 0) {
		must((why.code == EX_NOPERM) == open);
		must(open || memchr(p, '\0', n));
		fuzz_why(&why);
	} else {
		must(!open);
		expect(&want, p, own);
		expect(&want, cut ? cut + 1 : "", all);
		must(conf.n == want.n &&
		    (!want.n || memcmp(conf.p, want.p, want.n) == 0));
	}
	must(!trigger_has_after(&home, &vm));
	buf_free(&conf);
	buf_free(&want);
}

/* ---- accel.ini ---- */

static void
fuzz_accel(const char *p, size_t n)
{
	struct accel_probe probe = { .state = ACCEL_ABSENT };
	char *told = NULL;
	int had;

	fuzz_file(fuzz_path("accel.ini"), p, n);
	had = accel_kept(&home, "kvm", "now", &probe);
	if (had)
		must((probe.state == ACCEL_WORKS ||
			 probe.state == ACCEL_FAILS) &&
		    memchr(probe.text, '\0', sizeof probe.text));
	must(!accel_kept(&home, "kvm", NULL, &probe));
	/* what the guest of another machine runs with is told once */
	must(accel_choose(&home, "auto", "riscv", "/nowhere", &told, &why));
	free(told);
	told = NULL;
	must(accel_choose(&home, "auto", "riscv", "/nowhere", &told, &why));
	must(!told && accel_kept(&home, "kvm", "now", &probe) == had);
	must(unlink(fuzz_path("accel.ini")) == 0);
}

/* ---- facts ---- */

/* The value of the last such line, the caller's. */
static char *
last_fact(const char *text, const char *key)
{
	char *value = NULL;
	size_t n, k = strlen(key);

	for (; *text; text += n + (text[n] == '\n')) {
		n = strcspn(text, "\n");
		if (n <= k || strncmp(text, key, k) != 0 || text[k] != '=')
			continue;
		free(value);
		value = xstrndup(text + k + 1, n - k - 1);
	}
	return value;
}

static void
check_facts(const struct conf *c, const char *text)
{
	static const char *const keys[] = { "arch", "user", "memory", "origin",
		"kernel" };

	for (size_t i = 0; i < LEN(keys); i++) {
		char *want = last_fact(text, keys[i]);
		const char *got = conf_get(c, NULL, keys[i]);

		must(!want == !got && (!want || strcmp(want, got) == 0));
		free(want);
	}
	must(!conf_get(c, NULL, "generation") && !conf_get(c, NULL, "link"));
}

/* What was taken is read again as the same. */
static void
fuzz_facts(const char *text)
{
	struct conf *c = conf_new("base.ini");
	char *link = base_fact(text, "link");
	const char *ini;
	size_t n;

	must(!link || (strstr(text, link) && !strchr(link, '\n')));
	free(link);
	if (base_add_facts(c, text, &why) < 0)
		fuzz_why(&why);
	else {
		check_facts(c, text);
		ini = conf_text(c, &n);
		fuzz_file(fuzz_path("base.ini"), ini ? ini : "", n);
		conf_free(c);
		c = conf_read(home.fd, "base.ini", "base.ini", &why);
		must(c);
		check_facts(c, text);
	}
	conf_free(c);
}

/* ---- a VM ---- */

/* There and back again each line is as it was, but that those of both names
 * are of one. */
static void
fuzz_known(const char *text, size_t n)
{
	struct buf b = { 0 };
	const char *got;

	if (n)
		fuzz_file(fuzz_path("vms/a/known_hosts"), text, n);
	must(vm_move(&home, &vm, "c", &why) == 0);
	must(strcmp(vm.name, "c") == 0);
	must(vm_move(&home, &vm, "a", &why) == 0);
	if (!n) {
		must(faccessat(vm.dir, "known_hosts", F_OK, 0) < 0);
		return;
	}
	must(io_read_file(vm.dir, "known_hosts", &b, 1 << 20) == 0);
	got = b.p;
	for (const char *p = text; *p;) {
		size_t len = strcspn(p, "\n"), list = strcspn(p, " \n"), m;

		m = strcspn(got, "\n");
		must(got[m] == '\n');
		if (len != m || strncmp(p, got, m) != 0) {
			must(str_starts(got, "a.xray"));
			must(m == len - list + 6);
			must(strncmp(got + 6, p + list, len - list) == 0);
		}
		got += m + 1;
		p += len + (p[len] == '\n');
	}
	must(!*got);
	buf_free(&b);
	must(unlinkat(vm.dir, "known_hosts", 0) == 0);
}

/* Of a VM without a disk there is nothing to be undone; an empty one tells that
 * nothing was begun. */
static void
fuzz_journal(const char *p, size_t n)
{
	char *told = NULL;

	fuzz_file(fuzz_path("vms/a/op"), p, n);
	if (snap_recover(&vm, &told, &why) < 0)
		fuzz_why(&why);
	else
		must(!told == !n && faccessat(vm.dir, "op", F_OK, 0) < 0);
	free(told);
	(void)unlinkat(vm.dir, "op", 0);
}

/* ---- what is listed ---- */

static void
fuzz_plugin(const char *text)
{
	char *said = plugin_said(text);

	if (said) {
		must(*said && strlen(said) <= 4 * strcspn(text, "\n"));
		fuzz_plain(said);
	} else
		must(!*text || *text == '\n');
	free(said);
}

static void
fuzz_registry(const char *text)
{
	struct registry r = { .n = 0 };

	buf_str(&r.file, text);
	registry_parse(&r);
	for (size_t i = 0; i < r.n; i++) {
		const struct entry *e = &r.v[i], *found;
		int alias = strcmp(e->class, "=") == 0;

		must(*e->name && *e->name != '#');
		must(!strpbrk(e->name, "\t\n") && !strpbrk(e->class, "\t\n"));
		must(!strchr(e->text, '\n') && strstr(text, e->text));
		found = registry_find(&r, e->name, alias);
		must(found && found <= e && strcmp(found->name, e->name) == 0);
	}
	must(!registry_find(&r, "", 0));
	registry_free(&r);
}

int
LLVMFuzzerTestOneInput(const uint8_t *p, size_t n)
{
	char *text;

	if (!n)
		return 0;
	if (!home.path)
		begin();
	text = fuzz_text(p + 1, n - 1);
	switch (*p) {
	case 't':
		fuzz_ssh(text, n - 1);
		break;
	case 'a':
		fuzz_accel(text, n - 1);
		break;
	case 'f':
		fuzz_facts(text);
		break;
	case 'k':
		if (strlen(text) == n - 1)
			fuzz_known(text, n - 1);
		break;
	case 'o':
		fuzz_journal(text, n - 1);
		break;
	case 'p':
		fuzz_plugin(text);
		break;
	case 'r':
		fuzz_registry(text);
		break;
	}
	free(text);
	return 0;
}
