/* SPDX-License-Identifier: ISC */
#include "edit.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "io.h"
#include "keys.h"
#include "run.h"
#include "say.h"

static int
reread(struct home *h, struct why *why)
{
	struct why w;
	struct conf *c = conf_read(h->fd, "config.ini", "config.ini", &w);

	if (!c && w.code != EX_NOINPUT)
		return why_set(why, w.code, "%s", w.text);
	conf_free(h->conf);
	h->conf = c ? c : conf_new("config.ini");
	return 0;
}

static int
put(int dir, const char *name, const struct conf *c, struct why *why)
{
	size_t n;
	const char *text = conf_text(c, &n);

	if (io_replace(dir, name, 0600, text, n) < 0)
		return why_sys(why, EX_IOERR, "%s", name);
	return 0;
}

int
edit_config(struct home *h, const char *section, const char *key,
    const char *value, struct why *why)
{
	autoclose int lock = home_lock(h, why);
	const char *now;

	if (lock < 0 || reread(h, why) < 0)
		return -1;
	now = conf_get(h->conf, section, key);
	if (value ? now && strcmp(now, value) == 0 : !now)
		return 1;
	if (conf_set_in(h->conf, section, key, value, why) < 0)
		return -1;
	return put(h->fd, "config.ini", h->conf, why);
}

/* The editor's words, and the file behind them; no shell looks at them. */
static int
run_editor(const char *path, struct why *why)
{
	const char *editor = getenv("VISUAL");
	autofree char *words = NULL;
	autostrv struct strv argv = { 0 };
	struct run r = RUN_PLAIN;
	char *save = NULL;
	pid_t pid;
	int code;

	if (!editor || !*editor)
		editor = getenv("EDITOR");
	words = xstrdup(editor && *editor ? editor : "vi");
	for (char *w = strtok_r(words, " \t", &save); w;
	     w = strtok_r(NULL, " \t", &save))
		strv_add(&argv, w);
	if (!argv.n)
		strv_add(&argv, "vi");
	strv_add(&argv, path);
	pid = run_spawn(&r, argv.v, why);
	if (pid < 0)
		return -1;
	code = run_wait(pid, -1);
	if (code == 0)
		return 0;
	return why_set(why, EX_UNAVAILABLE,
	    "%s: ended with %d; nothing changed", argv.v[0], code);
}

/* Put the copy in place if the file still is what was copied. */
static int
replace(struct home *h, struct vm *vm, long long lock_ms, const char *old,
    const struct conf *new, struct why *why)
{
	autoclose int lock =
	    vm ? vm_lock(h, vm, lock_ms, why) : home_lock(h, why);
	size_t n;

	if (lock < 0 || (!vm && reread(h, why) < 0))
		return -1;
	if (strcmp(conf_text(vm ? vm->conf : h->conf, &n), old) != 0)
		return why_set(why, EX_TEMPFAIL, "was changed by another");
	if (!vm)
		return put(h->fd, "config.ini", new, why);
	return put(vm->dir, "vm.ini", new, why);
}

/* The copy, as it is now, into the file's place. */
static int
take(struct home *h, struct vm *vm, long long lock_ms, const char *copy,
    void (*unknown)(const struct why *why), struct why *why)
{
	const struct conf *conf = vm ? vm->conf : h->conf;
	size_t n;
	autofree char *old = xstrdup(conf_text(conf, &n));
	autoconf struct conf *new =
	    conf_read(h->fd, copy, vm ? "vm.ini" : "config.ini", why);

	if (!new)
		return -1;
	if (strcmp(conf_text(new, &n), old) == 0)
		return 1;
	if (keys_check(new, conf, vm, unknown, why) < 0)
		return -1;
	return replace(h, vm, lock_ms, old, new, why);
}

int
edit_file(struct home *h, struct vm *vm, long long lock_ms,
    void (*unknown)(const struct why *why), struct why *why)
{
	autofree char *copy = xasprintf(".edit-%ld.ini", (long)getpid());
	autofree char *path = xasprintf("%s/%s", h->path, copy);
	struct why w = { 0 };
	int r;

	if (put(h->fd, copy, vm ? vm->conf : h->conf, why) < 0)
		return -1;
	if (run_editor(path, why) < 0) {
		(void)unlinkat(h->fd, copy, 0);
		return -1;
	}
	r = take(h, vm, lock_ms, copy, unknown, &w);
	if (r < 0)
		return why_set(
		    why, w.code, "%s; your text is in %s", w.text, path);
	if (unlinkat(h->fd, copy, 0) < 0)
		return why_sys(why, EX_IOERR, "%s", path);
	return r;
}
