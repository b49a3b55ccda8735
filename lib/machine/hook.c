/* SPDX-License-Identifier: ISC */
#include "hook.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "io.h"
#include "say.h"
#include "trust.h"

enum { NAME_MOST = 100 };
/* A VM's provision file comes behind its scripts. */
enum rank { BUILTIN, PLUGIN, USER, VM, PROVISION };

const char *const hook_types[] = { HOOK_CREATE, HOOK_INITIAL, HOOK_BOOT, NULL };

/* The folder that comes with the programs, the caller's; NULL with why. */
static char *
builtin_dir(struct why *why)
{
	autofree char *share = home_share_dir(why);
	const char *slash = share ? strrchr(share, '/') : NULL;

	if (!slash)
		return NULL;
	/* in the tree hooks/ stands beside share/ */
	return strcmp(slash, "/share") == 0 ? xasprintf("%s/../hooks", share) :
					      xasprintf("%s/hooks", share);
}

/* ---- one script ---- */

/* A name that a line of vm.ini and of the state file can hold. */
static int
name_fits(const char *name)
{
	size_t n = strlen(name);

	if (n > NAME_MOST || name[n - 1] == ' ')
		return 0;
	for (; *name; name++)
		if (*name < ' ' || *name > '~' || *name == ';')
			return 0;
	return 1;
}

static int
ends_with(const char *name, const char *end)
{
	size_t n = strlen(name), m = strlen(end);

	return n > m && strcmp(name + n - m, end) == 0;
}

/* What editors and packagers leave beside a file. */
static int
is_leaving(const char *name)
{
	static const char *const ends[] = { "~", ".swp", ".swo", ".bak",
		".orig", ".rej", ".tmp", ".rpmsave", ".rpmnew", ".rpmorig",
		".dpkg-old", ".dpkg-new", ".dpkg-dist", ".dpkg-tmp" };

	for (size_t i = 0; i < LEN(ends); i++)
		if (ends_with(name, ends[i]))
			return 1;
	return *name == '#';
}

static int
is_null(const struct stat *st)
{
	struct stat null;

	return S_ISCHR(st->st_mode) && stat("/dev/null", &null) == 0 &&
	    st->st_rdev == null.st_rdev;
}

static void
refuse(struct hook *k, const char *text)
{
	k->off = xasprintf("refused: %s", text);
	k->refused = 1;
}

/* Why it is not run, but for what masks it.  folder: where it is. */
static void
judge(struct hook *k, const char *folder)
{
	struct stat st;
	struct why why;

	if (*k->name == '.')
		k->off = xstrdup("ignored (dot file)");
	else if (is_leaving(k->name))
		k->off = xstrdup("ignored (left over)");
	else if (stat(k->path, &st) < 0)
		refuse(k, strerror(errno));
	else if (is_null(&st))
		k->off = xstrdup("masked (/dev/null)");
	else if (!S_ISREG(st.st_mode))
		k->off = xstrdup("ignored (not a file)");
	else if (!k->guest && !(st.st_mode & 0111))
		k->off = xstrdup("not executable");
	else if (!name_fits(k->name))
		refuse(k, "its name; printable, at most 100, no semicolon");
	else if (trust_path(folder, &why) < 0 || trust_path(k->path, &why) < 0)
		refuse(k, why.text);
}

static void
add(struct hooks *out, const struct hook *hook)
{
	out->v = xreallocarray(out->v, out->n + 1, sizeof *out->v);
	out->v[out->n++] = *hook;
}

/* ---- a source ---- */

struct source {
	int rank, guest;
	const char *name, *folder;
	struct hooks *out;
};

static int
take(const char *name, void *arg)
{
	const struct source *s = arg;
	struct hook k = { .rank = s->rank, .guest = s->guest };

	if (!s->guest && strcmp(name, "guest") == 0)
		return 0;
	k.source = xstrdup(s->name);
	k.name = xstrdup(name);
	k.script = xasprintf("%s%s", s->guest ? "guest/" : "", name);
	k.path = xasprintf("%s/%s", s->folder, name);
	judge(&k, s->folder);
	add(s->out, &k);
	return 0;
}

/* The scripts in path, a folder; none when it is not there. */
static int
take_folder(struct source *s, const char *path, struct why *why)
{
	autoclose int dir = io_opendir(AT_FDCWD, path);

	if (dir < 0)
		return errno == ENOENT ? 0 : why_sys(why, EX_IOERR, "%s", path);
	s->folder = path;
	if (io_walk(dir, take, s) < 0)
		return why_sys(why, EX_IOERR, "%s", path);
	return 0;
}

/* All of one source: what is in folder/TYPE, and in guest/ there. */
static int
take_source(struct hooks *out, int rank, const char *name, const char *folder,
    const char *type, struct why *why)
{
	autofree char *here = xasprintf("%s/%s", folder, type);
	autofree char *there = xasprintf("%s/guest", here);
	struct source s = { rank, 0, name, NULL, out };

	if (take_folder(&s, here, why) < 0)
		return -1;
	s.guest = 1;
	/* a VM that is made has no guest to run it yet */
	return strcmp(type, HOOK_CREATE) == 0 ? 0 : take_folder(&s, there, why);
}

static int
keep_plugin(const char *name, void *arg)
{
	if (*name != '.' && ends_with(name, ".d"))
		strv_take(arg, xstrndup(name, strlen(name) - 2));
	return 0;
}

static int
take_plugins(
    const struct home *h, struct hooks *out, const char *type, struct why *why)
{
	autoclose int dir = io_opendir(h->fd, "plugins");
	autostrv struct strv names = { 0 };

	if (dir < 0)
		return errno == ENOENT ?
		    0 :
		    why_sys(why, EX_IOERR, "%s/plugins", h->path);
	if (io_walk(dir, keep_plugin, &names) < 0)
		return why_sys(why, EX_IOERR, "%s/plugins", h->path);
	for (size_t i = 0; i < names.n; i++) {
		autofree char *source = xasprintf("plugin:%s", names.v[i]);
		autofree char *folder =
		    xasprintf("%s/plugins/%s.d", h->path, names.v[i]);

		if (!name_fits(names.v[i]))
			continue; /* xray could not run it either */
		if (take_source(out, PLUGIN, source, folder, type, why) < 0)
			return -1;
	}
	return 0;
}

static void
take_provision(const struct home *h, const struct vm *vm, struct hooks *out)
{
	autofree char *folder = xasprintf("%s/vms/%s", h->path, vm->name);
	struct hook k = { .rank = PROVISION, .guest = 1 };
	struct stat st;

	if (fstatat(vm->dir, "provision", &st, AT_SYMLINK_NOFOLLOW) < 0)
		return;
	k.source = xstrdup("vm");
	k.name = xstrdup("provision");
	k.script = xstrdup(k.name);
	k.path = xasprintf("%s/provision", folder);
	judge(&k, folder);
	add(out, &k);
}

/* ---- all of them ---- */

static int
in_order(const struct hook *a, const struct hook *b)
{
	int r;

	if (a->rank != b->rank)
		return a->rank < b->rank ? -1 : 1;
	r = strcmp(a->source, b->source);
	if (r == 0)
		r = strcmp(a->name, b->name);
	return r ? r : a->guest - b->guest;
}

static int
compare(const void *a, const void *b)
{
	return in_order(a, b);
}

/* They are in order, so who masks last is the nearest to be told. */
static void
mask(struct hooks *hooks)
{
	for (size_t i = 0; i < hooks->n; i++)
		for (size_t k = hooks->n; k-- > i + 1;) {
			struct hook *by = &hooks->v[k], *it = &hooks->v[i];

			if (by->rank <= it->rank ||
			    strcmp(by->name, it->name) != 0)
				continue;
			free(it->off);
			it->off = xasprintf("masked (%s)", by->source);
			it->refused = 0;
			break;
		}
}

int
hooks_collect(const struct home *h, const struct vm *vm, const char *type,
    struct hooks *out, struct why *why)
{
	autofree char *builtin = builtin_dir(why);
	autofree char *user = xasprintf("%s/scripts", h->path);

	*out = (struct hooks){ 0 };
	if (!builtin ||
	    take_source(out, BUILTIN, "builtin", builtin, type, why) < 0 ||
	    take_plugins(h, out, type, why) < 0 ||
	    take_source(out, USER, "user", user, type, why) < 0)
		goto fail;
	if (vm) {
		autofree char *own =
		    xasprintf("%s/vms/%s/scripts", h->path, vm->name);

		if (take_source(out, VM, "vm", own, type, why) < 0)
			goto fail;
		if (strcmp(type, HOOK_INITIAL) == 0)
			take_provision(h, vm, out);
		hooks_keep_net(out, vm->net);
	}
	if (out->n)
		qsort(out->v, out->n, sizeof *out->v, compare);
	mask(out);
	return 0;
fail:
	hooks_free(out);
	return -1;
}

const struct hook *
hooks_refused(const struct hooks *hooks)
{
	for (size_t i = 0; i < hooks->n; i++)
		if (hooks->v[i].refused)
			return &hooks->v[i];
	return NULL;
}

size_t
hooks_count(const struct hooks *hooks)
{
	size_t n = 0;

	for (size_t i = 0; i < hooks->n; i++)
		n += !hooks->v[i].off;
	return n;
}

/* Where what is called so would stand, in the caller's memory. */
static struct hook
parse(char *at)
{
	static const struct {
		const char *name;
		int rank;
	} sources[] = { { "user", USER }, { "vm", VM } };
	char *slash = strchr(at, '/');
	int plugin = str_starts(at, "plugin:");
	struct hook k = { .rank = plugin ? PLUGIN : BUILTIN, .source = at };

	k.name = slash ? slash + 1 : at + strlen(at);
	if (slash)
		*slash = '\0';
	for (size_t i = 0; i < LEN(sources); i++)
		if (strcmp(at, sources[i].name) == 0)
			k.rank = sources[i].rank;
	k.guest = str_starts(k.name, "guest/");
	if (k.guest)
		k.name += strlen("guest/");
	else if (k.rank == VM && strcmp(k.name, "provision") == 0)
		k.rank = PROVISION;
	return k;
}

size_t
hooks_from(const struct hooks *hooks, const char *at)
{
	autofree char *copy = xstrdup(at);
	struct hook place;
	size_t i;

	for (i = 0; i < hooks->n; i++) {
		const struct hook *k = &hooks->v[i];
		size_t n = strlen(k->source);

		if (!k->off && strncmp(at, k->source, n) == 0 && at[n] == '/' &&
		    strcmp(at + n + 1, k->script) == 0)
			return i;
	}
	place = parse(copy);
	for (i = 0; i < hooks->n; i++)
		if (!hooks->v[i].off && in_order(&hooks->v[i], &place) >= 0)
			break;
	return i;
}
