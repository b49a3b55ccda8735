/* SPDX-License-Identifier: ISC */
/*
 * fuzz-words: one word of a command line, a key's value, a file's name; the
 * first byte says as what it is taken: a number, a port, a key, a name.
 */
#include "base.h"
#include "decide.h"
#include "exact.h"
#include "frame.h"
#include "fuzz.h"
#include "guess.h"
#include "image.h"
#include "import.h"
#include "keys.h"
#include "once.h"
#include "publish.h"
#include "say.h"
#include "show.h"

static struct why why;

static void
check_size(const char *text, uint64_t unit)
{
	uint64_t size = 1, again = 0;
	char *s, *human, *binary;

	if (num_size(text, unit, &size) < 0) {
		must(size == 1);
		return;
	}
	must(size <= INT64_MAX);
	s = num_size_text(size);
	must(num_size(s, 1, &again) == 0 && again == size);
	human = num_human(size);
	binary = num_binary(size);
	must(strlen(human) < 24 && strlen(binary) < 24);
	fuzz_plain(human);
	fuzz_plain(binary);
	free(s);
	free(human);
	free(binary);
}

static void
fuzz_numbers(const char *text)
{
	long long n = 1, ms = 1, low = 1;
	char *s;

	check_size(text, 1);
	check_size(text, 1 << 20);
	if (num_int(text, INT64_MIN, INT64_MAX, &n) == 0) {
		must(num_int(text, -5, 5, &low) == (n >= -5 && n <= 5) - 1);
		s = num_text((uint64_t)(n < 0 ? -n : n));
		must(num_int(s, 0, INT64_MAX, &low) == 0 &&
		    low == (n < 0 ? -n : n));
		free(s);
	}
	if (num_duration(text, &ms) == 0)
		must(ms >= 0 && ms % 1000 == 0);
}

/* A port of vm.ini is one of the gateway's command line, and the other way
 * round, but for /tcp, which it is not told. */
static void
fuzz_ports(const char *text)
{
	static struct published t;
	struct forward f;
	int a = forward_parse(text, &f, &why), b;

	if (a < 0)
		fuzz_why(&why);
	t.n = 0;
	b = publish_port(&t, text, &why);
	if (b < 0)
		fuzz_why(&why);
	must(a == b || (a == 0 && strstr(text, "/tcp")));
	if (b == 0) {
		must(f.guest == t.v[0].guest && f.udp == t.v[0].udp);
		must(f.host == ntohs(t.v[0].host.in.sin_port));
		must(publish_find(&t, text, &why) == 0);
		fuzz_plain(t.v[0].label);
		fuzz_plain(f.addr);
	}
	t.n = 0;
	if (publish_unix(&t, text, &why) < 0)
		fuzz_why(&why);
	else
		must(strlen(t.v[0].label) < strlen(text) && t.v[0].guest);
}

/* Some of them: all would take a millisecond. */
static void
fuzz_keys(const char *text)
{
	enum { SOME = 8 };
	uint8_t mac[6];

	for (size_t i = strlen(text) % SOME; i < nkeys; i += SOME) {
		char *s;

		if (key_check(&keys[i], text, &why) < 0) {
			fuzz_why(&why);
			continue;
		}
		s = key_text(&keys[i], text);
		must(key_check(&keys[i], s, &why) == 0);
		free(s);
	}
	if (frame_parse_mac(mac, text) == 0)
		must(strlen(text) == 17 && !(mac[0] & 1));
	if (!key_find(text, &why))
		fuzz_why(&why);
}

static void
fuzz_once(const char *text)
{
	struct once o = { 0 };
	struct vm vm = { .memory = 1 << 20, .cpus = 1 };

	if (once_set(&o, text, &why) < 0)
		fuzz_why(&why);
	once_apply(&o, &vm);
	must(vm.memory % (1 << 20) == 0 && vm.cpus >= 1 && vm.cpus <= 255);
}

static void
fuzz_names(const char *text)
{
	static const char *const labels[] = { "user", "arch", "firmware",
		"disk", "memory", "other" };
	char *stem = import_stem(text);
	const char *best = NULL, *user = guess_user(text),
		   *arch = guess_arch(text);

	must(stem && strlen(stem) <= strlen(text) && !strchr(stem, '/'));
	free(stem);
	must(!user || *user);
	must(!arch || strcmp(arch, "x86_64") == 0 ||
	    strcmp(arch, "aarch64") == 0);
	if (name_check(text, &why) < 0)
		fuzz_why(&why);
	else
		must(name_valid(text) && !strchr(text, '/') && *text != '.' &&
		    *text != '-');
	if (tag_check(text, &why) < 0)
		fuzz_why(&why);
	for (size_t i = 0; i < LEN(labels); i++)
		if (base_label_check(labels[i], text, &why) < 0)
			fuzz_why(&why);
	str_nearest(&best, text, "filtered");
	str_nearest(&best, "firewall", text);
	must(!image_format(text) || strlen(text) <= 5);
	must(mode_parse(text) < 0 ||
	    strcmp(mode_text((enum mode)mode_parse(text)), text) == 0);
	must(show_parse_verdict(text) < 0 ||
	    strcmp(show_verdict(show_parse_verdict(text)), text) == 0);
	(void)say_color_word(text);
}

int
LLVMFuzzerTestOneInput(const uint8_t *p, size_t n)
{
	char *text;

	if (!n || n > 256)
		return 0;
	text = fuzz_text(p + 1, n - 1);
	switch (*p) {
	case 'n':
		fuzz_numbers(text);
		break;
	case 'p':
		fuzz_ports(text);
		break;
	case 'k':
		fuzz_keys(text);
		fuzz_once(text);
		break;
	case 'w':
		fuzz_names(text);
		break;
	}
	free(text);
	return 0;
}
