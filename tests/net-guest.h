/* SPDX-License-Identifier: ISC */
/*
 * net-guest.h: the wire and the TCP of the little guest in net-peer: one
 * connection at a time, on a wire that loses nothing.
 */
#ifndef XRAY_NET_GUEST_H
#define XRAY_NET_GUEST_H

#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "frame.h"
#include "io.h"
#include "mem.h"
#include "say.h"

enum { STEP_MS = 5000, SEGMENT = 1400, WINDOW = 60000 };
enum { LEASE = FRAME_ADDR(10, 0, 2, 15), HOST = FRAME_ADDR(10, 0, 2, 2) };

static const uint8_t mac[] = { 0x52, 0x54, 0, 0x12, 0x34, 0x56 };
static const uint8_t gateway[] = { 0x52, 0x55, 10, 0, 2, 2 };
static const uint8_t everybody[] = { 255, 255, 255, 255, 255, 255 };

static int qemu = -1;
static uint8_t in[1 << 18];
static size_t nin, taken;

static inline void tell(const char *fmt, ...) PRINTF(1, 2);

static inline void
tell(const char *fmt, ...)
{
	va_list ap;

	va_start(ap, fmt);
	vprintf(fmt, ap);
	va_end(ap);
	putchar('\n');
	if (fflush(stdout) != 0)
		die_sys(EX_IOERR, "standard output");
}

static inline void
put16(uint8_t *p, uint32_t v)
{
	p[0] = (uint8_t)(v >> 8);
	p[1] = (uint8_t)v;
}

static inline void
put32(uint8_t *p, uint32_t v)
{
	put16(p, v >> 16);
	put16(p + 2, v);
}

static inline uint32_t
sum(const uint8_t *p, size_t n)
{
	uint32_t s = 0;

	for (size_t i = 0; i < n; i++)
		s += i & 1 ? p[i] : (uint32_t)p[i] << 8;
	while (s >> 16)
		s = (s & 0xffff) + (s >> 16);
	return s;
}

/* Frames. */

static inline void
send_frame(const uint8_t *p, size_t n)
{
	uint8_t head[4];

	put32(head, (uint32_t)n);
	if (io_write(qemu, head, sizeof head) < 0 || io_write(qemu, p, n) < 0)
		die_sys(EX_IOERR, "gateway");
}

/* An IPv4 packet with n bytes of payload, whose checksum is at offset check
 * (0: none) and covers the pseudo header unless it is ICMP's. */
static inline void
send_ip(uint8_t proto, uint32_t src, uint32_t dst, const uint8_t *data,
    size_t n, size_t check)
{
	uint8_t f[2048] = { 0 }, *ip = f + 14, *l4 = ip + 20;
	uint32_t s = 0;

	memcpy(f, dst == UINT32_MAX ? everybody : gateway, 6);
	memcpy(f + 6, mac, 6);
	put16(f + 12, FRAME_IP4);
	ip[0] = 0x45;
	put16(ip + 2, (uint32_t)n + 20);
	ip[8] = 64;
	ip[9] = proto;
	put32(ip + 12, src);
	put32(ip + 16, dst);
	put16(ip + 10, ~sum(ip, 20));
	memcpy(l4, data, n);
	if (check && proto == FRAME_ICMP)
		s = sum(l4, n);
	else if (check)
		s = sum(ip + 12, 8 + n) + proto + (uint32_t)n;
	s = (s & 0xffff) + (s >> 16);
	if (check)
		put16(l4 + check, ~s);
	send_frame(f, 34 + n);
}

/* The next frame: 1, 0 at the deadline, -1 when the gateway is gone. */
static inline int
next_frame(struct frame *f, long long deadline)
{
	for (;;) {
		size_t have = nin - taken, n = 0;
		uint8_t *p = in + taken;
		ssize_t got;

		if (have >= 4)
			n = (size_t)p[1] << 16 | (size_t)p[2] << 8 | p[3];
		if (have >= 4 && have >= 4 + n) {
			taken += 4 + n;
			if (frame_parse(f, p + 4, n) == 0)
				return 1;
			continue;
		}
		memmove(in, p, have);
		nin = have;
		taken = 0;
		if (io_wait_readable(qemu, deadline) <= 0)
			return 0;
		got = read(qemu, in + nin, sizeof in - nin);
		if (got <= 0)
			return -1;
		nin += (size_t)got;
	}
}

static inline long long
soon(void)
{
	return io_now() + STEP_MS;
}

static struct tcp {
	uint32_t peer, next, acked, want; /* want: of theirs */
	uint16_t sport, dport;
	size_t window; /* theirs */
	uint8_t data[WINDOW]; /* to be sent */
	size_t n, received, pour;
	int open, fin_in, fin_out, echo;
} tcp;

static inline void
segment(uint8_t flags, size_t n)
{
	uint8_t t[20 + SEGMENT] = { 0 };

	put16(t, tcp.sport);
	put16(t + 2, tcp.dport);
	put32(t + 4, tcp.next);
	put32(t + 8, flags & FRAME_ACK ? tcp.want : 0);
	t[12] = 0x50;
	t[13] = flags;
	put16(t + 14, (uint32_t)(sizeof tcp.data - tcp.n));
	memcpy(t + 20, tcp.data, n);
	memmove(tcp.data, tcp.data + n, tcp.n - n);
	tcp.n -= n;
	tcp.next += (uint32_t)n + ((flags & (FRAME_SYN | FRAME_FIN)) != 0);
	send_ip(FRAME_TCP, LEASE, tcp.peer, t, 20 + n, 16);
}

/* More to send, when the other side has said all. */
static inline void
refill(void)
{
	if (tcp.n || !tcp.fin_in)
		return;
	tcp.n = tcp.pour < WINDOW ? tcp.pour : WINDOW;
	tcp.pour -= tcp.n;
}

static inline void
push(void)
{
	size_t n;

	for (refill(); tcp.n && tcp.next - tcp.acked < tcp.window; refill()) {
		n = tcp.window - (tcp.next - tcp.acked);
		n = n < SEGMENT ? n : SEGMENT;
		segment(FRAME_ACK, n < tcp.n ? n : tcp.n);
	}
	if (tcp.fin_in && !tcp.n && !tcp.fin_out) {
		segment(FRAME_ACK | FRAME_FIN, 0);
		tcp.fin_out = 1;
	}
}

/* Take a segment of ours.  1: it goes on, 0: ended well, -1: reset. */
static inline int
take(const struct frame *f)
{
	uint8_t win[2];

	memcpy(win, f->p + 48, 2);
	if (f->flags & FRAME_RST)
		return -1;
	if (f->flags & FRAME_SYN) {
		tcp.want = f->seq + 1;
		segment(tcp.open ? FRAME_ACK : FRAME_SYN | FRAME_ACK, 0);
	}
	tcp.open = 1;
	if (f->flags & FRAME_ACK)
		tcp.acked = f->ack;
	tcp.window = (size_t)(win[0] << 8 | win[1]);
	if (f->ndata && f->seq == tcp.want &&
	    f->ndata <= sizeof tcp.data - tcp.n) {
		if (tcp.echo) {
			memcpy(tcp.data + tcp.n, f->data, f->ndata);
			tcp.n += f->ndata;
		}
		tcp.received += f->ndata;
		tcp.want += (uint32_t)f->ndata;
		segment(FRAME_ACK, 0);
	}
	if ((f->flags & FRAME_FIN) && f->seq + (uint32_t)f->ndata == tcp.want) {
		tcp.want++;
		tcp.fin_in = 1;
		segment(FRAME_ACK, 0);
	}
	push();
	return !(tcp.fin_out && tcp.fin_in && tcp.acked == tcp.next);
}

static inline int
is_ours(const struct frame *f)
{
	return f->type == FRAME_IP4 && f->proto == FRAME_TCP && !f->part &&
	    f->sport == tcp.dport && f->dport == tcp.sport &&
	    f->src == tcp.peer;
}

/* Until the connection ends: 0 well, -1 reset, 1 too late. */
static inline int
converse(long long deadline)
{
	struct frame f;
	int r;

	while ((r = next_frame(&f, deadline)) > 0)
		if (is_ours(&f) && (r = take(&f)) <= 0)
			return r;
	return r < 0 ? -1 : 1;
}

#endif
