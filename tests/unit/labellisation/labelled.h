/* labelled.h - a bench with labels, for the tests of their life. */
#ifndef LABELLED_H
#define LABELLED_H

#include "bench.h"

#define REASONS "'motifs_droit': 'CRPA, article L242-2.', 'motifs_fait': 'Aucune action.'"

/* Sets the bench's moment. */
void at(const char *text);

/* Signs a dossier that waits for its decision, at the bench's moment; the label that it leads to.
 */
void sign(const char *dossier, char ret_label[PIA_UUID_TEXT_SIZE]);

/* A label by the default path, and its dossier. */
void award(char ret_dossier[PIA_UUID_TEXT_SIZE], char ret_label[PIA_UUID_TEXT_SIZE]);

/* As move_as and go, of a label or a remedy. */
pia_status_t move_label(
    const char *id, const char *person, uint32_t role, const char *transition, const char *data);
void go_label(
    const char *id, const char *person, uint32_t role, const char *transition, const char *data);
pia_status_t move_remedy(
    const char *id, const char *person, uint32_t role, const char *transition, const char *data);
void go_remedy(
    const char *id, const char *person, uint32_t role, const char *transition, const char *data);

/* The secretariat's notice of what is intended with a label, with a day until which its holder may
 * present observations. */
pia_status_t
open_procedure(const char *label, const char *measure, const char *basis, const char *until);

/* Files a remedy, as a person with one role (a candidate is of STRUCTURE); a refusal is left in the
 * bench's problem. `data`: JSON with single quotes. */
typedef struct {
    machine_kind_t kind; /* of what it is against */
    const char *id, *transition, *data;
    uint32_t role;
} filing_t;
pia_status_t file_remedy(const filing_t *filing, char ret_id[PIA_UUID_TEXT_SIZE]);

/* What a remedy's view says of its count; last_day NULL: no time runs. */
void assert_counted(const char *id, const char *last_day, bool late);

/* A fact of a matter, a text; NULL: none must be there. */
void assert_fact(machine_kind_t kind, const char *id, const char *fact, const char *expected);
void assert_label(const char *label, const char *state);

/* What the certificate says of a day: standing, and what was shown then ("" the same). */
void assert_on(const char *label, const char *day, const char *standing, const char *then);

/* The letter that the last such transition wrote; the caller frees it. */
char *letter_of(const char *transition);

/* Fails the test unless the transition was made once, with effect at this instant. */
void assert_made_at(const char *transition, const char *expected);

#endif
