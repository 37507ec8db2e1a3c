/* place.c - territories: zone and local time. */
#include "place.h"

#include <stddef.h>
#include <string.h>

#include "day.h"
#include "pia/territory.h"

enum { MINUTE_MS = 60 * 1000, DAY_MS = 24 * 60 * MINUTE_MS, HOUR_MS = 60 * MINUTE_MS };
enum { MARCH = 3, NOVEMBER = 11 };

/* Overseas: standard time, in minutes from UTC. Collectivities that span several zones count by
 * their capital: Nouméa, Papeete, Mata-Utu; the southern lands by Kerguelen. */
static const struct {
    const char *code;
    const char *name;
    int offset_min;
} overseas[] = {
    {"971", "la Guadeloupe", -240},
    {"972", "la Martinique", -240},
    {"973", "la Guyane", -180},
    {"974", "La Réunion", 240},
    {"975", "Saint-Pierre-et-Miquelon", -180}, /* and summer time: see summer_min */
    {"976", "Mayotte", 180},
    {"977", "Saint-Barthélemy", -240},
    {"978", "Saint-Martin", -240},
    {"984", "les Terres australes et antarctiques françaises", 300},
    {"986", "Wallis-et-Futuna", 720},
    {"987", "la Polynésie française", -600},
    {"988", "la Nouvelle-Calédonie", 660},
};
enum { OVERSEAS_COUNT = sizeof overseas / sizeof *overseas };

static int find_overseas(const char *code)
{
    for (int i = 0; i < OVERSEAS_COUNT; i++)
        if (strcmp(overseas[i].code, code) == 0)
            return i;
    return -1;
}

bool place_find(const char *code, place_t *ret_place)
{
    ret_place->code = code ? code : "75";
    if (strcmp(ret_place->code, "etranger") == 0) {
        ret_place->zone = PLACE_ABROAD;
        return true;
    }
    if (find_overseas(ret_place->code) >= 0) {
        ret_place->zone = PLACE_OVERSEAS;
        return true;
    }
    ret_place->zone = PLACE_METROPOLE;
    return pia_territory_region_of(ret_place->code) != NULL;
}

const char *place_name(const place_t *place)
{
    if (place->zone == PLACE_METROPOLE)
        return "la métropole";
    if (place->zone == PLACE_ABROAD)
        return "l’étranger";
    return overseas[find_overseas(place->code)].name;
}

/* Saint-Pierre-et-Miquelon follows its neighbours: since 2007 from the second Sunday of March to
 * the first one of November, at 2:00 local time. */
static int summer_min(const char *code, int64_t standard_ms)
{
    if (strcmp(code, "975") != 0)
        return 0;
    int64_t year = day_to_date(standard_ms / DAY_MS).year;
    int64_t begin_ms = day_nth_weekday(year, MARCH, SUNDAY, 2) * DAY_MS + (int64_t)2 * HOUR_MS;
    int64_t end_ms = day_nth_weekday(year, NOVEMBER, SUNDAY, 1) * DAY_MS + HOUR_MS;
    return standard_ms >= begin_ms && standard_ms < end_ms ? 60 : 0;
}

static int64_t floor_day(int64_t time_ms)
{
    return time_ms / DAY_MS - (time_ms % DAY_MS < 0);
}

int64_t place_day_of(const place_t *place, int64_t time_ms)
{
    if (place->zone != PLACE_OVERSEAS)
        return day_of(time_ms);
    int offset = overseas[find_overseas(place->code)].offset_min;
    int64_t standard_ms = time_ms + (int64_t)offset * MINUTE_MS;
    return floor_day(standard_ms + (int64_t)summer_min(place->code, standard_ms) * MINUTE_MS);
}

int64_t place_day_end(const place_t *place, int64_t day)
{
    if (place->zone != PLACE_OVERSEAS)
        return day_start(day + 1);
    int offset = overseas[find_overseas(place->code)].offset_min;
    int64_t standard_ms = (day + 1) * DAY_MS; /* clocks never change around midnight there */
    int summer = summer_min(place->code, standard_ms - HOUR_MS);
    return standard_ms - (int64_t)(offset + summer) * MINUTE_MS;
}
