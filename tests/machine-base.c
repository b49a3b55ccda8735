/* SPDX-License-Identifier: ISC */
/* base: a stage sealed as the next generation, the way back, what goes. */
#include "base.h"

#include <fcntl.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "io.h"
#include "qcow2.h"
#include "run.h"
#include "say.h"
#include "tap.h"

static struct home home;

/* A stage with an image of so many MiB; its name, the caller's. */
static char *
stage(const char *size)
{
	autostrv struct strv argv = { 0 };
	char *name = NULL;
	autoclose int dir = base_stage(&home, &name, NULL);

	strv_words(&argv, "qemu-img", "create", "-q", "-f", "qcow2",
	    "disk.qcow2", size, NULL);
	if (dir < 0 || run_quiet(dir, argv.v, NULL) != 0)
		exit(1);
	return name;
}

static int
next(const char *base, const char *size, long long *gen, struct why *why)
{
	autofree char *name = stage(size);

	return base_next(&home, name, base, NULL, gen, why);
}

/* "1,2,3 of 3, current 2" */
static char *
told(void)
{
	autostrv struct strv gens = { 0 };
	struct buf b = { 0 };
	struct base base;

	if (base_open(&home, "b", &base, NULL) < 0)
		return xstrdup("none");
	base_generations(&base, &gens);
	for (size_t i = 0; i < gens.n; i++)
		buf_fmt(&b, "%s%s", i ? "," : "", gens.v[i]);
	buf_fmt(&b, " of %lld, current %lld", base.generation, base.current);
	base_close(&base);
	return buf_take(&b);
}

static int
tells(const char *want)
{
	autofree char *got = told();

	if (strcmp(got, want) == 0)
		return 1;
	printf("# %s, not %s\n", got, want);
	return 0;
}

static int
there(const char *path)
{
	return faccessat(home.bases, path, F_OK, AT_SYMLINK_NOFOLLOW) == 0;
}

static void
vm(const char *name, const char *generation)
{
	autoclose int dir = io_mkdir(home.vms, name);
	autofree char *ini =
	    xasprintf("base = b\ngeneration = %s\n", generation);

	if (io_create(dir, "vm.ini", 0600, ini, strlen(ini)) < 0)
		exit(1);
}

static void
generations(void)
{
	autofree char *first = stage("1M");
	struct why why = { 0 };
	struct stat st;
	struct base b;
	struct seal s;
	long long gen = 0;

	ok(base_make(&home, first, "b", "arch=x86_64\n", &why) == 0 &&
		tells("1 of 1, current 1"),
	    "a base %s", why.text);
	ok(next("b", "2M", &gen, &why) == 0 && gen == 2 &&
		tells("1,2 of 2, current 2"),
	    "its next generation %s", why.text);
	ok(fstatat(home.bases, "b/2/disk.qcow2", &st, 0) == 0 &&
		(st.st_mode & 07777) == 0444,
	    "is sealed");
	ok(base_open(&home, "b", &b, &why) == 0 &&
		base_seal_of(&b, 2, &s, &why) == 0 &&
		s.virtual_size == 2 << 20 &&
		base_seal_of(&b, 1, &s, &why) == 0 &&
		s.virtual_size == 1 << 20 &&
		base_check_full(&home, &b, 2, &why) == 0 &&
		base_check_full(&home, &b, 1, &why) == 0,
	    "both are what was sealed");
	base_close(&b);
	ok(next("nope", "1M", &gen, &why) < 0 && why.code == EX_NOINPUT,
	    "none of a base that is not there");
	ok(base_next(&home, ".stage-none", "b", NULL, &gen, &why) < 0 &&
		why.code == EX_IOERR && str_starts(why.text, ".stage-none: "),
	    "none of a stage that is not there: %s", why.text);
	ok(base_use(&home, "b", 1, &why) == 0 && tells("1,2 of 2, current 1"),
	    "the way back");
	ok(base_use(&home, "b", 3, &why) < 0 && why.code == EX_NOINPUT,
	    "not to one that is not there: %s", why.text);
	ok(next("b", "3M", &gen, &why) == 0 && gen == 3 &&
		tells("1,2,3 of 3, current 3"),
	    "the third is not the second again");
}

static char *lines;

static void
keep_line(const char *line)
{
	char *all = xasprintf("%s%s\n", lines ? lines : "", line);

	free(lines);
	lines = all;
}

static void
garbage(void)
{
	struct why why = { 0 };
	long long gen;

	vm("old", "2");
	ok(base_gc(&home, "b", 1, keep_line, &why) == 0 && there("b/1") &&
		tells("1,2,3 of 3, current 3") &&
		strstr(lines, "b: generation 1 would go") &&
		strstr(lines, "b: generation 2 stays: old"),
	    "a dry run takes nothing");
	ok(base_gc(&home, "b", 0, keep_line, &why) == 0 && !there("b/1") &&
		there("b/2") && there("b/3") && tells("2,3 of 3, current 3") &&
		strstr(lines, "b: generation 1 removed"),
	    "what nobody needs goes");
	ok(base_removable(&home, "b", &why) < 0 && why.code == EX_TEMPFAIL &&
		strstr(why.text, "in use by old"),
	    "the base stays: %s", why.text);
	(void)io_remove_tree(home.vms, "old");
	ok(base_use(&home, "b", 2, &why) == 0 &&
		base_gc(&home, "b", 0, keep_line, &why) == 0 &&
		tells("2 of 3, current 2"),
	    "the newest goes when it is not the current one");
	ok(next("b", "1M", &gen, &why) == 0 && gen == 4,
	    "and its number is not given again");
	free(lines);
}

/* A VM whose disk stands on the base, whatever its vm.ini says. */
static void
rebased(void)
{
	autoclose int dir = io_mkdir(home.vms, "sly");
	struct why why;
	int fd = qcow2_overlay(dir, "disk.qcow2", "../../bases/b/2/disk.qcow2",
	    "qcow2", 512, &why);

	close(fd);
	(void)io_create(dir, "vm.ini", 0600, "base = c\n", 9);
	ok(base_removable(&home, "b", &why) < 0 && strstr(why.text, "sly"),
	    "a disk that was rebased by hand counts: %s", why.text);
	(void)io_remove_tree(home.vms, "sly");
	ok(base_removable(&home, "b", &why) == 0, "and none does no more");
}

/* Killed at any moment, a base has its generations, all whole. */
static void
killed(void)
{
	struct why why;
	long long gen;
	int bad = 0, made = 0;

	for (int i = 0; i < 40; i++) {
		autostrv struct strv gens = { 0 };
		struct base b;
		pid_t pid = fork();

		if (pid == 0) {
			(void)next("b", "1M", &gen, NULL);
			_exit(0);
		}
		(void)nanosleep(
		    &(struct timespec){ .tv_nsec = 1000000L * i }, NULL);
		kill(pid, SIGKILL);
		(void)waitpid(pid, NULL, 0);
		if (base_open(&home, "b", &b, &why) < 0) {
			bad++;
			continue;
		}
		base_generations(&b, &gens);
		for (size_t k = 0; k < gens.n; k++)
			bad += base_check_full(&home, &b,
				   strtoll(gens.v[k], NULL, 10), &why) < 0;
		made = (int)gens.n;
		base_close(&b);
	}
	ok(!bad, "killed at forty moments (%d generations)", made);
	/* one that was renamed into place, and base.ini not yet */
	(void)mkdirat(home.bases, "b/900", 0700);
	ok(next("b", "5M", &gen, &why) == 0 && !there("b/900"),
	    "a generation that base.ini does not name is swept");
}

static void
labels(void)
{
	char user[] = "user=me", disk[] = "disk=9G", none[] = "user=";
	char bad[] = "memory=much", word[] = "arch", odd[] = "colour=red";
	char *good[] = { user, disk, NULL }, *mixed[] = { none, bad, NULL };
	char *alone[] = { word, NULL }, *strange[] = { odd, NULL };
	char *empty[] = { none, NULL };
	struct why why;
	struct base b;
	const char *v;

	ok(base_label(&home, "b", good, &why) == 0, "labels");
	ok(base_label(&home, "b", mixed, &why) < 0 && why.code == EX_USAGE,
	    "one that cannot be: %s", why.text);
	ok(base_open(&home, "b", &b, &why) == 0 &&
		(v = conf_get(b.conf, NULL, "user")) && !strcmp(v, "me") &&
		(v = conf_get(b.conf, NULL, "disk")) && !strcmp(v, "9G"),
	    "set none of that call");
	base_close(&b);
	ok(base_label(&home, "b", alone, &why) < 0 && why.code == EX_USAGE &&
		base_label(&home, "b", strange, &why) < 0 &&
		why.code == EX_USAGE,
	    "no word, no label: %s", why.text);
	ok(base_label(&home, "b", empty, &why) == 0 &&
		base_open(&home, "b", &b, &why) == 0 &&
		!conf_get(b.conf, NULL, "user"),
	    "an empty value removes");
	base_close(&b);
}

/* Who holds a lock is told of, whatever a former holder left in the file. */
static void
holder(void)
{
	static const char old[] = "4242 xray-with-a-longer-name\n";
	autofree char *want = xasprintf(
	    "it: locked by %s, pid %ld", say_get_name(), (long)getpid());
	struct why why = { 0 };
	autoclose int fd = -1;

	ok(io_put(home.fd, "held", 0600, old, sizeof old - 1) == 0 &&
		(fd = lock_take(home.fd, "held", "it", 0, &why)) >= 0 &&
		lock_take(home.fd, "held", "it", 0, &why) < 0 &&
		why.code == EX_TEMPFAIL && strcmp(why.text, want) == 0,
	    "%s", why.text);
}

int
main(void)
{
	char name[] = "/tmp/xray-base.XXXXXX";
	struct why why;

	if (!mkdtemp(name) || setenv("XRAY_HOME", name, 1) < 0 ||
	    home_open(&home, &why) < 0)
		return 1;
	generations();
	garbage();
	rebased();
	killed();
	labels();
	holder();
	home_close(&home);
	(void)io_remove_tree(AT_FDCWD, name);
	return tap_end();
}
