/* SPDX-License-Identifier: ISC */
/* doctor_accel: what guests will run under, and why. */
#include "doctor.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "accel.h"
#include "keys.h"
#include "sys.h"

#define SLOW "ten times slower, and no security boundary"

/* What was asked for, and by whom, both the caller's. */
static char *
wanted(const struct doctor *d, char **origin)
{
	const struct key *k = key_find("accel", NULL);
	const char *env = getenv("XRAY_ACCEL");
	char *v;

	if (d->home && k && (v = key_value(d->home, NULL, k, 0, origin)))
		return v;
	*origin = xstrdup("XRAY_ACCEL");
	return xstrdup(env && *env ? env : "auto");
}

/* Without a home nothing can be tried: the look of it. */
static int
look(struct doctor *d, const char *program, struct accel_probe *p,
    struct why *why)
{
	if (d->home)
		return accel_probe(d->home, program, p, why);
	if (sys_accel(sys_accel_name()) == 0)
		return why_set(
		    why, 0, "%s: not tried without a home", sys_accel_name());
	p->state =
	    errno == EACCES || errno == EPERM ? ACCEL_DENIED : ACCEL_ABSENT;
	return 0;
}

static void
tell(struct doctor *d, const struct accel_probe *p, enum doctor_state grave)
{
	autofree char *mend = NULL;
	const char *name = sys_accel_name();

	if (p->state == ACCEL_WORKS) {
		doctor_add(d, DOCTOR_OK, "accel", NULL, "%s works", name);
		return;
	}
	if (p->state == ACCEL_FAILS) {
		doctor_add(d, DOCTOR_BAD, "accel", NULL,
		    "%s, so tcg, " SLOW ": a fault of this host; to live with "
		    "it: xray config set accel tcg",
		    p->text);
		return;
	}
	mend = sys_accel_mend();
	if (p->state == ACCEL_DENIED)
		doctor_add(d, DOCTOR_BAD, "accel", NULL,
		    "/dev/%s: permission denied, so tcg, ten times slower: %s",
		    name, mend ? mend : "ask who runs this host");
	else
		doctor_add(d, mend ? DOCTOR_BAD : grave, "accel", NULL,
		    "%s: not on this host, so tcg, " SLOW ": %s", name,
		    mend ? mend :
			   "if it is a machine, switch virtualization on in "
			   "its setup");
}

void
doctor_accel(struct doctor *d, const char *program)
{
	autofree char *origin = NULL;
	autofree char *want = wanted(d, &origin);
	struct accel_probe p = { 0 };
	struct why why;
	int forced = strcmp(want, "auto") != 0;
	const char *back = strcmp(origin, "XRAY_ACCEL") == 0 ?
	    "unset XRAY_ACCEL" :
	    "xray config unset accel";

	if (strcmp(want, "tcg") == 0) {
		doctor_add(d, DOCTOR_NOTE, "accel", NULL,
		    "tcg, says %s: " SLOW ": %s looks for better", origin,
		    back);
		return;
	}
	if (forced && strcmp(want, sys_accel_name()) != 0) {
		doctor_add(d, DOCTOR_BAD, "accel", NULL,
		    "%s, says %s, and no such thing is on this system: %s",
		    want, origin, back);
		return;
	}
	if (look(d, program, &p, &why) < 0)
		doctor_why(d, DOCTOR_NOTE, "accel", NULL, &why, NULL);
	else
		tell(d, &p, forced ? DOCTOR_BAD : DOCTOR_NOTE);
}
