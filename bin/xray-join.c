/* SPDX-License-Identifier: ISC */
/*
 * xray-join: standard input, which is a socket, to a unix socket and back.
 *
 * QEMU starts one for each connection of a guest's to an address behind which
 * one of our sockets is, so the guest says how many are started: no more of
 * them live than may, and what the guest sends is not looked at.  Standard
 * error may be the guest's socket too, so nothing is said there.
 */
#include "say.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

#include "confine.h"
#include "edges.h"
#include "io.h"
#include "opt.h"
#include "relay.h"
#include "sys.h"

enum { OPT_MAX = OPT_OWN };

static const struct opt opts[] = {
	{ OPT_MAX, "max", "N", "so many at once to one SOCKET, no more" },
	{ 0 },
};
static const struct usage use = { "xray-join", "SOCKET", opts, 0 };

/* Nothing is to be written to where the guest reads: what is the same socket
 * as standard input leads nowhere from now on. */
static void
hush(const struct stat *in)
{
	int null = open("/dev/null", O_RDWR | O_CLOEXEC);
	struct stat st;

	if (null < 0)
		_exit(EX_OSERR);
	for (int fd = 1; fd <= 2; fd++)
		if (fstat(fd, &st) == 0 && st.st_ino == in->st_ino &&
		    st.st_dev == in->st_dev && dup2(null, fd) < 0)
			_exit(EX_OSERR);
	close(null);
}

/* A lock on one of n bytes of SOCKET.lock, which is ours until we end.  -1:
 * others have them all. */
static int
take_place(const char *name, long long n)
{
	autofree char *path = xasprintf("%s.lock", name);
	int fd = open(path, O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0600);
	struct flock fl = {
		.l_type = F_WRLCK, .l_whence = SEEK_SET, .l_len = 1
	};

	if (fd < 0)
		die_sys(EX_CANTCREAT, "%s", path);
	for (long long i = 0; i < n; i++) {
		fl.l_start = (off_t)((getpid() + i) % n);
		if (fcntl(fd, F_SETLK, &fl) == 0)
			return 0;
		if (errno != EAGAIN && errno != EACCES)
			die_sys(EX_OSERR, "%s", path);
	}
	return -1;
}

static void
told(int set)
{
	struct edge v[4];
	int n = edges_next(set, v, LEN(v));

	for (int i = 0; i < n; i++)
		relay_told(v[i].what, v[i].is);
}

/* Until both sides have ended, or one is gone. */
static void
run(struct relay *r, int set)
{
	enum relay_said said;

	while ((said = relay_run(r)) <= RELAY_MORE) {
		struct pollfd p = { .fd = set, .events = POLLIN };

		if (poll(&p, 1, said == RELAY_MORE ? 0 : -1) < 0 &&
		    errno != EINTR)
			die_sys(EX_OSERR, "poll");
		told(set);
	}
	relay_close(r, said == RELAY_BROKEN);
}

static void
join(int fd)
{
	struct relay r = { .end = { { .fd = 0, .side = 0 },
			       { .fd = fd, .side = 1 } } };
	int set = edges_new();
	unsigned in_force = 0;
	struct why why;

	if (set < 0)
		die_sys(EX_OSERR, "the set of sockets");
	for (int i = 0; i < 2; i++)
		if (fcntl(r.end[i].fd, F_SETFL, O_NONBLOCK) < 0 ||
		    edges_add(set, r.end[i].fd, &r.end[i]) < 0)
			die_sys(EX_OSERR, "a socket");
	if (confine_proxy(&in_force, &why) < 0)
		die_why(&why);
	run(&r, set);
}

int
main(int argc, char **argv)
{
	long long most = 0;
	struct stat in;
	int fd, none;

	none = fstat(0, &in) < 0;
	if (!none)
		hush(&in);
	while (opt_next(argc, argv, &use) != -1)
		most = opt_int(&use, "max", optarg, 1, 65536);
	if (argc - optind != 1)
		die_usage(&use, "one socket");
	if (none || !S_ISSOCK(in.st_mode))
		die(EX_USAGE, "standard input is no socket; see socat(1)");
	sys_close_others(3, NULL, 0);
	(void)signal(SIGPIPE, SIG_IGN);
	if (most && take_place(argv[optind], most) < 0)
		die(EX_TEMPFAIL, "%s: too many", argv[optind]);
	fd = io_connect(AT_FDCWD, argv[optind]);
	if (fd < 0)
		die_sys(EX_UNAVAILABLE, "%s", argv[optind]);
	join(fd);
	return 0;
}
