/* territory.h - which région a département or commune lies in. Codes are texts: "01", "2A", "974".
 */
#ifndef PIA_TERRITORY_H
#define PIA_TERRITORY_H

#include <stddef.h>

/* The région's code, static; NULL for an unknown département. Any thread. */
const char *pia_territory_region_of(const char *departement);

/* Whether a région (or other territory) of this code exists. */
int pia_territory_has_region(const char *region);

/* The département of a commune's INSEE code: its first 2 characters, or 3 from "97" on. Writes at
 * most 4 bytes with the NUL. */
void pia_territory_departement_of(const char *commune, char ret_departement[4]);

#endif
