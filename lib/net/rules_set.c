/* SPDX-License-Identifier: ISC */
#include <stdlib.h>
#include <string.h>

#include "rules_priv.h"
#include "sys.h"

static const uint64_t prime = 0x9e3779b97f4a7c15;

/* Lists come from strangers, who could fill them with names of one hash if
 * they knew it. */
static uint64_t
secret(void)
{
	static uint64_t drawn;

	while (!drawn)
		sys_random(&drawn, sizeof drawn);
	return drawn;
}

/* From its end, so that the hashes of all that a name is under are met on the
 * way to that of the whole.  What a byte changes depends on all bits so far,
 * and so on the secret. */
static uint64_t
mix(uint64_t hash, char c)
{
	hash = (hash ^ (unsigned char)c) * prime;
	return hash ^ hash >> 32;
}

static uint32_t
hash_name(const char *name)
{
	uint64_t hash = secret();

	for (size_t n = strlen(name); n--;)
		hash = mix(hash, name[n]);
	return (uint32_t)hash;
}

static uint32_t
hash_block(const struct cidr *c)
{
	uint64_t hash = secret() ^ c->bits, half;

	for (int i = 0; i < 16; i += 8) {
		memcpy(&half, c->addr.b + i, sizeof half);
		hash = (hash ^ half) * prime;
		hash ^= hash >> 32;
	}
	return (uint32_t)(hash * prime >> 32);
}

static void
add_text(struct rules_set *s, const void *p, size_t n)
{
	s->text = rules_grown(s->text, s->ntext + n, &s->text_cap, 1);
	memcpy(s->text + s->ntext, p, n);
	s->ntext += n;
}

void
rules_item(struct rules_set *s, uint32_t form, const struct rule *r,
    const char *name, const struct word *note, unsigned line)
{
	struct rules_item *item;

	s->items = rules_grown(s->items, s->n + 1, &s->cap, sizeof *s->items);
	item = &s->items[s->n++];
	item->key = (uint32_t)s->ntext;
	item->line = line;
	item->host = r->host & 7U;
	item->form = form & 0x1fffffffU;
	if (r->host == RULE_CIDR)
		add_text(s, &r->cidr, sizeof r->cidr);
	else
		add_text(s, name, strlen(name) + 1);
	if (note) {
		add_text(s, note->p, note->n);
		add_text(s, "", 1);
	}
}

static int
same_key(const char *a, const char *b, int block)
{
	return block ? memcmp(a, b, sizeof(struct cidr)) == 0 :
		       strcmp(a, b) == 0;
}

/* The slot of a key: where it is, or where it would be. */
static struct rules_slot *
slot_of(const struct rules_set *s, uint32_t hash, const void *key, int block)
{
	for (size_t i = hash;; i++) {
		struct rules_slot *slot = &s->slots[i & (s->nslots - 1)];
		const struct rules_item *item;

		if (!slot->ring)
			return slot;
		if (slot->hash != hash)
			continue;
		item = &s->items[slot->ring - 1];
		if ((item->host == RULE_CIDR) == block &&
		    same_key(s->text + item->key, key, block))
			return slot;
	}
}

static void
make_slots(struct rules_set *s, size_t n)
{
	struct rules_slot *old = s->slots;
	size_t nold = s->nslots;

	if (n * 2 <= s->nslots)
		return;
	if (!s->nslots)
		s->nslots = 16;
	while (s->nslots < n * 2)
		s->nslots *= 2;
	s->slots = xcalloc(s->nslots, sizeof *s->slots);
	for (size_t i = 0; i < nold; i++) {
		size_t to = old[i].hash;

		if (!old[i].ring)
			continue;
		while (s->slots[to & (s->nslots - 1)].ring)
			to++;
		s->slots[to & (s->nslots - 1)] = old[i];
	}
	free(old);
}

static void
index_item(struct rules_set *s, uint32_t i)
{
	struct rules_item *item = &s->items[i];
	const char *key = s->text + item->key;
	struct rules_slot *slot;
	struct cidr c;
	uint32_t hash;

	if (item->host == RULE_CIDR) {
		memcpy(&c, key, sizeof c);
		s->lengths[c.bits / 64] |= (uint64_t)1 << c.bits % 64;
		hash = hash_block(&c);
		slot = slot_of(s, hash, key, 1);
	} else {
		hash = hash_name(key);
		slot = slot_of(s, hash, key, 0);
	}
	item->next = i;
	if (slot->ring) {
		item->next = s->items[slot->ring - 1].next;
		s->items[slot->ring - 1].next = i;
	} else
		s->used++;
	slot->hash = hash;
	slot->ring = i + 1;
}

void
rules_index(struct rules_set *s, size_t from)
{
	make_slots(s, s->used + s->n - from);
	for (size_t i = from; i < s->n; i++) {
		int host = s->items[i].host;

		if (host == RULE_NAME || host == RULE_SUFFIX ||
		    host == RULE_CIDR) {
			index_item(s, (uint32_t)i);
			continue;
		}
		s->rest = rules_grown(
		    s->rest, s->nrest + 1, &s->rest_cap, sizeof *s->rest);
		s->rest[s->nrest++] = (uint32_t)i;
	}
}

void
rules_set_free(struct rules_set *s)
{
	free(s->items);
	free(s->text);
	free(s->forms);
	free(s->form_slots);
	free(s->slots);
	free(s->rest);
}

void
rules_probe(struct rules_probe *p, const struct target *to)
{
	uint64_t hash = secret();

	p->to = to;
	p->blocks = 0;
	p->n = 0;
	if (to->host || !to->name)
		return;
	for (size_t n = strlen(to->name); n--;) {
		hash = mix(hash, to->name[n]);
		if (n && to->name[n - 1] != '.')
			continue;
		p->v[p->n].name = to->name + n;
		p->v[p->n++].hash = (uint32_t)hash;
	}
}

static int
form_matches(const struct rule *r, const struct target *to)
{
	size_t i;

	if (!(r->protos & to->proto) || (r->until && to->now >= r->until))
		return 0;
	for (i = 0; i < r->ports.n; i++)
		if (to->port <= r->ports.v[i].hi)
			return to->port >= r->ports.v[i].lo;
	return !r->ports.n;
}

/* The first of a ring that is in [from, best); whole: the key is all of the
 * target, not what it is under. */
static uint32_t
find_in_ring(const struct rules_set *s, const struct rules_slot *slot,
    const struct target *to, int whole, uint32_t from, uint32_t best)
{
	uint32_t last = slot->ring - 1, i = last;

	do {
		const struct rules_item *item;

		i = s->items[i].next;
		item = &s->items[i];
		if (i >= best)
			return best;
		if (i >= from && (whole || item->host == RULE_SUFFIX) &&
		    form_matches(&s->forms[item->form], to))
			return i;
	} while (i != last);
	return best;
}

static uint32_t
find_name(const struct rules_set *s, const struct rules_probe *p, uint32_t from)
{
	uint32_t best = RULES_NONE;

	for (int i = 0; i < p->n; i++) {
		const char *name = p->v[i].name;
		const struct rules_slot *slot =
		    slot_of(s, p->v[i].hash, name, 0);

		if (slot->ring)
			best = find_in_ring(
			    s, slot, p->to, i == p->n - 1, from, best);
	}
	return best;
}

static uint32_t
find_block(
    const struct rules_set *s, const struct rules_probe *p, uint32_t from)
{
	int v4 = addr_is_v4(&p->to->addr);
	struct cidr c = { .addr = p->to->addr };
	uint32_t best = RULES_NONE;

	/* The longest first, so that bits are only ever taken away. */
	for (int bits = 128; bits >= (v4 ? 96 : 0); bits--) {
		const struct rules_slot *slot;

		if (bits < 128)
			c.addr.b[bits / 8] &= (uint8_t) ~(0x80U >> bits % 8);
		if (!(s->lengths[bits / 64] >> bits % 64 & 1))
			continue;
		c.bits = (uint8_t)bits;
		slot = slot_of(s, hash_block(&c), &c, 1);
		if (slot->ring)
			best = find_in_ring(s, slot, p->to, 1, from, best);
	}
	return best;
}

uint32_t
rules_find(const struct rules_set *s, const struct rules_probe *p,
    uint32_t from,
    int (*in)(const void *lists, uint32_t i, const struct rules_probe *p),
    const void *lists)
{
	uint32_t best = RULES_NONE;
	size_t lo = 0, hi = s->nrest;

	if (s->nslots && !p->to->host)
		best = p->to->name ? find_name(s, p, from) :
				     find_block(s, p, from);
	while (lo < hi) {
		size_t mid = (lo + hi) / 2;

		if (s->rest[mid] < from)
			lo = mid + 1;
		else
			hi = mid;
	}
	for (; lo < s->nrest && s->rest[lo] < best; lo++) {
		const struct rules_item *item = &s->items[s->rest[lo]];

		if ((item->host == RULE_HOST) != (p->to->host != 0) ||
		    (item->host == RULE_ANY && p->blocks) ||
		    !form_matches(&s->forms[item->form], p->to))
			continue;
		if (item->host != RULE_LIST || in(lists, item->next, p))
			return s->rest[lo];
	}
	return best;
}
