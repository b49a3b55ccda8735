/* SPDX-License-Identifier: ISC */
/*
 * hook_state: two files tell how far hooks are.  HOOKS_FILE has the scripts;
 * HOOKED says whether those of a start have begun and ended, and of which
 * start: it has QEMU's pid and its time, so one of an earlier run says
 * nothing.
 */
#include "hook.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "dial.h"
#include "io.h"
#include "say.h"
#include "sys.h"

#define HOOKED "hooked"
#define LOCK "hooks.lock"
enum { STATES_MAX = 1 << 20, LOOK_MS = 300 };

static void
add_line(struct hook_states *s, char *line)
{
	struct strv *columns[] = { &s->type, &s->source, &s->script,
		&s->state };
	char *cell[LEN(columns)];

	for (size_t i = 0; i < LEN(cell); i++) {
		char *tab;

		cell[i] = line;
		if (i + 1 == LEN(cell))
			break;
		tab = strchr(line, '\t');
		if (!tab)
			return; /* none of ours */
		*tab = '\0';
		line = tab + 1;
	}
	for (size_t i = 0; i < LEN(cell); i++)
		strv_add(columns[i], cell[i]);
}

int
hook_states_read(const struct vm *vm, struct hook_states *s)
{
	autobuf struct buf b = { 0 };

	*s = (struct hook_states){ 0 };
	if (io_read_file(vm->dir, HOOKS_FILE, &b, STATES_MAX) < 0)
		return errno == ENOENT ? 0 : -1;
	for (char *p = b.p; *p;) {
		size_t n = strcspn(p, "\n");
		int more = p[n] != '\0';

		p[n] = '\0';
		add_line(s, p);
		p += n + (size_t)more;
	}
	return 0;
}

int
hook_states_write(
    const struct vm *vm, const struct hook_states *s, struct why *why)
{
	autobuf struct buf b = { 0 };

	for (size_t i = 0; i < s->type.n; i++)
		buf_fmt(&b, "%s\t%s\t%s\t%s\n", s->type.v[i], s->source.v[i],
		    s->script.v[i], s->state.v[i]);
	if (io_put(vm->dir, HOOKS_FILE, 0600, b.p, b.n) < 0)
		return why_sys(why, EX_IOERR, "%s: %s", vm->name, HOOKS_FILE);
	return 0;
}

void
hook_states_free(struct hook_states *s)
{
	strv_free(&s->type);
	strv_free(&s->source);
	strv_free(&s->script);
	strv_free(&s->state);
}

static size_t
find(const struct hook_states *s, const char *type, const struct hook *hook)
{
	size_t i;

	for (i = 0; i < s->type.n; i++)
		if (strcmp(s->type.v[i], type) == 0 &&
		    strcmp(s->source.v[i], hook->source) == 0 &&
		    strcmp(s->script.v[i], hook->script) == 0)
			break;
	return i;
}

const char *
hook_state(
    const struct hook_states *s, const char *type, const struct hook *hook)
{
	size_t i = find(s, type, hook);

	return i < s->type.n ? s->state.v[i] : NULL;
}

static void
drop(struct hook_states *s, size_t i)
{
	struct strv *columns[] = { &s->type, &s->source, &s->script,
		&s->state };

	for (size_t k = 0; k < LEN(columns); k++) {
		struct strv *c = columns[k];

		free(c->v[i]);
		memmove(c->v + i, c->v + i + 1, (c->n - i) * sizeof *c->v);
		c->n--;
	}
}

void
hook_set_state(struct hook_states *s, const char *type, const struct hook *hook,
    const char *state)
{
	size_t i = find(s, type, hook);

	if (!state) {
		if (i < s->type.n)
			drop(s, i);
	} else if (i < s->type.n) {
		free(s->state.v[i]);
		s->state.v[i] = xstrdup(state);
	} else {
		struct buf name = { 0 };

		/* one may be refused for its name */
		buf_vis(&name, hook->script, strlen(hook->script));
		strv_add(&s->type, type);
		strv_add(&s->source, hook->source);
		strv_take(&s->script, buf_take(&name));
		strv_add(&s->state, state);
	}
}

void
hook_keep_states(
    struct hook_states *s, const char *type, const struct hooks *hooks)
{
	for (size_t i = s->type.n; i-- > 0;) {
		size_t k = 0;

		if (strcmp(s->type.v[i], type) != 0)
			continue;
		while (k < hooks->n &&
		    (strcmp(hooks->v[k].source, s->source.v[i]) != 0 ||
			strcmp(hooks->v[k].script, s->script.v[i]) != 0))
			k++;
		if (k == hooks->n)
			drop(s, i);
	}
}

int
hooks_lock(const struct vm *vm, long long ms, struct why *why)
{
	autofree char *what = xasprintf("%s: hooks", vm->name);

	return lock_take(vm->dir, LOCK, what, ms, why);
}

int
hooks_busy(const struct vm *vm)
{
	autoclose int fd = openat(vm->dir, LOCK, O_RDWR | O_CLOEXEC);

	return fd >= 0 && sys_locked(fd) == 1;
}

static const char *const words[] = {
	[HOOKS_RUN] = "begun",
	[HOOKS_NONE] = "off",
	[HOOKS_DONE] = "ended",
};

void
hooks_mark(const struct vm *vm, enum hooks_phase phase)
{
	unsigned long long start;
	char text[80];
	pid_t pid;
	int n;

	if (vm_pid(vm, &pid, &start) < 0)
		return; /* nobody looks at one that is stopped */
	n = snprintf(
	    text, sizeof text, "%ld %llu %s\n", (long)pid, start, words[phase]);
	(void)io_put(vm->dir, HOOKED, 0600, text, (size_t)n);
}

static enum hooks_phase
marked(const struct vm *vm)
{
	unsigned long long start, then;
	autobuf struct buf b = { 0 };
	char word[8];
	pid_t pid;
	long who;

	if (vm_pid(vm, &pid, &start) < 0 ||
	    io_read_file(vm->dir, HOOKED, &b, 80) < 0 ||
	    sscanf(b.p, "%ld %llu %7s", &who, &then, word) != 3 || who != pid ||
	    then != start)
		return HOOKS_AWAITED;
	for (size_t i = 0; i < LEN(words); i++)
		if (words[i] && strcmp(word, words[i]) == 0)
			return (enum hooks_phase)i;
	return HOOKS_AWAITED;
}

/* "initial-boot user/10-x.sh", and how it ended. */
static char *
describe(const struct hook_states *s, size_t i)
{
	const char *state = s->state.v[i], *open = strchr(state, '(');
	int failed = str_starts(state, "failed") && open;
	autofree char *end = failed ?
	    xstrdup(open) :
	    strcmp(state, "running") == 0 ?
	    xstrdup("(interrupted)") :
	    xasprintf("(%.*s)", (int)strcspn(state, ":"), state);

	return xasprintf(
	    "%s %s/%s %s", s->type.v[i], s->source.v[i], s->script.v[i], end);
}

/* What the scripts say when nobody runs them any more. */
static enum hooks_phase
verdict(const struct hook_states *s, char **what)
{
	enum hooks_phase phase = HOOKS_NONE;

	for (size_t i = 0; i < s->type.n; i++) {
		if (strcmp(s->type.v[i], HOOK_CREATE) == 0)
			continue;
		phase = HOOKS_DONE;
		if (strcmp(s->state.v[i], "done") == 0)
			continue;
		if (what)
			*what = describe(s, i);
		return HOOKS_FAILED;
	}
	return phase;
}

static char *
under_way(const struct hook_states *s)
{
	for (size_t i = 0; i < s->type.n; i++)
		if (strcmp(s->state.v[i], "running") == 0)
			return xasprintf("%s %s/%s", s->type.v[i],
			    s->source.v[i], s->script.v[i]);
	return NULL;
}

enum hooks_phase
hooks_phase(const struct vm *vm, char **what)
{
	enum hooks_phase phase = marked(vm);
	struct hook_states s;

	if (what)
		*what = NULL;
	if (phase == HOOKS_AWAITED || phase == HOOKS_NONE)
		return phase;
	/* who ends lets go of the lock behind the mark; else he was killed */
	if (phase == HOOKS_RUN && !hooks_busy(vm) &&
	    (phase = marked(vm)) == HOOKS_RUN)
		phase = HOOKS_FAILED;
	if (hook_states_read(vm, &s) < 0)
		return HOOKS_FAILED;
	if (phase == HOOKS_RUN) {
		if (what)
			*what = under_way(&s);
	} else if (verdict(&s, what) == HOOKS_FAILED)
		phase = HOOKS_FAILED;
	else if (phase == HOOKS_DONE)
		phase = verdict(&s, NULL);
	hook_states_free(&s);
	return phase;
}

int
hooks_await(const struct vm *vm, long long deadline,
    void (*tell)(const char *text), struct why *why)
{
	for (;;) {
		autofree char *what = NULL;
		enum hooks_phase phase;
		int left;

		if (dial_live(vm, why) < 0)
			return -1;
		phase = hooks_phase(vm, &what);
		if (phase == HOOKS_DONE || phase == HOOKS_NONE)
			return 0;
		if (phase == HOOKS_FAILED)
			return why_set(why, EX_NO,
			    "%s: hook failed: %s; xray log %s hooks", vm->name,
			    what ? what : "interrupted", vm->name);
		left = io_left(deadline);
		if (!left)
			return why_set(why, EX_TEMPFAIL,
			    "%s: its hooks have not %s%s%s", vm->name,
			    phase == HOOKS_RUN ? "ended" : "begun",
			    what ? ": " : "", what ? what : "");
		if (what && tell) {
			autofree char *text =
			    xasprintf("%s: %s", vm->name, what);

			tell(text);
		}
		io_sleep(left < LOOK_MS ? left : LOOK_MS);
	}
}
