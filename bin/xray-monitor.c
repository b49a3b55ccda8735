/* SPDX-License-Identifier: ISC */
/*
 * xray-monitor: lines of QEMU's monitor for people, by QMP's
 * human-monitor-command.  The QMP socket is taken for each line alone, so that
 * a monitor left open on a terminal holds up no other command.
 */
#include "say.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "io.h"
#include "opt.h"
#include "qemu.h"
#include "qmp.h"
#include "vm.h"

enum { ANSWER_MS = 60000 };

static const struct opt opts[] = { { 0 } };
static const struct usage use = { "xray-monitor", "VM", opts, 0 };

/* QEMU's answer; on a terminal masked, since a guest can name devices. */
static void
print(const char *text)
{
	autobuf struct buf b = { 0 };
	size_t n = strlen(text);

	for (size_t i = 0; i < n; i++)
		if (text[i] != '\r')
			buf_add(&b, &text[i], 1);
	if (b.n && b.p[b.n - 1] != '\n')
		buf_str(&b, "\n");
	if (isatty(1))
		say_guest(b.p ? b.p : "", b.n);
	else if (io_write(1, b.p ? b.p : "", b.n) < 0)
		die_sys(EX_IOERR, "standard output");
}

/* 0, or the code of what went wrong, told. */
static int
command(const struct vm *vm, const char *line)
{
	long long deadline = io_now() + ANSWER_MS;
	autobuf struct buf args = { 0 };
	autojson struct json *doc = NULL;
	autofree char *text = NULL;
	autoqmp struct qmp *q = NULL;
	struct why why;

	q = qmp_open(vm->dir, VM_QMP, vm->name, deadline, &why);
	if (q) {
		buf_str(&args, "{\"command-line\":");
		json_quote(&args, line);
		buf_str(&args, "}");
		doc = qmp_call(
		    q, "human-monitor-command", args.p, deadline, &why);
	}
	if (!doc && q && (strcmp(line, "q") == 0 || strcmp(line, "quit") == 0))
		return 0; /* gone, as asked */
	if (!doc) {
		warn_why(&why);
		return why.code;
	}
	text = json_str(doc, json_get(doc, 0, "return"));
	print(text ? text : "");
	return 0;
}

static void
prompt(int terminal)
{
	if (terminal && write(2, "(qemu) ", 7) < 0)
		exit(EX_IOERR);
}

int
main(int argc, char **argv)
{
	int code = 0, terminal = isatty(0) && isatty(2);
	char *line = NULL;
	size_t cap = 0;
	ssize_t n;
	struct home home;
	struct vm vm;
	struct why why;

	while (opt_next(argc, argv, &use) != -1)
		;
	if (argc - optind != 1)
		die_usage(&use, "one VM");
	if (home_open(&home, &why) < 0 ||
	    vm_open(&home, argv[optind], &vm, &why) < 0)
		die_why(&why);
	if (!vm_alive(&vm))
		die(EX_UNAVAILABLE, "%s: stopped; xray start %s", vm.name,
		    vm.name);
	if (terminal)
		note("%s: Ctrl-D leaves; help lists the commands", vm.name);
	for (prompt(terminal); (n = getline(&line, &cap, stdin)) > 0;
	     prompt(terminal)) {
		int got;

		line[strcspn(line, "\n")] = '\0';
		if (!*line)
			continue;
		got = command(&vm, line);
		code = code ? code : got;
		if (!vm_alive(&vm))
			break;
	}
	if (ferror(stdin))
		die_sys(EX_IOERR, "standard input");
	free(line);
	return code;
}
