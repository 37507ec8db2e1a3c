/* session_agenda.c - ordering an agenda: a shortest path through the sets of members who leave. */
#include "session_agenda.h"

#include <stdbool.h>
#include <stdlib.h>

#include "pia/memory.h"

/* The different sets, in the order in which they first appear, and the order of the sets. */
typedef struct {
    uint64_t sets[AGENDA_ITEMS_MAX];
    size_t order[AGENDA_ITEMS_MAX];
    size_t count;
} groups_t;

/* How many leave between two items. */
static size_t step(uint64_t before, uint64_t after)
{
    return (size_t)__builtin_popcountll(after & ~before);
}

size_t agenda_leaves(const uint64_t *away, const size_t *order, size_t count)
{
    size_t leaves = 0;
    for (size_t i = 0; i < count; i++)
        leaves += step(i == 0 ? 0 : away[order[i - 1]], away[order[i]]);
    return leaves;
}

static void find_groups(const uint64_t *away, size_t count, groups_t *ret_groups)
{
    for (size_t i = 0; i < count; i++) {
        size_t group = 0;
        while (group < ret_groups->count && ret_groups->sets[group] != away[i])
            group++;
        if (group == ret_groups->count)
            ret_groups->sets[ret_groups->count++] = away[i];
    }
}

/* rest[mask][last]: the fewest leaves for the sets outside `mask` if `last` (in it) is there now.
 */
static uint16_t (*count_rest(const groups_t *groups))[AGENDA_EXACT_MAX]
{
    const size_t all = ((size_t)1 << groups->count) - 1;
    uint16_t(*rest)[AGENDA_EXACT_MAX] = pia_alloc((all + 1) * sizeof *rest);
    for (size_t mask = all; mask-- > 0;)
        for (size_t last = 0; last < groups->count; last++) {
            size_t best = UINT16_MAX;
            for (size_t next = 0; next < groups->count; next++) {
                if ((mask >> next & 1) != 0)
                    continue;
                size_t cost = step(groups->sets[last], groups->sets[next]) +
                              rest[mask | (size_t)1 << next][next];
                best = cost < best ? cost : best;
            }
            rest[mask][last] = (uint16_t)best;
        }
    return rest;
}

/* The first of the sets outside `mask` with which the fewest leave from here to the end. */
static size_t
find_next(const groups_t *groups, uint16_t (*rest)[AGENDA_EXACT_MAX], size_t mask, uint64_t before)
{
    size_t best = 0, best_cost = SIZE_MAX;
    for (size_t next = 0; next < groups->count; next++) {
        if ((mask >> next & 1) != 0)
            continue;
        size_t cost = step(before, groups->sets[next]) + rest[mask | (size_t)1 << next][next];
        if (cost < best_cost) {
            best = next;
            best_cost = cost;
        }
    }
    return best;
}

/* The best order of all; of several, the one whose first sets come first. */
static void order_exactly(groups_t *groups)
{
    uint16_t(*rest)[AGENDA_EXACT_MAX] = count_rest(groups);
    uint64_t before = 0;
    size_t mask = 0;
    for (size_t i = 0; i < groups->count; i++) {
        size_t best = find_next(groups, rest, mask, before);
        groups->order[i] = best;
        mask |= (size_t)1 << best;
        before = groups->sets[best];
    }
    free(rest);
}

static void order_by_nearest(groups_t *groups)
{
    uint64_t before = 0, used = 0;
    for (size_t i = 0; i < groups->count; i++) {
        size_t best = 0, best_cost = SIZE_MAX;
        for (size_t next = 0; next < groups->count; next++)
            if ((used >> next & 1) == 0 && step(before, groups->sets[next]) < best_cost) {
                best = next;
                best_cost = step(before, groups->sets[next]);
            }
        groups->order[i] = best;
        used |= (uint64_t)1 << best;
        before = groups->sets[best];
    }
}

static void turn_round(size_t *order, size_t first, size_t last)
{
    for (; first < last; first++, last--) {
        size_t kept = order[first];
        order[first] = order[last];
        order[last] = kept;
    }
}

/* Turns the first stretch round that makes it better; false: none does. Each time the leaves become
 * fewer, so it ends. */
static bool improve(groups_t *groups)
{
    size_t before = agenda_leaves(groups->sets, groups->order, groups->count);
    for (size_t first = 0; first < groups->count; first++)
        for (size_t last = first + 1; last < groups->count; last++) {
            turn_round(groups->order, first, last);
            if (agenda_leaves(groups->sets, groups->order, groups->count) < before)
                return true;
            turn_round(groups->order, first, last);
        }
    return false;
}

size_t agenda_order(const uint64_t *away, size_t count, size_t *ret_order)
{
    groups_t groups = {.count = 0};
    size_t placed = 0;
    find_groups(away, count, &groups);
    if (groups.count <= AGENDA_EXACT_MAX) {
        order_exactly(&groups);
    } else {
        order_by_nearest(&groups);
        while (improve(&groups))
            ;
    }
    for (size_t i = 0; i < groups.count; i++)
        for (size_t item = 0; item < count; item++)
            if (away[item] == groups.sets[groups.order[i]])
                ret_order[placed++] = item;
    return agenda_leaves(away, ret_order, count);
}
