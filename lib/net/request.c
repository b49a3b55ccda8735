/* SPDX-License-Identifier: ISC */
#include "request.h"

#include <errno.h>
#include <string.h>

#include "confine.h"
#include "say.h"

static void
failed(struct buf *out, const struct publish *p, int err)
{
	buf_fmt(out, "error %s: %s", p->label, strerror(err));
}

static void
forward(const struct requests *r, const char *arg, struct buf *out)
{
	struct why why;
	int i = publish_find(r->published, arg, &why);
	size_t n = r->published->n;

	if (i < 0 ||
	    ((size_t)i == n && publish_port(r->published, arg, &why) < 0)) {
		buf_fmt(out, "error %s", why.text);
		return;
	}
	if ((size_t)i == n && r->add(&r->published->v[i]) < 0) {
		failed(out, &r->published->v[i], errno);
		publish_drop(r->published, n);
		return;
	}
	publish_udp(r->published, r->wall->gate.udp);
	buf_str(out, "ok");
}

static void
unforward(const struct requests *r, const char *arg, struct buf *out)
{
	struct why why;
	int i = publish_find(r->published, arg, &why);

	if (i < 0) {
		buf_fmt(out, "error %s", why.text);
		return;
	}
	if ((size_t)i < r->published->n) {
		if (r->drop(&r->published->v[i]) < 0) {
			failed(out, &r->published->v[i], errno);
			return;
		}
		publish_drop(r->published, (size_t)i);
		publish_udp(r->published, r->wall->gate.udp);
	}
	buf_str(out, "ok");
}

/* One that has this name already leads where it did. */
static void
publish_socket(const struct requests *r, const char *arg, struct buf *out)
{
	struct published *t = r->published;
	size_t n = t->n;
	struct why why;

	if (publish_unix(t, arg, &why) < 0) {
		buf_fmt(out, "error %s", why.text);
		return;
	}
	for (size_t i = 0; i < n; i++)
		if (strcmp(t->v[i].label, t->v[n].label) == 0) {
			publish_drop(t, n);
			buf_str(out, "ok");
			return;
		}
	if (r->add(&t->v[n]) < 0) {
		failed(out, &t->v[n], errno);
		publish_drop(t, n);
	} else
		buf_str(out, "ok");
}

static int
set_mode(struct wall *w, const char *word, struct why *why)
{
	int m = mode_parse(word);

	if (m < 0)
		return why_set(why, EX_USAGE, "no such mode");
	w->gate.policy.mode = (enum mode)m;
	gate_answered(&w->gate);
	return 0;
}

static int
set_defaults(struct wall *w, int on, struct why *why)
{
	w->defaults_off = !on;
	return mind_defaults(&w->mind, on, why);
}

/* Those about rules: 1 when it was one.  The proxy has its own, and is told
 * first, so that both read at the same time. */
static int
rules_request(struct wall *w, const char *line, struct buf *out)
{
	static const char mode[] = "mode ";
	struct why why;
	int bad, told;

	if (strcmp(line, "reload") != 0 && !str_starts(line, "defaults ") &&
	    !str_starts(line, mode))
		return 0;
	told = porter_tell(&w->porter, line);
	if (strcmp(line, "reload") == 0)
		bad = mind_reload(&w->mind, &why);
	else if (strcmp(line, "defaults on") == 0)
		bad = set_defaults(w, 1, &why);
	else if (strcmp(line, "defaults off") == 0)
		bad = set_defaults(w, 0, &why);
	else if (str_starts(line, mode))
		bad = set_mode(w, line + sizeof mode - 1, &why);
	else
		bad = why_set(&why, EX_USAGE, "unknown request");
	if (told && porter_await(&w->porter, line, bad ? NULL : &why) < 0)
		bad = 1;
	if (bad)
		buf_fmt(out, "error %s", why.text);
	else
		buf_str(out, "ok");
	return 1;
}

/* Those about what is published. */
static void
port_request(const struct requests *r, const char *line, struct buf *out)
{
	static const char add[] = "forward ", drop[] = "unforward ",
			  name[] = "unix ";

	if (str_starts(line, add))
		forward(r, line + sizeof add - 1, out);
	else if (str_starts(line, drop))
		unforward(r, line + sizeof drop - 1, out);
	else if (str_starts(line, name))
		publish_socket(r, line + sizeof name - 1, out);
	else
		buf_str(out, "error unknown request");
}

/* What is so now, and who waits for it. */
static void
attach_proxy(struct wall *w, int fd, struct buf *out)
{
	porter_attach(&w->porter, fd);
	buf_fmt(out, "ok\nmode %s\ndefaults %s", mode_text(w->gate.policy.mode),
	    w->defaults_off ? "off" : "on");
	for (size_t n = flow_calls(&w->gate.flows); n > 0; n--)
		buf_str(out, "\ncome");
}

int
request_answer(const char *line, int fd, struct buf *out, void *arg)
{
	const struct requests *r = arg;

	if (strcmp(line, "ask") == 0) {
		inquiry_attach(&r->wall->inquiry, fd);
		gate_answered(
		    &r->wall->gate); /* who was asked before is gone */
		buf_str(out, "ok");
		return 1;
	}
	if (strcmp(line, "socks") == 0 && r->wall->socks) {
		attach_proxy(r->wall, fd, out);
		return 1;
	}
	if (strcmp(line, "cut") == 0)
		buf_fmt(out, "ok %zu", gate_cut(&r->wall->gate));
	else if (strcmp(line, "status") == 0) {
		r->wall->gate.proxy_allowed = r->wall->porter.allowed;
		r->wall->gate.proxy_denied = r->wall->porter.denied;
		buf_str(out, "ok ");
		gate_status(&r->wall->gate, out);
		if (r->wall->socks)
			buf_fmt(out, " proxy=%s",
			    r->wall->porter.fd < 0 ? "off" : "on");
		buf_str(out, " confined=");
		confine_words(r->wall->confined, out);
	} else if (!rules_request(r->wall, line, out))
		port_request(r, line, out);
	return 0;
}
