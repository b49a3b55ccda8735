/* SPDX-License-Identifier: ISC */
#include "home.h"

#include <ctype.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <sys/stat.h>
#include <unistd.h>

#include "io.h"
#include "say.h"
#include "sys.h"
#include "throw.h"

char *
home_path(struct why *why)
{
	const char *xray = getenv("XRAY_HOME"), *user = getenv("HOME");

	if (xray && *xray) {
		if (*xray == '/')
			return xstrdup(xray);
		why_set(why, EX_CONFIG, "XRAY_HOME: %s: not an absolute path",
		    xray);
		return NULL;
	}
	if (user && *user == '/')
		return xasprintf("%s/.xray", user);
	why_set(why, EX_CONFIG, "neither XRAY_HOME nor HOME is set");
	return NULL;
}

static int
check_owner(const struct home *h, struct why *why)
{
	struct stat st;

	if (fstat(h->fd, &st) < 0)
		return why_sys(why, EX_IOERR, "%s", h->path);
	if (st.st_uid != geteuid())
		return why_set(why, EX_NOPERM, "%s: belongs to uid %ld",
		    h->path, (long)st.st_uid);
	if (st.st_mode & 022)
		return why_set(why, EX_NOPERM,
		    "%s: others can write to it; chmod go-w %s", h->path,
		    h->path);
	return 0;
}

static int
open_conf(struct home *h, struct why *why)
{
	struct why w = { 0 };

	h->conf = conf_read(h->fd, "config.ini", "config.ini", &w);
	if (h->conf) {
		say_color_default(conf_get(h->conf, NULL, "color"));
		return 0;
	}
	if (w.code != EX_NOINPUT) {
		if (why)
			*why = w;
		return -1;
	}
	h->conf = conf_new("config.ini");
	return 0;
}

/* A folder that cannot be synced is one where others make homes. */
static int
open_or_make(const char *path)
{
	int fd = io_opendir(AT_FDCWD, path);

	if (fd >= 0 || errno != ENOENT)
		return fd;
	fd = io_mkdir(AT_FDCWD, path);
	if (fd >= 0) {
		autoclose int parent = io_opendir(fd, "..");

		(void)sys_fsync(parent); /* see above */
	}
	return fd;
}

static int
open_dirs(struct home *h, struct why *why)
{
	*h = (struct home){ .fd = -1, .vms = -1, .bases = -1 };
	umask(077);
	h->path = home_path(why);
	if (!h->path)
		return -1;
	h->fd = open_or_make(h->path);
	if (h->fd < 0) {
		why_sys(why, EX_CONFIG, "%s", h->path);
		goto fail;
	}
	if (check_owner(h, why) < 0)
		goto fail;
	h->vms = io_mkdir_kept(h->fd, "vms");
	h->bases = io_mkdir_kept(h->fd, "bases");
	if (h->vms < 0 || h->bases < 0) {
		why_sys(why, EX_IOERR, "%s", h->path);
		goto fail;
	}
	return 0;
fail:
	home_close(h);
	return -1;
}

int
home_open_within(struct home *h, struct why *why)
{
	if (open_dirs(h, why) < 0)
		return -1;
	if (open_conf(h, why) == 0)
		return 0;
	home_close(h);
	return -1;
}

int
home_open(struct home *h, struct why *why)
{
	if (home_open_within(h, why) < 0)
		return -1;
	throw_sweep(h, 10000);
	return 0;
}

int
home_open_any(struct home *h, struct why *why)
{
	if (open_dirs(h, why) < 0)
		return -1;
	if (open_conf(h, NULL) < 0)
		h->conf = conf_new("config.ini");
	return 0;
}

int
home_ms(const struct home *h, const char *env, const char *key, long long *ms,
    struct why *why)
{
	const char *text = getenv(env);

	if (!text || !*text)
		return conf_ms(h->conf, key, ms, why) < 0 ? -1 : 0;
	if (num_duration(text, ms) == 0)
		return 0;
	return why_set(why, EX_CONFIG, "%s: %s: not a duration", env, text);
}

void
home_close(struct home *h)
{
	int fds[] = { h->fd, h->vms, h->bases };

	for (size_t i = 0; i < LEN(fds); i++)
		if (fds[i] >= 0)
			close(fds[i]);
	free(h->path);
	conf_free(h->conf);
	*h = (struct home){ .fd = -1, .vms = -1, .bases = -1 };
}

/* What the holder wrote into its lock file: "4242 xray-snap". */
static int
busy(int fd, const char *what, struct why *why)
{
	char text[128] = "", *space;
	ssize_t n = pread(fd, text, sizeof text - 1, 0);

	close(fd);
	text[n > 0 ? n : 0] = '\0';
	text[strcspn(text, "\n")] = '\0';
	space = strchr(text, ' ');
	if (!space)
		return why_set(why, EX_TEMPFAIL, "%s: locked", what);
	*space = '\0';
	return why_set(why, EX_TEMPFAIL, "%s: locked by %s, pid %s", what,
	    space + 1, text);
}

int
lock_take(
    int dir, const char *name, const char *what, long long ms, struct why *why)
{
	long long deadline = io_now() + ms;
	char text[128];
	int fd, n, nap = 1;

	fd = openat(dir, name, O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0600);
	if (fd < 0)
		return why_sys(why, EX_IOERR, "%s: %s", what, name);
	while (sys_lock(fd) < 0) {
		if (errno != EAGAIN && errno != EACCES && errno != EINTR) {
			why_sys(why, EX_IOERR, "%s: %s", what, name);
			close(fd);
			return -1;
		}
		if (io_left(deadline) == 0)
			return busy(fd, what, why);
		io_sleep(nap);
		nap = nap < 16 ? 2 * nap : nap;
	}
	n = snprintf(
	    text, sizeof text, "%ld %s\n", (long)getpid(), say_get_name());
	/* what is left of a longer one stands behind our newline: not read */
	if (pwrite(fd, text, (size_t)n, 0) < 0) {
		why_sys(why, EX_IOERR, "%s: %s", what, name);
		close(fd);
		return -1;
	}
	return fd;
}

int
home_lock(struct home *h, struct why *why)
{
	return lock_take(h->fd, "lock", h->path, 10000, why);
}

static int
word_ok(const char *s)
{
	size_t n = strlen(s);

	if (!n || n > 63 || !isalnum((unsigned char)s[0]))
		return 0;
	for (size_t i = 0; i < n; i++)
		if (!isalnum((unsigned char)s[i]) && !strchr("._-", s[i]))
			return 0;
	return s[strspn(s, "0123456789")] != '\0';
}

int
name_valid(const char *name)
{
	return word_ok(name);
}

int
name_check(const char *name, struct why *why)
{
	static const char *const reserved[] = { "add", "all", "base", "list",
		"maintenance", "none", "remove", "self" };

	if (!word_ok(name))
		return why_set(why, EX_USAGE,
		    "'%s': not a name; letters, "
		    "digits, '.', '_' and '-', at most 63, a letter or digit "
		    "first, not digits alone",
		    name);
	for (size_t i = 0; i < LEN(reserved); i++)
		if (strcasecmp(name, reserved[i]) == 0)
			return why_set(
			    why, EX_USAGE, "'%s': a reserved name", name);
	return 0;
}

int
tag_check(const char *tag, struct why *why)
{
	if (word_ok(tag) && strlen(tag) <= 46) /* a section of conf.h */
		return 0;
	return why_set(why, EX_USAGE,
	    "'%s': not a tag; letters, digits, "
	    "'.', '_' and '-', at most 46, a letter or digit first, not "
	    "digits alone",
	    tag);
}

struct taken {
	const char *name;
	char *by;
};

static int
same_folded(const char *name, void *arg)
{
	struct taken *t = arg;

	if (strcasecmp(name, t->name) == 0 && !t->by)
		t->by = xstrdup(name);
	return 0;
}

int
name_taken(int dir, const char *what, const char *name, struct why *why)
{
	struct taken t = { name, NULL };

	if (io_walk(dir, same_folded, &t) < 0) {
		free(t.by);
		return why_sys(why, EX_IOERR, "%s", name);
	}
	if (!t.by)
		return 0;
	why_set(why, EX_CANTCREAT,
	    strcmp(t.by, name) == 0 ? "%s: exists" :
				      "%s: there is a %s called %s",
	    name, what, t.by);
	free(t.by);
	return -1;
}

static int
keep_name(const char *name, void *arg)
{
	if (word_ok(name))
		strv_add(arg, name);
	return 0;
}

int
name_list(int dir, struct strv *out, struct why *why)
{
	if (io_walk(dir, keep_name, out) < 0)
		return why_sys(why, EX_IOERR, "directory");
	strv_sort(out);
	return 0;
}

int
name_missing(int dir, const char *what, const char *name, struct why *why)
{
	autostrv struct strv names = { 0 };
	const char *best = NULL;

	(void)io_walk(dir, keep_name, &names); /* only for the suggestion */
	strv_sort(&names);
	for (size_t i = 0; i < names.n; i++) {
		str_nearest(&best, name, names.v[i]);
	}
	if (best)
		return why_set(
		    why, EX_NOINPUT, "%s: no such %s (%s?)", name, what, best);
	return why_set(why, EX_NOINPUT, "%s: no such %s; xray %s", name, what,
	    strcmp(what, "base") == 0 ? "base list" : "list");
}

char *
home_bin_dir(struct why *why)
{
	char *dir = sys_program_dir();

	if (!dir)
		why_sys(why, EX_OSERR, "own program");
	return dir;
}

char *
home_share_dir(struct why *why)
{
	static const char *const places[] = { "share", "share/xray" };
	autofree char *bin = home_bin_dir(why);
	char *slash = bin ? strrchr(bin, '/') : NULL;

	if (!slash)
		return NULL;
	*slash = '\0';
	for (size_t i = 0; i < LEN(places); i++) {
		char *dir = xasprintf("%s/%s", bin, places[i]);
		autofree char *mark = xasprintf("%s/commands", dir);

		if (access(mark, R_OK) == 0)
			return dir;
		free(dir);
	}
	why_set(why, EX_UNAVAILABLE,
	    "%s/share/commands: not there; the installation is not whole", bin);
	return NULL;
}
