/* SPDX-License-Identifier: ISC */
/* xray-untar: unpack what a guest sends; the receiving end of xray copy. */
#include "say.h"

#include <fcntl.h>
#include <getopt.h>
#include <signal.h>
#include <sys/stat.h>
#include <unistd.h>

#include "opt.h"
#include "room.h"
#include "untar.h"

enum { OPT_AS = OPT_OWN, OPT_DELETE };

static const struct opt opts[] = {
	{ 'a', "archive", NULL, "modes and times too" },
	{ OPT_AS, "as", "NEW", "a file's new name, a folder's new place" },
	{ OPT_DELETE, "delete", NULL, "remove what did not come" },
	{ 'f', "force", NULL, "also when min_free is not left" },
	{ 0 },
};
static const struct usage use = { "xray-untar", "DIR NAME", opts, 0 };

static struct home home;
static struct untar u;

static void
on_signal(int sig)
{
	if (u.half_dir != -1)
		unlinkat(u.half_dir, u.half, 0);
	_exit(128 + sig);
}

static int
has_room(int dir, uint64_t need, void *arg, struct why *why)
{
	return room_check(&home, dir, need, arg, why);
}

/* Told even when the rest failed. */
static void
tell_left_out(void)
{
	if (u.links)
		warn("left out: %llu link%s", (unsigned long long)u.links,
		    u.links == 1 ? "" : "s");
	if (u.others)
		warn("left out: %llu that %s neither file nor folder",
		    (unsigned long long)u.others, u.others == 1 ? "is" : "are");
}

int
main(int argc, char **argv)
{
	static const int signals[] = { SIGINT, SIGTERM, SIGHUP };
	struct sigaction sa = { .sa_handler = on_signal };
	struct why why;
	int c, r, force = 0;
	mode_t mask = umask(077);

	while ((c = opt_next(argc, argv, &use)) != -1)
		switch (c) {
		case 'a':
			u.archive = 1;
			break;
		case OPT_AS:
			u.as = optarg;
			break;
		case OPT_DELETE:
			u.prune = 1;
			break;
		case 'f':
			force = 1;
			break;
		}
	if (argc - optind != 2)
		die_usage(&use, "a folder, and the name that may come");
	if (home_open(&home, &why) < 0)
		die_why(&why);
	umask(mask); /* opening the home has changed it */
	u.dir = open(argv[optind], O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (u.dir < 0)
		die_sys(EX_NOINPUT, "%s", argv[optind]);
	u.want = argv[optind + 1];
	u.half_dir = -1;
	if (!force)
		u.room = has_room;
	u.arg = argv[optind];
	for (size_t i = 0; i < LEN(signals); i++)
		sigaction(signals[i], &sa, NULL);
	r = untar(0, &u, &why);
	tell_left_out();
	say("%llu %llu\n", (unsigned long long)u.files,
	    (unsigned long long)u.bytes);
	if (r < 0)
		die_why(&why);
	return say_done();
}
