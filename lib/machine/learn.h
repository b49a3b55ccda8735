/* SPDX-License-Identifier: ISC */
/* learn: what an imported disk tells of itself, as facts for base.ini. */
#ifndef XRAY_LEARN_H
#define XRAY_LEARN_H

#include <stdint.h>

#include "import.h"
#include "mem.h"

/* Look at stage/disk.qcow2, of size bytes to a guest, and add key=value lines
 * to facts: what im states, else what is found.  What could not be found out
 * goes to im->notes.  -1 with why (EX_IOERR) for a disk that cannot be read. */
int learn(struct import *im, int stage, uint64_t size, struct buf *facts,
    struct why *why);

#endif
