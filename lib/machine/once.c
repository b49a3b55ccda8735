/* SPDX-License-Identifier: ISC */
#include "once.h"

#include <string.h>
#include <unistd.h>

#include "io.h"
#include "say.h"

static int
word(const char *const *words, const char *key, const char *value,
    const char **out, struct why *why)
{
	autobuf struct buf b = { 0 };

	for (size_t i = 0; words[i]; i++) {
		buf_fmt(&b, "%s%s", i ? ", " : "", words[i]);
		if (strcmp(words[i], value) == 0) {
			*out = words[i];
			return 0;
		}
	}
	return why_set(why, EX_USAGE, "%s: %s: not one of %s", key, value, b.p);
}

static int
memory(struct once *o, const char *value, struct why *why)
{
	uint64_t size;

	if (num_size(value, 1 << 20, &size) == 0 && size >= 16 << 20 &&
	    size % (1 << 20) == 0) {
		o->memory = size;
		return 0;
	}
	return why_set(
	    why, EX_USAGE, "memory: %s: whole MiB, at least 16", value);
}

int
once_set(struct once *o, const char *setting, struct why *why)
{
	const struct {
		const char *key, **out;
	} texts[] = {
		{ "kernel", &o->kernel },
		{ "initrd", &o->initrd },
		{ "append", &o->append },
	};
	const char *eq = strchr(setting, '='), *value = eq ? eq + 1 : "";
	autofree char *key = xstrndup(setting, eq ? (size_t)(eq - setting) : 0);

	for (size_t i = 0; i < LEN(texts); i++)
		if (strcmp(key, texts[i].key) == 0) {
			*texts[i].out = value;
			return 0;
		}
	if (strcmp(key, "accel") == 0)
		return word(vm_accels, key, value, &o->accel, why);
	if (strcmp(key, "net") == 0)
		return word(vm_nets, key, value, &o->net, why);
	if (strcmp(key, "display") == 0)
		return word(vm_displays, key, value, &o->display, why);
	if (strcmp(key, "memory") == 0)
		return memory(o, value, why);
	if (strcmp(key, "cpus") == 0 && num_int(value, 1, 255, &o->cpus) == 0)
		return 0;
	return why_set(why, EX_USAGE, "%s: cannot be set", setting);
}

void
once_apply(const struct once *o, struct vm *vm)
{
	const struct {
		const char *from, **to;
	} texts[] = {
		{ o->display, &vm->display },
		{ o->net, &vm->net },
		{ o->kernel, &vm->kernel },
		{ o->initrd, &vm->initrd },
		{ o->append, &vm->append },
	};

	for (size_t i = 0; i < LEN(texts); i++)
		if (texts[i].from)
			*texts[i].to = texts[i].from;
	if (o->memory)
		vm->memory = o->memory;
	if (o->cpus)
		vm->cpus = o->cpus;
}

/* Ended by NULs: a value may hold all other bytes. */
int
once_keep(const struct vm *vm)
{
	autofree char *memory = num_size_text(vm->memory);
	autofree char *cpus = xasprintf("%lld", vm->cpus);
	const struct {
		const char *key, *value;
	} has[] = {
		{ "memory", memory },
		{ "cpus", cpus },
		{ "net", vm->net },
		{ "display", vm->display },
		{ "kernel", vm->kernel },
	};
	autobuf struct buf b = { 0 };

	for (size_t i = 0; i < LEN(has); i++)
		if (has[i].value) {
			buf_fmt(&b, "%s=%s", has[i].key, has[i].value);
			buf_add(&b, "", 1);
		}
	return io_put(vm->dir, VM_ONCE, 0600, b.p, b.n);
}

void
once_recall(struct vm *vm, struct buf *text)
{
	struct once o = { 0 };
	size_t n;

	if (!vm_alive(vm) || io_read_file(vm->dir, VM_ONCE, text, 65536) < 0)
		return;
	for (char *p = text->p; p < text->p + text->n; p += n + 1) {
		n = strlen(p);
		(void)once_set(&o, p, NULL); /* was taken at the start */
	}
	vm->kernel = NULL; /* unless it was told */
	once_apply(&o, vm);
}
