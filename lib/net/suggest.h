/* SPDX-License-Identifier: ISC */
/*
 * suggest: lines of rules out of what a log comes to.
 *
 * A guest has a hand in its log, so what stands there makes a rule only when
 * it is the name of a host in its one spelling, or an address: nothing of it
 * is ever a suffix, a list, all, or this machine.
 */
#ifndef XRAY_SUGGEST_H
#define XRAY_SUGGEST_H

#include "decide.h"
#include "tally.h"

/*
 * Add the lines for what t, summed up, says and the rules of p do not, whatever
 * its mode: what was let through at least min times, names before addresses,
 * the most bytes first; then, as comments, what was denied as often.  now is s
 * since 1970.  How many there are.
 */
size_t suggest(const struct tally *t, const struct policy *p, uint64_t min,
    long long now, struct buf *out);

#endif
