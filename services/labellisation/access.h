/* access.h - who reads and who writes what a dossier holds. Store thread. */
#ifndef ACCESS_H
#define ACCESS_H

#include "handler.h"

typedef enum {
    ACCESS_READ,   /* its sections, pieces, requests, receipts */
    ACCESS_DRAFT,  /* write its sections */
    ACCESS_ATTACH, /* attach files */
    ACCESS_LETTER, /* the letters with the candidate */
    ACCESS_NOTE,   /* notes that the candidate never sees */
} access_t;

/* Whether someone with these roles on the dossier (of matter_roles) has this access now. */
bool access_allows(const matter_t *dossier, uint32_t roles, access_t access);

/* Finds a dossier for this access, and for one that writes keeps it from being moved until the
 * transaction ends. PIA_NOT_FOUND; PIA_FORBIDDEN; PIA_CONFLICT: not in this state. On success the
 * caller clears the matter. */
pia_status_t access_find(labellisation_t *self,
                         const pia_request_t *request,
                         const char *dossier,
                         access_t access,
                         handler_found_t *ret_found,
                         pia_problem_t *problem);

/* Answers with `json` (takes it; may be NULL) and the version, or refuses. */
void access_answer(pia_request_t **request_p,
                   pia_status_t status,
                   json_t *json,
                   int64_t version,
                   pia_problem_t *problem);

/* "/persons/UUID" of an author for those who may know it: its own side and the secretariat; NULL.
 */
const char *access_author(uint32_t roles, const char *author);

#endif
