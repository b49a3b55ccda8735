/* SPDX-License-Identifier: ISC */
/* cause: what a story and a look at a VM come to; signs of a console. */
#include "cause.h"

#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "say.h"
#include "tap.h"

static struct story story;
static struct look look;

/* A guest that is all right, and can be made otherwise. */
static void
begin(void)
{
	story = (struct story){ 0 };
	look = (struct look){ .name = "web",
		.live = 1,
		.status = xstrdup("running"),
		.run_state = xstrdup("running"),
		.age = 20000,
		.patience = 120000,
		.read = 50000000,
		.bios = 1,
		.gateway = 1,
		.door = DOOR_SSH,
		.full = 30 };
}

static void
set(char **field, const char *text)
{
	free(*field);
	*field = text ? xstrdup(text) : NULL;
}

/* The console says it, now. */
static void
console(const char *text)
{
	enum sign sign = sign_of(text);
	struct sighting *g = &story.sign[sign];

	story.lines++;
	set(&story.line, text);
	if (sign == SIGN_NOTHING)
		return;
	g->last = story.lines;
	if (g->n++ == 0)
		g->text = xstrdup(text);
}

static void
denied(const char *to, const char *why, unsigned long n)
{
	struct denial *d = &story.denial[story.denials++];

	*d = (struct denial){ .to = xstrdup(to), .n = n };
	(void)snprintf(d->why, sizeof d->why, "%s", why);
	d->ruled = strchr(why, ':') != NULL;
	story.denied += n;
	story.ruled += d->ruled ? n : 0;
}

/* It comes to that cause, and the sentence says text; all is begun anew. */
static void
comes_to(const char *word, int wrong, const char *text, const char *what)
{
	struct cause c;

	cause_find(&story, &look, &c);
	ok(strcmp(c.word, word) == 0 && c.wrong == wrong &&
		strstr(c.text, text),
	    "%s: %s", what, word);
	if (strcmp(c.word, word) != 0 || !strstr(c.text, text))
		printf("# %s: %s\n", c.word, c.text);
	cause_free(&c);
	story_free(&story);
	look_free(&look);
	begin();
}

/* The same of a start that left word of its failure. */
static void
fails(const char *trouble, const char *word, const char *text)
{
	set(&look.status, NULL);
	look.live = 0;
	set(&story.trouble, trouble);
	comes_to(word, 1, text, "a start that failed");
}

static void
starts(void)
{
	fails("web: ssh port 2222 is taken by another program", "port-taken",
	    "ssh port 2222");
	fails("web: port 8080 is taken by another program", "port-taken",
	    "port 8080");
	fails("web: 8 MB free on /data, min_free is 1 GB; see xray disk, or "
	      "use -f",
	    "disk-full", "8 MB free on /data, min_free is 1 GB");
	fails("b: generation 1 is not what was sealed: its content changed; "
	      "put bases/b/1/disk.qcow2 back from a backup",
	    "base-changed", "generation 1 is not what");
	fails("web: snapshot s was taken with memory 1G, the VM has 2G now; "
	      "set it back, or boot by start --cold",
	    "snapshot", "was taken with memory");
	fails("kvm: cannot be used here; --accel tcg is slower and always "
	      "works: Permission denied",
	    "accelerator", "kvm: cannot be used here");
	fails("web: wants 8G of memory, 2 GB is free; give it less with -m, "
	      "stop another VM, or -f",
	    "memory", "wants 8G");
	fails("web: no network: it said nothing", "gateway", "no network");
	fails("web: QEMU ended: qemu-system-x86_64: no; see xray why web",
	    "qemu-died", "QEMU ended: qemu");
	fails("web: something else", "start-failed", "something else");
}

static void
ends(void)
{
	look.live = 0;
	set(&story.end, "signal 9");
	set(&story.reason, "crash");
	comes_to("qemu-killed", 1, "signal 9", "killed");
	look.live = 0;
	comes_to("vanished", 1, "nobody saw it", "no end at all");
	look.live = 0;
	set(&story.end, "exit 1");
	comes_to("qemu-died", 1, "", "it gave up");
	look.live = 0;
	set(&story.end, "exit 0");
	set(&story.reason, "guest-shutdown");
	comes_to("stopped", 0, "from inside", "poweroff");
	look.live = 0;
	set(&story.end, "exit 0");
	set(&story.reason, "host-qmp-quit");
	console("Kernel panic - not syncing: Attempted to kill init!");
	comes_to("panic", 1, "kill init", "stopped after a panic");
	look.live = 0;
	set(&story.end, "exit 0");
	set(&story.gave_up, "no ssh after 30 s: 41 tries, no answer");
	comes_to("no-ssh", 1, "41 tries", "stopped, and never was up");
	look.live = 0;
	set(&story.end, "exit 0");
	set(&story.gave_up, "no ssh after 30 s: 41 tries, no answer");
	set(&story.answered, "the guest answers");
	comes_to("stopped", 0, "ordinary", "it was up");
	look.live = 0;
	set(&story.end, "exit 0");
	set(&story.hook, "boot user/10-x.sh failed (exit 3)");
	comes_to("hook-failed", 1, "10-x.sh", "a hook failed in it");
}

static void
machines(void)
{
	set(&look.status, "broken (no supervisor)");
	comes_to("no-supervisor", 1, "", "status");
	set(&look.status, "starting");
	comes_to("starting", 0, "", "status");
	set(&look.status, "paused");
	set(&look.run_state, "paused");
	comes_to("paused", 0, "", "status");
	set(&look.status, "paused");
	look.held = 1;
	comes_to("held", 0, "", "status");
	set(&look.status, "paused (disk full)");
	set(&look.run_state, "io-error");
	set(&look.host_full, "8 MB free on /");
	comes_to("paused-full", 1, "full: 8 MB free on /", "status");
	set(&look.status, "paused (disk error)");
	set(&look.run_state, "io-error");
	comes_to("disk-error", 1, "", "status");
	set(&look.run_state, NULL);
	comes_to("qemu-deaf", 1, "", "no answer by QMP");
	set(&look.run_state, "internal-error");
	set(&look.status, "paused");
	comes_to("accel-error", 1, "internal-error", "QMP");
	look.gateway = 0;
	set(&story.gateway, "gateway ended (signal 9)");
	comes_to("gateway-down", 1, "signal 9", "no gateway");
}

static void
logins(void)
{
	comes_to("well", 0, "all is well", "it answers");
	console("Kernel panic - not syncing: an old one");
	comes_to("well", 0, "", "a panic before it answered");
	look.login = 1;
	set(&look.login_says, "u@web: Permission denied (publickey).");
	comes_to("key-refused", 1, "key", "ssh");
	look.login = 1;
	set(&look.login_says, "Host key verification failed.");
	comes_to("host-key", 1, "", "ssh");
	look.login = -1;
	comes_to("ssh-failed", 1, "no answer in time", "ssh");
	set(&story.hook, "boot user/10-x.sh failed (exit 3)");
	denied("tcp a:1", "mode", 1);
	comes_to(
	    "hook-failed", 1, "boot user/10-x.sh", "a hook before denials");
	look.full = 100;
	comes_to("guest-full", 1, "", "df");
	look.read_only = 1;
	comes_to("read-only", 1, "", "mounts");
	console("Out of memory: Killed process 7 (node)");
	comes_to("oom", 1, "(node)", "the console");
	set(&look.cloud, "no such user");
	comes_to("cloud-init", 1, "no such user", "cloud-init");
	look.clock_known = 1;
	look.behind = 312;
	comes_to("clock", 1, "312 s behind", "the clock");
	look.clock_known = 1;
	look.behind = 2;
	comes_to("well", 0, "", "a clock two seconds off");
	denied("tcp a.example:443", "mode", 3);
	denied("udp b.example:53", "rules:1", 2);
	comes_to(
	    "denied", 1, "tcp a.example:443 (mode, 3)", "denied by nobody");
	denied("udp b.example:53", "rules:1", 2);
	comes_to("well", 0, "denied by rules: udp b.example:53 (2)",
	    "denied by a rule");
	set(&look.host_full, "8 MB free on /");
	comes_to("host-low", 1, "8 MB", "room");
}

static void
shut(enum door door, long long age)
{
	look.door = door;
	look.age = age;
}

static void
boots(void)
{
	shut(DOOR_SILENT, 20000);
	console("VFS: Cannot open root device \"none\"");
	console("Kernel panic - not syncing: VFS: Unable to mount root fs");
	comes_to("no-root", 1, "no root file system", "the kernel");
	shut(DOOR_SILENT, 20000);
	console("tiny: no disk with a file system labelled tiny-root");
	comes_to("no-root", 1, "", "an initramfs");
	shut(DOOR_SILENT, 20000);
	console("Kernel panic - not syncing: Fatal exception in interrupt");
	comes_to("panic", 1, "Fatal exception", "the kernel");
	shut(DOOR_SILENT, 20000);
	console("UEFI Interactive Shell v2.2");
	comes_to("no-boot", 1, "", "EDK II");
	shut(DOOR_SILENT, 20000);
	console("BdsDxe: starting Boot0000 \"UiApp\" from Fv(7CB8)");
	comes_to("no-kernel", 1, "", "systemd-boot");
	shut(DOOR_SILENT, 20000);
	look.read = 512;
	comes_to("no-boot", 1, "can be booted", "one sector read");
	shut(DOOR_SILENT, 20000);
	look.read = 200192;
	comes_to("no-kernel", 1, "", "a boot loader read");
	shut(DOOR_SILENT, 2000);
	look.read = 512;
	comes_to("booting", 0, "2 s", "the same after two seconds");
}

static void
systems(void)
{
	shut(DOOR_SHUT, 20000);
	console("You are in emergency mode. After logging in, type");
	comes_to("emergency", 1, "", "systemd");
	shut(DOOR_SHUT, 20000);
	console("[FAILED] Failed to start ssh.service - OpenBSD Secure Shell");
	console("web login:");
	comes_to("sshd-failed", 1, "ssh.service", "systemd");
	shut(DOOR_SHUT, 20000);
	console("web login:");
	comes_to("no-sshd", 1, "", "a login, a port that is shut");
	shut(DOOR_SILENT, 20000);
	console("web login:");
	comes_to("no-network", 1, "", "a login and silence");
	shut(DOOR_UNKNOWN, 20000);
	console("web login:");
	comes_to("well", 0, "no network", "a login, net = none");
	shut(DOOR_SHUT, 20000);
	console("web login:");
	console("VFS: Cannot open root device \"none\"");
	comes_to("no-root", 1, "", "a boot after one that went well");
	shut(DOOR_SHUT, 20000);
	console("VFS: Cannot open root device \"none\"");
	console("web login:");
	comes_to("no-sshd", 1, "", "one that went well after another");
	shut(DOOR_SILENT, 200000);
	comes_to("silent", 1, "", "nothing at all");
	shut(DOOR_SILENT, 200000);
	console("Loading, please wait");
	comes_to("stuck", 1, "Loading, please wait", "nothing more");
	shut(DOOR_SHUT, 200000);
	comes_to("no-ssh", 1, "nothing listens", "a port that is shut");
	shut(DOOR_SHUT, 20000);
	set(&story.answered, "the guest answers");
	comes_to("no-ssh", 1, "answered before", "sshd is gone");
	shut(DOOR_ODD, 20000);
	set(&look.login_says, "220 mail");
	comes_to("odd-ssh", 1, "220 mail", "another server");
}

static int
cleans(const char *in, size_t n, const char *want)
{
	autobuf struct buf b = { 0 };

	sign_clean(&b, in, n);
	if (strcmp(b.p ? b.p : "", want) == 0)
		return 1;
	printf("# %s\n", b.p);
	return 0;
}
#define CLEANS(in, want) cleans(in, sizeof(in) - 1, want)

static void
lines(void)
{
	enum { LONG = 4 << 20 };
	char *big = xmalloc(LONG);
	autobuf struct buf b = { 0 };
	clock_t before = clock();

	ok(CLEANS("[\033[0;1;31mFAILED\033[0m] Failed to start x",
	       "[FAILED] Failed to start x"),
	    "colours go");
	ok(CLEANS("\033]0;title\aweb login: ", "web login:"), "titles go");
	ok(CLEANS("\033", "") && CLEANS("\033[", "") && CLEANS("\033[12", "") &&
		CLEANS("\033]x", "") && CLEANS("a\033", "a"),
	    "sequences that end too early");
	ok(CLEANS("[    5.201234] VFS: x", "VFS: x"), "so does kernel time");
	ok(CLEANS("[ 1 2 3", "[ 1 2 3") && CLEANS("[1.2]x", "[1.2]x"),
	    "nothing else does");
	ok(CLEANS("a\x9b\xff\x01z", "a\\233\\377\\001z"), "the rest is masked");
	ok(CLEANS("a\0b", "ab"), "NUL ends nothing");
	ok(sign_of("---[ end Kernel panic - not syncing: x ]---") ==
		SIGN_NOTHING,
	    "a panic's end is no second one");
	ok(sign_of("web login: [   65.3] cloud-init[3]: x") == SIGN_LOGIN,
	    "a login that the kernel went on behind");
	ok(sign_of("web login: tiny: ssh ready") == SIGN_LOGIN,
	    "or a service of the guest's");
	ok(sign_of("login: me") == SIGN_NOTHING, "a login in the middle");
	memset(big, '\033', LONG);
	for (size_t i = 1; i < LONG; i += 2)
		big[i] = '[';
	sign_clean(&b, big, LONG);
	memset(big, 'K', LONG);
	sign_clean(&b, big, LONG);
	ok(b.n <= SIGN_LINE, "a line of 4 MiB: its beginning counts");
	ok(clock() - before < CLOCKS_PER_SEC, "and costs nothing");
	free(big);
}

static void
commands(void)
{
	struct cause c;

	shut(DOOR_SILENT, 20000);
	console("VFS: Unable to mount root fs on unknown-block(0,0)");
	set(&look.tag, "clean");
	cause_find(&story, &look, &c);
	ok(strv_has(&c.next, "xray snap revert web clean"),
	    "a snapshot to go back to is offered");
	cause_free(&c);
	set(&look.tag, NULL);
	cause_find(&story, &look, &c);
	ok(c.next.n == 3 && strcmp(c.next.v[0], "xray screenshot web") == 0,
	    "only when there is one");
	cause_free(&c);
	story_free(&story);
	look_free(&look);
	look = (struct look){ .name = "web" };
	cause_find(NULL, &look, &c);
	ok(strcmp(c.word, "never-started") == 0 && !c.wrong, "never started");
	cause_free(&c);
	begin();
}

int
main(void)
{
	begin();
	starts();
	ends();
	machines();
	logins();
	boots();
	systems();
	lines();
	commands();
	look_free(&look);
	return tap_end();
}
