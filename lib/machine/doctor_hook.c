/* SPDX-License-Identifier: ISC */
/* doctor_hook: scripts of hooks that are not run although somebody put them
 * there to be. */
#include "doctor.h"

#include <string.h>

#include "hook.h"
#include "say.h"

static void
look(struct doctor *d, const struct vm *vm, const char *type,
    const struct hook *k)
{
	const char *name = vm ? vm->name : NULL;
	struct why why;

	if (k->refused) {
		why_set(&why, 0, "%s: %s/%s: %s", type, k->source, k->script,
		    k->off);
		doctor_why(d, DOCTOR_BAD, "hooks", name, &why, NULL);
	} else if (k->off && strcmp(k->off, "not executable") == 0) {
		why_set(&why, 0,
		    "%s: %s/%s: not executable, so not run: chmod +x %s", type,
		    k->source, k->script, k->path);
		doctor_why(d, DOCTOR_NOTE, "hooks", name, &why, NULL);
	}
}

void
doctor_hooks(struct doctor *d, const struct vm *vm)
{
	for (size_t i = 0; hook_types[i]; i++) {
		struct hooks hooks;
		struct why why;

		if (hooks_collect(d->home, vm, hook_types[i], &hooks, &why) <
		    0) {
			doctor_why(d, DOCTOR_BAD, "hooks", vm ? vm->name : NULL,
			    &why, NULL);
			return;
		}
		for (size_t k = 0; k < hooks.n; k++)
			if (!vm || strcmp(hooks.v[k].source, "vm") == 0)
				look(d, vm, hook_types[i], &hooks.v[k]);
		hooks_free(&hooks);
	}
}
