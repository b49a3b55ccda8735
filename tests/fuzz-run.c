/* SPDX-License-Identifier: ISC */
/*
 * fuzz-run: the bytes behind the first are a file that is in the folder of a VM
 * while it runs, or in the home, and that a killed program, or another version,
 * has left so; the first says which.
 */
#include <errno.h>
#include <sys/prctl.h>
#include <sys/wait.h>

#include "asker.h"
#include "ask.h"
#include "boot.h"
#include "fuzz.h"
#include "hook.h"
#include "io.h"
#include "keep.h"
#include "once.h"
#include "ring.h"
#include "room.h"
#include "say.h"
#include "sel.h"
#include "ssh.h"
#include "story.h"
#include "sys.h"
#include "throw.h"
#include "turn.h"
#include "vm.h"

static struct home home;
static struct vm vm;
static int dir; /* the VM's */
static struct why why;

/* A file that somebody has locked, as they do who run. */
static void
hold(const char *name)
{
	int fd = open(fuzz_path(name), O_RDWR | O_CREAT | O_CLOEXEC, 0600);

	must(fd >= 0 && sys_lock(fd) == 0);
}

/* A home in memory, with a VM that runs and is no process. */
static void
begin(void)
{
	static const char record[] = "arch = x86_64\nmachine = q35\nmac = x\n"
				     "uuid = y\nbase = b\nssh_port = 2222\n"
				     "port = 2223:22\n";

	(void)setenv("XRAY_HOME", fuzz_folder(), 1);
	must(home_open_any(&home, &why) == 0);
	must(mkdir(fuzz_path("vms/a"), 0700) == 0);
	must(mkdir(fuzz_path("vms/a/log"), 0700) == 0);
	must(mkdir(fuzz_path("ports"), 0700) == 0);
	must(mkdir(fuzz_path("ask"), 0700) == 0);
	fuzz_file(fuzz_path("vms/a/vm.ini"), record, sizeof record - 1);
	must(vm_open(&home, "a", &vm, &why) == 0);
	dir = vm.dir;
	hold("vms/a/run.lock");
}

static void
fuzz_state(void)
{
	char *status = vm_status(&vm);

	must(*status);
	free(status);
}

/* However a process calls itself, it is known when it began; one that has
 * ended and is not buried yet is none any more. */
static void
check_start(const char *name)
{
	static unsigned long long was;
	static pid_t ended;
	unsigned long long start;

	must(prctl(PR_SET_NAME, name) == 0);
	must(sys_start_time(getpid(), &start) == 0);
	must(!was || was == start);
	was = start;
	if (!ended && (ended = fork()) == 0)
		_exit(0);
	must(ended > 0);
	must(waitid(P_PID, (id_t)ended, NULL, WEXITED | WNOWAIT) == 0);
	must(sys_start_time(ended, &start) < 0 && errno == ESRCH);
	must(sys_start_time(INT32_MAX, &start) < 0 && errno == ESRCH);
}

static void
fuzz_pid(void)
{
	unsigned long long start;
	struct buf b = { 0 };
	pid_t pid = 2;

	must(vm_pid(&vm, &pid, &start) < 0 || pid >= 2);
	must(io_read_file(dir, "pid", &b, 4096) == 0);
	check_start(b.p);
	buf_free(&b);
}

static void
fuzz_hooks(void)
{
	struct hook k = { .source = (char[]){ "user" },
		.name = (char[]){ "10-x" },
		.script = (char[]){ "10-x" } };
	struct hooks hooks = { &k, 1 };
	struct hook_states s, again;

	if (hook_states_read(&vm, &s) < 0)
		return;
	must(hook_states_write(&vm, &s, &why) == 0);
	must(hook_states_read(&vm, &again) == 0);
	must(again.type.n == s.type.n && again.state.n == s.type.n);
	for (size_t i = 0; i < s.type.n; i++)
		must(strcmp(s.state.v[i], again.state.v[i]) == 0 &&
		    strcmp(s.script.v[i], again.script.v[i]) == 0);
	hook_states_free(&again);
	hook_set_state(&s, "boot", &k, "done");
	must(strcmp(hook_state(&s, "boot", &k), "done") == 0);
	hook_keep_states(&s, "boot", &hooks);
	must(hook_state(&s, "boot", &k));
	hook_set_state(&s, "boot", &k, NULL);
	hook_states_free(&s);
}

/* The mark is of this process, which has the VM's pid. */
static void
fuzz_phase(const uint8_t *p, size_t n)
{
	unsigned long long start;
	char text[80], *what = NULL;
	int len;

	must(sys_start_time(getpid(), &start) == 0);
	len = snprintf(text, sizeof text, "%ld %llu", (long)getpid(), start);
	fuzz_file(fuzz_path("vms/a/pid"), text, (size_t)len);
	len = snprintf(text, sizeof text, "%ld %llu %.*s\n", (long)getpid(),
	    start, n ? (int)(p[0] % 8) : 0, (const char *)p + 1);
	if (n > 8)
		fuzz_file(fuzz_path("vms/a/hooked"), text, (size_t)len);
	(void)hooks_phase(&vm, &what);
	free(what);
	hooks_mark(&vm, HOOKS_DONE);
	must(hooks_phase(&vm, &what) >= HOOKS_NONE);
	free(what);
	(void)unlinkat(dir, "hooked", 0);
	(void)unlinkat(dir, "pid", 0);
}

static void
fuzz_once(void)
{
	struct buf text = { 0 };
	struct vm now = vm;

	once_recall(&now, &text);
	must(now.cpus >= 1 && now.cpus <= 255 && now.memory % (1 << 20) == 0);
	buf_free(&text);
}

static void
fuzz_port(void)
{
	char *who = port_holder(&home, "2222");

	must(!who || strcmp(who, "a") == 0);
	free(who);
}

static void
fuzz_turn(void)
{
	static struct turn t = { .vm = NULL };
	int fd = open(fuzz_path("ask/b"), O_RDWR | O_CLOEXEC);

	if (!t.vm)
		must(turn_open(&t, &home, "a", &why) == 0);
	must(fd >= 0 && sys_lock(fd) == 0);
	(void)turn_take(&t, 1, 1000);
	(void)turn_take(&t, 1, 3000);
	turn_done(&t, 3000);
	(void)turn_take(&t, 1, 20000);
	close(fd); /* he was killed */
	must(turn_take(&t, 1, 40000) == 1);
	must(access(fuzz_path("ask/b"), F_OK) < 0);
	must(turn_take(&t, 0, 4000) == 0);
}

static void
fuzz_kept(void)
{
	struct ask *a = xcalloc(1, sizeof *a);
	struct scribe *s = xcalloc(1, sizeof *s);
	const struct question *q = NULL;
	struct keep k, again;
	size_t n = 0, m = 0;

	keep_open(&k, dir, VM_ASKED, "a", a, 1000);
	while ((q = ask_next(a, q))) {
		must(q->id && q->since <= 1000);
		n++;
	}
	keep_write(&k, a, s, 2000);
	memset(a, 0, sizeof *a);
	keep_open(&again, dir, VM_ASKED, "a", a, 1000);
	while ((q = ask_next(a, q)))
		m++;
	must(n == m && n <= ASK_LATE);
	buf_free(&k.was);
	buf_free(&again.was);
	free(a);
	free(s);
}

static void
fuzz_lock(void)
{
	int fd = open(fuzz_path("vms/a/lock"), O_RDWR | O_CLOEXEC);

	must(fd >= 0 && sys_lock(fd) == 0);
	must(vm_lock(&home, &vm, 0, &why) < 0);
	fuzz_why(&why);
	close(fd);
}

static void
fuzz_asks(void)
{
	int fd = open(fuzz_path("vms/a/asks"), O_RDWR | O_CLOEXEC);

	must(fd >= 0 && sys_lock(fd) == 0);
	(void)asks_open(&vm);
	close(fd);
}

static void
fuzz_claim(void)
{
	throw_sweep(&home, 0);
	must(access(fuzz_path("vms/a"), F_OK) == 0);
}

static void
fuzz_names(void)
{
	char *argv[] = { (char[]){ "x" }, (char[]){ "-" }, NULL };
	struct strv names = { 0 };
	int fd = open(fuzz_path("names"), O_RDONLY | O_CLOEXEC);

	must(dup2(fd, 0) == 0 && close(fd) == 0);
	if (sel_names(&home, 2, argv, 1, SEL_NONE, &names, &why) < 0)
		fuzz_why(&why);
	else
		must(
		    !names.n || (names.n == 1 && strcmp(names.v[0], "a") == 0));
	strv_free(&names);
}

static void
fuzz_last(void)
{
	char *last = ring_last(dir, "log/console.log", NULL),
	     *line = ssh_last_line(&vm);

	if (line)
		fuzz_plain(line);
	free(last);
	free(line);
}

int
LLVMFuzzerTestOneInput(const uint8_t *p, size_t n)
{
	static const struct {
		char c;
		const char *file;
		void (*fn)(void);
	} kinds[] = { { 's', "vms/a/state", fuzz_state },
		{ 'p', "vms/a/pid", fuzz_pid },
		{ 'h', "vms/a/hooks", fuzz_hooks },
		{ 'o', "vms/a/once", fuzz_once },
		{ 'c', "ports/2222", fuzz_port }, { 't', "ask/b", fuzz_turn },
		{ 'k', "vms/a/" VM_ASKED, fuzz_kept },
		{ 'l', "vms/a/lock", fuzz_lock },
		{ 'a', "vms/a/asks", fuzz_asks },
		{ 'w', "throwaway/b", fuzz_claim },
		{ 'n', "names", fuzz_names },
		{ 'g', "vms/a/log/console.log", fuzz_last } };

	if (!home.path)
		begin();
	for (size_t i = 0; n && i < LEN(kinds); i++) {
		if (kinds[i].c != (char)*p)
			continue;
		if (*p == 'w')
			must(mkdir(fuzz_path("throwaway"), 0700) == 0);
		fuzz_file(fuzz_path(kinds[i].file), p + 1, n - 1);
		kinds[i].fn();
		if (*p == 'h')
			fuzz_phase(p + 1, n - 1);
		(void)unlink(fuzz_path(kinds[i].file));
		if (*p == 'w')
			(void)rmdir(fuzz_path("throwaway"));
	}
	return 0;
}
