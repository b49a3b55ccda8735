/* SPDX-License-Identifier: ISC */
/*
 * sign: what single lines of a guest's console mean.  A guest writes there
 * what it likes: a line is looked at for fixed words, in time linear in its
 * length, and of a long one the beginning counts.
 */
#ifndef XRAY_SIGN_H
#define XRAY_SIGN_H

#include "mem.h"

enum { SIGN_LINE = 300 }; /* bytes of a line that count */

enum sign {
	SIGN_NOTHING,
	SIGN_NO_BOOT, /* the firmware found nothing to boot */
	SIGN_NO_KERNEL, /* a boot loader found no kernel */
	SIGN_NO_ROOT, /* no root file system */
	SIGN_NO_INIT, /* no init in it */
	SIGN_PANIC, /* any other panic of the kernel */
	SIGN_OOM, /* the kernel killed a program for memory */
	SIGN_BROKEN_FS, /* errors of a disk or file system */
	SIGN_EMERGENCY, /* a shell for repairs, no system */
	SIGN_CLOUD_INIT, /* cloud-init failed */
	SIGN_SSHD, /* the ssh server failed */
	SIGN_NO_SPACE, /* a disk of the guest is full */
	SIGN_HANG, /* a processor or a task stands still */
	SIGN_FAILED, /* some other unit of the system failed */
	SIGN_LOGIN, /* it asks for a login */
	SIGNS
};

/* Add the n bytes of a line as text for people: no escape sequences, no time
 * of the kernel's, no blanks at its ends, all else masked. */
void sign_clean(struct buf *b, const char *p, size_t n);
/* What such a text means. */
enum sign sign_of(const char *text);

#endif
