/* SPDX-License-Identifier: ISC */
/*
 * xray-qmp: speak QMP to a VM's QEMU.  Commands from the operands or, one
 * JSON object a line, from standard input; replies on standard output.
 */
#include "say.h"

#include <errno.h>
#include <getopt.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "io.h"
#include "opt.h"
#include "qemu.h"
#include "qmp.h"
#include "vm.h"

enum { OPT_JOB = OPT_OWN };

static const struct opt opts[] = {
	{ 'e', "events", NULL, "print events, for ever or until --timeout" },
	{ OPT_JOB, "job", NULL, "wait until the command's job has concluded" },
	{ OPT_TIMEOUT, "timeout", "S", "wait S seconds for an answer (10)" },
	{ 0 },
};
static const struct usage use = { "xray-qmp",
	"VM [COMMAND [KEY=VALUE ... | JSON]]", opts, 1 };

static long long wait_ms = 10000;

/* key=value: the value stands as JSON when it is some, else as a string;
 * a.b=1 makes {"a":{"b":1}} for one level. */
static void
value(struct buf *b, const char *text)
{
	struct json *doc = json_parse(text, strlen(text), NULL);

	if (doc)
		buf_str(b, text);
	else
		json_quote(b, text);
	json_free(doc);
}

static char *
arguments(int argc, char **argv)
{
	struct buf b = { 0 };

	if (argc == 0)
		return NULL;
	if (argc == 1 && argv[0][0] == '{') {
		struct json *doc = json_parse(argv[0], strlen(argv[0]), NULL);

		if (!doc)
			die_usage(&use, "%s: not JSON", argv[0]);
		json_free(doc);
		return xstrdup(argv[0]);
	}
	for (int i = 0; i < argc; i++) {
		char *eq = strchr(argv[i], '=');
		autofree char *key = NULL;

		if (!eq || eq == argv[i])
			die_usage(&use, "%s: not KEY=VALUE", argv[i]);
		key = xstrndup(argv[i], (size_t)(eq - argv[i]));
		buf_str(&b, i ? "," : "{");
		json_quote(&b, key);
		buf_str(&b, ":");
		value(&b, eq + 1);
	}
	buf_str(&b, "}");
	return buf_take(&b);
}

/* Print a reply; 76 when it is an error. */
static int
print(const char *text)
{
	say("%s\n", text);
	return str_starts(text, "{\"error\"") ? EX_PROTOCOL : 0;
}

static int
one_line(struct qmp *q, const char *line)
{
	struct why why;
	char *reply = qmp_raw(q, line, io_now() + wait_ms, &why);
	int code;

	if (!reply) {
		warn_why(&why);
		return why.code;
	}
	code = print(reply);
	free(reply);
	fflush(stdout); /* whoever wrote the line waits; say_done checks */
	return code;
}

static int
from_stdin(struct qmp *q)
{
	char *line = NULL;
	size_t cap = 0;
	ssize_t n;
	int code = 0, got;

	while ((n = getline(&line, &cap, stdin)) > 0) {
		if (line[n - 1] == '\n')
			line[n - 1] = '\0';
		if (!*line)
			continue;
		got = one_line(q, line);
		code = code ? code : got;
		if (got == EX_UNAVAILABLE || got == EX_TEMPFAIL)
			break;
	}
	if (ferror(stdin))
		die_sys(EX_IOERR, "standard input");
	free(line);
	return code;
}

static int
one_command(struct qmp *q, const char *command, const char *args)
{
	autobuf struct buf b = { 0 };

	buf_str(&b, "{\"execute\":");
	json_quote(&b, command);
	if (args)
		buf_fmt(&b, ",\"arguments\":%s", args);
	buf_str(&b, "}");
	return one_line(q, b.p);
}

static int
one_job(struct qmp *q, const char *command, const char *args)
{
	autojson struct json *doc =
	    args ? json_parse(args, strlen(args), NULL) : NULL;
	autofree char *id =
	    doc ? json_str(doc, json_get(doc, 0, "job-id")) : NULL;
	struct why why;

	if (!id)
		die_usage(&use, "--job: the arguments need a job-id");
	if (qmp_job(q, command, args, id, io_now() + wait_ms, &why) < 0)
		die_why(&why);
	return 0;
}

static int
events(struct qmp *q, int limited)
{
	for (;;) {
		struct why why;
		struct json *doc = qmp_event(
		    q, limited ? io_now() + wait_ms : io_now() + 3600000, &why);
		const char *text;
		size_t n;

		if (!doc && why.code == EX_TEMPFAIL && !limited)
			continue;
		if (!doc)
			return why.code == EX_TEMPFAIL ? 0 : why.code;
		text = json_text(doc, 0, &n);
		say("%.*s\n", (int)n, text);
		json_free(doc);
		if (fflush(stdout) != 0)
			die_sys(EX_IOERR, "standard output");
	}
}

int
main(int argc, char **argv)
{
	int c, want_events = 0, job = 0, code, limited = 0;
	autofree char *args = NULL;
	struct home home;
	struct vm vm;
	struct why why;
	autoqmp struct qmp *q = NULL;

	while ((c = opt_next(argc, argv, &use)) != -1)
		switch (c) {
		case 'e':
			want_events = 1;
			break;
		case OPT_JOB:
			job = 1;
			break;
		case OPT_TIMEOUT:
			wait_ms = opt_ms(&use, "--timeout", optarg);
			limited = 1;
			break;
		}
	if (optind == argc)
		die_usage(&use, "no VM named");
	if (argc - optind > 1)
		args = arguments(argc - optind - 2, argv + optind + 2);
	if (home_open(&home, &why) < 0 ||
	    vm_open(&home, argv[optind], &vm, &why) < 0)
		die_why(&why);
	if (!vm_alive(&vm))
		die(EX_UNAVAILABLE, "%s: stopped; xray start %s", vm.name,
		    vm.name);
	q = qmp_open(vm.dir, want_events ? VM_EVENTS : VM_QMP, vm.name,
	    io_now() + wait_ms, &why);
	if (!q)
		die_why(&why);
	if (want_events)
		code = events(q, limited);
	else if (argc - optind == 1)
		code = from_stdin(q);
	else if (job)
		code = one_job(q, argv[optind + 1], args);
	else
		code = one_command(q, argv[optind + 1], args);
	(void)say_done();
	return code;
}
