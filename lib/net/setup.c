/* SPDX-License-Identifier: ISC */
#include "setup.h"

#include <string.h>

#include "order.h"
#include "say.h"

enum {
	OPT_NET = OPT_OWN,
	OPT_MAC,
	OPT_MODE,
	OPT_DNS,
	OPT_RULES,
	OPT_DEFAULTS,
	OPT_OFF,
	OPT_LISTS,
	OPT_PRIVATE,
	OPT_NAMES,
	OPT_FORWARD,
	OPT_UNIX,
	OPT_CONTROL,
	OPT_SOCKS,
	OPT_BELL,
	OPT_READY
};

const struct opt setup_opts[] = {
	{ OPT_NET, "net", "filtered|open", "what the guest may reach" },
	{ OPT_MAC, "mac", "MAC", "the guest's Ethernet address" },
	{ OPT_MODE, "mode", "ask|deny|allow|learn",
	    "what becomes of what no rule names (deny)" },
	{ OPT_DNS, "dns", "synthetic|real", "which addresses it is told" },
	{ OPT_RULES, "rules", "FILE", "rules; more follow in this order" },
	{ OPT_DEFAULTS, "defaults", "FILE", "and domains to be trusted" },
	{ OPT_OFF, "defaults-off", NULL, "which are not in force now" },
	{ OPT_LISTS, "lists", "DIR",
	    "where @NAME is; more are looked at next" },
	{ OPT_PRIVATE, "private-ok", "CIDR", "where any name may lead" },
	{ OPT_NAMES, "names", "FILE", "keep the addresses of names there" },
	{ OPT_FORWARD, "forward", "[ADDR:]HOST:GUEST[/udp]",
	    "publish a guest port on ADDR (127.0.0.1)" },
	{ OPT_UNIX, "unix", "NAME:GUEST", "publish one as unix socket NAME" },
	{ OPT_CONTROL, "control", "NAME", "answer requests there" },
	{ OPT_SOCKS, "socks", "NAME", "where the guest's proxy calls" },
	{ OPT_BELL, "bell-fd", "N", "a newline to N when it is to be started" },
	{ OPT_READY, "ready-fd", "N", "a newline to N when all listens" }, { 0 }
};

void
setup_init(struct setup *s)
{
	gate_init(&s->wall.gate);
	s->wall.gate.policy.mode = MODE_DENY;
	s->wall.porter = (struct porter)PORTER_INIT;
	s->ready = -1;
}

static int
set_net(struct setup *s, const char *arg, struct why *why)
{
	if (strcmp(arg, "open") != 0 && strcmp(arg, "filtered") != 0)
		return why_set(
		    why, EX_USAGE, "--net: %s: filtered or open", arg);
	s->wall.gate.net = *arg == 'o' ? GATE_OPEN : GATE_FILTERED;
	s->given |= 1;
	return 0;
}

static int
set_mac(struct setup *s, const char *arg, struct why *why)
{
	if (frame_parse_mac(s->wall.gate.mac, arg) < 0)
		return why_set(why, EX_USAGE, "--mac: %s: no MAC", arg);
	s->given |= 2;
	return 0;
}

static int
set_mode(struct setup *s, const char *arg, struct why *why)
{
	int mode = mode_parse(arg);

	if (mode < 0)
		return why_set(why, EX_USAGE,
		    "--mode: %s: ask, deny, allow or learn", arg);
	s->wall.gate.policy.mode = (enum mode)mode;
	return 0;
}

static int
set_dns(struct setup *s, const char *arg, struct why *why)
{
	if (strcmp(arg, "synthetic") != 0 && strcmp(arg, "real") != 0)
		return why_set(
		    why, EX_USAGE, "--dns: %s: synthetic or real", arg);
	s->wall.gate.dns_real = *arg == 'r';
	return 0;
}

static int
set_fd(int *out, const char *name, const char *arg, struct why *why)
{
	long long fd;

	if (num_int(arg, 1, 65535, &fd) < 0)
		return why_set(
		    why, EX_USAGE, "--%s: %s: not from 1 to 65535", name, arg);
	*out = (int)fd;
	return 0;
}

/* The proxy is one that reaches a port of the guest's, to the stack. */
static int
set_socks(struct setup *s, const char *arg, struct why *why)
{
	autofree char *text = xasprintf("%s:%d", arg, LAN_SOCKS);

	if (publish_unix(&s->published, text, why) < 0)
		return -1;
	s->published.v[s->published.n - 1].called = 1;
	s->wall.socks = 1;
	return 0;
}

static int
add(char **v, size_t *n, char *arg, struct why *why)
{
	if (*n == SETUP_PATHS)
		return why_set(why, EX_USAGE, "%s: too many of them", arg);
	v[(*n)++] = arg;
	return 0;
}

static int
add_private(struct setup *s, const char *arg, struct why *why)
{
	size_t *n = &s->wall.gate.policy.nprivate;

	if (*n == MIND_PRIVATE)
		return why_set(why, EX_USAGE, "%s: too many blocks", arg);
	if (cidr_parse(&s->wall.mind.private_ok[*n], arg, why) < 0)
		return -1;
	++*n;
	return 0;
}

int
setup_set(struct setup *s, int c, char *arg, struct why *why)
{
	switch (c) {
	case OPT_NET:
		return set_net(s, arg, why);
	case OPT_MODE:
		return set_mode(s, arg, why);
	case OPT_DNS:
		return set_dns(s, arg, why);
	case OPT_MAC:
		return set_mac(s, arg, why);
	case OPT_RULES:
		return add(s->rules.v, &s->rules.n, arg, why);
	case OPT_LISTS:
		return add(s->lists.v, &s->lists.n, arg, why);
	case OPT_DEFAULTS:
		s->defaults = arg;
		return 0;
	case OPT_OFF:
		s->wall.defaults_off = 1;
		return 0;
	case OPT_PRIVATE:
		return add_private(s, arg, why);
	case OPT_NAMES:
		s->wall.mind.names = arg;
		return 0;
	case OPT_FORWARD:
		return publish_port(&s->published, arg, why);
	case OPT_UNIX:
		return publish_unix(&s->published, arg, why);
	case OPT_CONTROL:
		s->control = arg;
		return publish_name(arg, why);
	case OPT_SOCKS:
		return set_socks(s, arg, why);
	case OPT_BELL:
		return set_fd(&s->wall.porter.bell, "bell-fd", arg, why);
	default:
		return set_fd(&s->ready, "ready-fd", arg, why);
	}
}

int
setup_done(struct setup *s, int n, char **operands, struct why *why)
{
	if (s->given != 3 || n != 1)
		return why_set(
		    why, EX_USAGE, "needs --net, --mac and one socket");
	if (order_fill(&s->wall.mind.sources, s->rules.v, s->rules.n,
		s->defaults, s->lists.v, s->lists.n, why) < 0)
		return -1;
	order_defaults(&s->wall.mind.sources, s->wall.defaults_off);
	s->socket = operands[0];
	publish_udp(&s->published, s->wall.gate.udp);
	return publish_name(s->socket, why);
}
