/* SPDX-License-Identifier: ISC */
/* gate_priv: what the parts of the gate share: gate (frames of the guest's),
 * gate_back (of the stack's), gate_begin and gate_flow (how flows begin and
 * end), gate_real (addresses as they are), gate_socks
 * (the guest's proxy). */
#ifndef XRAY_GATE_PRIV_H
#define XRAY_GATE_PRIV_H

#include "dns.h"
#include "gate.h"

/* enum rule's bit of its protocol. */
uint8_t gate_proto(const struct flow *fl);
/* A line for the log: fl's verdict, or its end. */
void gate_log(struct gate *g, const struct flow *fl, enum rule_verdict v,
    const char *why, int ended);
/* f may be the first of fl's that has data: for whom that says it is is logged
 * when it is not the name that led there. */
void gate_claim(struct gate *g, const struct flow *fl, const struct frame *f);
/* A flow of the guest's begins with f, whose bytes are g->frame. */
void gate_begin(struct gate *g, const struct frame *f);
/* Dial the next of fl's addresses; without one the guest is refused and the
 * flow dropped. */
void gate_dial(struct gate *g, struct flow *fl);
/* Forget the flow. */
void gate_drop(struct gate *g, struct flow *fl);
/* The flow is over: log it, drop it.  gate_finish tells the stack, by a RST
 * that it cannot but believe, once its socket has sent all it has, or at once
 * when reset is set; gate_reset tells the guest. */
void gate_end(struct gate *g, struct flow *fl);
void gate_finish(struct gate *g, struct flow *fl, int reset);
void gate_reset(struct gate *g, const struct flow *fl);
/* Tell the guest a segment of fl's that has no data. */
void gate_tell(struct gate *g, const struct flow *fl, uint32_t seq, int flags);
/* Answer f, a frame of the guest's, by a refusal; or one of the stack's that
 * has no flow, when it is more than the last ACK of one that is over. */
void gate_refuse(struct gate *g, const struct frame *f);
/* Answer the first frame of a flow, which is kept, and drop it. */
void gate_refuse_first(struct gate *g, struct flow *fl);
void gate_refuse_stack(struct gate *g, const struct frame *f);
/* The ends of fl as the guest sees them, of a packet to it; and as the stack
 * sees them, of one to it. */
struct frame_ends gate_guest_ends(const struct flow *fl);
struct frame_ends gate_stack_ends(const struct flow *fl);

/* A flow to the guest's proxy begins; its first frame has come again; a frame
 * of the stack's for it. */
void gate_socks_begin(struct gate *g, struct flow *fl);
void gate_socks_again(struct gate *g, const struct flow *fl);
void gate_socks_back(struct gate *g, struct frame *f);
/* A segment of the stack's, for a flow that is there; its bytes are g->back. */
void gate_segment(struct gate *g, struct flow *fl, struct frame *f);
/* Refuse the first frame of fl, which is kept, and log it. */
void gate_deny(struct gate *g, struct flow *fl, const char *why);

/* The address that stands for a name; 0: there is no room. */
uint32_t gate_address(struct gate *g, const char *name);
/* Answer question q of f. */
void gate_answer(struct gate *g, const struct frame *f,
    const struct dns_query *q, enum dns_code code, const uint32_t *addrs,
    size_t n, uint32_t ttl);
/* With dns_real.  gate_real_ask takes over question q of f, 0 when it is to be
 * answered as any other; gate_real_label names the name by which a flow to a
 * real address is known, 0: none. */
int gate_real_ask(
    struct gate *g, const struct frame *f, const struct dns_query *q);
void gate_real_resolved(struct gate *g, const struct resolved *r);
uint32_t gate_real_label(struct gate *g, const struct flow *fl);

#endif
