/* SPDX-License-Identifier: ISC */
#include "edit.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "firewall.h"
#include "fore.h"
#include "io.h"
#include "keys.h"
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

/* VISUAL or EDITOR, when it is set to something. */
static const char *
named_editor(void)
{
	const char *editor = getenv("VISUAL");

	if (!editor || !*editor)
		editor = getenv("EDITOR");
	return editor && *editor ? editor : NULL;
}

/* The editor's words, and the file behind them; no shell looks at them.  One
 * that needs no terminal works without; none waits for input there.  Ctrl-C is
 * the editor's: we go on and put its file in place. */
static int
run_editor(const char *path, struct why *why)
{
	const char *editor = named_editor();
	autofree char *words = xstrdup(editor ? editor : "vi");
	autostrv struct strv argv = { 0 };
	struct run r = RUN_PLAIN;
	char *save = NULL;
	int code;

	for (char *w = strtok_r(words, " \t", &save); w;
	     w = strtok_r(NULL, " \t", &save))
		strv_add(&argv, w);
	if (!argv.n)
		strv_add(&argv, "vi");
	strv_add(&argv, path);
	if (!isatty(0))
		r.in = RUN_NULL;
	code = fore_run(&r, argv.v, why);
	if (code <= 0)
		return code;
	return why_set(why, EX_UNAVAILABLE,
	    "%s: ended with %d; nothing changed", argv.v[0], code);
}

/* What is edited: the text, whether or not it can be understood; and who says
 * whether what came of it can be. */
struct file {
	struct home *h;
	struct vm *vm; /* NULL: config.ini */
	const char *name;
	int dir;
	size_t max; /* bytes */
	int absent; /* it need not be there */
	int (*check)(const struct file *f, const char *copy,
	    const struct buf *text, struct why *why);
	void (*unknown)(const struct why *why); /* for keys */
	edit_check *rules;
};

static int
read_text(const struct file *f, struct buf *b, struct why *why)
{
	if (io_read_file(f->dir, f->name, b, f->max) < 0 &&
	    !(f->absent && errno == ENOENT))
		return why_sys(why, EX_IOERR, "%s", f->name);
	return 0;
}

static int
same_text(const struct buf *a, const struct buf *b)
{
	return a->n == b->n && (!a->n || memcmp(a->p, b->p, a->n) == 0);
}

/* Put the copy in place if the file still is what was copied. */
static int
replace(const struct file *f, long long lock_ms, const struct buf *old,
    const struct buf *new, struct why *why)
{
	autoclose int lock =
	    f->vm ? vm_lock(f->h, f->vm, lock_ms, why) : home_lock(f->h, why);
	autobuf struct buf now = { 0 };

	if (lock < 0 || read_text(f, &now, why) < 0)
		return -1;
	if (!same_text(&now, old))
		return why_set(why, EX_TEMPFAIL, "was changed by another");
	if (io_replace(f->dir, f->name, 0600, new->n ? new->p : "", new->n) < 0)
		return why_sys(why, EX_IOERR, "%s", f->name);
	return 0;
}

static int
check_keys(const struct file *f, const char *copy, const struct buf *text,
    struct why *why)
{
	autoconf struct conf *new = conf_read(f->h->fd, copy, f->name, why);
	/* facts of what cannot be read are not known to have changed */
	autoconf struct conf *was = conf_read(f->dir, f->name, f->name, NULL);

	(void)text;
	return new ? keys_check(new, was, f->vm, f->unknown, why) : -1;
}

static int
check_rules(const struct file *f, const char *copy, const struct buf *text,
    struct why *why)
{
	(void)copy;
	return f->rules(f->name, text->n ? text->p : "", text->n, why);
}

/* The copy, as it is now, into the file's place. */
static int
take(const struct file *f, long long lock_ms, const char *copy,
    const struct buf *old, struct why *why)
{
	autobuf struct buf text = { 0 };

	if (io_read_file(f->h->fd, copy, &text, f->max) < 0)
		return errno == ENOENT ?
		    why_set(why, EX_NOINPUT,
			"%s: removed by the editor; nothing changed", f->name) :
		    why_sys(why, EX_DATAERR, "%s", f->name);
	if (same_text(&text, old))
		return 1;
	if (f->check(f, copy, &text, why) < 0)
		return -1;
	return replace(f, lock_ms, old, &text, why);
}

/* The text that was refused, under a name that nobody sweeps. */
static int
keep(const struct file *f, const char *copy, const struct why *w,
    struct why *why)
{
	autofree char *name = xasprintf("refused-%s.%s",
	    f->vm ? f->vm->name : "config", f->rules ? "rules" : "ini");

	if (renameat(f->h->fd, copy, f->h->fd, name) == 0)
		copy = name;
	else if (errno == ENOENT)
		return why_set(why, w->code, "%s", w->text);
	return why_set(why, w->code, "%s; your text is in %s/%s", w->text,
	    f->h->path, copy);
}

static int
edit(const struct file *f, long long lock_ms, struct why *why)
{
	struct home *h = f->h;
	autofree char *copy = xasprintf(".edit-%ld.ini", (long)getpid());
	autofree char *path = xasprintf("%s/%s", h->path, copy);
	autobuf struct buf old = { 0 };
	struct why w = { 0 };
	int r;

	if (!isatty(0) && !named_editor())
		return why_set(why, EX_USAGE,
		    "no terminal to edit on; %s, or EDITOR",
		    f->rules ? "xray fw add" : "xray config set");
	home_sweep(h->fd);
	if (read_text(f, &old, why) < 0)
		return -1;
	if (io_replace(h->fd, copy, 0600, old.n ? old.p : "", old.n) < 0)
		return why_sys(why, EX_IOERR, "%s", path);
	if (run_editor(path, why) < 0) {
		(void)unlinkat(h->fd, copy, 0);
		return -1;
	}
	r = take(f, lock_ms, copy, &old, &w);
	if (r < 0)
		return keep(f, copy, &w, why);
	if (unlinkat(h->fd, copy, 0) < 0)
		return why_sys(why, EX_IOERR, "%s", path);
	return r;
}

int
edit_file(struct home *h, struct vm *vm, long long lock_ms,
    void (*unknown)(const struct why *why), struct why *why)
{
	const struct file f = { .h = h,
		.vm = vm,
		.name = vm ? "vm.ini" : "config.ini",
		.dir = vm ? vm->dir : h->fd,
		.max = CONF_MAX,
		.absent = !vm,
		.check = check_keys,
		.unknown = unknown };

	return edit(&f, lock_ms, why);
}

int
edit_rules(struct home *h, struct vm *vm, long long lock_ms, edit_check *check,
    struct why *why)
{
	const struct file f = { .h = h,
		.vm = vm,
		.name = VM_RULES,
		.dir = vm->dir,
		.max = EDIT_MAX,
		.absent = 1,
		.check = check_rules,
		.rules = check };

	return edit(&f, lock_ms, why);
}
