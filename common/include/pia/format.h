/* format.h - the one list of text formats: its C name, and its name in proto/ schemas. The
 * generator reads this list too, so a schema cannot ask for a format that nobody checks.
 *
 *   uuid         8-4-4-4-12 hexadecimal digits
 *   code         lower-case letters, digits, inner single hyphens, starts with a letter, <= 63
 *   siren siret  Luhn; La Poste's establishments by their own rule
 *   date         a day of the calendar, 1970 to 9999: 2026-11-26
 *   date-time    RFC 3339 with offset, 1970 to 9999
 *   email        one plain ASCII address: no names, quotes, comments, line ends; <= 254
 *   url          http or https, host, no user, printable ASCII; <= 2048
 *   cursor       opaque printable ASCII without spaces or quotes; <= 512
 *   commune      INSEE code whose département exists
 *   territory    commune:CODE, epci:SIREN, departement:CODE or region:CODE
 *   departement  INSEE code of one that exists
 *   region       INSEE code of one that exists
 *   language     two lower-case letters
 *   api-key      letters, digits, - . _ ; 16 to 128
 *   role         a role's name (principal.h)
 *   event-type   words of lower-case letters, digits, _ and - joined by dots; <= 128 */
#ifndef PIA_FORMAT_H
#define PIA_FORMAT_H

#include <stdbool.h>

#define PIA_FORMAT_MAP(X)                                                                          \
    X(uuid, "uuid")                                                                                \
    X(code, "code")                                                                                \
    X(siren, "siren")                                                                              \
    X(siret, "siret")                                                                              \
    X(date, "date")                                                                                \
    X(date_time, "date-time")                                                                      \
    X(email, "email")                                                                              \
    X(url, "url")                                                                                  \
    X(cursor, "cursor")                                                                            \
    X(commune, "commune")                                                                          \
    X(territory, "territory")                                                                      \
    X(departement, "departement")                                                                  \
    X(region, "region")                                                                            \
    X(language, "language")                                                                        \
    X(api_key, "api-key")                                                                          \
    X(role, "role")                                                                                \
    X(event_type, "event-type")

/* Whether a text has one of these formats; asserts that the name is in the list. */
bool pia_format_check(const char *format, const char *text);

#endif
