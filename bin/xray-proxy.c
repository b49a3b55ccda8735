/* SPDX-License-Identifier: ISC */
/*
 * xray-proxy: a SOCKS5 proxy that lets through what rules allow, by name.
 *
 * What is decided and moved is lib/net's; here is the event loop, and the
 * children: one reads rule files, some look names up, one writes the log.
 */
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "confine.h"
#include "io.h"
#include "listen.h"
#include "logger.h"
#include "mem.h"
#include "mind.h"
#include "nameserver.h"
#include "opt.h"
#include "order.h"
#include "outlet.h"
#include "proxy.h"
#include "relay_pipe.h"
#include "say.h"
#include "stream.h"

#define UNUSED __attribute__((unused))

enum {
	OPT_LISTEN = OPT_OWN,
	OPT_RULES,
	OPT_LISTS,
	OPT_PRIVATE,
	OPT_MODE,
	OPT_ASK,
	OPT_DEFAULTS,
	OPT_OFF,
	OPT_GATEWAY,
	OPT_CONTROL,
	OPT_NAMES,
	OPT_RESOLVER,
	OPT_LOG,
	OPT_MAX,
	OPT_READY
};

static const struct opt opts[] = {
	{ OPT_LISTEN, "listen", "ADDR:PORT|unix:PATH",
	    "where clients are awaited; may be given again" },
	{ OPT_RULES, "rules", "FILE", "rules; more follow in this order" },
	{ OPT_DEFAULTS, "defaults", "FILE", "and domains to be trusted" },
	{ OPT_OFF, "defaults-off", NULL, "which are not in force now" },
	{ OPT_LISTS, "lists", "DIR",
	    "where @NAME is; more are looked at next" },
	{ OPT_PRIVATE, "private-ok", "CIDR", "where any name may lead" },
	{ OPT_MODE, "mode", "ask|deny|allow|learn",
	    "what becomes of what no rule names (deny)" },
	{ OPT_ASK, "ask", "SOCKET", "mode ask, by xray-ask's socket" },
	{ OPT_GATEWAY, "gateway", "CONTROL:SOCKET",
	    "serve the guest of an xray-net, which calls are made at SOCKET" },
	{ OPT_CONTROL, "control", "PATH", "answer requests on a unix socket" },
	{ OPT_NAMES, "names", "FILE", "keep the addresses of names there" },
	{ OPT_RESOLVER, "resolver", "unix:PATH",
	    "tell them there, by DNS over streams" },
	{ OPT_LOG, "log", "FILE", "verdicts go there (standard error)" },
	{ OPT_MAX, "max", "N", "connections at once (10000)" },
	{ OPT_READY, "ready-fd", "N", "a newline to N when all listens" }, { 0 }
};

static const struct usage usage = {
	.name = "xray-proxy",
	.operands = "--listen ADDR:PORT|unix:PATH --rules FILE [FILE ...]",
	.opts = opts,
};

/* Descriptors for other things than connections and pipes; pipes that are kept
 * come besides those that are out. */
enum { OTHERS = 64 + NAMESERVER_MAX + CONTROL_CLIENTS };
enum { RESERVE = OTHERS + 2 * RELAY_PIPE_FDS };
enum { MAX = 10000, PATHS = 8 };

static struct {
	struct mind mind;
	struct proxy proxy;
	struct outlet outlet;
	int mode; /* -1: not given */
	struct {
		char *v[PATHS];
		size_t n;
	} listen, rules, lists;
	const char *log, *defaults, *resolver;
	struct nameserver names;
	struct logger logger;
	int ready;
	struct listener at[PROXY_LISTENERS];
	int again; /* a turn is due */
	int over;
} net = { .mode = -1, .logger = { .fd = 2 }, .ready = -1 };

static struct proxy *const proxy = &net.proxy;
static struct mind *const mind = &net.mind;

/* ---- command line ---- */

static void
add(char **v, size_t *n, size_t most, char *arg)
{
	if (*n == most)
		die_usage(&usage, "%s: too many of them", arg);
	v[(*n)++] = arg;
}

static void
add_private(const char *arg)
{
	size_t *n = &proxy->policy.nprivate;
	struct why why;

	if (*n == MIND_PRIVATE)
		die_usage(&usage, "%s: too many blocks", arg);
	if (cidr_parse(&mind->private_ok[*n], arg, &why) < 0)
		die_usage(&usage, "%s", why.text);
	++*n;
}

static void
set_gateway(char *arg)
{
	char *colon = strchr(arg, ':');

	if (!colon || colon == arg || !colon[1])
		die_usage(&usage, "--gateway: %s: not CONTROL:SOCKET", arg);
	*colon = '\0';
	net.outlet.control = arg;
	net.outlet.calls = colon + 1;
}

static void
set_option(int c)
{
	static const char *const modes[] = { "ask", "deny", "allow", "learn",
		NULL };

	switch (c) {
	case OPT_LISTEN:
		add(net.listen.v, &net.listen.n, PROXY_LISTENERS, optarg);
		break;
	case OPT_RULES:
		add(net.rules.v, &net.rules.n, PATHS, optarg);
		break;
	case OPT_LISTS:
		add(net.lists.v, &net.lists.n, PATHS, optarg);
		break;
	case OPT_PRIVATE:
		add_private(optarg);
		break;
	case OPT_MODE:
		net.mode = mode_parse(opt_word(&usage, "mode", optarg, modes));
		break;
	case OPT_DEFAULTS:
		net.defaults = optarg;
		break;
	case OPT_OFF:
		net.outlet.defaults_off = 1;
		break;
	case OPT_GATEWAY:
		set_gateway(optarg);
		break;
	case OPT_ASK:
		net.outlet.ask = optarg;
		break;
	case OPT_CONTROL:
		net.outlet.requests = optarg;
		break;
	case OPT_NAMES:
		mind->names = optarg;
		break;
	case OPT_RESOLVER:
		net.resolver = optarg;
		break;
	case OPT_LOG:
		net.log = optarg;
		break;
	case OPT_MAX:
		proxy->max = (size_t)opt_int(&usage, "max", optarg, 1, 1000000);
		break;
	default:
		net.ready = opt_fd(&usage, "ready-fd", optarg);
	}
}

static void
parse(int argc, char **argv)
{
	struct why why;
	int c;

	proxy->max = MAX;
	while ((c = opt_next(argc, argv, &usage)) != -1)
		set_option(c);
	for (int i = optind; i < argc; i++)
		add(net.rules.v, &net.rules.n, PATHS, argv[i]);
	if (!net.listen.n || !net.rules.n)
		die_usage(&usage, "needs --listen and --rules");
	if (net.mode < 0)
		net.mode = net.outlet.ask ? MODE_ASK : MODE_DENY;
	proxy->policy.mode = (enum mode)net.mode;
	if (order_fill(&mind->sources, net.rules.v, net.rules.n, net.defaults,
		net.lists.v, net.lists.n, &why) < 0)
		die_usage(&usage, "%s", why.text);
	order_defaults(&mind->sources, net.outlet.defaults_off);
}

/* ---- the log ---- */

/* Who starts us again gives us new children; without them what is denied from
 * now on would stay allowed, and nobody would know. */
static void
fall(void)
{
	net.logger.fd = 2; /* its child may be the one */
	(void)proxy_cut(proxy);
	die(EX_OSERR, "a process of the proxy's has ended: so does it");
}

static void
to_log(const char *text, UNUSED void *arg)
{
	logger_line(&net.logger, text);
}

/* ---- events ---- */

static void
stop(void)
{
	net.over = 1;
	stream_stop();
}

static void
read_clock(void)
{
	proxy->now = net.names.now = io_now() + 1;
	proxy->wall = time(NULL);
}

static void serve_clients(void);

static void
serve_again(void)
{
	net.again = 0;
	serve_clients();
}

/* Between two turns the others have theirs. */
static void
serve_clients(void)
{
	int more;

	read_clock();
	more = proxy_turn(proxy);
	if (net.resolver)
		more |= nameserver_turn(&net.names);
	if (net.outlet.over) /* so is what the guest had open */
		stop();
	if (!more || net.again)
		return;
	net.again = 1;
	stream_once(0, serve_again);
}

static void
serve_mind(int clerk, int resolver)
{
	struct pollfd p[MIND_FDS] = { { .revents = resolver ? POLLIN : 0 },
		{ .revents = clerk ? POLLIN : 0 } };

	read_clock();
	mind_serve(mind, p, proxy->now);
	if (!mind_is_whole(mind) || !outlet_is_whole(&net.outlet))
		fall();
	/* what was decided may have something to do at once */
	serve_clients();
}

static void
clerk_said(void)
{
	serve_mind(1, 0);
}

static void
resolver_said(void)
{
	serve_mind(0, 1);
}

static void
tick(void)
{
	if (logger_state(&net.logger) < 0)
		fall();
	serve_mind(0, 0);
	proxy_tick(proxy);
	outlet_tick(&net.outlet);
	if (net.resolver)
		nameserver_tick(&net.names);
}

static void
rules_changed(UNUSED void *arg)
{
	(void)proxy_recheck(proxy);
	proxy_answered(proxy);
}

static void
resolved(const struct resolved *r, UNUSED void *arg)
{
	proxy_resolved(proxy, r);
}

/* ---- start and end ---- */

/* As many descriptors as there may be, and as many connections as they are
 * for. */
static void
limit(void)
{
	struct rlimit l;
	size_t most;

	if (getrlimit(RLIMIT_NOFILE, &l) < 0)
		die_sys(EX_OSERR, "RLIMIT_NOFILE");
	l.rlim_cur = l.rlim_max;
	if (setrlimit(RLIMIT_NOFILE, &l) < 0)
		die_sys(EX_OSERR, "RLIMIT_NOFILE");
	if (l.rlim_cur < RESERVE + 2)
		die(EX_OSERR, "%llu descriptors are too few",
		    (unsigned long long)l.rlim_cur);
	most = (size_t)(l.rlim_cur - RESERVE) / 2;
	if (l.rlim_cur != RLIM_INFINITY && most < proxy->max) {
		if (proxy->max != MAX || say_verbose)
			note("%llu descriptors: %zu connections at once",
			    (unsigned long long)l.rlim_cur, most);
		proxy->max = most;
	}
}

static void
start_mind(void)
{
	struct why why;

	proxy->log = mind->log = to_log;
	mind->policy = &proxy->policy;
	mind->changed = rules_changed;
	mind->resolved = resolved;
	if (mind_start(mind, &why) < 0)
		die_why(&why);
	proxy->resolver = mind->resolver;
	net.outlet.proxy = proxy;
	net.outlet.mind = mind;
	proxy->arg = &net.outlet;
	if (outlet_start(&net.outlet, &why) < 0)
		die_why(&why);
}

static void
listen_all(void)
{
	struct why why;

	for (size_t i = 0; i < net.listen.n; i++) {
		struct listener *l = &net.at[i];

		if (listen_at(l, net.listen.v[i], &why) < 0)
			die_why(&why);
		if (proxy_listen(proxy, l->fd, l->local) < 0)
			die_sys(EX_OSERR, "%s", l->label);
		if (l->open)
			warn("%s: whoever reaches this machine can use it, as "
			     "far as the rules go",
			    l->label);
		note("%s: listening", l->label);
	}
}

static void
named(uint32_t addr, const char *name, UNUSED void *arg)
{
	clerk_name(mind->clerk, addr, name);
}

/* Which name has the address that the proxy is asked for. */
static int
who(uint32_t addr, UNUSED void *arg)
{
	proxy_named(proxy, addr, nameserver_name(&net.names, addr));
	return 0;
}

static void
start_names(void)
{
	struct listener l;
	struct why why;

	if (!net.resolver)
		return;
	if (listen_at(&l, net.resolver, &why) < 0)
		die_why(&why);
	if (!l.local)
		die_usage(&usage, "--resolver: %s: not unix:PATH", l.label);
	net.names.named = named;
	if (nameserver_start(&net.names, l.fd, mind->names) < 0 ||
	    stream_watch(net.names.edges, serve_clients) < 0)
		die_sys(EX_OSERR, "%s", l.label);
	proxy->who = who;
}

static void
set_up(void)
{
	struct why why;

	/* newer libuvs would make system calls that are given up */
	if (setenv("UV_USE_IO_URING", "0", 1) < 0)
		die_sys(EX_OSERR, "UV_USE_IO_URING");
	umask(0177); /* sockets: 0600 */
	(void)signal(SIGPIPE, SIG_IGN);
	(void)signal(SIGHUP, SIG_IGN);
	limit();
	if (net.log && logger_open(&net.logger, net.log, &why) < 0)
		die_why(&why);
	read_clock();
	if (proxy_start(proxy) < 0)
		die_sys(EX_OSERR, "the event loop");
	start_mind();
	listen_all();
	start_names();
	stream_signal(SIGTERM, stop);
	stream_signal(SIGINT, stop);
	stream_every(PROXY_TICK_MS, tick);
	if (stream_watch(proxy->edges, serve_clients) < 0 ||
	    stream_watch(clerk_fd(mind->clerk), clerk_said) < 0 ||
	    stream_watch(resolver_fd(mind->resolver), resolver_said) < 0)
		die_sys(EX_OSERR, "the event loop");
}

/* Before the first client is heard.  Relative names would lead to our
 * caller's files. */
static void
confine(void)
{
	autobuf struct buf words = { 0 };
	struct why why;

	if (chdir("/") < 0)
		die_sys(EX_OSERR, "/");
	if (confine_proxy(&net.outlet.confined, &why) < 0)
		die_why(&why);
	confine_words(net.outlet.confined, &words);
	if (say_verbose)
		note("confined by %s", words.p);
}

int
main(int argc, char **argv)
{
	parse(argc, argv);
	set_up();
	if (net.ready >= 0 &&
	    (io_write(net.ready, "\n", 1) < 0 || close(net.ready) < 0))
		die_sys(EX_IOERR, "--ready-fd %d", net.ready);
	confine();
	if (!net.over)
		stream_run();
	read_clock();
	(void)proxy_cut(proxy);
	return 0;
}
