/* holiday.c - public holidays by place. */
#include <stddef.h>
#include <string.h>

#include "day.h"
#include "place.h"

/* Fixed days; `place` NULL: everywhere. Days of the abolition hold from `since` to `until`. */
static const struct {
    int month, day;
    const char *place;
    int since, until; /* years, inclusive; 0: no bound */
    const char *name;
} fixed[] = {
    {1, 1, NULL, 0, 0, "jour de l’an"},
    {5, 1, NULL, 0, 0, "fête du Travail"},
    {5, 8, NULL, 1982, 0, "8 mai"}, /* restored by the law of 2 October 1981 */
    {7, 14, NULL, 0, 0, "fête nationale"},
    {8, 15, NULL, 0, 0, "Assomption"},
    {11, 1, NULL, 0, 0, "Toussaint"},
    {11, 11, NULL, 0, 0, "11 novembre"},
    {12, 25, NULL, 0, 0, "Noël"},
    {12, 26, "57", 0, 0, "Saint-Étienne"},
    {12, 26, "67", 0, 0, "Saint-Étienne"},
    {12, 26, "68", 0, 0, "Saint-Étienne"},
    {4, 27, "976", 1983, 0, "abolition de l’esclavage"},
    {5, 22, "972", 1983, 0, "abolition de l’esclavage"},
    {5, 27, "971", 1983, 0, "abolition de l’esclavage"},
    {5, 27, "978", 1983, 2017, "abolition de l’esclavage"},
    {5, 28, "978", 2018, 0, "abolition de l’esclavage"},
    {6, 10, "973", 1983, 0, "abolition de l’esclavage"},
    {10, 9, "977", 1983, 0, "abolition de l’esclavage"},
    {12, 20, "974", 1983, 0, "abolition de l’esclavage"},
};

/* Days counted from Easter Sunday. */
static const struct {
    int after;
    bool alsace_moselle;
    const char *name;
} moving[] = {
    {-2, true, "Vendredi saint"},
    {1, false, "lundi de Pâques"},
    {39, false, "Ascension"},
    {50, false, "lundi de Pentecôte"},
};

/* Easter Sunday of the Gregorian calendar: the Sunday after the full moon of the tables that falls
 * on or after 21 March. Golden number and epact of the Missal of 1570 as reformed in 1582. */
static int64_t easter(int64_t year)
{
    int64_t century = year / 100;
    int64_t golden = year % 19;
    int64_t solar = century - century / 4;                 /* leap days left out */
    int64_t lunar = (8 * century + 13) / 25;               /* the moon runs ahead of 19 years */
    int64_t age = (19 * golden + solar - lunar + 15) % 30; /* days from 21 March to the full moon */
    if (age == 29 || (age == 28 && golden > 10))
        age--; /* the tables have 29 full moons, none after 18 April */
    int64_t full_moon = day_from_date((date_t){year, 3, 21}) + age;
    return full_moon + 7 - (int64_t)day_weekday(full_moon);
}

static bool is_alsace_moselle(const place_t *place)
{
    return strcmp(place->code, "57") == 0 || strcmp(place->code, "67") == 0 ||
           strcmp(place->code, "68") == 0;
}

static const char *fixed_holiday(const place_t *place, const date_t *date)
{
    for (size_t i = 0; i < sizeof fixed / sizeof *fixed; i++) {
        bool here = !fixed[i].place || strcmp(fixed[i].place, place->code) == 0;
        bool then =
            date->year >= fixed[i].since && (!fixed[i].until || date->year <= fixed[i].until);
        if (here && then && date->month == fixed[i].month && date->day == fixed[i].day)
            return fixed[i].name;
    }
    return NULL;
}

const char *place_holiday(const place_t *place, int64_t day)
{
    date_t date = day_to_date(day);
    const char *name = fixed_holiday(place, &date);
    int64_t sunday = easter(date.year);
    for (size_t i = 0; !name && i < sizeof moving / sizeof *moving; i++)
        if (day == sunday + moving[i].after &&
            (!moving[i].alsace_moselle || is_alsace_moselle(place)))
            name = moving[i].name;
    return name;
}

const char *place_day_off(const place_t *place, int64_t day)
{
    weekday_t weekday = day_weekday(day);
    const char *holiday = place_holiday(place, day);
    if (holiday)
        return holiday;
    return weekday == SATURDAY ? "samedi" : weekday == SUNDAY ? "dimanche" : NULL;
}
