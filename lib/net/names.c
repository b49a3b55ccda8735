/* SPDX-License-Identifier: ISC */
/*
 * Names stand in slots, found by a hash of the name and by the address; a
 * list goes through them from the one used longest ago.  An address is fresh,
 * or has a name, or waits at the end of a list of those that had one.
 */
#include "names.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "rule.h"
#include "sys.h"

#define NET ((uint32_t)198 << 24 | (uint32_t)18 << 16)

/* Of the net's addresses, by their number in it, the outer ones stay free. */
enum { SPAN = 1 << 17, FIRST = 256, BEHIND = SPAN - 256 };
/* Twice as many places as names can be. */
enum { PLACES = 2 * NAMES_MAX };
/* A line is old when half a table has been written behind it. */
enum { OLD_LINE = NAMES_MAX / 2 };
/* While so many more were named, a name stays, even if keep speaks for all that
 * are older: the guest is about to use it. */
enum { RECENT = NAMES_MAX / 16 };

/* The numbers of slots, and of addresses, are from 1: 0 is none. */
struct slot {
	char *name; /* NULL: free */
	uint32_t hash, at, held;
	uint32_t line, used; /* what lines was when it was written, used */
	uint16_t older, newer;
};

struct names {
	uint64_t key;
	struct slot slot[NAMES_MAX + 1];
	uint16_t used, free; /* slots taken so far; the first given back */
	uint16_t oldest, newest;
	uint16_t look; /* none before it is to leave, as far as keep says */
	uint32_t lines;
	uint16_t place[PLACES];
	uint16_t at[SPAN]; /* the slot that has the address */
	uint8_t seen[SPAN]; /* not fresh */
	uint32_t fresh; /* none before it is */
	uint32_t next[SPAN], prev[SPAN], head, tail; /* of those that wait */
};

struct names *
names_new(void)
{
	struct names *t = xcalloc(1, sizeof *t);

	sys_random(&t->key, sizeof t->key);
	t->fresh = FIRST;
	return t;
}

void
names_free(struct names *t)
{
	if (!t)
		return;
	for (size_t i = 1; i <= t->used; i++)
		free(t->slot[i].name);
	free(t);
}

int
names_has(uint32_t addr)
{
	return addr - NET < SPAN;
}

/* Old systems take the last number for a broadcast when it is 0 or 255. */
static int
is_given(uint32_t at)
{
	return at >= FIRST && at < BEHIND && (at & 255) != 0 &&
	    (at & 255) != 255;
}

/* ---- the hash: of the guest's names, so with a key it does not know ---- */

static uint32_t
hash_of(const struct names *t, const char *name)
{
	uint64_t h = t->key;

	for (; *name; name++) {
		h = (h ^ (unsigned char)*name) * 0x9e3779b97f4a7c15U;
		h ^= h >> 29 ^ t->key;
	}
	return (uint32_t)(h ^ h >> 32);
}

/* The place of the name, or the free one where it would go. */
static uint32_t
place_of(const struct names *t, const char *name, uint32_t hash)
{
	uint32_t i = hash % PLACES;

	for (; t->place[i]; i = (i + 1) % PLACES) {
		const struct slot *s = &t->slot[t->place[i]];

		if (s->hash == hash && strcmp(s->name, name) == 0)
			break;
	}
	return i;
}

/* Free place i; those behind it that would not be found any more move up. */
static void
clear_place(struct names *t, uint32_t i)
{
	uint32_t j = i;

	for (;;) {
		uint32_t home;

		j = (j + 1) % PLACES;
		if (!t->place[j])
			break;
		home = t->slot[t->place[j]].hash % PLACES;
		if ((j - home) % PLACES < (j - i) % PLACES)
			continue;
		t->place[i] = t->place[j];
		i = j;
	}
	t->place[i] = 0;
}

/* ---- the order of use ---- */

static void
unlink_slot(struct names *t, uint16_t i)
{
	struct slot *s = &t->slot[i];

	if (t->look == i)
		t->look = s->newer;
	if (s->older)
		t->slot[s->older].newer = s->newer;
	else
		t->oldest = s->newer;
	if (s->newer)
		t->slot[s->newer].older = s->older;
	else
		t->newest = s->older;
}

static void
append_slot(struct names *t, uint16_t i)
{
	struct slot *s = &t->slot[i];

	s->used = t->lines;
	s->older = t->newest;
	s->newer = 0;
	if (s->older)
		t->slot[s->older].newer = i;
	else
		t->oldest = i;
	t->newest = i;
	if (!t->look)
		t->look = i;
}

static void
touch(struct names *t, uint16_t i)
{
	unlink_slot(t, i);
	append_slot(t, i);
}

/* ---- addresses ---- */

static void
give_back(struct names *t, uint32_t at)
{
	t->prev[at] = t->tail;
	t->next[at] = 0;
	if (t->tail)
		t->next[t->tail] = at;
	else
		t->head = at;
	t->tail = at;
}

/* Take an address that has no name. */
static void
claim(struct names *t, uint32_t at)
{
	if (t->seen[at]) {
		*(t->prev[at] ? &t->next[t->prev[at]] : &t->head) = t->next[at];
		*(t->next[at] ? &t->prev[t->next[at]] : &t->tail) = t->prev[at];
	}
	t->seen[at] = 1;
}

/* There is one: names are fewer than addresses. */
static uint32_t
next_address(struct names *t)
{
	while (t->fresh < BEHIND && (t->seen[t->fresh] || !is_given(t->fresh)))
		t->fresh++;
	return t->fresh < BEHIND ? t->fresh : t->head;
}

/* ---- names come and go ---- */

static void
drop(struct names *t, uint16_t i)
{
	struct slot *s = &t->slot[i];

	clear_place(t, place_of(t, s->name, s->hash));
	unlink_slot(t, i);
	t->at[s->at] = 0;
	give_back(t, s->at);
	free(s->name);
	memset(s, 0, sizeof *s);
	s->newer = t->free;
	t->free = i;
}

/*
 * Who is to leave.  Those that keep speaks for, and those that are held, are
 * looked at once, not each time: they are behind t->look then, which holds
 * for them until they are used again.
 */
static uint16_t
find_leaver(struct names *t, int (*keep)(const char *, void *), void *arg)
{
	uint16_t i = 0;

	for (; t->look; t->look = t->slot[t->look].newer) {
		const struct slot *s = &t->slot[t->look];

		if (t->lines - s->used < RECENT)
			break;
		if (!s->held && (!keep || !keep(s->name, arg)))
			return t->look;
	}
	for (i = t->oldest; i && t->slot[i].held;)
		i = t->slot[i].newer;
	return i;
}

/* A free slot; 0: there is none. */
static uint16_t
find_slot(struct names *t, int (*keep)(const char *, void *), void *arg)
{
	uint16_t i;

	if (!t->free && t->used < NAMES_MAX)
		return ++t->used;
	if (!t->free) {
		i = find_leaver(t, keep, arg);
		if (!i)
			return 0;
		drop(t, i);
	}
	i = t->free;
	t->free = t->slot[i].newer;
	return i;
}

/* Give slot i and address at to the name, which has none. */
static void
add(struct names *t, uint16_t i, const char *name, uint32_t at)
{
	struct slot *s = &t->slot[i];

	claim(t, at);
	s->name = xstrdup(name);
	s->hash = hash_of(t, name);
	s->at = at;
	s->held = 0;
	s->line = ++t->lines;
	t->place[place_of(t, name, s->hash)] = i;
	t->at[at] = i;
	append_slot(t, i);
}

uint32_t
names_get(struct names *t, const char *name, int *fresh,
    int (*keep)(const char *name, void *arg), void *arg)
{
	uint32_t at;
	uint16_t i = t->place[place_of(t, name, hash_of(t, name))];

	*fresh = 0;
	if (i) {
		struct slot *s = &t->slot[i];

		touch(t, i);
		if (t->lines - s->line >= OLD_LINE) {
			s->line = ++t->lines;
			*fresh = 1;
		}
		return NET + s->at;
	}
	i = find_slot(t, keep, arg);
	if (!i)
		return 0;
	at = next_address(t);
	add(t, i, name, at);
	*fresh = 1;
	return NET + at;
}

const char *
names_at(const struct names *t, uint32_t addr)
{
	return names_has(addr) ? t->slot[t->at[addr - NET]].name : NULL;
}

void
names_hold(struct names *t, uint32_t addr, int by)
{
	uint16_t i = names_has(addr) ? t->at[addr - NET] : 0;
	struct slot *s = &t->slot[i];

	if (!i || (by < 0 && !s->held))
		return;
	if (by > 0)
		s->held++;
	else if (--s->held == 0)
		touch(t, i);
}

/* ---- the file ---- */

size_t
names_line(char *out, uint32_t addr, const char *name)
{
	return (size_t)snprintf(out, NAMES_LINE, "%u.%u.%u.%u %.253s\n",
	    (unsigned)(addr >> 24), (unsigned)(addr >> 16 & 255),
	    (unsigned)(addr >> 8 & 255), (unsigned)(addr & 255), name);
}

static void
read_line(struct names *t, const char *line, size_t n)
{
	const char *space = memchr(line, ' ', n);
	char text[ADDR_TEXT], name[RULE_NAME_MAX];
	size_t len = space ? (size_t)(space - line) : 0;
	struct addr a;
	uint32_t at;
	uint16_t i;

	if (!len || len >= sizeof text)
		return;
	memcpy(text, line, len);
	text[len] = '\0';
	if (addr_parse(&a, text) < 0 || !addr_is_v4(&a) ||
	    name_canon(name, space + 1, n - len - 1) < 0)
		return;
	at = addr_to_v4(&a) - NET;
	if (!is_given(at))
		return;
	if (t->at[at])
		drop(t, t->at[at]);
	i = t->place[place_of(t, name, hash_of(t, name))];
	if (i)
		drop(t, i);
	i = find_slot(t, NULL, NULL);
	if (i)
		add(t, i, name, at);
}

/* A last line without an end was not written whole. */
void
names_read(struct names *t, const char *text, size_t n)
{
	const char *end = text + n, *p;

	while (text < end && (p = memchr(text, '\n', (size_t)(end - text)))) {
		read_line(t, text, (size_t)(p - text));
		text = p + 1;
	}
}

void
names_print(const struct names *t, struct buf *out)
{
	for (uint16_t i = t->oldest; i; i = t->slot[i].newer) {
		char line[NAMES_LINE];

		buf_add(out, line,
		    names_line(line, NET + t->slot[i].at, t->slot[i].name));
	}
}
