/* claims.c - open addressing with linear probing; removing moves later entries back, so there are
 * no tombstones. Measured: 30 ns to find or add in a table of 131,072, of which most is the cache
 * miss. */
#include "claims.h"

#include <assert.h>
#include <stdlib.h>

#include "pia/memory.h"

enum { BITS_MIN = 8 };

struct claims {
    unsigned bits; /* 2^bits places, at most half of them taken */
    size_t count;
    claim_t *places;
};

static size_t size_of(const claims_t *self)
{
    return (size_t)1 << self->bits;
}

static size_t home_of(const claims_t *self, fingerprint_t fingerprint)
{
    return (size_t)(fingerprint.high >> (64 - self->bits));
}

static size_t next(const claims_t *self, size_t place)
{
    return (place + 1) & (size_of(self) - 1);
}

claims_t *claims_new(size_t count)
{
    claims_t *self = pia_alloc(sizeof *self);
    self->bits = BITS_MIN;
    while (size_of(self) < 2 * count)
        self->bits++;
    self->places = pia_alloc(size_of(self) * sizeof *self->places);
    return self;
}

void claims_destroy(claims_t **self_p)
{
    claims_t *self = *self_p;
    if (!self)
        return;
    free(self->places);
    free(self);
    *self_p = NULL;
}

size_t claims_count(const claims_t *self)
{
    return self->count;
}

/* Where it is, or the empty place where it would be. */
static size_t find(const claims_t *self, fingerprint_t fingerprint)
{
    size_t place = home_of(self, fingerprint);
    while (self->places[place].sequence &&
           fingerprint_compare(self->places[place].fingerprint, fingerprint) != 0)
        place = next(self, place);
    return place;
}

uint64_t claims_find(const claims_t *self, fingerprint_t fingerprint)
{
    return self->places[find(self, fingerprint)].sequence;
}

void claims_prefetch(const claims_t *self, fingerprint_t fingerprint)
{
    __builtin_prefetch(&self->places[home_of(self, fingerprint)], 1);
}

static void add_again(void *arg, const claim_t *claim)
{
    claims_add(arg, claim->fingerprint, claim->sequence);
}

static void grow(claims_t *self)
{
    claims_t *larger = claims_new(size_of(self));
    claims_each(self, add_again, larger);
    free(self->places);
    *self = *larger;
    free(larger);
}

void claims_add(claims_t *self, fingerprint_t fingerprint, uint64_t sequence)
{
    if (2 * (self->count + 1) > size_of(self))
        grow(self);
    size_t place = find(self, fingerprint);
    assert(sequence && !self->places[place].sequence);
    self->places[place] = (claim_t){.fingerprint = fingerprint, .sequence = sequence};
    self->count++;
}

/* Whether an entry that lives at `home` may stand at `place`, when the one at `hole` is free: not
 * if the way from its home to its place leads over the hole. */
static bool may_stay(const claims_t *self, size_t home, size_t hole, size_t place)
{
    size_t mask = size_of(self) - 1;
    return ((place - home) & mask) < ((place - hole) & mask);
}

void claims_remove(claims_t *self, fingerprint_t fingerprint)
{
    size_t hole = find(self, fingerprint);
    assert(self->places[hole].sequence);
    for (size_t place = next(self, hole); self->places[place].sequence; place = next(self, place)) {
        if (may_stay(self, home_of(self, self->places[place].fingerprint), hole, place))
            continue;
        self->places[hole] = self->places[place];
        hole = place;
    }
    self->places[hole] = (claim_t){.sequence = 0};
    self->count--;
}

/* Nearly sorted already: they stand in the order of their homes. */
static void insert_sorted(claim_t *claims, size_t count, const claim_t *claim)
{
    while (count && fingerprint_compare(claims[count - 1].fingerprint, claim->fingerprint) > 0) {
        claims[count] = claims[count - 1];
        count--;
    }
    claims[count] = *claim;
}

/* A page's claims stand from its first home on; those that found it taken stand behind its last
 * one, up to an empty place. */
size_t claims_page(const claims_t *self, unsigned bits, uint64_t page, claim_t **ret_claims)
{
    size_t first = (size_t)((page << (64 - bits)) >> (64 - self->bits));
    size_t homes = self->bits > bits ? (size_t)1 << (self->bits - bits) : 1;
    claim_t *claims = NULL;
    size_t count = 0;
    size_t room = 0;
    size_t place = first;
    for (size_t i = 0; i < size_of(self); i++, place = next(self, place)) {
        const claim_t *claim = &self->places[place];
        if (!claim->sequence && i + 1 >= homes)
            break;
        if (!claim->sequence || claim->fingerprint.high >> (64 - bits) != page)
            continue;
        if (count == room) {
            room = room ? 2 * room : homes / 2 + 16;
            claims = pia_realloc(claims, room * sizeof *claims);
        }
        insert_sorted(claims, count++, claim);
    }
    *ret_claims = claims;
    return count;
}

void claims_each(const claims_t *self, void (*visit)(void *arg, const claim_t *claim), void *arg)
{
    for (size_t place = 0; place < size_of(self); place++) {
        if (self->places[place].sequence)
            visit(arg, &self->places[place]);
    }
}
