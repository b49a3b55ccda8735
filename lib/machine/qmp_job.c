/* SPDX-License-Identifier: ISC */
#include "qmp.h"

#include <stdlib.h>
#include <string.h>

#include "io.h"
#include "say.h"

/* 1 concluded (and *error set, the caller's, when it failed), 0 not yet. */
static int
concluded(struct qmp *q, const char *job, char **error, long long deadline,
    struct why *why)
{
	autojson struct json *doc =
	    qmp_call(q, "query-jobs", NULL, deadline, why);

	if (!doc)
		return -1;
	json_each (doc, json_get(doc, 0, "return"), v) {
		if (!json_is(doc, json_get(doc, v, "id"), job))
			continue;
		if (!json_is(doc, json_get(doc, v, "status"), "concluded"))
			return 0;
		*error = json_str(doc, json_get(doc, v, "error"));
		return 1;
	}
	return why_set(why, EX_PROTOCOL, "%s: QEMU lost the job", qmp_what(q));
}

/* Wait for the next change of a job's state; a lost event costs a second. */
static int
job_changed(struct qmp *q, long long deadline, struct why *why)
{
	long long soon = io_now() + 1000;
	autojson struct json *doc = NULL;

	doc = qmp_event(q, soon < deadline ? soon : deadline, why);
	if (doc || why->code == EX_TEMPFAIL)
		return io_left(deadline) ? 0 : -1;
	return -1;
}

int
qmp_job_wait(
    struct qmp *q, const char *job, long long deadline, struct why *why)
{
	autofree char *error = NULL;
	autobuf struct buf id = { 0 };
	struct why w;
	int r;

	while ((r = concluded(q, job, &error, deadline, why)) == 0)
		if (job_changed(q, deadline, why) < 0)
			return -1;
	if (r < 0)
		return -1;
	buf_str(&id, "{\"id\":");
	json_quote(&id, job);
	buf_str(&id, "}");
	if (qmp_do(q, "job-dismiss", id.p, deadline, &w) < 0)
		w.code = 0; /* the name is not used again */
	if (!error)
		return 0;
	buf_free(&id);
	buf_vis(&id, error, strlen(error));
	return why_set(why, EX_PROTOCOL, "%s: %s", qmp_what(q), id.p);
}

int
qmp_job(struct qmp *q, const char *command, const char *args, const char *job,
    long long deadline, struct why *why)
{
	return qmp_do(q, command, args, deadline, why) < 0 ?
	    -1 :
	    qmp_job_wait(q, job, deadline, why);
}
