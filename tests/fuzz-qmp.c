/* SPDX-License-Identifier: ISC */
/*
 * fuzz-qmp: the bytes are all that a QEMU says, to whom its greeting is the
 * first line.  It says it at once, and then, but for ~ at the end, no more.
 */
#include <errno.h>
#include <pthread.h>
#include <semaphore.h>
#include <sys/socket.h>

#include "fuzz.h"
#include "io.h"
#include "qmp.h"
#include "say.h"
#include "watch.h"

static struct {
	int listener;
	const uint8_t *p;
	size_t n;
	sem_t done; /* with one who had connected */
} qemu;

/* It may say more, and is waited for no longer than a moment. */
static int
is_silent(void)
{
	return qemu.n && qemu.p[qemu.n - 1] == '~';
}

/* Serve one who connects after the other. */
static void *
serve(void *arg)
{
	static char heard[4096];
	int fd;

	(void)arg;
	while ((fd = accept(qemu.listener, NULL, NULL)) >= 0) {
		size_t at = 0;
		ssize_t n = 1;

		for (; at < qemu.n && n > 0; at += (size_t)n)
			n = send(fd, qemu.p + at, qemu.n - at, MSG_NOSIGNAL);
		if (!is_silent())
			(void)shutdown(fd, SHUT_WR);
		while (recv(fd, heard, sizeof heard, 0) > 0)
			;
		close(fd);
		must(sem_post(&qemu.done) == 0);
	}
	abort();
}

static int
begin(void)
{
	pthread_t thread;
	int dir = io_opendir(AT_FDCWD, fuzz_folder());

	must(dir >= 0);
	qemu.listener = io_listen(dir, "qmp.sock", 8);
	must(qemu.listener >= 0 && sem_init(&qemu.done, 0, 0) == 0);
	must(pthread_create(&thread, NULL, serve, NULL) == 0);
	return dir;
}

static void
check_why(const struct why *why)
{
	must(why->code);
	fuzz_said(why->text);
}

static void
ask(struct qmp *q, long long deadline)
{
	struct why why = { 0 };
	struct json *doc;
	char *text;

	doc = qmp_call(q, "query-status", NULL, deadline, &why);
	if (doc)
		must(json_get(doc, 0, "return") >= 0);
	else
		check_why(&why);
	json_free(doc);
	text = qmp_raw(
	    q, "{\"execute\":\"x\",\"arguments\":{\"a\":1}}", deadline, &why);
	if (!text)
		check_why(&why);
	free(text);
	must(!qmp_raw(q, "{}", deadline, &why) && why.code == EX_DATAERR);
	must(!qmp_raw(q, "{", deadline, &why));
	check_why(&why);
	if (qmp_job(q, "snapshot-save", "{\"job-id\":\"j\"}", "j", deadline,
		&why) < 0)
		check_why(&why);
	while ((doc = qmp_event(q, deadline, &why))) {
		must(json_get(doc, 0, "event") >= 0);
		json_free(doc);
	}
	check_why(&why);
}

static void
event(const char *name, void *arg)
{
	++*(unsigned *)arg;
	fuzz_plain(name);
}

/* However it comes, the VM is the same. */
static void
fuzz_watch(const char *p, size_t n)
{
	struct watch a = { .paused = 0 }, b = { .paused = 0 };
	unsigned all = 0, some = 0;

	watch_feed(&a, p, n, event, &all);
	for (size_t i = 0; i < n; i += 7)
		watch_feed(&b, p + i, n - i < 7 ? n - i : 7, event, &some);
	must(all == some && strcmp(watch_state(&a), watch_state(&b)) == 0);
	must(strcmp(a.ended, b.ended) == 0 && a.line.n == b.line.n);
	fuzz_plain(a.ended);
	buf_free(&a.line);
	buf_free(&b.line);
}

int
LLVMFuzzerTestOneInput(const uint8_t *p, size_t n)
{
	static int dir = -1;
	struct why why = { 0 };
	long long deadline;
	struct qmp *q;

	if (dir < 0) {
		dir = begin();
		must(!qmp_open(dir, "none", "web", io_now(), &why));
		check_why(&why);
	}
	qemu.p = p;
	qemu.n = n;
	deadline = io_now() + (is_silent() ? 5 : 5000);
	q = qmp_open(dir, "qmp.sock", "web", deadline, &why);
	if (q)
		ask(q, deadline);
	else
		check_why(&why);
	qmp_close(q);
	while (sem_wait(&qemu.done) < 0)
		must(errno == EINTR);
	fuzz_watch((const char *)p, n);
	return 0;
}
