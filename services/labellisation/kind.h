/* kind.h - the kinds of matters: what a procedure may have a machine for. The table is all that the
 * engine knows of a kind.
 *
 * A new kind is
 *   1. a value of machine_kind_t and a row of `kinds`, with the kinds that its parent may be;
 *   2. a member of definition_machines in proto/process_definition.schema.json, after which a
 *      definition may give it a machine; one that does not use the kind leaves it out;
 *   3. how one is made: matter_create for who asks, matter_create_child (kin.h) for an effect;
 *   4. its messages: proto/NAME.schema.json, rows of labellisation_routes, handlers of a few lines
 *      over serve.h (get, list by parent, transition, transitions, history, texts, verify) with a
 *      view of its own over view_matter;
 *   5. what its transitions need beyond facts: rows of the guards' and effects' tables (guards.c,
 *      effects.c; the functions stand in the kind's own files), their names in the schema, and its
 *      own tables in a migration.
 * History, chain, versions, conflicts, timers, rights, texts and announcements (NAME.created,
 * NAME.transitioned: proto's matter_event) then come from the engine. */
#ifndef KIND_H
#define KIND_H

#include <stdbool.h>
#include <stdint.h>

typedef enum {
    MACHINE_DOSSIER,
    MACHINE_LABEL,
    MACHINE_APPEL,
    MACHINE_REVIEW,
    MACHINE_COMMITTEE,
    MACHINE_SESSION,
    MACHINE_AUTHORITY,
    MACHINE_REMEDY,
    MACHINE_COUNT,
    MACHINE_NONE = MACHINE_COUNT,
} machine_kind_t;

typedef struct {
    const char *name;               /* in definitions, SQL and events: "dossier" */
    const char *path;               /* its resources: "dossiers" */
    const char *const *given_facts; /* facts that its creation is given, NULL at the end */
    uint32_t parents;               /* bits (kind_bit) of what its parent may be; 0: it has none */
    bool open;                      /* anyone may read it; not its history */
    bool inner;                     /* the structure that its parent is about does not see it */
} kind_t;

extern const kind_t kinds[MACHINE_COUNT];

uint32_t kind_bit(machine_kind_t kind);
/* MACHINE_NONE if there is no kind of this name (NULL too). */
machine_kind_t kind_parse(const char *name);
bool kind_gives(machine_kind_t kind, const char *fact);

#endif
