/* SPDX-License-Identifier: ISC */
#include "firewall.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "asker.h"
#include "gateway.h"
#include "io.h"
#include "once.h"
#include "say.h"

#define DEFAULTS "default-firewall-rules.conf"

enum { DEFAULTS_MAX = 1 << 20 };
/* A gateway that has ended is back by then, and may have read the keys before
 * they were changed. */
enum { BACK_MS = 3000, TURN_MS = 50 };

const char *const firewall_modes[] = { "ask", "deny", "allow", "learn", NULL };
const char *const firewall_dns[] = { "synthetic", "real", NULL };

char *
firewall_lists(const struct home *h)
{
	return xasprintf("%s/lists", h->path);
}

char *
firewall_presets(struct why *why)
{
	autofree char *share = home_share_dir(why);

	return share ? xasprintf("%s/presets", share) : NULL;
}

/* Under the home's lock: of two who need it first one makes it. */
static int
make_defaults(struct home *h, struct why *why)
{
	autofree char *share = home_share_dir(why);
	autoclose int dir = share ? io_opendir(AT_FDCWD, share) : -1;
	autoclose int lock = -1;
	autobuf struct buf b = { 0 };

	if (!share)
		return -1;
	if (dir < 0 || io_read_file(dir, DEFAULTS, &b, DEFAULTS_MAX) < 0)
		return why_sys(why, EX_UNAVAILABLE, "%s/" DEFAULTS, share);
	if ((lock = home_lock(h, why)) < 0)
		return -1;
	if (faccessat(h->fd, DEFAULTS, F_OK, 0) == 0)
		return 0;
	if (io_replace(h->fd, DEFAULTS, 0600, b.n ? b.p : "", b.n) < 0)
		return why_sys(why, EX_IOERR, "%s/" DEFAULTS, h->path);
	return 0;
}

static int
need_defaults(struct home *h, struct why *why)
{
	if (faccessat(h->fd, DEFAULTS, F_OK, 0) == 0)
		return 0;
	if (errno != ENOENT)
		return why_sys(why, EX_IOERR, "%s/" DEFAULTS, h->path);
	return make_defaults(h, why);
}

/* A word of the VM's, else of the home's, else the first. */
static int
word_of(const struct home *h, const struct vm *vm, const char *key,
    const char *const *words, const char **out, struct why *why)
{
	*out = conf_get(vm->conf, NULL, key);
	if (!*out)
		*out = conf_get(h->conf, NULL, key);
	if (!*out)
		*out = words[0];
	for (size_t i = 0; words[i]; i++)
		if (strcmp(*out, words[i]) == 0)
			return 0;
	return why_set(why, EX_CONFIG,
	    "%s: %s = %s: no such word; see xray.ini(5)", vm->name, key, *out);
}

static int
keys_of(const struct home *h, const struct vm *vm, struct firewall *f,
    struct why *why)
{
	const char *block;
	const struct conf *c;
	int r;

	f->defaults_on = 1;
	r = conf_bool(vm->conf, "defaults", &f->defaults_on, why);
	if (r > 0)
		r = conf_bool(h->conf, "defaults", &f->defaults_on, why);
	if (r < 0)
		return -1;
	c = conf_get(vm->conf, NULL, "private_ok") ? vm->conf : h->conf;
	for (size_t i = 0; (block = conf_nth(c, NULL, "private_ok", i)); i++)
		strv_add(&f->private_ok, block);
	if (f->private_ok.n > FIREWALL_PRIVATE)
		return why_set(why, EX_CONFIG,
		    "%s: private_ok: more than %d blocks", vm->name,
		    FIREWALL_PRIVATE);
	if (word_of(h, vm, "dns", firewall_dns, &f->dns, why) < 0)
		return -1;
	return word_of(h, vm, "mode", firewall_modes, &f->mode, why);
}

int
firewall_open(
    struct home *h, const struct vm *vm, struct firewall *f, struct why *why)
{
	*f = (struct firewall){ 0 };
	f->session = xasprintf("%s/vms/%s/" VM_SESSION, h->path, vm->name);
	f->rules = xasprintf("%s/vms/%s/" VM_RULES, h->path, vm->name);
	f->defaults = xasprintf("%s/" DEFAULTS, h->path);
	f->lists[0] = firewall_lists(h);
	if (!(f->lists[1] = firewall_presets(why)) ||
	    keys_of(h, vm, f, why) < 0 || need_defaults(h, why) < 0) {
		firewall_close(f);
		return -1;
	}
	return 0;
}

void
firewall_close(struct firewall *f)
{
	free(f->session);
	free(f->rules);
	free(f->defaults);
	for (size_t i = 0; i < FIREWALL_LISTS; i++)
		free(f->lists[i]);
	strv_free(&f->private_ok);
	*f = (struct firewall){ 0 };
}

/* By what it was started with. */
static int
has_gateway(const struct vm *vm)
{
	autobuf struct buf text = { 0 };
	struct vm now = *vm;

	once_recall(&now, &text);
	return gateway_wanted(&now);
}

int
firewall_tell(const struct vm *vm, const char *line, struct why *why)
{
	static const char unknown[] = "unknown request";
	long long deadline = io_now() + BACK_MS;
	autofree char *reply = NULL;
	struct why w = { 0 };
	size_t n;

	if (!vm_alive(vm) || !has_gateway(vm))
		return 0;
	while (!(reply = gateway_ask(vm, line, &w)) &&
	    w.code == EX_UNAVAILABLE && vm_alive(vm) && io_left(deadline) > 0)
		io_sleep(TURN_MS);
	n = strlen(w.text);
	if (reply || !vm_alive(vm))
		return 0;
	if (n >= sizeof unknown &&
	    strcmp(w.text + n - (sizeof unknown - 1), unknown) == 0)
		return 1;
	return why_set(why, w.code, "%s", w.text);
}

int
firewall_reload(const struct vm *vm, char **hint, struct why *why)
{
	struct why w = { 0 };
	int r = firewall_tell(vm, "reload", &w);

	*hint = NULL;
	if (r < 0)
		return why_set(why, w.code,
		    "%s; the rules are kept, and not yet in force", w.text);
	if (r > 0)
		*hint = xasprintf("%s: its gateway is older than this; the "
				  "rules count from its next start",
		    vm->name);
	else if (!asker_wanted(vm))
		*hint = xasprintf(
		    "%s: net = %s; rules do not count until that changes",
		    vm->name, vm->net);
	return 0;
}
