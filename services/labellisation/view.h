/* view.h - matters as proto/ shows them, to those who may see them. Store thread. */
#ifndef VIEW_H
#define VIEW_H

#include <jansson.h>

#include "labellisation.h"
#include "matter.h"
#include "pia/principal.h"

/* A matter of one kind, for someone with these roles of matter_roles; the caller owns it. */
typedef pia_status_t view_fn(pia_db_t *db,
                             const matter_t *matter,
                             const pia_principal_t *principal,
                             uint32_t roles,
                             json_t **ret_json);

/* A review is shown without its facts to who writes another one, and without its person to who has
 * an interest in the dossier. */
view_fn view_review, view_dossier;

/* What all kinds have in common; a view of a kind adds to it. Its facts are for readers. */
json_t *view_matter(const matter_t *matter, uint32_t roles);

/* A label; the same for everyone. The caller owns it. */
pia_status_t view_label(pia_db_t *db, const matter_t *label, json_t **ret_json);

/* What someone with these roles may do with it now: proto's transition_list. */
pia_status_t view_transitions(const labellisation_t *self,
                              matter_t *matter,
                              const pia_principal_t *principal,
                              uint32_t roles,
                              json_t **ret_json);

/* Whether these roles make a reader (who sees reviews and signatures too). */
bool view_is_reader(const matter_t *matter, uint32_t roles);

#endif
