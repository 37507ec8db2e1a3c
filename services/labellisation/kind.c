/* kind.c - the table of kinds. */
#include "kind.h"

#include <stddef.h>
#include <string.h>

static const char *const none[] = {NULL};
static const char *const of_label[] = {"from", "until", "midterm", "begins", "renewable", NULL};
static const char *const of_remedy[] = {"nature", "notified", "sent", "received", NULL};
static const char *const of_appel[] = {"opens", "closes", NULL};
static const char *const of_session[] = {"day", NULL};

enum {
    OF_DOSSIER = 1 << MACHINE_DOSSIER,
    OF_LABEL = 1 << MACHINE_LABEL,
    OF_APPEL = 1 << MACHINE_APPEL,
    OF_COMMITTEE = 1 << MACHINE_COMMITTEE,
};

const kind_t kinds[MACHINE_COUNT] = {
    [MACHINE_DOSSIER] = {"dossier", "dossiers", none, OF_APPEL, false},
    [MACHINE_LABEL] = {"label", "labels", of_label, OF_DOSSIER, true},
    [MACHINE_APPEL] = {"appel", "appels", of_appel, 0, true},
    [MACHINE_REVIEW] = {"review", "reviews", none, OF_DOSSIER, false, .inner = true},
    [MACHINE_COMMITTEE] = {"committee", "committees", none, 0, false},
    [MACHINE_SESSION] = {"session", "sessions", of_session, OF_COMMITTEE, false, .inner = true},
    [MACHINE_AUTHORITY] = {"authority", "authorities", of_label, 0, false},
    [MACHINE_REMEDY] = {"remedy", "remedies", of_remedy, OF_DOSSIER | OF_LABEL, false},
};

uint32_t kind_bit(machine_kind_t kind)
{
    return (uint32_t)1 << kind;
}

machine_kind_t kind_parse(const char *name)
{
    int kind = MACHINE_DOSSIER;
    while (name && kind < MACHINE_COUNT && strcmp(kinds[kind].name, name) != 0)
        kind++;
    return name ? (machine_kind_t)kind : MACHINE_NONE;
}

bool kind_gives(machine_kind_t kind, const char *fact)
{
    for (const char *const *given = kinds[kind].given_facts; *given; given++)
        if (strcmp(*given, fact) == 0)
            return true;
    return false;
}
