/* session_view.h - a meeting as proto/ shows it, names and texts filled in. Store thread. */
#ifndef SESSION_VIEW_H
#define SESSION_VIEW_H

#include "view.h"

/* Without the votes on dossiers of the asker's structure. */
view_fn view_session, view_session_card; /* the card: without agenda and sittings, for lists */

/* Whether a dossier of this structure is on the agenda: its people, though they may sit, read
 * neither the votes on it nor what would tell them. */
bool session_concerns(const matter_t *session, const char *structure);

/* The agenda or the sittings, with names and texts in the place of their hashes; the caller owns
 * it. Texts of opinions and dissents are left out once they have more than `texts_max` bytes. */
pia_status_t
session_view_items(pia_db_t *db, const matter_t *session, size_t texts_max, json_t **ret_items);
pia_status_t session_view_sittings(pia_db_t *db, const matter_t *session, json_t **ret_sittings);

#endif
