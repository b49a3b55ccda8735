/* SPDX-License-Identifier: ISC */
/*
 * fuzz-said: what other programs say.  The first byte says which: curl of a
 * server's headers (h), a guest that xray why asks (g), what stands on its port 22
 * (d), an ssh that could not log in (e), the system of a process that has the
 * rest of the bytes for a name (p).
 */
#include <sys/prctl.h>

#include "cause_priv.h"
#include "curl_priv.h"
#include "fuzz.h"
#include "proc.h"
#include "say.h"
#include "ssh.h"
#include "sys.h"

static void
check_answer(const struct answer *a)
{
	static const int codes[] = { 0, 1, 6, 18, 22, 99 };
	struct why why;

	must(a->status >= 0 && a->status <= 999);
	must(a->length <= INT64_MAX);
	must(strlen(a->tag) < CURL_TAG && (!*a->tag || *a->tag == '"'));
	for (size_t i = 0; i < LEN(codes); i++) {
		must(curl_explain("x", 5, codes[i], a, &why) == -1);
		must(why.code);
		fuzz_said(why.text);
	}
}

/* However it comes, it is the same. */
static void
fuzz_headers(const char *p, size_t n)
{
	struct answer a = { 0 }, b = { 0 };
	struct curl_wire v = { .a = &a }, w = { .a = &b };

	curl_hear(&v, p, n);
	for (size_t i = 0; i < n; i += 5)
		curl_hear(&w, p + i, n - i < 5 ? n - i : 5);
	must(a.status == b.status && a.length == b.length);
	must(strcmp(a.tag, b.tag) == 0 && strcmp(a.failure, b.failure) == 0);
	check_answer(&a);
}

static void
fuzz_guest(char *text)
{
	struct look l = { .full = -1 };

	cause_take_answers(&l, text);
	must(l.full >= -1 && l.full <= 100);
	if (l.cloud)
		fuzz_plain(l.cloud);
	look_free(&l);
}

static void
fuzz_door(const char *text)
{
	struct look l = { 0 };

	cause_take_greeting(&l, text);
	must((l.door == DOOR_SSH) == ssh_greets(text));
	must(l.door == DOOR_SSH || (l.door == DOOR_ODD && l.login_says));
	if (l.login_says)
		fuzz_plain(l.login_says);
	look_free(&l);
}

static void
fuzz_last(char *text)
{
	int said = text[strspn(text, "\r\n")] != '\0';
	char *line = cause_last_line(text);

	must(!line || (said && *line));
	if (line)
		fuzz_plain(line);
	free(line);
}

/* Its time of start stands behind the name that it gives itself. */
static void
fuzz_process(const char *name)
{
	static unsigned long long start;
	unsigned long long now = 0;
	struct strv words = { 0 };
	struct proc p;

	must(prctl(PR_SET_NAME, "fuzz") == 0);
	if (!start)
		must(sys_start_time(getpid(), &start) == 0);
	must(prctl(PR_SET_NAME, name) == 0);
	must(sys_start_time(getpid(), &now) == 0 && now == start);
	must(proc_look(getpid(), &p) == 0 && p.uid == geteuid());
	must(!p.filtered && !p.user_ns && !p.net_ns);
	must(proc_words(getpid(), &words) == 0 && words.n > 1);
	strv_free(&words);
	must(sys_start_time(INT32_MAX, &now) < 0);
}

int
LLVMFuzzerTestOneInput(const uint8_t *p, size_t n)
{
	char *text;

	if (!n)
		return 0;
	text = fuzz_text(p + 1, n - 1);
	if (*p == 'h')
		fuzz_headers(text, n - 1);
	else if (*p == 'g')
		fuzz_guest(text);
	else if (*p == 'd')
		fuzz_door(text);
	else if (*p == 'e')
		fuzz_last(text);
	else if (*p == 'p')
		fuzz_process(text);
	free(text);
	return 0;
}
