/* SPDX-License-Identifier: ISC */
/*
 * rules_priv: a set of rules, or of what is in a list, that is searched by
 * name or address.
 *
 * A rule takes 16 bytes, and its name: what many have alike (verdict, ports,
 * ...) is a form of which there is one.  Names and blocks are the keys of a
 * hash table; a target has as many keys as its name has labels, or as there
 * are lengths of prefixes.  Rules of one key are a ring, in their order.
 */
#ifndef XRAY_RULES_PRIV_H
#define XRAY_RULES_PRIV_H

#include <stddef.h>
#include <stdint.h>

#include "rule_priv.h"
#include "rules.h"

struct rules_item {
	/* In text: the name and its NUL, or a struct cidr; then the note. */
	uint32_t key;
	uint32_t line;
	uint32_t host : 3, form : 29;
	/* The next of the ring; of a list: which. */
	uint32_t next;
};

struct rules_set {
	struct rules_item *items;
	size_t n, cap;
	char *text;
	size_t ntext, text_cap;
	struct rule *forms; /* without host, name, block, note and line */
	size_t nforms, forms_cap;
	uint32_t last_form; /* that was asked for */
	uint32_t *form_slots; /* a hash table of them, counted from 1 */
	size_t nform_slots;
	struct rules_slot {
		uint32_t hash, ring; /* the last of a ring, counted from 1 */
	} * slots; /* a power of two, half of them free */
	size_t nslots, used;
	uint32_t *rest; /* items without a key */
	size_t nrest, rest_cap;
	uint64_t lengths[3]; /* bits: those of the blocks' prefixes */
};

/* A target as sets are asked for it. */
struct rules_probe {
	const struct target *to;
	int blocks; /* 1: only blocks count, not `*` */
	int n; /* the name, and those that it is under */
	struct {
		const char *name;
		uint32_t hash;
	} v[RULE_NAME_MAX / 2 + 1];
};

#define RULES_NONE UINT32_MAX
enum { RULES_FORMS = 65536 }; /* of one set: a stranger's list is bounded */

/* Room for n of that size at p, which has *cap. */
void *rules_grown(void *p, size_t n, size_t *cap, size_t size);
/* The number of the form that r is of; its host, and what differs from rule
 * to rule, is not looked at.  -1 with why: there are too many. */
int rules_intern(
    struct rules_set *s, const struct rule *r, uint32_t *out, struct why *why);
/* Forget all forms but the first n. */
void rules_forget_forms(struct rules_set *s, size_t n);
/* Add an item that r's host, name, and note (NULL: none is kept) are of. */
void rules_item(struct rules_set *s, uint32_t form, const struct rule *r,
    const char *name, const struct word *note, unsigned line);
/* Make items from the from-th on findable. */
void rules_index(struct rules_set *s, size_t from);
void rules_set_free(struct rules_set *s);

void rules_probe(struct rules_probe *p, const struct target *to);
/* The first item not before from that matches, or RULES_NONE; in tells
 * whether list i has the target. */
uint32_t rules_find(const struct rules_set *s, const struct rules_probe *p,
    uint32_t from,
    int (*in)(const void *lists, uint32_t i, const struct rules_probe *p),
    const void *lists);

/* Read a list into an empty set; *lines counts what all files have.  -1 with
 * why: it is to be freed all the same. */
int rules_read_list(struct rules_set *s, const char *text, size_t n,
    size_t *lines, const char *origin, struct why *why);

/* The lines of a file. */
struct rules_lines {
	const char *at, *end, *origin;
	size_t *all; /* lines of all files */
	unsigned line;
	struct word now;
};

/* The next one, without its end: 1; 0 behind the last; -1 with why. */
int rules_line(struct rules_lines *l, struct why *why);
/* Why, with the origin and the line in front; -1. */
int rules_bad(
    const struct rules_lines *l, const struct why *what, struct why *why);
/* The first that denies to, an address, by a block; NULL. */
const struct rule *rules_denies(const struct rules *t, const struct target *to);

#endif
