/* SPDX-License-Identifier: ISC */
/*
 * hook_run: that a script of initial-boot is the next stands in vm.ini before
 * it is begun, so whoever is killed at any point leaves one that may be run
 * twice, the one that was under way, and none that is left out.
 */
#include "hook_run.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "hook.h"
#include "io.h"
#include "say.h"
#include "script.h"

#define COMPLETED "first_boot_completed"
#define PLACE "first_boot_at"
/* Others have the VM's lock for no longer than a snapshot takes. */
enum { LOCK_MS = 120000, TIMEOUT_S = 300 };

struct job {
	const struct hook_run *r;
	struct hooks hooks;
	struct hook_states states;
	struct scripts scripts;
	long long ms; /* each may take */
	int kept; /* how far initial-boot is, is written down */
};

int
hooks_completed(const struct vm *vm)
{
	int yes = 0;

	return conf_bool(vm->conf, COMPLETED, &yes, NULL) == 0 && yes;
}

/* NULL takes a key out. */
static int
keep(struct home *h, struct vm *vm, const char *completed, const char *place,
    long long ms, struct why *why)
{
	autoclose int lock = vm_lock(h, vm, ms, why);

	if (lock < 0 || conf_set(vm->conf, COMPLETED, completed, why) < 0 ||
	    conf_set(vm->conf, PLACE, place, why) < 0)
		return -1;
	return vm_save(vm, why);
}

int
hooks_reset(struct home *h, struct vm *vm, long long lock_ms, struct why *why)
{
	return keep(h, vm, NULL, NULL, lock_ms, why);
}

/* Whether it is the one that was asked for. */
static int
is_called(const struct hook *k, const char *name)
{
	size_t n = strlen(k->source);

	return strcmp(k->script, name) == 0 || strcmp(k->name, name) == 0 ||
	    (strncmp(name, k->source, n) == 0 && name[n] == '/' &&
		strcmp(name + n + 1, k->script) == 0);
}

/* Leave the one called `only` and take note of the others as not to be run;
 * of several by that name, the last that is not masked. */
static int
pick(const struct hook_run *r, struct hooks *hooks, struct why *why)
{
	struct hook *found = NULL;

	for (size_t i = 0; i < hooks->n; i++) {
		struct hook *k = &hooks->v[i];

		if (is_called(k, r->only) && (!found || !k->off))
			found = k;
	}
	if (!found)
		return why_set(why, EX_NOINPUT,
		    "%s: no %s script %s; xray hooks list %s", r->vm->name,
		    r->type, r->only, r->vm->name);
	if (found->off && !found->refused)
		return why_set(why, EX_NOINPUT, "%s: %s/%s: %s", r->vm->name,
		    found->source, found->script, found->off);
	for (size_t i = 0; i < hooks->n; i++)
		if (&hooks->v[i] != found) {
			free(hooks->v[i].off);
			hooks->v[i].off = xstrdup("");
			hooks->v[i].refused = 0;
		}
	return 0;
}

static int
collect(const struct hook_run *r, struct hooks *hooks, struct why *why)
{
	if (hooks_collect(r->home, r->vm, r->type, hooks, why) < 0)
		return -1;
	if (!r->only || pick(r, hooks, why) == 0)
		return 0;
	hooks_free(hooks);
	return -1;
}

int
hooks_due(const struct hook_run *r, struct why *why)
{
	struct hooks hooks;
	int n;

	if (collect(r, &hooks, why) < 0)
		return -1;
	n = (int)hooks_count(&hooks) + (hooks_refused(&hooks) != NULL);
	hooks_free(&hooks);
	return n;
}

static int
state(struct job *j, const struct hook *k, const char *text, struct why *why)
{
	hook_set_state(&j->states, j->r->type, k, text);
	return hook_states_write(j->r->vm, &j->states, why);
}

/* In words what why says of a script that has no exit code, and how its end
 * is told. */
static const char *
no_code(const struct job *j, const struct why *why)
{
	if (j->r->stop && *j->r->stop)
		return "interrupted";
	switch (why->code) {
	case EX_TEMPFAIL:
		return "timed out";
	case EX_NOPERM:
		return "refused";
	case EX_PROTOCOL:
	case EX_UNAVAILABLE:
		return "failed (no ssh)";
	case EX_CANTEXEC:
	case EX_NOTFOUND:
		return "failed (cannot be run)";
	}
	return "failed (our trouble)";
}

/* To the log with its source, for people without. */
static void
tell_end(struct job *j, const struct hook *k, const char *end)
{
	void (*show)(const char *line) = j->scripts.show;
	autofree char *line =
	    xasprintf("[%s] %s: %s", j->r->type, k->script, end);

	j->scripts.show = NULL;
	scripts_tell(&j->scripts, "[%s] %s/%s: %s", j->r->type, k->source,
	    k->script, end);
	j->scripts.show = show;
	if (show)
		show(line);
}

/* Run it and write down what became of it: 0, -1 with why. */
static int
run_one(struct job *j, const struct hook *k, struct why *why)
{
	autofree char *label = xasprintf("[%s] %s", j->r->type, k->script);
	struct script script = { k->path, label, k->guest, j->ms };
	long long from = io_now(), took;
	autofree char *end = NULL, *told = NULL;
	struct why w = { 0 };
	int code;

	if (state(j, k, "running", why) < 0)
		return -1;
	code = scripts_run(&j->scripts, &script, &w);
	took = io_now() - from;
	end = code == 0 ? xstrdup("done") :
	    code > 0	? xasprintf("failed (exit %d)", code) :
			  xstrdup(no_code(j, &w));
	if (code < 0 && strncmp(end, "timed", 5) == 0)
		told = xasprintf("%s after %lld s", end, j->ms / 1000);
	else if (code < 0)
		told = xasprintf("%s: %s", end, w.text);
	else
		told = xasprintf("%s, %lld.%lld s", code ? end : "ok",
		    took / 1000, took % 1000 / 100);
	tell_end(j, k, told);
	if (state(j, k, end, why) < 0)
		return -1;
	if (code == 0)
		return 0;
	return why_set(why, code > 0 ? EX_NO : w.code,
	    "%s: %s: %s/%s %s; xray log %s hooks", j->r->vm->name, j->r->type,
	    k->source, k->script, end, j->r->vm->name);
}

/* That it is the next: 0, or -1 with why. */
static int
come_to(struct job *j, const struct hook *k, struct why *why)
{
	autofree char *place = xasprintf("%s/%s", k->source, k->script);
	const char *now = conf_get(j->r->vm->conf, NULL, PLACE);

	if (now && strcmp(now, place) == 0)
		return 0;
	return keep(j->r->home, j->r->vm, NULL, place, LOCK_MS, why);
}

/* All from the one at `from` on. */
static int
run_all(struct job *j, size_t from, struct why *why)
{
	int r = 0, every = strcmp(j->r->type, HOOK_BOOT) == 0;

	for (size_t i = from; i < j->hooks.n; i++) {
		const struct hook *k = &j->hooks.v[i];
		struct why w;

		if (k->off)
			continue;
		if ((j->kept && come_to(j, k, &w) < 0) ||
		    run_one(j, k, &w) < 0) {
			if (r == 0)
				*why = w;
			r = -1;
			if (!every || (j->r->stop && *j->r->stop))
				break;
		}
	}
	return r;
}

static int
begin(struct job *j, struct why *why)
{
	const struct hook_run *r = j->r;

	j->ms = TIMEOUT_S * 1000;
	if (vm_ms(r->home, r->vm, "XRAY_HOOK_TIMEOUT", "hook_timeout", &j->ms,
		why) < 0)
		return -1;
	j->scripts.home = r->home;
	j->scripts.vm = r->vm;
	j->scripts.hook = r->type;
	j->scripts.user = r->user;
	j->scripts.stop = r->stop;
	j->scripts.show = r->show;
	return scripts_begin(&j->scripts, why);
}

/* One that others could have changed: none is run. */
static int
refuse(struct job *j, const struct hook *k, struct why *why)
{
	tell_end(j, k, k->off);
	if (state(j, k, "refused", why) < 0)
		return -1;
	return why_set(why, EX_NOPERM, "%s: %s: %s/%s: %s", j->r->vm->name,
	    j->r->type, k->source, k->script, k->off);
}

/* What was said of earlier runs, of scripts that are gone or run again. */
static void
forget(struct job *j, size_t from)
{
	if (j->r->only)
		return;
	hook_keep_states(&j->states, j->r->type, &j->hooks);
	for (size_t i = 0; i < j->hooks.n; i++)
		if (i >= from || j->hooks.v[i].off)
			hook_set_state(
			    &j->states, j->r->type, &j->hooks.v[i], NULL);
}

/* Run what there is to run. */
static int
go(struct job *j, struct why *why)
{
	const struct hook_run *r = j->r;
	const struct hook *bad = hooks_refused(&j->hooks);
	const char *at = conf_get(r->vm->conf, NULL, PLACE);
	size_t from = 0;

	if (j->kept && at)
		from = hooks_from(&j->hooks, at);
	forget(j, from);
	if (bad)
		return refuse(j, bad, why);
	if (from && from < j->hooks.n)
		scripts_tell(&j->scripts, "[%s] goes on at %s/%s", r->type,
		    j->hooks.v[from].source, j->hooks.v[from].script);
	if (run_all(j, from, why) < 0)
		return -1;
	return j->kept ? keep(r->home, r->vm, "yes", NULL, LOCK_MS, why) : 0;
}

/* Nothing is run, and nothing of an earlier run holds any more. */
static int
idle(struct job *j, struct why *why)
{
	size_t had = j->states.type.n;

	forget(j, 0);
	return had == j->states.type.n ?
	    0 :
	    hook_states_write(j->r->vm, &j->states, why);
}

static int
prepare(struct job *j, struct why *why)
{
	if (collect(j->r, &j->hooks, why) < 0)
		return -1;
	if (hook_states_read(j->r->vm, &j->states) < 0)
		return why_sys(
		    why, EX_IOERR, "%s: %s", j->r->vm->name, HOOKS_FILE);
	j->kept = strcmp(j->r->type, HOOK_INITIAL) == 0 && !j->r->only &&
	    !hooks_completed(j->r->vm);
	return 0;
}

static void
put_away(struct job *j)
{
	scripts_end(&j->scripts);
	hook_states_free(&j->states);
	hooks_free(&j->hooks);
}

int
hooks_run(const struct hook_run *r, struct why *why)
{
	struct job j = { .r = r, .scripts = SCRIPTS_NONE };
	int result = prepare(&j, why);

	if (result == 0) {
		if (!hooks_count(&j.hooks) && !hooks_refused(&j.hooks) &&
		    !(j.kept && conf_get(r->vm->conf, NULL, PLACE)))
			result = idle(&j, why);
		else if ((result = begin(&j, why)) == 0)
			result = go(&j, why);
	}
	put_away(&j);
	return result;
}

void
hooks_fail(const struct hook_run *r, const char *reason)
{
	struct job j = { .r = r, .scripts = SCRIPTS_NONE };
	autofree char *text = xasprintf("failed (%s)", reason);
	const char *at = conf_get(r->vm->conf, NULL, PLACE);
	struct why why;
	size_t i;

	if (prepare(&j, &why) < 0 || begin(&j, &why) < 0)
		goto end;
	i = hooks_from(&j.hooks, j.kept && at ? at : "");
	forget(&j, i);
	if (i < j.hooks.n) {
		tell_end(&j, &j.hooks.v[i], text);
		(void)state(&j, &j.hooks.v[i], text, &why); /* the log has it */
	}
end:
	put_away(&j);
}
