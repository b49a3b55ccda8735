/* SPDX-License-Identifier: ISC */
/*
 * What is seen now counts before what was written, what only one source can
 * have written before what a guest can print, and what ended a boot before
 * what merely went wrong in it.
 */
#include "cause_priv.h"

#include <stdlib.h>
#include <string.h>

#include "say.h"

enum { DEAD_MS = 15000, SECTORS = 4096, LOADER = 1 << 20, CLOCK_S = 5 };

/* ---- a start that failed ---- */

/* Our own messages: "NAME: what is wrong; what mends it". */
static void
trouble(const struct story *s, const struct look *l, struct cause *c)
{
	static const struct {
		const char *words, *cause;
	} known[] = {
		{ " is taken by ", "port-taken" },
		{ "min_free is", "disk-full" },
		{ "No space left on device", "disk-full" },
		{ "is not what was sealed", "base-changed" },
		{ "bases/", "base-changed" },
		{ "snapshot", "snapshot" },
		{ "cannot be used here", "accelerator" },
		{ "/dev/kvm", "accelerator" },
		{ " of memory, ", "memory" },
		{ "no network: ", "gateway" },
		{ "QEMU ended", "qemu-died" },
	};
	const char *text = s->trouble, *word = "start-failed", *mend;
	size_t n = strlen(l->name);
	autofree char *what = NULL;

	if (strncmp(text, l->name, n) == 0 && str_starts(text + n, ": "))
		text += n + 2;
	mend = strstr(text, "; ");
	if (mend && !strstr(mend, "xray "))
		mend = NULL;
	what = xstrndup(text, mend ? (size_t)(mend - text) : strlen(text));
	for (size_t i = LEN(known); i-- > 0;)
		if (strstr(what, known[i].words))
			word = known[i].cause;
	cause_is(c, l, word, what);
	if (mend && !str_starts(mend + 2, "see xray why"))
		strv_add(&c->next, mend + 2);
}

/* ---- the console ---- */

/* Signs, those that end a boot first; and what they are called. */
static const struct {
	enum sign sign;
	const char *cause;
} endings[] = { { SIGN_NO_ROOT, "no-root" }, { SIGN_NO_INIT, "no-init" },
	{ SIGN_PANIC, "panic" }, { SIGN_NO_BOOT, "no-boot" },
	{ SIGN_NO_KERNEL, "no-kernel" }, { SIGN_EMERGENCY, "emergency" } },
  mishaps[] = { { SIGN_SSHD, "sshd-failed" }, { SIGN_OOM, "oom" },
	  { SIGN_BROKEN_FS, "broken-fs" }, { SIGN_NO_SPACE, "guest-full" },
	  { SIGN_HANG, "hang" } };

static void
sighted(const struct story *s, const struct look *l, enum sign sign,
    const char *word, struct cause *c)
{
	autofree char *detail = sign == SIGN_NO_SPACE ?
	    xasprintf(": %s", s->sign[sign].text) :
	    xstrdup(s->sign[sign].text);

	cause_is(c, l, word, detail);
}

/* 1 when its last boot ended before there was a login. */
static int
boot_ended(const struct story *s, const struct look *l, struct cause *c)
{
	for (size_t i = 0; i < LEN(endings); i++) {
		const struct sighting *g = &s->sign[endings[i].sign];

		if (g->n && g->last > s->sign[SIGN_LOGIN].last) {
			sighted(s, l, endings[i].sign, endings[i].cause, c);
			return 1;
		}
	}
	return 0;
}

static int
mishap(const struct story *s, const struct look *l, struct cause *c)
{
	for (size_t i = 0; i < LEN(mishaps); i++)
		if (s->sign[mishaps[i].sign].n) {
			sighted(s, l, mishaps[i].sign, mishaps[i].cause, c);
			return 1;
		}
	return 0;
}

/* ---- a run that is over ---- */

static void
ended(const struct story *s, const struct look *l, struct cause *c)
{
	static const struct {
		const char *reason, *text;
	} ways[] = { { "guest-shutdown", ": shut down from inside" },
		{ "host-qmp-quit", ": by xray stop" },
		{ "host-signal", ": by a signal to QEMU" },
		{ "host-ui", ": by its window" } };
	const char *text = "";

	for (size_t i = 0; i < LEN(ways); i++)
		if (s->reason && strcmp(s->reason, ways[i].reason) == 0)
			text = ways[i].text;
	if (s->end && str_starts(s->end, "signal"))
		cause_is(c, l, "qemu-killed", s->end);
	else if (boot_ended(s, l, c))
		return;
	else if (!s->end && !*text)
		cause_is(c, l, "vanished", "");
	else if (s->end && strcmp(s->end, "exit 0") != 0)
		cause_is(
		    c, l, "qemu-died", "QEMU gave up; xray log has its words");
	else if (s->hook)
		cause_is(c, l, "hook-failed", s->hook);
	else if (s->gave_up && !s->answered)
		cause_is(c, l, "no-ssh", s->gave_up);
	else
		cause_is(c, l, "stopped", text);
}

/* ---- one that runs ---- */

static void
denials(const struct story *s, int ruled, struct buf *b)
{
	unsigned long all = ruled ? s->ruled : s->denied - s->ruled, told = 0;
	int n = 0;

	for (size_t i = 0; i < s->denials && n < 3; i++) {
		const struct denial *d = &s->denial[i];

		if (d->ruled != ruled)
			continue;
		buf_fmt(b, "%s%s (%s%s%lu)", n++ ? ", " : "", d->to,
		    ruled ? "" : d->why, ruled ? "" : ", ", d->n);
		told += d->n;
	}
	if (all > told)
		buf_fmt(b, "%s%lu more", n ? ", " : "", all - told);
}

/* It lets us in. */
static void
up(const struct story *s, const struct look *l, struct cause *c)
{
	autobuf struct buf b = { 0 };
	int off =
	    l->clock_known && (l->behind > CLOCK_S || l->behind < -CLOCK_S);

	if (s->hook)
		cause_is(c, l, "hook-failed", s->hook);
	else if (l->full >= 100)
		cause_is(c, l, "guest-full", ": its root");
	else if (l->read_only)
		cause_is(c, l, "read-only", "");
	else if (s->sign[SIGN_OOM].n)
		cause_is(c, l, "oom", s->sign[SIGN_OOM].text);
	else if (s->sign[SIGN_BROKEN_FS].n)
		cause_is(c, l, "broken-fs", s->sign[SIGN_BROKEN_FS].text);
	else if (l->cloud)
		cause_is(c, l, "cloud-init", l->cloud);
	else if (off) {
		buf_fmt(&b, "%lld s %s", l->behind < 0 ? -l->behind : l->behind,
		    l->behind < 0 ? "ahead" : "behind");
		cause_is(c, l, "clock", b.p);
	} else if (s->denied > s->ruled) {
		denials(s, 0, &b);
		cause_is(c, l, "denied", b.p);
	} else if (l->host_full)
		cause_is(c, l, "host-low", l->host_full);
	else {
		if (l->bare)
			buf_str(&b,
			    "; but for net = proxy it was not set up: see "
			    "xray help firewall");
		if (s->ruled)
			buf_str(&b, "; denied by rules: ");
		denials(s, 1, &b);
		cause_is(c, l, "well", b.n ? b.p : "");
	}
}

/* 1 when QEMU or what is around it is at fault. */
static int
machine(const struct story *s, const struct look *l, struct cause *c)
{
	autofree char *detail = NULL;
	const char *word = NULL;

	if (l->host_full || s->gateway)
		detail = xasprintf(": %s",
		    str_starts(l->status, "paused") ?
			l->host_full ? l->host_full : "" :
			s->gateway ? s->gateway :
				     "");
	if (str_starts(l->status, "broken"))
		word = "no-supervisor";
	else if (str_starts(l->status, "starting"))
		word = "starting";
	else if (str_starts(l->status, "stopping"))
		word = "stopping";
	else if (l->held)
		word = "held";
	else if (!l->run_state)
		word = "qemu-deaf";
	else if (strcmp(l->run_state, "internal-error") == 0)
		word = "accel-error";
	else if (strcmp(l->run_state, "guest-panicked") == 0)
		word = s->sign[SIGN_NO_ROOT].n ? "no-root" : "panic";
	else if (strstr(l->status, "disk full"))
		word = "paused-full";
	else if (strstr(l->status, "disk error"))
		word = "disk-error";
	else if (str_starts(l->status, "paused"))
		word = "paused";
	else if (!l->gateway)
		word = "gateway-down";
	else
		return 0;
	cause_is(c, l, word,
	    strcmp(word, "accel-error") == 0 ? l->run_state :
		detail			     ? detail :
					       "");
	return 1;
}

static void
logs_in(const struct story *s, const struct look *l, struct cause *c)
{
	const char *says = l->login_says ? l->login_says : "no answer in time";

	if (l->login == 0)
		up(s, l, c);
	else if (strstr(says, "Permission denied"))
		cause_is(c, l, "key-refused", "");
	else if (strstr(says, "Host key verification failed") ||
	    strstr(says, "HOST IDENTIFICATION"))
		cause_is(c, l, "host-key", "");
	else
		cause_is(c, l, "ssh-failed", says);
}

/* Nothing was printed, and hardly anything read: firmware that has nothing to
 * start says so on the screen alone. */
static int
nothing_to_boot(const struct story *s, const struct look *l, struct cause *c)
{
	if (s->lines || !l->bios || l->read < 0 || l->read >= LOADER ||
	    l->age < DEAD_MS)
		return 0;
	cause_is(c, l, l->read > SECTORS ? "no-kernel" : "no-boot", "");
	return 1;
}

/* It does not let us in, for want of one who answers. */
static void
down(const struct story *s, const struct look *l, struct cause *c)
{
	autofree char *age = xasprintf("%lld s so far%s%.80s", l->age / 1000,
	    s->line ? "; console: " : "", s->line ? s->line : "");

	if (boot_ended(s, l, c) || nothing_to_boot(s, l, c))
		return;
	if (s->sign[SIGN_LOGIN].n && l->door == DOOR_UNKNOWN)
		cause_is(c, l, "well", "; it has no network");
	else if (mishap(s, l, c))
		return;
	else if (s->sign[SIGN_LOGIN].n)
		cause_is(
		    c, l, l->door == DOOR_SHUT ? "no-sshd" : "no-network", "");
	else if (s->answered && l->door == DOOR_SHUT)
		cause_is(c, l, "no-ssh",
		    "it has answered before, and nothing listens on port 22 "
		    "now");
	else if (!s->answered && l->age < l->patience)
		cause_is(c, l, "booting", age);
	else if (l->door == DOOR_SHUT)
		cause_is(c, l, "no-ssh", "nothing listens on port 22");
	else if (s->lines)
		cause_is(c, l, "stuck", s->line);
	else
		cause_is(c, l, "silent", "");
}

void
cause_find(const struct story *s, const struct look *l, struct cause *c)
{
	if (!s)
		cause_is(c, l, "never-started", "");
	else if (s->trouble)
		trouble(s, l, c);
	else if (!l->live)
		ended(s, l, c);
	else if (machine(s, l, c))
		return;
	else if (l->door == DOOR_SSH)
		logs_in(s, l, c);
	else if (l->door == DOOR_ODD)
		cause_is(c, l, "odd-ssh", l->login_says ? l->login_says : "?");
	else
		down(s, l, c);
}
