/* commune.h - communes and the EPCI (intercommunal bodies) they belong to. Codes are texts: INSEE's
 * for a commune, a SIREN for an EPCI. The tables are those of the year of common/reference: a code
 * that they do not have belongs to nothing. Any thread. */
#ifndef PIA_COMMUNE_H
#define PIA_COMMUNE_H

/* The EPCI of a commune, static; NULL: none, or no such commune. */
const char *pia_commune_epci(const char *commune);

/* The départements that an EPCI has communes in, one after another: the first for NULL, then the
 * one after `departement`; NULL after the last, or if there is no such EPCI. Static. */
const char *pia_epci_next_departement(const char *epci, const char *departement);

#endif
