/* labellisation.h - the service's state: its database and the definitions that it knows. */
#ifndef LABELLISATION_H
#define LABELLISATION_H

#include <stdbool.h>

#include "blob.h"
#include "file_part.h"
#include "format.h"
#include "library.h"
#include "pia/fresh.h"
#include "pia/service.h"
#include "pia/signing_key.h"

/* The export whose parts are being asked for. */
typedef struct {
    char whose[192]; /* dossier, version, asker, roles */
    file_t file;
    int64_t until_ms; /* monotonic */
} export_kept_t;

/* What uploads may take. */
typedef struct {
    int64_t file_max, dossier_max; /* bytes */
    int64_t upload_kept_ms;        /* after its last part */
} upload_limits_t;

typedef struct {
    const char *process;      /* name of the definition that new dossiers follow */
    const char *definitions;  /* folder of further definitions; "" none */
    export_kept_t export;     /* store thread */
    const char *public_url;   /* of the gateway, without a slash at its end */
    pia_signing_key_t key;    /* store thread: signs the heads of the log (evidence.h) */
    int64_t keep_ms;          /* store thread, monotonic: when the log is next looked at */
    pia_db_t *db;             /* store thread */
    pia_cache_t *cache;       /* store thread */
    pia_fresh_t fresh;        /* store thread: for the cache, once committed */
    library_t *library;       /* store thread */
    blob_store_t *blobs;      /* store thread */
    format_reader_t *formats; /* store thread */
    upload_limits_t limits;
    int64_t tidied_ms; /* monotonic: when uploads and blobs were last looked at */
    bool tidy;         /* after this batch files that no row names may go */
    uint64_t moved;    /* transitions that people asked for and that were made */
    uint64_t timed;    /* matters whose timers were due, in ticks */
    uint64_t cached;   /* values set in the cache */
} labellisation_t;

extern const pia_route_t labellisation_routes[];
extern const pia_migration_t labellisation_migrations[];
extern const pia_option_t labellisation_options[];

/* Callbacks of pia_service_t; `arg` is a labellisation_t. */
pia_status_t labellisation_open(void *arg, const pia_context_t *context, pia_problem_t *problem);
pia_status_t labellisation_tick(void *arg, int64_t now_ms);
pia_status_t labellisation_on_event(void *arg, const pia_event_t *event);
void labellisation_stats(void *arg, json_t *stats);
void labellisation_committed(void *arg);
void labellisation_rolled_back(void *arg);

/* Handlers, one a message. */
pia_handler_fn handle_dossier_create, handle_dossier_get, handle_dossier_list,
    handle_dossier_transition, handle_dossier_transitions, handle_dossier_history,
    handle_dossier_verify, handle_dossier_reviews, handle_dossier_texts, handle_label_get,
    handle_label_list, handle_label_transition, handle_label_transitions, handle_label_history,
    handle_process_get, handle_process_list, handle_deadline_compute, handle_deadline_rules,
    handle_evidence_head, handle_evidence_consistency, handle_evidence_verify, handle_dossier_proof,
    handle_label_proof, handle_certificate_get, handle_label_certificate, handle_dossier_export;

/* Frees the kept export if nobody has asked for a part for a minute; or at once. */
void export_forget(labellisation_t *self, bool at_once);
pia_handler_fn handle_section_list, handle_section_get, handle_section_save,
    handle_section_versions, handle_piece_list, handle_upload_create, handle_upload_get,
    handle_upload_put, handle_upload_finish, handle_upload_remove, handle_attachment_read,
    handle_attachment_remove, handle_completion_list, handle_receipt_get, handle_message_list,
    handle_message_send, handle_message_read, handle_note_list, handle_note_add;
pia_handler_fn handle_dossier_deadline, handle_process_check, handle_process_simulate;
pia_handler_fn handle_appel_create, handle_appel_get, handle_appel_list, handle_appel_transition,
    handle_appel_transitions, handle_appel_history, handle_appel_texts, handle_appel_verify;
pia_handler_fn handle_review_create, handle_review_get, handle_review_list,
    handle_review_transition, handle_review_transitions, handle_review_history, handle_review_texts,
    handle_review_verify, handle_review_propose, handle_reviewer_put, handle_reviewer_get,
    handle_draft_get, handle_draft_save;
pia_handler_fn handle_committee_create, handle_committee_get, handle_committee_list,
    handle_committee_transition, handle_committee_transitions, handle_committee_history,
    handle_committee_texts, handle_committee_verify;
pia_handler_fn handle_authority_create, handle_authority_get, handle_authority_list,
    handle_authority_transition, handle_authority_transitions, handle_authority_history,
    handle_authority_texts, handle_authority_verify;
pia_handler_fn handle_session_create, handle_session_get, handle_session_list,
    handle_session_transition, handle_session_transitions, handle_session_history,
    handle_session_texts, handle_session_verify, handle_session_convocation, handle_session_minutes;
pia_handler_fn handle_decision_batch, handle_decision_get;
pia_handler_fn handle_remedy_create, handle_remedy_get, handle_remedy_list,
    handle_remedy_transition, handle_remedy_transitions, handle_remedy_history, handle_remedy_texts,
    handle_remedy_verify, handle_remedy_deadline, handle_label_texts, handle_label_verify;
pia_handler_fn handle_specification_create, handle_specification_get, handle_specification_list;

#endif
