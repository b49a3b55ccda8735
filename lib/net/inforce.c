/* SPDX-License-Identifier: ISC */
#include "inforce.h"

#include "order.h"
#include "say.h"

int
inforce_load(struct inforce *f, const char *name,
    const struct inforce_from *from, struct why *why)
{
	struct why w;
	size_t k;

	*f = (struct inforce){ 0 };
	if (order_fill(&f->sources, from->files, from->nfiles, from->domains,
		from->lists, from->nlists, why) < 0)
		return -1;
	order_defaults(&f->sources, from->no_defaults);
	if (!(f->rules = sources_load(&f->sources, &w)))
		return why_set(why, w.code, "%s: %s", name, w.text);
	for (k = 0; k < from->nblocks && k < INFORCE_BLOCKS; k++)
		if (cidr_parse(&f->blocks[k], from->blocks[k], &w) < 0)
			return why_set(
			    why, EX_CONFIG, "%s: private_ok: %s", name, w.text);
	f->policy = (struct policy){ f->rules,
		(enum mode)mode_parse(from->mode), f->blocks, k };
	return 0;
}
