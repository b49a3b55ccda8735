/* SPDX-License-Identifier: ISC */
/* publish, link, control and fds: the parts of xray-net around its gate. */
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <unistd.h>

#include "control.h"
#include "fds.h"
#include "io.h"
#include "later.h"
#include "link.h"
#include "mem.h"
#include "publish.h"
#include "request.h"
#include "tap.h"

static void
test_publish(void)
{
	static const char *const bad[] = { "", ":", "22", "22:", ":22", "0:22",
		"22:0", "65536:22", "22:65536", "-1:22", "22:22/tcp", "22:22/",
		"localhost:22:22", "::1:22:22", "1.2.3:22:22", "1.2.3.4:22",
		" 22:22", "22:22 ", "22:+22", "2x:22" };
	static struct published t;
	struct why why = { 0 };
	int refused = 0;

	for (size_t i = 0; i < LEN(bad); i++)
		refused += publish_port(&t, bad[i], &why) < 0;
	ok(refused == LEN(bad) && t.n == 0, "what is no port forward");
	ok(publish_port(&t, "2222:22", &why) == 0 && t.v[0].guest == 22 &&
		t.v[0].host.in.sin_port == htons(2222) && !t.v[0].udp &&
		strcmp(t.v[0].label, "tcp port 127.0.0.1:2222") == 0,
	    "HOST:GUEST is on 127.0.0.1");
	ok(publish_port(&t, "0.0.0.0:53:5353/udp", &why) == 0 && t.v[1].udp &&
		t.v[1].host.in.sin_addr.s_addr == 0,
	    "ADDR:HOST:GUEST/udp");
	while (t.n < PUBLISH_MAX)
		(void)publish_port(&t, "1:1", &why);
	ok(publish_port(&t, "1:1", &why) < 0, "no more than 64");
}

static int added, dropped, refuse;

static int
add(const struct publish *p)
{
	(void)p;
	added++;
	errno = EADDRINUSE;
	return refuse ? -1 : 0;
}

static int
drop(const struct publish *p)
{
	dropped += p->guest;
	return 0;
}

/* What the gateway answers to a line. */
static int
says(struct requests *r, const char *line, const char *want)
{
	autobuf struct buf b = { 0 };

	if (request_answer(line, -1, &b, r))
		return 0;
	return b.p && strcmp(b.p, want) == 0;
}

static void
ignore(const char *line, void *arg)
{
	(void)line;
	(void)arg;
}

/* Who comes to ask has what another one was asked, who is let go. */
static void
test_ask(struct requests *r)
{
	struct wall *w = r->wall;
	struct frame f = { .proto = FRAME_TCP,
		.src = LAN_LEASE,
		.dst = FRAME_ADDR(93, 184, 216, 34),
		.sport = 1,
		.dport = 443 };
	struct flow *fl = flow_add(&w->gate.flows, &f, 1);
	autobuf struct buf b = { 0 };
	int pair[2];

	inquiry_init(&w->inquiry);
	w->gate.call.log = ignore;
	w->gate.policy =
	    (struct policy){ .mode = MODE_DENY, .rules = rules_new() };
	fl->state = FLOW_ASKED;
	if (socketpair(AF_UNIX, SOCK_STREAM, 0, pair) < 0)
		abort();
	ok(request_answer("ask", pair[1], &b, r) == 1 && !w->gate.flows.n,
	    "request: ask, and those who wait are decided again");
	inquiry_attach(&w->inquiry, -1);
	close(pair[0]);
	w->gate.policy.mode = MODE_ALLOW;
	w->gate.denied = 0;
}

static void
test_request(void)
{
	static struct published t;
	static struct wall wall;
	struct requests r = { &wall, &t, add, drop };
	const struct gate *gate = &wall.gate;

	gate_init(&wall.gate);
	ok(says(&r, "cut", "ok 0"), "request: cut");
	ok(says(&r, "mode allow", "ok") && gate->policy.mode == MODE_ALLOW &&
		says(&r, "mode some", "error no such mode") &&
		gate->policy.mode == MODE_ALLOW,
	    "request: mode");
	test_ask(&r);
	ok(says(&r, "status",
	       "ok net=filtered mode=allow flows=0 in=0 out=0 allowed=0 "
	       "denied=0 confined=none"),
	    "request: status");
	ok(says(&r, "forward 1.2.3.4:5:6/udp", "ok") && added == 1 &&
		t.n == 1 && gate->udp[0] == 6,
	    "request: forward, and the gate knows");
	ok(says(&r, "forward 1.2.3.4:5:6/udp", "ok") && added == 1 && t.n == 1,
	    "request: again is nothing new");
	ok(says(&r, "forward 8080:80", "ok") && t.n == 2 && !gate->udp[1],
	    "request: a second one");
	refuse = 1;
	ok(says(&r, "forward 81:80",
	       "error tcp port 127.0.0.1:81: Address already in use") &&
		t.n == 2,
	    "request: what the host refuses is not kept");
	ok(says(&r, "forward x", "error x: [ADDR:]HOST:GUEST[/udp]") &&
		t.n == 2,
	    "request: no port");
	ok(says(&r, "unforward 1.2.3.4:5:6/udp", "ok") && dropped == 6 &&
		t.n == 1 && !gate->udp[0] && t.v[0].guest == 80,
	    "request: unforward, and the gate forgets");
	ok(says(&r, "unforward 1.2.3.4:5:6/udp", "ok") && dropped == 6,
	    "request: again is nothing");
	ok(says(&r, "unforwarded", "error unknown request"),
	    "request: nobody knows it");
}

static void
test_publish_unix(void)
{
	static const char *const bad[] = { "a", ":22", "a:", "a:0", "a:65536",
		"a:x" };
	static struct published t;
	struct why why = { 0 };
	int refused = 0;
	char name[120];

	for (size_t i = 0; i < LEN(bad); i++)
		refused += publish_unix(&t, bad[i], &why) < 0;
	ok(refused == LEN(bad) && t.n == 0, "what is no unix forward");
	ok(publish_unix(&t, "a:b:22", &why) == 0 && t.v[0].guest == 22 &&
		strcmp(t.v[0].host.un.sun_path, "a:b") == 0,
	    "NAME:GUEST");
	memset(name, 'a', sizeof name);
	name[107] = '\0';
	ok(publish_name(name, &why) == 0, "a name of 107 bytes");
	memcpy(name + 107, "b", 2);
	ok(publish_name(name, &why) < 0, "not one of 108");
	ok(publish_name("", &why) < 0, "nor of none");
}

static struct link l = { .fd = -1 };

/* A frame of n bytes, all c, as it is on the wire. */
static size_t
wire(uint8_t *p, size_t n, int c)
{
	p[0] = (uint8_t)(n >> 24);
	p[1] = (uint8_t)(n >> 16);
	p[2] = (uint8_t)(n >> 8);
	p[3] = (uint8_t)n;
	memset(p + 4, c, n);
	return n + 4;
}

static void
test_split(int peer)
{
	uint8_t bytes[256], *p;
	size_t n = wire(bytes, 60, 'a'), got;
	int good = 0;

	n += wire(bytes + n, 100, 'b');
	for (size_t cut = 0; cut <= n; cut++) {
		int frames = 0;

		(void)io_write(peer, bytes, cut);
		if (cut)
			(void)link_fill(&l);
		while (link_next(&l, &p, &got) > 0)
			frames += got == (p[0] == 'a' ? 60 : 100);
		(void)io_write(peer, bytes + cut, n - cut);
		if (cut < n)
			(void)link_fill(&l);
		while (link_next(&l, &p, &got) > 0)
			frames += got == (p[0] == 'a' ? 60 : 100);
		good += frames == 2;
	}
	ok(good == (int)n + 1, "two frames, cut anywhere");
}

static void
test_bounds(int peer)
{
	static uint8_t big[LINK_FRAME + 8];
	uint8_t *p;
	size_t n = 0, all = 0;
	ssize_t r;

	for (int i = 0; i < 1000; i++)
		link_put(&l, big, LINK_FRAME);
	ok(l.dropped > 0 && link_pending(&l), "what is not read is dropped");
	ok(link_flush(&l) == 0 && link_pending(&l), "flush does not wait");
	while (link_pending(&l)) {
		while ((r = recv(peer, big, sizeof big, MSG_DONTWAIT)) > 0)
			all += (size_t)r;
		if (link_flush(&l) < 0)
			break;
	}
	while ((r = recv(peer, big, sizeof big, MSG_DONTWAIT)) > 0)
		all += (size_t)r;
	ok(all == (1000 - l.dropped) * (LINK_FRAME + 4), "the rest arrives");
	(void)wire(big, LINK_FRAME, 'c');
	for (size_t at = 0; at < LINK_FRAME + 4; at += 30000) {
		size_t rest = LINK_FRAME + 4 - at;

		(void)io_write(peer, big + at, rest < 30000 ? rest : 30000);
		(void)link_fill(&l);
	}
	ok(link_next(&l, &p, &n) > 0 && n == LINK_FRAME, "the longest frame");
	memcpy(big, "\0\1\20\1", 4);
	(void)io_write(peer, big, 4);
	(void)link_fill(&l);
	ok(link_next(&l, &p, &n) < 0, "one byte more is an error");
}

static void
test_link(void)
{
	int pair[2];

	if (socketpair(AF_UNIX, SOCK_STREAM, 0, pair) < 0)
		abort();
	link_down(&l, 1);
	l.fd = pair[0];
	(void)fcntl(l.fd, F_SETFL, O_NONBLOCK);
	test_split(pair[1]);
	test_bounds(pair[1]);
	close(pair[1]);
	while (link_fill(&l) == 0 && l.end < sizeof l.in)
		;
	ok(link_fill(&l) < 0, "an end is an end");
}

static void
test_retry(void)
{
	long long now = 1000;
	int tries = 0;

	link_down(&l, now);
	while (link_try(&l, AT_FDCWD, "net-parts.none", now) == 0) {
		tries++;
		now += link_wait(&l, now);
	}
	ok(now >= 31000 && now < 31200 && tries > 290 && tries < 320,
	    "tries 30 s, ever slower");
}

static int
ask(const char *text, size_t n)
{
	int fd = io_connect(AT_FDCWD, "net-parts.sock");

	if (fd < 0 || io_write(fd, text, n) < 0)
		abort();
	return fd;
}

static int kept = -1; /* a connection that was taken over */

static int
reply(const char *line, int fd, struct buf *out, void *arg)
{
	(void)arg;
	buf_fmt(out, "you said %s", line);
	if (strcmp(line, "mine") != 0)
		return 0;
	kept = fd;
	return 1;
}

static void
serve(struct control *c, long long now, int turns)
{
	struct pollfd p[1 + CONTROL_CLIENTS];

	while (turns-- > 0) {
		control_poll(c, p);
		if (poll(p, LEN(p), 0) < 0)
			abort();
		control_serve(c, p, now, reply, NULL);
	}
}

static int
heard(int fd, const char *want)
{
	char text[128];
	ssize_t n = recv(fd, text, sizeof text, MSG_DONTWAIT);

	return n == (ssize_t)strlen(want) &&
	    memcmp(text, want, strlen(want)) == 0;
}

static void
test_control(void)
{
	static struct control c = { .fd = -1 };
	char flood[200];
	int fd[CONTROL_CLIENTS + 2];
	struct why why;

	if (control_open(&c, "net-parts.sock", &why) < 0)
		abort();
	fd[0] = ask("mine\n", 5);
	serve(&c, 1000, 2);
	ok(heard(fd[0], "you said mine\n") && kept > 0 &&
		send(kept, "more\n", 5, 0) == 5 && heard(fd[0], "more\n"),
	    "a connection can be taken over");
	close(kept);
	close(fd[0]);
	memset(flood, 'x', sizeof flood);
	fd[0] = ask("hello\n", 6);
	serve(&c, 1, 3);
	ok(heard(fd[0], "you said hello\n") && heard(fd[0], ""),
	    "one line, one answer, end");
	fd[0] = ask("hel", 3);
	serve(&c, 1, 3);
	ok(control_wait(&c, 1) == CONTROL_MS, "half a line is waited for");
	(void)io_write(fd[0], "lo\nmore\n", 8);
	serve(&c, 1, 1);
	ok(heard(fd[0], "you said hello\n"), "until it is whole");
	fd[0] = ask(flood, sizeof flood);
	serve(&c, 1, 3);
	ok(control_wait(&c, 1) == -1, "a line without end is not");
	close(ask("", 0));
	serve(&c, 1, 3);
	ok(control_wait(&c, 1) == -1, "nor one who left");
	for (size_t i = 0; i < LEN(fd); i++)
		fd[i] = ask("hel", 3);
	serve(&c, 1, 20);
	(void)io_write(fd[CONTROL_CLIENTS], "lo\n", 3);
	serve(&c, 1, 20);
	ok(!heard(fd[CONTROL_CLIENTS], "you said hello\n"), "the ninth waits");
	serve(&c, 1 + CONTROL_MS, 20);
	ok(heard(fd[0], "") && heard(fd[CONTROL_CLIENTS], "you said hello\n"),
	    "a second at most");
	(void)unlink("net-parts.sock");
	if (io_create(AT_FDCWD, "net-parts.sock", 0600, "mine", 4) < 0)
		abort();
	ok(control_open(&c, "net-parts.sock", &why) < 0,
	    "a file of that name is left alone");
	(void)unlink("net-parts.sock");
}

static void
test_later(void)
{
	static struct later t;
	uint8_t p[FRAME_FORGED];

	later_add(&t, -1, (const uint8_t *)"a", 1);
	ok(later_take(&t, p) == 1 && *p == 'a' && !later_take(&t, p),
	    "what waits for nothing is next");
	later_add(&t, 5, (const uint8_t *)"b", 1);
	ok(!later_take(&t, p), "a socket has to be asked");
	later_ask(&t);
	later_busy(&t, 5);
	later_busy(&t, -1);
	later_busy(&t, FDS_MAX);
	ok(!later_take(&t, p), "and to be through");
	later_ask(&t);
	ok(later_take(&t, p) == 1 && *p == 'b', "then it is");
	later_add(&t, 5, (const uint8_t *)"c", 1);
	later_add(&t, 6, (const uint8_t *)"d", 1);
	later_ask(&t);
	later_gone(&t, -1);
	later_gone(&t, 5);
	ok(later_take(&t, p) == 1 && *p == 'd' && !later_take(&t, p),
	    "one that is closed is not waited for");
	later_add(&t, FDS_MAX, p, 1);
	for (int i = 0; i < FLOW_MAX + 5; i++)
		later_add(&t, -1, p, 1);
	ok(t.n == FLOW_MAX, "no more than there is room for");
}

static void
test_fds(void)
{
	static struct fds t;
	struct rlimit small = { 256, 256 };

	ok(fds_limit(&t) == 0 && t.max > 0, "the limit is raised");
	fds_note(&t, 5, FDS_CONNECTION);
	fds_note(&t, 5, FDS_CONNECTION);
	fds_note(&t, -1, FDS_CONNECTION);
	fds_note(&t, FDS_MAX, FDS_CONNECTION);
	fds_note(&t, 6, FDS_LISTENER);
	ok(t.live == 1 && fds_is_listener(&t, 6) && !fds_is_listener(&t, 5),
	    "each counts once, listeners do not");
	fds_forget(&t, 6);
	fds_forget(&t, 5);
	fds_forget(&t, 5);
	fds_forget(&t, -1);
	ok(t.live == 0 && !fds_is_listener(&t, 6), "and is forgotten once");
	while (!fds_crowded(&t))
		fds_note(&t, t.live, FDS_CONNECTION);
	ok(!fds_full(&t) && t.live < t.max && t.live > t.max / 2,
	    "the guest may not have them all: %d of %d", t.live, t.max);
	t = (struct fds){ 0 };
	ok(setrlimit(RLIMIT_NOFILE, &small) == 0 && fds_limit(&t) == 0 &&
		t.max == 64,
	    "a low limit means fewer connections");
}

int
main(void)
{
	char dir[] = "/tmp/net-parts.XXXXXX";

	if (!mkdtemp(dir) || chdir(dir) < 0)
		abort();
	test_publish();
	test_request();
	test_publish_unix();
	test_link();
	test_retry();
	test_control();
	test_later();
	test_fds();
	(void)rmdir(dir);
	return tap_end();
}
