/* SPDX-License-Identifier: ISC */
/*
 * qmp: QEMU's machine protocol (docs/interop/qmp-spec.txt) over a unix
 * socket.  What QEMU sends is treated as hostile: a line has a cap, every
 * wait a deadline.
 *
 * A reply is matched by its id; events that come between are kept, the last
 * QMP_EVENTS of them.  QEMU's socket serves one client, and a second one
 * would wait in its backlog unseen, so a lock beside the socket is held while
 * a client is connected.
 */
#ifndef XRAY_QMP_H
#define XRAY_QMP_H

#include "json.h"
#include "mem.h"

enum { QMP_EVENTS = 256 };

struct qmp;

/*
 * Connect to dir/name, take the greeting and leave negotiation mode.  what
 * is the VM's name for messages.  Waits until deadline (io_now's clock) for
 * another client to go (EX_TEMPFAIL, naming it) and for QEMU to answer.
 * NULL with why; EX_UNAVAILABLE when nobody listens.
 */
struct qmp *qmp_open(int dir, const char *name, const char *what,
    long long deadline, struct why *why);
void qmp_close(struct qmp *q);
void qmp_autoclose(struct qmp **q);
/* The name that qmp_open was told, for messages; until qmp_close. */
const char *qmp_what(const struct qmp *q);
#define autoqmp __attribute__((cleanup(qmp_autoclose)))

/*
 * Execute command with arguments (a JSON object's text, NULL for none).  The
 * whole reply, the caller's, or NULL with why: EX_PROTOCOL with QEMU's
 * description when it answered with an error or nonsense, EX_TEMPFAIL when
 * the deadline passed, EX_UNAVAILABLE when QEMU went away.
 */
struct json *qmp_call(struct qmp *q, const char *command, const char *args,
    long long deadline, struct why *why);
/* The same when only success matters: 0 or -1. */
int qmp_do(struct qmp *q, const char *command, const char *args,
    long long deadline, struct why *why);

/* The two halves of it, for what is to be done while QEMU is at work; nothing
 * else is asked of it between. */
int qmp_begin(struct qmp *q, const char *command, const char *args,
    long long deadline, struct why *why);
int qmp_end(
    struct qmp *q, const char *command, long long deadline, struct why *why);
/* Connect, execute one command, and go; all within ms milliseconds. */
int qmp_once(int dir, const char *name, const char *what, const char *command,
    int ms, struct why *why);
/* Send one line as it is and return the reply's text, which may be an error;
 * the caller's. */
char *qmp_raw(
    struct qmp *q, const char *line, long long deadline, struct why *why);

/* The next event, kept or awaited; the caller's.  NULL with why EX_TEMPFAIL
 * when the deadline passed. */
struct json *qmp_event(struct qmp *q, long long deadline, struct why *why);

/*
 * Execute a command that starts a job (args hold "job-id":JOB), wait until
 * the job has concluded, dismiss it.  0, or -1 with why: the job's own error.
 */
int qmp_job(struct qmp *q, const char *command, const char *args,
    const char *job, long long deadline, struct why *why);
/* The latter half of it, for a job that was started by another command. */
int qmp_job_wait(
    struct qmp *q, const char *job, long long deadline, struct why *why);

#endif
