/* SPDX-License-Identifier: ISC */
#include "page.h"

/* What can be pressed; the cursor stays behind. */
static void
put_keys(const struct page *p, const struct dialog *d, struct buf *out)
{
	press_keys(&p->press, d, p->cols, out);
	buf_str(out, " > ");
}

static void
put_question(const struct page *p, const struct dialog *d, struct buf *out)
{
	buf_str(out, "\n");
	press_want(d, p->cols, out);
	buf_str(out, "\n  ");
	dialog_facts(d, out);
	buf_str(out, "\n");
	put_keys(p, d, out);
}

int
page_open(const struct page *p)
{
	return press_open(&p->press);
}

/* What is shown is no more what is asked, d. */
static void
put_end(struct page *p, const struct dialog *d, long long now, struct buf *out)
{
	if (!page_open(p) || press_is_about(&p->press, d))
		return;
	buf_str(out, "asked no more\n");
	press_begin(&p->press, NULL, now);
}

int
page_look(
    struct page *p, const struct dialog *d, long long now, struct buf *out)
{
	if (press_is_about(&p->press, d))
		return 0;
	put_end(p, d, now, out);
	press_begin(&p->press, d, now);
	if (d)
		put_question(p, d, out);
	return d != NULL;
}

int
page_key(struct page *p, const struct dialog *d, int key, long long now,
    struct decree *decree, struct buf *out)
{
	if (!d || !press_is_about(&p->press, d))
		return 0;
	switch (press_key(&p->press, d, key, now, decree)) {
	case PRESS_AGAIN:
		buf_str(out, "\n");
		put_keys(p, d, out);
		break;
	case PRESS_HELP:
		buf_fmt(out, "\n%s\n", press_help);
		put_question(p, d, out);
		break;
	case PRESS_DONE:
		buf_fmt(out, "%s %s\n",
		    decree->verdict == RULE_ALLOW ? "allow" : "deny",
		    decree->life);
		return 1;
	case PRESS_NOTHING:
		break;
	}
	return 0;
}

/* It is there, and waits for a key. */
static int
waits(const struct page *p, const struct dialog *d)
{
	return d && page_open(p) && press_is_about(&p->press, d);
}

void
page_heard(struct page *p, const struct dialog *d, const char *line,
    long long now, struct buf *out)
{
	autobuf struct buf b = { 0 };
	const char *next;

	if (!press_result(line, &b))
		return;
	put_end(p, d, now, out); /* it may have been withdrawn just before */
	next = waits(p, d) ? "\n" : "";
	press_refused(&p->press, line, now);
	buf_fmt(out, "%s%s\n", next, b.p);
	if (waits(p, d))
		put_keys(p, d, out);
}
