/* population.c - the subscriptions of the matching's figures. */
#include "population.h"

static const char *const themes[] = {"habitat", "arts",       "alimentation",
                                     "sante",   "production", "numerique"};
static const char *const regions[] = {"01", "02", "03", "04", "06", "11", "24", "27", "28",
                                      "32", "44", "52", "53", "75", "76", "84", "93", "94"};
static const char *const kinds[] = {
    "journee-technique", "formation", "lettre",  "magazine", "guide",
    "actualite",         "veille",    "resultat"};
static const char *const sectors[] = {"batiment", "alimentaire", "production", "services"};

const dimension_info_t dimensions[DIMENSIONS] = {
    [THEMES] = {"themes", themes, 6, 3},
    [REGIONS] = {"regions", regions, 18, 3},
    [KINDS] = {"kinds", kinds, 8, 4},
    [SECTORS] = {"sectors", sectors, 4, 1},
};

/* xorshift64*, so that every program makes the same population. */
static uint32_t next_below(uint64_t *state, uint32_t limit)
{
    uint64_t x = *state ? *state : 0x9e3779b97f4a7c15;
    x ^= x >> 12;
    x ^= x << 25;
    x ^= x >> 27;
    *state = x;
    return (uint32_t)(((x * 0x2545f4914f6cdd1d) >> 32) % limit);
}

interest_t interest_next(uint64_t *state)
{
    interest_t interest = {{0}};
    for (int d = 0; d < DIMENSIONS; d++) {
        if (next_below(state, 10) == 0)
            continue;
        unsigned wanted = 1 + next_below(state, dimensions[d].chosen_max);
        while (wanted > 0) {
            uint32_t bit = 1U << next_below(state, dimensions[d].count);
            wanted -= (interest.mask[d] & bit) == 0;
            interest.mask[d] |= bit;
        }
    }
    return interest;
}

interest_t occasion_next(uint64_t *state)
{
    interest_t occasion;
    for (int d = 0; d < DIMENSIONS; d++)
        occasion.mask[d] = 1U << next_below(state, dimensions[d].count);
    return occasion;
}

bool interest_matches(const interest_t *interest, const interest_t *occasion)
{
    for (int d = 0; d < DIMENSIONS; d++)
        if (interest->mask[d] != 0 && (interest->mask[d] & occasion->mask[d]) == 0)
            return false;
    return true;
}
