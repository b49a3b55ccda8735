/* SPDX-License-Identifier: ISC */
#include "watch.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "json.h"

static void
note_event(struct watch *w, const struct json *doc, const char *name)
{
	static const char words[] = "abcdefghijklmnopqrstuvwxyz-";

	if (strcmp(name, "BLOCK_IO_ERROR") == 0) {
		w->full = json_bool(doc, json_get(doc, 0, "data.nospace")) == 1;
		w->error = !w->full;
	} else if (strcmp(name, "STOP") == 0)
		w->paused = 1;
	else if (strcmp(name, "RESUME") == 0)
		w->paused = w->full = w->error = 0;
	else if (strcmp(name, "SHUTDOWN") == 0) {
		autofree char *reason =
		    json_str(doc, json_get(doc, 0, "data.reason"));

		w->stopping = 1;
		if (reason && !reason[strspn(reason, words)])
			(void)snprintf(w->ended, sizeof w->ended, "%s", reason);
	}
}

static void
take_line(
    struct watch *w, size_t n, void (*event)(const char *, void *), void *arg)
{
	autojson struct json *doc = json_parse(w->line.p, n, NULL);
	autofree char *name = NULL;
	autobuf struct buf b = { 0 };

	if (doc)
		name = json_str(doc, json_get(doc, 0, "event"));
	if (!name || strcmp(name, "JOB_STATUS_CHANGE") == 0)
		return;
	note_event(w, doc, name);
	buf_vis(&b, name, strlen(name));
	event(b.p ? b.p : "", arg);
}

void
watch_feed(struct watch *w, const char *p, size_t n,
    void (*event)(const char *name, void *arg), void *arg)
{
	char *nl;

	buf_add(&w->line, p, n);
	while (w->line.n && (nl = memchr(w->line.p, '\n', w->line.n))) {
		size_t len = (size_t)(nl - w->line.p);

		take_line(w, len, event, arg);
		buf_drop(&w->line, len + 1);
	}
	if (w->line.n > JSON_MAX)
		w->line.n = 0; /* no event is that long */
}

const char *
watch_state(const struct watch *w)
{
	if (w->stopping)
		return "stopping";
	if (!w->paused)
		return "running";
	return w->full ? "paused (disk full)" :
	    w->error   ? "paused (disk error)" :
			 "paused";
}
