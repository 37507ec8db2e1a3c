/* handler.h - what the handlers share: finding what is asked about, and refusing. Store thread. */
#ifndef HANDLER_H
#define HANDLER_H

#include "history.h"
#include "kin.h"
#include "labellisation.h"
#include "matter.h"
#include "pia/request.h"

enum { PAGE_LIMIT = 50 }; /* items in a page when the asker says nothing */

/* Refuses with `problem`, or with words for `status` if it was not filled. */
void handler_fail(pia_request_t **request_p, pia_status_t status, pia_problem_t *problem);

/* A matter that was asked about. */
typedef struct {
    matter_t matter;
    uint32_t roles; /* the asker's on it (matter_roles) */
} handler_found_t;

/* Reads a matter, with its due timers applied. One that the asker may not see is PIA_NOT_FOUND. On
 * success the caller clears it. */
pia_status_t handler_find(labellisation_t *self,
                          const pia_request_t *request,
                          machine_kind_t kind,
                          const char *id,
                          handler_found_t *ret_found,
                          pia_problem_t *problem);

/* The same for what lies inside: of a kind that anyone may read it is PIA_FORBIDDEN to those who
 * are neither its holder nor readers; and to who is asked to review it, whatever other roles that
 * person has, of a dossier until it has declared to have no interest, and of others' reviews of
 * that dossier until its own report is filed. To who has an interest in a dossier, or is recused
 * from it, it is PIA_FORBIDDEN by any role. */
pia_status_t handler_find_inner(labellisation_t *self,
                                const pia_request_t *request,
                                machine_kind_t kind,
                                const char *id,
                                handler_found_t *ret_found,
                                pia_problem_t *problem);

/* The same for what the asker may do with it, before a declaration too. */
pia_status_t handler_find_to_move(labellisation_t *self,
                                  const pia_request_t *request,
                                  machine_kind_t kind,
                                  const char *id,
                                  handler_found_t *ret_found,
                                  pia_problem_t *problem);

/* The last of these alone. */
pia_status_t handler_check_declared(pia_db_t *db,
                                    const pia_principal_t *principal,
                                    const handler_found_t *found,
                                    pia_problem_t *problem);

typedef struct {
    machine_kind_t kind;
    const char *id, *transition;
    int64_t version;
    const json_t *data; /* may be NULL */
} handler_move_t;

/* Makes a transition that was asked for. As handler_find. */
pia_status_t handler_move(labellisation_t *self,
                          const pia_request_t *request,
                          const handler_move_t *asked,
                          handler_found_t *ret_found,
                          pia_problem_t *problem);

/* A matter to be made that belongs to nothing. */
typedef struct {
    machine_kind_t kind;
    const json_t *process;  /* proto's process_choice; NULL: the configured one */
    const char *transition; /* a creation; NULL: the machine's first */
    const json_t *data;     /* of the creation; NULL: none */
    json_t *card, *facts;   /* taken, also on failure; facts NULL: none */
    const char *person;     /* NULL: nobody's */
    bool demonstration;
    /* Looks at the card under its definition, before the creation; NULL: nothing to look at. */
    pia_status_t (*check)(const matter_t *matter, pia_problem_t *problem);
} handler_create_t;

/* Makes it. PIA_INVALID, PIA_FORBIDDEN, PIA_CONFLICT, PIA_NOT_FOUND. The caller clears it, also on
 * failure. */
pia_status_t handler_create(labellisation_t *self,
                            const pia_request_t *request,
                            handler_create_t *asked,
                            handler_found_t *ret_found,
                            pia_problem_t *problem);

/* Makes `child` (consumed) of a matter that was found, whose transition is not named: as the asker
 * does it now. Clears the parent; as handler_find for the child. */
pia_status_t handler_create_child(labellisation_t *self,
                                  const pia_request_t *request,
                                  handler_found_t *parent,
                                  child_t *child,
                                  handler_found_t *ret_child,
                                  pia_problem_t *problem);

/* Whether the asker reads more in lists than what is its own, its structure's or assigned to it. */
bool handler_reads_all(const pia_principal_t *principal);

/* The asker, as a reader of the history of what was found; of a meeting about a dossier of its own
 * structure it reads only what it did itself. */
history_reader_t handler_reader(const handler_found_t *found, const pia_principal_t *principal);

/* A page of the history of what was found, after the cursor `after` (NULL: from the first). */
pia_status_t handler_history(labellisation_t *self,
                             const handler_found_t *found,
                             const pia_request_t *request,
                             const char *after,
                             json_t **ret_page,
                             pia_problem_t *problem);

/* The id in a cursor, "" for NULL; PIA_INVALID. */
pia_status_t handler_after(const char *after, const char **ret_id, pia_problem_t *problem);

/* A cursor in a list of versions: NAME.VERSION. */
typedef struct {
    char name[PIA_POINTER_MAX];
    int64_t version;
} handler_cursor_t;

/* "" and 0 for NULL; PIA_INVALID. */
pia_status_t
handler_read_cursor(const char *after, handler_cursor_t *ret_cursor, pia_problem_t *problem);

/* A page of `cards` (taken), which may be one more than `limit`: that one is cut, and `next` says
 * where the next page begins. The caller owns it. */
json_t *handler_version_page(json_t *cards, int64_t limit);

/* Whether all `codes` are among `known`, each once; PIA_INVALID at /LIST/INDEX. NULL: none. */
pia_status_t handler_check_codes(const json_t *codes,
                                 const json_t *known,
                                 const char *list,
                                 pia_problem_t *problem);

#endif
