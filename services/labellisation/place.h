/* place.h - where somebody lives or a court sits, as far as the law counts days by it: the
 * territory, its public holidays and its local days. Pure functions, any thread. */
#ifndef PLACE_H
#define PLACE_H

#include <stdbool.h>
#include <stdint.h>

typedef enum { PLACE_METROPOLE, PLACE_OVERSEAS, PLACE_ABROAD } place_zone_t;

typedef struct {
    const char *code; /* "75", "2A", "974"; "etranger": abroad */
    place_zone_t zone;
} place_t;

/* A département, an overseas collectivity (975, 977, 978, 984, 986, 987, 988) or "etranger". NULL
 * is Paris. False: no such code. `code` is borrowed. */
bool place_find(const char *code, place_t *ret_place);

/* In French: "La Réunion", "l'étranger"; "la métropole" for all of it. Static. */
const char *place_name(const place_t *place);

/* The local day of an instant at the place, by the rules of summer time as they are since 2007;
 * abroad counts as Paris. */
int64_t place_day_of(const place_t *place, int64_t time_ms);

/* The instant when a local day ends (24:00 at the place). */
int64_t place_day_end(const place_t *place, int64_t day);

/* The French name of the public holiday that a day is at the place, or NULL. The 11 national ones
 * (Code du travail L3133-1), those of Alsace-Moselle (57, 67, 68: ordinance of 16 August 1892), and
 * the days that recall the abolition of slavery overseas (L3422-2; decree 83-1003). */
const char *place_holiday(const place_t *place, int64_t day);

/* Why nothing ends on a day: "samedi", "dimanche" or a holiday's name; NULL: it is a working day.
 */
const char *place_day_off(const place_t *place, int64_t day);

#endif
