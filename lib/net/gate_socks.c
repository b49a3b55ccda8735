/* SPDX-License-Identifier: ISC */
/*
 * The guest's proxy.
 *
 * The guest begins a connection to it, and the proxy calls at a socket of the
 * stack's, which begins one to LAN_CALLED.  Both have sent a SYN then; each is
 * shown the other's as one that accepts its own, so that it is one connection,
 * whose sequence numbers need no change.  Which of the flows that wait gets
 * which call does not matter: nothing was said yet.
 */
#include <string.h>

#include "gate_priv.h"

void
gate_socks_begin(struct gate *g, struct flow *fl)
{
	fl->state = FLOW_CALLED;
	if (!g->call.socks || g->call.socks(g->call.arg) < 0)
		gate_deny(g, fl, "no-proxy");
}

/* What accepted it was lost. */
void
gate_socks_again(struct gate *g, const struct flow *fl)
{
	if (fl->caller)
		gate_tell(g, fl, fl->seq - 1, FRAME_SYN | FRAME_ACK);
}

/* f is the stack's SYN for fl. */
static void
meet(struct gate *g, struct flow *fl, struct frame *f)
{
	uint8_t p[FLOW_FIRST];
	struct frame first;
	struct frame_ends e;

	memcpy(p, fl->first, fl->nfirst);
	if (frame_parse(&first, p, fl->nfirst) < 0)
		return; /* it was parsed when it came */
	fl->caller = f->sport;
	fl->state = FLOW_OPENING;
	flow_forget(fl);
	if (g->accepting && g->fd >= 0) {
		fl->fd = g->fd;
		g->fd = -1;
	}
	frame_accept(&first, p, f->seq + 1);
	frame_accept(f, g->back, first.seq + 1);
	gate_segment(g, fl, f);
	e = gate_stack_ends(fl);
	frame_readdress(&first, p, &e);
	frame_launder(p);
	g->out += first.n;
	g->call.stack(p, first.n, -1, g->call.arg);
}

void
gate_socks_back(struct gate *g, struct frame *f)
{
	struct flow *fl;
	int begins = (f->flags & (FRAME_SYN | FRAME_ACK)) == FRAME_SYN;

	if (f->proto != FRAME_TCP || f->part || f->dport != LAN_SOCKS)
		return;
	fl = flow_of_caller(&g->flows, f->sport);
	if (fl && begins && fl->state == FLOW_OPENING)
		return; /* its answer is on its way */
	if (fl && !begins) {
		gate_segment(g, fl, f);
		return;
	}
	if (fl)
		gate_end(g, fl); /* the stack has forgotten it */
	fl = begins ? flow_called(&g->flows) : NULL;
	if (fl)
		meet(g, fl, f);
	else
		gate_refuse_stack(g, f);
}
