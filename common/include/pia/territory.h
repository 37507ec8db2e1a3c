/* territory.h - which région a département or commune lies in. Codes are texts: "01", "2A", "974".
 */
#ifndef PIA_TERRITORY_H
#define PIA_TERRITORY_H

#include <stddef.h>

/* The région's code, static; NULL for an unknown département. Any thread. */
const char *pia_territory_region_of(const char *departement);

/* Whether a région (or other territory) of this code exists. */
int pia_territory_has_region(const char *region);

/* The régions and other territories, one after another: the first for NULL, then the one after
 * `region`; NULL after the last. Static. Any thread. */
const char *pia_territory_next_region(const char *region);

/* The départements of a région, one after another in a fixed order: the first for NULL, then the
 * one after `departement`; NULL after the last. Static. Any thread. */
const char *pia_territory_next_departement(const char *region, const char *departement);

/* The département of a commune's INSEE code: its first 2 characters, or 3 from "97" on. Writes at
 * most 4 bytes with the NUL. */
void pia_territory_departement_of(const char *commune, char ret_departement[4]);

#endif
