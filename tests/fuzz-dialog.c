/* SPDX-License-Identifier: ISC */
/* fuzz-dialog: the bytes are a line between xray-ask and who answers. */
#include <string.h>

#include "dialog.h"
#include "fuzz.h"
#include "say.h"

static void
check_text(struct buf *b)
{
	for (size_t i = 0; i < b->n; i++)
		must(b->p[i] >= ' ' && b->p[i] <= '~');
	buf_free(b);
}

/* What was read is printed so that it is read again as the same. */
static void
check_question(const char *line)
{
	struct buf a = { 0 }, b = { 0 };
	struct dialog d;

	if (dialog_parse(&d, line) < 0)
		return;
	dialog_print(&d, &a);
	must(dialog_parse(&d, a.p) == 0);
	dialog_print(&d, &b);
	must(strcmp(a.p, b.p) == 0);
	check_text(&a);
	check_text(&b);
	dialog_want(&d, &a);
	must(a.n <= strlen(d.vm) + DIALOG_NAME +
		sizeof " wants  []:65535/udp  (POSTGRESQL)");
	dialog_facts(&d, &b);
	check_text(&a);
	check_text(&b);
}

static void
check_listed(const char *line)
{
	struct buf a = { 0 }, b = { 0 };
	struct listed l;

	if (listed_parse(&l, line) < 0)
		return;
	listed_print(&l, &a);
	must(listed_parse(&l, a.p) == 0);
	listed_print(&l, &b);
	must(strcmp(a.p, b.p) == 0);
	check_text(&a);
	check_text(&b);
}

static void
check_answer(const char *line)
{
	static const char head[] = "answer ";
	struct buf a = { 0 };
	struct decree d, e;
	struct why why;

	if (decree_parse(&d, line, &why) < 0)
		return;
	decree_print(&d, &a);
	must(strncmp(a.p, head, sizeof head - 1) == 0);
	if (d.id) { /* 0 is all */
		must(decree_parse(&e, a.p + sizeof head - 1, &why) == 0);
		must(e.id == d.id && e.verdict == d.verdict &&
		    e.scope == d.scope && strcmp(e.vm, d.vm) == 0 &&
		    strcmp(e.life, d.life) == 0);
	}
	check_text(&a);
}

/* Three words of it as a destination. */
static void
check_to(char *line)
{
	char *proto, *host, *port, *save = NULL, dest[DIALOG_DEST];
	struct ask_to to;
	struct why why;

	proto = strtok_r(line, " ", &save);
	host = strtok_r(NULL, " ", &save);
	port = strtok_r(NULL, " ", &save);
	if (!port || dialog_to(&to, proto, host, port) < 0)
		return;
	for (int i = DIALOG_HOST; i <= DIALOG_ADDRESS; i++)
		if (dialog_dest(&to, (enum dialog_scope)i, dest, &why) == 0)
			must(strlen(dest) < DIALOG_DEST);
	free(dialog_where(&to));
	free(dialog_where_short(&to));
}

int
LLVMFuzzerTestOneInput(const uint8_t *p, size_t n)
{
	char *line = malloc(n + 1);

	must(line);
	if (n)
		memcpy(line, p, n);
	line[n] = '\0';
	check_question(line);
	check_listed(line);
	check_answer(line);
	check_to(line);
	free(line);
	return 0;
}
