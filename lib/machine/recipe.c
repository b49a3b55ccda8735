/* SPDX-License-Identifier: ISC */
#include "recipe.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base.h"
#include "cache.h"
#include "io.h"
#include "keys.h"
#include "run.h"
#include "say.h"
#include "ssh.h"

static char *
recipes_dir(struct why *why)
{
	autofree char *share = home_share_dir(why);

	return share ? xasprintf("%s/recipes", share) : NULL;
}

int
recipe_list(struct strv *names, struct why *why)
{
	autofree char *path = recipes_dir(why);
	autoclose int dir = path ? io_opendir(AT_FDCWD, path) : -1;
	autostrv struct strv all = { 0 };

	if (!path)
		return -1;
	if (dir < 0)
		return why_sys(why, EX_IOERR, "%s", path);
	if (name_list(dir, &all, why) < 0)
		return -1;
	for (size_t i = 0; i < all.n; i++) /* tiny.d is tiny's, no recipe */
		if (faccessat(dir, all.v[i], X_OK, 0) == 0 &&
		    !strchr(all.v[i], '.'))
			strv_add(names, all.v[i]);
	return 0;
}

int
recipe_check(const char *recipe, struct why *why)
{
	autostrv struct strv names = { 0 };

	if (recipe_list(&names, why) < 0)
		return -1;
	if (strv_has(&names, recipe))
		return 0;
	return why_set(why, EX_NOINPUT,
	    "%s: no such recipe; xray base build "
	    "-l lists them",
	    recipe);
}

/* What is set for images of one's own: the key's values, a blank between. */
static int
pass_key(const struct home *h, const char *name)
{
	const struct key *k = key_find(name, NULL);
	autobuf struct buf b = { 0 };
	char *value, *origin;

	for (size_t i = 0; (value = key_value(h, NULL, k, i, &origin)); i++) {
		buf_fmt(&b, "%s%s", i ? " " : "", value);
		free(value);
		free(origin);
	}
	return b.n ? setenv(k->env, b.p, 1) : unsetenv(k->env);
}

static int
environment(struct home *h, const char *arch, const char *user, struct why *why)
{
	autofree char *key = ssh_key(h), *cache = cache_path(h);
	autofree char *pub = xasprintf("%s.pub", key);
	static const char *const passed[] = { "packages", "timezone", "locale",
		"script" };

	if (ssh_key_make(h, 0, why) < 0)
		return -1;
	for (size_t i = 0; i < LEN(passed); i++)
		if (pass_key(h, passed[i]) < 0)
			return why_sys(why, EX_OSERR, "environment");
	if (setenv("XRAY_ARCH", arch, 1) < 0 ||
	    setenv("XRAY_SSH_PUBKEY", pub, 1) < 0 ||
	    (user ? setenv("XRAY_SSH_USER", user, 1) :
		    unsetenv("XRAY_SSH_USER")) < 0 ||
	    setenv("XRAY_CACHE", cache, 1) < 0)
		return why_sys(why, EX_OSERR, "environment");
	return 0;
}

static volatile sig_atomic_t caught;
static volatile pid_t recipe_pid;

static void
pass_on(int sig)
{
	caught = sig;
	if (recipe_pid > 0)
		(void)kill(-recipe_pid, sig);
}

/* Run argv in dir.  A signal that is to end us goes to the recipe and all it
 * runs, and we wait for them: else they would go on in a folder that is being
 * removed.  Whoever kills us hard has them told by the system. */
static int
run_recipe(int dir, char *const argv[], struct why *why)
{
	static const int sigs[] = { SIGINT, SIGTERM, SIGHUP };
	struct sigaction on = { .sa_handler = pass_on }, old[LEN(sigs)];
	struct run r = RUN_PLAIN;
	int code = -1;

	r.in = RUN_NULL;
	r.out = 2;
	r.dir = dir;
	r.session = 1;
	r.tied = 1;
	for (size_t i = 0; i < LEN(sigs); i++) {
		(void)sigaction(sigs[i], &on, &old[i]);
		if (old[i].sa_handler == SIG_IGN) /* of nohup, or a job */
			(void)sigaction(sigs[i], &old[i], NULL);
	}
	recipe_pid = run_spawn(&r, argv, why);
	if (recipe_pid > 0) {
		if (caught)
			(void)kill(-recipe_pid, caught);
		code = run_wait(recipe_pid, -1);
		recipe_pid = 0;
		if (code < 0)
			why_sys(why, EX_OSERR, "%s", argv[0]);
	}
	for (size_t i = 0; i < LEN(sigs); i++)
		(void)sigaction(sigs[i], &old[i], NULL);
	return code;
}

static char *
recipe_run(struct home *h, const char *recipe, const char *arch,
    const char *user, int stage, char **args, struct why *why)
{
	autofree char *dir = recipes_dir(why);
	autostrv struct strv argv = { 0 };
	struct buf facts = { 0 };
	int code;

	if (!dir || environment(h, arch, user, why) < 0)
		return NULL;
	strv_fmt(&argv, "%s/%s", dir, recipe);
	for (; *args; args++)
		strv_add(&argv, *args);
	code = run_recipe(stage, argv.v, why);
	if (code < 0)
		return NULL;
	if (caught) {
		why_set(why, 128 + caught, "%s: broken off", recipe);
		return NULL;
	}
	if (code > 0) {
		why_set(why, code >= 64 && code <= 78 ? code : EX_IOERR,
		    "%s: the recipe failed (exit %d)", recipe, code);
		return NULL;
	}
	if (io_read_file(stage, "facts", &facts, 65536) < 0) {
		why_sys(why, EX_DATAERR, "%s: no facts", recipe);
		return NULL;
	}
	(void)unlinkat(stage, "facts", 0); /* its words go into base.ini */
	return buf_take(&facts);
}

int
recipe_base(struct home *h, const char *recipe, const char *name,
    const char *arch, const char *user, char **args, struct why *why)
{
	autofree char *stage = NULL, *facts = NULL;
	autoclose int dir = base_stage(h, &stage, why);
	int r = -1;

	if (dir < 0)
		return -1;
	facts = recipe_run(h, recipe, arch, user, dir, args, why);
	if (facts)
		r = base_make(h, stage, name, facts, why);
	if (r < 0)
		(void)io_remove_tree(h->bases, stage); /* or the sweep */
	return r;
}
