/* SPDX-License-Identifier: ISC */
#include "exact.h"

#include <string.h>

#include "run.h"
#include "ssh.h"

/*
 * The command is a program, not one of the shell's own: exec.  The shell stays
 * behind it, as sshd tells of no signal and ssh says 255 for its own troubles
 * too; what it has to say of a command that was killed is for nobody, and the
 * terminal's keys are for the command.
 */
static const char around[] = "m=$1; shift; exec 3>&2 2>/dev/null; "
			     "trap : INT QUIT; (exec \"$@\" 2>&3 3>&-); c=$?; "
			     "[ $c != 255 ] || : >\"$m\"; exit $c";

static void
add(struct buf *b, const char *s)
{
	buf_str(b, " ");
	buf_word(b, s, strlen(s));
}

void
exact_line(struct buf *b, char *const words[], const char *mark)
{
	buf_str(b, "exec sh -c");
	add(b, around);
	add(b, "sh");
	add(b, mark);
	for (size_t i = 0; words[i]; i++)
		add(b, words[i]);
}

int
exact_meant(struct home *h, const struct vm *vm, const char *mark, long long ms)
{
	autostrv struct strv argv = { 0 };
	autobuf struct buf out = { 0 };

	if (!vm_alive(vm) || ssh_argv(h, vm, NULL, 0, ms, &argv, NULL) < 0)
		return 0;
	strv_take(&argv, ssh_host(vm));
	strv_fmt(&argv, "rm '%s' 2>/dev/null", mark);
	return run_capture(argv.v, &out, 4096, (int)ms, NULL) == 0;
}
