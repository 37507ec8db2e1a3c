/* rights.c - who may append which event. */
#include "rights.h"

#include <string.h>

#include "pia/format.h"

enum { ENTRY_MAX = 64, ENTRIES_MAX = 100 };

/* First words of event types that only services use: a pôle cannot speak for them. */
static const char *const reserved_words[] = {
    "audience",  "broker",        "clock",        "commune",       "contact", "delivery",
    "diffusion", "dossier",       "gateway",      "inbox",         "journal", "key",
    "label",     "labellisation", "notification", "notifications", "person",  "pole",
    "principal", "process",       "reference",    "registry",      "review",  "service",
    "structure", "subscription",  NULL,
};

static const char SERVICE_PREFIX[] = "/services/";

static bool is_reserved(const char *type)
{
    size_t size = strcspn(type, ".");
    for (const char *const *word = reserved_words; *word; word++) {
        if (strlen(*word) == size && memcmp(*word, type, size) == 0)
            return true;
    }
    return false;
}

static pia_status_t
check_pole(const pia_principal_t *principal, const attributes_t *attributes, pia_problem_t *problem)
{
    const char *type = attributes->value[ATTRIBUTE_TYPE];
    if (!(principal->roles & PIA_ROLE_POLE) ||
        !pia_principal_acts_for_pole(principal, attributes->value[ATTRIBUTE_POLE]))
        return pia_problem_set(problem, PIA_FORBIDDEN, "/source",
                               "The token does not act for this pôle.");
    if (is_reserved(type))
        return pia_problem_set(problem, PIA_FORBIDDEN, "/type",
                               "Only services make events of this type.");
    if (strncmp(type, "publication.", 12) == 0 && !attributes_is_publication(type))
        return pia_problem_set(problem, PIA_INVALID, "/type",
                               "A publication is published, changed or cancelled.");
    return PIA_OK;
}

static pia_status_t
check_service(const pia_principal_t *principal, const char *type, pia_problem_t *problem)
{
    if (!(principal->roles & PIA_ROLE_SERVICE))
        return pia_problem_set(problem, PIA_FORBIDDEN, "/source", "The token is not a service's.");
    if (strncmp(type, "publication.", 12) == 0)
        return pia_problem_set(problem, PIA_FORBIDDEN, "/type", "Only a pôle publishes.");
    return PIA_OK;
}

pia_status_t rights_check_append(const pia_principal_t *principal,
                                 const attributes_t *attributes,
                                 pia_problem_t *problem)
{
    const char *source = attributes->value[ATTRIBUTE_SOURCE];
    if (principal->roles == PIA_ROLE_NONE)
        return pia_problem_set(problem, PIA_UNAUTHENTICATED, "",
                               "Events are appended with a token.");
    if (attributes_pole_of(source))
        return check_pole(principal, attributes, problem);
    if (strncmp(source, SERVICE_PREFIX, sizeof SERVICE_PREFIX - 1) == 0 &&
        strcmp(source, principal->subject) == 0)
        return check_service(principal, attributes->value[ATTRIBUTE_TYPE], problem);
    return pia_problem_set(problem, PIA_FORBIDDEN, "/source",
                           "The token does not speak for this source.");
}

static bool entry_valid(const char *entry)
{
    if (strncmp(entry, "role:", 5) == 0)
        return pia_role_parse(entry + 5) != PIA_ROLE_NONE;
    if (strncmp(entry, "person:", 7) == 0)
        return pia_format_check("uuid", entry + 7);
    if (strncmp(entry, "structure:", 10) == 0)
        return pia_format_check("uuid", entry + 10);
    return false;
}

bool rights_list_valid(const char *list)
{
    const char *item = NULL;
    size_t size = 0;
    int count = 0;
    size_t length = strlen(list);
    if (length == 0 || list[length - 1] == ',')
        return false;
    while (attributes_list_next(&list, &item, &size)) {
        char entry[ENTRY_MAX];
        if (size == 0 || size >= sizeof entry || ++count > ENTRIES_MAX)
            return false;
        memcpy(entry, item, size);
        entry[size] = '\0';
        if (!entry_valid(entry))
            return false;
    }
    return true;
}
