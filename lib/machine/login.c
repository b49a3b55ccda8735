/* SPDX-License-Identifier: ISC */
#include "login.h"

#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "io.h"
#include "say.h"

enum { FILE_MAX = 65536 };

int
login_wanted(const struct vm *vm)
{
	int wanted = 0;

	if (vm->broken)
		return 0;
	(void)conf_bool(vm->conf, "start_at_login", &wanted, NULL); /* or not */
	return wanted;
}

int
login_names(struct home *h, struct strv *names, struct why *why)
{
	autostrv struct strv all = { 0 };
	struct why no;
	struct vm vm;

	if (name_list(h->vms, &all, why) < 0)
		return -1;
	for (size_t i = 0; i < all.n; i++) {
		if (vm_glance(h, all.v[i], 0, &vm, &no) < 0)
			continue;
		if (login_wanted(&vm))
			strv_add(names, vm.name);
		vm_close(&vm);
	}
	return 0;
}

int
login_sync(struct home *h, struct why *why)
{
	autostrv struct strv names = { 0 };

	enum login_manager m = login_manager();
	int lock;

	if (m == LOGIN_NOBODY)
		return LOGIN_NOBODY;
	/* of two at a time the second must see what the first has set */
	if ((lock = home_lock(h, why)) < 0)
		return -1;
	if (login_names(h, &names, why) < 0 || login_files(h, &names, why) < 0)
		m = LOGIN_NOBODY;
	close(lock);
	if (m == LOGIN_NOBODY || (m == LOGIN_HEARS && login_reload(why) < 0))
		return -1;
	return m;
}

/* The value that stands for @NAME@ at p, and the length of that. */
static const char *
value_at(const char *p, const char *const *names, const char *const *values,
    size_t *n)
{
	for (size_t i = 0; *p == '@' && names[i]; i++) {
		*n = strlen(names[i]);
		if (strncmp(p + 1, names[i], *n) == 0 && p[*n + 1] == '@') {
			*n += 2;
			return values[i];
		}
	}
	return NULL;
}

int
login_fill(const char *file, const char *const *names,
    const char *const *values, struct buf *out, struct why *why)
{
	autofree char *share = home_share_dir(why);
	autoclose int dir = share ? io_opendir(AT_FDCWD, share) : -1;
	autobuf struct buf text = { 0 };

	if (!share)
		return -1;
	if (dir < 0 || io_read_file(dir, file, &text, FILE_MAX) < 0)
		return why_sys(why, EX_UNAVAILABLE, "%s/%s", share, file);
	for (const char *p = text.p; *p;) {
		size_t n = 1;
		const char *value = value_at(p, names, values, &n);

		if (value)
			buf_str(out, value);
		else
			buf_add(out, p, n = 1);
		p += n;
	}
	return 0;
}
