/* SPDX-License-Identifier: ISC */
/*
 * snap: snapshots of a VM, over its writable disks and UEFI variables.
 *
 * That a snapshot exists is what the qcow2 files say; snapshots.ini adds what
 * it was taken with.  Changes of several images by qemu-img keep a journal,
 * the file `op`, that snap_recover finishes or undoes.
 */
#ifndef XRAY_SNAP_H
#define XRAY_SNAP_H

#include "qmp.h"
#include "vm.h"

struct snapshot {
	char tag[64];
	int live; /* with memory */
	uint64_t size; /* of the memory */
	uint64_t seconds; /* since 1970 */
};

struct snaps {
	struct snapshot *v;
	size_t n;
	struct conf *conf; /* snapshots.ini */
};

/* The VM's snapshots, oldest first, from its first disk's file; works while
 * it runs.  0 or -1 with why. */
int snaps_read(const struct vm *vm, struct snaps *s, struct why *why);
void snaps_free(struct snaps *s);

/* *s is the one called tag, which shall be there (want) or not; -1 with why:
 * EX_USAGE, EX_NOINPUT, EX_CANTCREAT. */
int snap_look(const struct vm *vm, const char *tag, int want,
    struct snapshot *s, struct why *why);

/* The local time as a tag, the caller's. */
char *snap_time_tag(void);

/* Finish or undo what the journal says; the caller holds the VM's lock and
 * the VM is not alive.  *told gets a line for the person when there was
 * something, the caller's. */
int snap_recover(struct vm *vm, char **told, struct why *why);

/* 0 when a live snapshot taken with what snapshots.ini says can be loaded by
 * the VM as it is now under accel, else -1 with why (EX_CONFIG), naming the
 * difference. */
int snap_loads(
    const struct vm *vm, const char *tag, const char *accel, struct why *why);

/* The accelerator a live snapshot was taken under, the caller's; NULL when
 * nobody wrote it down. */
char *snap_accel(const struct vm *vm, const char *tag);

/*
 * Hold a VM that is off, so that it is not started while its files change:
 * its run.lock, in vm->hold, and what killed commands left is put in order
 * (*told as snap_recover's, may be NULL).  The caller holds the VM's lock.
 * 0, 1 when it is alive and not held, -1 with why.
 */
int snap_hold(struct vm *vm, char **told, struct why *why);

/* Of a stopped VM, by qemu-img over all its images at once, all or none; a
 * new one is written down, as by snap_note. */
int snap_cold_create(
    struct vm *vm, const char *tag, const char *note, struct why *why);
/* Revert, and let the next start resume it or boot. */
int snap_cold_back(
    struct vm *vm, const char *tag, int resumes, struct why *why);
int snap_cold_delete(struct vm *vm, const char *tag, struct why *why);
/* Not of a snapshot, but under the same journal: let its first disk grow to
 * size bytes. */
int snap_cold_resize(struct vm *vm, uint64_t size, struct why *why);

/* The journal around what a running QEMU does to several images, should it be
 * killed: verb is save or delete.  snap_recover then has the snapshot in all of
 * them or in none, and collects what was left.  0 or -1 with why. */
int snap_journal(
    const struct vm *vm, const char *verb, const char *tag, struct why *why);
int snap_journal_end(const struct vm *vm, struct why *why);

/* Of a running VM, by QMP; the caller holds the VM's lock.  What there is now
 * is written down, as by snap_note or snap_forget.  *ran: it ran, was not
 * paused; *stood: for how many ms it stood still. */
int snap_live_create(struct vm *vm, struct qmp *q, const char *tag,
    const char *note, int *ran, long long *stood, struct why *why);
/* Of its disks alone, without memory, all of them at one moment. */
int snap_live_disks(const struct vm *vm, struct qmp *q, const char *tag,
    const char *note, struct why *why);
int snap_live_delete(
    struct vm *vm, struct qmp *q, const char *tag, struct why *why);
/* Load the snapshot and let the guest run when it ran then. */
int snap_live_load(
    const struct vm *vm, struct qmp *q, const char *tag, struct why *why);
/* Set the guest's clock over ssh; by how many seconds, -1 when it could not
 * be done. */
long long snap_clock(struct home *h, const struct vm *vm);
/* Load the one that vm.ini says to resume from, once, into a QEMU that has not
 * run yet; *ran: the guest runs now. */
int snap_resume(struct vm *vm, struct qmp *q, int *ran, struct why *why);

/* Write down that a new snapshot is there and is the current one: state is
 * running or paused for a live one, with what it was taken with, or NULL; its
 * note, text, may be NULL.  Or that it is gone.  Both last through a power cut
 * once the journal's end has synced the folder. */
int snap_note(const struct vm *vm, const char *tag, const char *state,
    const char *text, struct why *why);
int snap_forget(struct vm *vm, const char *tag, struct why *why);
/* Or that tag is the current one now. */
int snap_current(struct vm *vm, const char *tag, struct why *why);
/* The two halves of snap_note: the record as it will be, the caller's, or NULL
 * with why; and to write it, which takes no memory, while others are at work
 * that have to be waited for.  Until the folder is synced a power cut may bring
 * the old one back. */
struct conf *snap_noted(const struct vm *vm, const char *tag, const char *state,
    const char *text, struct why *why);
int snap_record(const struct vm *vm, const struct conf *c, struct why *why);

#endif
