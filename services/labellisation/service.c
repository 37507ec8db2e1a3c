/* service.c - what the labellisation can be asked, and what it does by itself. */
#include <dirent.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "evidence.h"
#include "json_line.h"
#include "labellisation.h"
#include "office.h"
#include "overdue.h"
#include "people.h"
#include "pia/clock.h"
#include "pia/db_file.h"
#include "pia/log.h"
#include "pia/memory.h"
#include "proto/appel.h"
#include "proto/authority.h"
#include "proto/certificate.h"
#include "proto/committee.h"
#include "proto/deadline.h"
#include "proto/decision.h"
#include "proto/dossier.h"
#include "proto/evidence.h"
#include "proto/label.h"
#include "proto/letter.h"
#include "proto/piece.h"
#include "proto/process.h"
#include "proto/receipt.h"
#include "proto/remedy.h"
#include "proto/review.h"
#include "proto/section.h"
#include "proto/session.h"
#include "proto/specification.h"
#include "specification.h"
#include "upload.h"

enum {
    REVIEWS = PIA_ROLE_SECRETARIAT | PIA_ROLE_INSTRUCTEUR | PIA_ROLE_COMMITTEE |
              PIA_ROLE_SIGNATORY | PIA_ROLE_REVIEWER | PIA_ROLE_SERVICE,
    WRITES = PIA_ROLE_SECRETARIAT | PIA_ROLE_INSTRUCTEUR,
    BODY = PIA_ROLE_SECRETARIAT | PIA_ROLE_INSTRUCTEUR | PIA_ROLE_COMMITTEE | PIA_ROLE_SIGNATORY |
           PIA_ROLE_SERVICE,
    CONTROL = PIA_ROLE_SECRETARIAT | PIA_ROLE_INSTRUCTEUR | PIA_ROLE_OPERATOR,
    OFFICE = PIA_ROLE_SECRETARIAT | PIA_ROLE_INSTRUCTEUR,
    KEEP_LOOK_MS = 60000,
    TIDY_MS = 1000,
};

const pia_route_t labellisation_routes[] = {
    {&pia_msg_labellisation_dossier_create, PIA_ROLE_ANY, handle_dossier_create},
    {&pia_msg_labellisation_dossier_get, PIA_ROLE_ANY, handle_dossier_get},
    {&pia_msg_labellisation_dossier_deadline, PIA_ROLE_ANY, handle_dossier_deadline},
    {&pia_msg_labellisation_dossier_list, PIA_ROLE_ANY, handle_dossier_list},
    {&pia_msg_labellisation_dossier_transition, PIA_ROLE_ANY, handle_dossier_transition},
    {&pia_msg_labellisation_dossier_transitions, PIA_ROLE_ANY, handle_dossier_transitions},
    {&pia_msg_labellisation_dossier_history, PIA_ROLE_ANY, handle_dossier_history},
    {&pia_msg_labellisation_dossier_texts, PIA_ROLE_ANY, handle_dossier_texts},
    {&pia_msg_labellisation_dossier_verify, CONTROL, handle_dossier_verify},
    {&pia_msg_labellisation_dossier_reviews, REVIEWS | PIA_ROLE_CANDIDAT, handle_dossier_reviews},
    {&pia_msg_labellisation_dossier_proof, PIA_ROLE_ANY, handle_dossier_proof},
    {&pia_msg_labellisation_dossier_export, PIA_ROLE_ANY, handle_dossier_export},
    {&pia_msg_labellisation_label_certificate, PIA_ROLE_ANY, handle_label_certificate},
    {&pia_msg_labellisation_certificate_get, PIA_ROLE_PUBLIC, handle_certificate_get},
    {&pia_msg_labellisation_label_proof, PIA_ROLE_ANY, handle_label_proof},
    {&pia_msg_labellisation_evidence_head, PIA_ROLE_PUBLIC, handle_evidence_head},
    {&pia_msg_labellisation_evidence_consistency, PIA_ROLE_PUBLIC, handle_evidence_consistency},
    {&pia_msg_labellisation_evidence_verify, CONTROL, handle_evidence_verify},
    {&pia_msg_labellisation_section_list, PIA_ROLE_ANY, handle_section_list},
    {&pia_msg_labellisation_section_get, PIA_ROLE_ANY, handle_section_get},
    {&pia_msg_labellisation_section_save, PIA_ROLE_ANY, handle_section_save},
    {&pia_msg_labellisation_section_versions, PIA_ROLE_ANY, handle_section_versions},
    {&pia_msg_labellisation_piece_list, PIA_ROLE_ANY, handle_piece_list},
    {&pia_msg_labellisation_upload_create, PIA_ROLE_ANY, handle_upload_create},
    {&pia_msg_labellisation_upload_get, PIA_ROLE_ANY, handle_upload_get},
    {&pia_msg_labellisation_upload_put, PIA_ROLE_ANY, handle_upload_put},
    {&pia_msg_labellisation_upload_finish, PIA_ROLE_ANY, handle_upload_finish},
    {&pia_msg_labellisation_upload_remove, PIA_ROLE_ANY, handle_upload_remove},
    {&pia_msg_labellisation_attachment_read, PIA_ROLE_ANY, handle_attachment_read},
    {&pia_msg_labellisation_attachment_remove, PIA_ROLE_ANY, handle_attachment_remove},
    {&pia_msg_labellisation_completion_list, PIA_ROLE_ANY, handle_completion_list},
    {&pia_msg_labellisation_receipt_get, PIA_ROLE_ANY, handle_receipt_get},
    {&pia_msg_labellisation_message_list, PIA_ROLE_ANY, handle_message_list},
    {&pia_msg_labellisation_message_send, PIA_ROLE_ANY, handle_message_send},
    {&pia_msg_labellisation_message_read, PIA_ROLE_ANY, handle_message_read},
    {&pia_msg_labellisation_note_list, OFFICE, handle_note_list},
    {&pia_msg_labellisation_note_add, OFFICE, handle_note_add},
    {&pia_msg_labellisation_label_get, PIA_ROLE_PUBLIC, handle_label_get},
    {&pia_msg_labellisation_label_list, PIA_ROLE_PUBLIC, handle_label_list},
    {&pia_msg_labellisation_label_transition, PIA_ROLE_ANY, handle_label_transition},
    {&pia_msg_labellisation_label_transitions, PIA_ROLE_ANY, handle_label_transitions},
    {&pia_msg_labellisation_label_history, PIA_ROLE_ANY, handle_label_history},
    {&pia_msg_labellisation_label_texts, PIA_ROLE_ANY, handle_label_texts},
    {&pia_msg_labellisation_label_verify, CONTROL, handle_label_verify},
    {&pia_msg_labellisation_process_get, PIA_ROLE_PUBLIC, handle_process_get},
    {&pia_msg_labellisation_process_list, PIA_ROLE_PUBLIC, handle_process_list},
    {&pia_msg_labellisation_process_check, PIA_ROLE_ANY, handle_process_check},
    {&pia_msg_labellisation_process_simulate, CONTROL, handle_process_simulate},
    {&pia_msg_labellisation_specification_create, WRITES, handle_specification_create},
    {&pia_msg_labellisation_specification_get, PIA_ROLE_PUBLIC, handle_specification_get},
    {&pia_msg_labellisation_specification_list, PIA_ROLE_PUBLIC, handle_specification_list},
    {&pia_msg_labellisation_appel_create, PIA_ROLE_ANY, handle_appel_create},
    {&pia_msg_labellisation_appel_get, PIA_ROLE_PUBLIC, handle_appel_get},
    {&pia_msg_labellisation_appel_list, PIA_ROLE_PUBLIC, handle_appel_list},
    {&pia_msg_labellisation_appel_transition, PIA_ROLE_ANY, handle_appel_transition},
    {&pia_msg_labellisation_appel_transitions, PIA_ROLE_ANY, handle_appel_transitions},
    {&pia_msg_labellisation_appel_history, PIA_ROLE_ANY, handle_appel_history},
    {&pia_msg_labellisation_appel_texts, PIA_ROLE_ANY, handle_appel_texts},
    {&pia_msg_labellisation_appel_verify, CONTROL, handle_appel_verify},
    {&pia_msg_labellisation_review_create, PIA_ROLE_ANY, handle_review_create},
    {&pia_msg_labellisation_review_get, REVIEWS, handle_review_get},
    {&pia_msg_labellisation_review_list, REVIEWS, handle_review_list},
    {&pia_msg_labellisation_review_transition, PIA_ROLE_ANY, handle_review_transition},
    {&pia_msg_labellisation_review_transitions, PIA_ROLE_ANY, handle_review_transitions},
    {&pia_msg_labellisation_review_history, REVIEWS, handle_review_history},
    {&pia_msg_labellisation_review_texts, REVIEWS, handle_review_texts},
    {&pia_msg_labellisation_reviewer_put, OFFICE | PIA_ROLE_REVIEWER, handle_reviewer_put},
    {&pia_msg_labellisation_reviewer_get, OFFICE | PIA_ROLE_REVIEWER, handle_reviewer_get},
    {&pia_msg_labellisation_review_propose, OFFICE, handle_review_propose},
    {&pia_msg_labellisation_draft_get, PIA_ROLE_REVIEWER, handle_draft_get},
    {&pia_msg_labellisation_draft_save, PIA_ROLE_REVIEWER, handle_draft_save},
    {&pia_msg_labellisation_review_verify, CONTROL, handle_review_verify},
    {&pia_msg_labellisation_committee_create, PIA_ROLE_ANY, handle_committee_create},
    {&pia_msg_labellisation_committee_get, BODY, handle_committee_get},
    {&pia_msg_labellisation_committee_list, BODY, handle_committee_list},
    {&pia_msg_labellisation_committee_transition, PIA_ROLE_ANY, handle_committee_transition},
    {&pia_msg_labellisation_committee_transitions, PIA_ROLE_ANY, handle_committee_transitions},
    {&pia_msg_labellisation_committee_history, BODY, handle_committee_history},
    {&pia_msg_labellisation_committee_texts, BODY, handle_committee_texts},
    {&pia_msg_labellisation_committee_verify, CONTROL, handle_committee_verify},
    {&pia_msg_labellisation_authority_create, PIA_ROLE_ANY, handle_authority_create},
    {&pia_msg_labellisation_authority_get, BODY, handle_authority_get},
    {&pia_msg_labellisation_authority_list, BODY, handle_authority_list},
    {&pia_msg_labellisation_authority_transition, PIA_ROLE_ANY, handle_authority_transition},
    {&pia_msg_labellisation_authority_transitions, PIA_ROLE_ANY, handle_authority_transitions},
    {&pia_msg_labellisation_authority_history, BODY, handle_authority_history},
    {&pia_msg_labellisation_authority_texts, BODY, handle_authority_texts},
    {&pia_msg_labellisation_authority_verify, CONTROL, handle_authority_verify},
    {&pia_msg_labellisation_session_create, PIA_ROLE_ANY, handle_session_create},
    {&pia_msg_labellisation_session_get, BODY, handle_session_get},
    {&pia_msg_labellisation_session_list, BODY, handle_session_list},
    {&pia_msg_labellisation_session_transition, PIA_ROLE_ANY, handle_session_transition},
    {&pia_msg_labellisation_session_transitions, PIA_ROLE_ANY, handle_session_transitions},
    {&pia_msg_labellisation_session_history, BODY, handle_session_history},
    {&pia_msg_labellisation_session_texts, BODY, handle_session_texts},
    {&pia_msg_labellisation_session_verify, CONTROL, handle_session_verify},
    {&pia_msg_labellisation_session_convocation, BODY, handle_session_convocation},
    {&pia_msg_labellisation_remedy_create, PIA_ROLE_ANY, handle_remedy_create},
    {&pia_msg_labellisation_remedy_get, PIA_ROLE_ANY, handle_remedy_get},
    {&pia_msg_labellisation_remedy_list, PIA_ROLE_ANY, handle_remedy_list},
    {&pia_msg_labellisation_remedy_transition, PIA_ROLE_ANY, handle_remedy_transition},
    {&pia_msg_labellisation_remedy_transitions, PIA_ROLE_ANY, handle_remedy_transitions},
    {&pia_msg_labellisation_remedy_history, PIA_ROLE_ANY, handle_remedy_history},
    {&pia_msg_labellisation_remedy_texts, PIA_ROLE_ANY, handle_remedy_texts},
    {&pia_msg_labellisation_remedy_verify, CONTROL, handle_remedy_verify},
    {&pia_msg_labellisation_remedy_deadline, PIA_ROLE_ANY, handle_remedy_deadline},
    {&pia_msg_labellisation_session_minutes, BODY, handle_session_minutes},
    {&pia_msg_labellisation_decision_batch, BODY, handle_decision_batch},
    {&pia_msg_labellisation_decision_get, PIA_ROLE_ANY, handle_decision_get},
    {&pia_msg_labellisation_deadline_compute, PIA_ROLE_PUBLIC, handle_deadline_compute},
    {&pia_msg_labellisation_deadline_rules, PIA_ROLE_PUBLIC, handle_deadline_rules},
    {NULL, 0, NULL},
};

/* Embedded by the build. */
extern const char labellisation_migration_1[], labellisation_migration_2[];
extern const char labellisation_migration_3[], labellisation_migration_4[];
extern const char labellisation_migration_5[];
extern const char labellisation_migration_6[], labellisation_migration_7[];
extern const char labellisation_migration_8[];
extern const char labellisation_migration_9[], labellisation_migration_10[];
extern const char label_pia_v1[], cahier_pia_v1[];

const pia_migration_t labellisation_migrations[] = {
    {1, labellisation_migration_1},
    {2, labellisation_migration_2},
    {3, labellisation_migration_3},
    {4, labellisation_migration_4},
    {5, labellisation_migration_5},
    {6, labellisation_migration_6},
    {7, labellisation_migration_7},
    {8, labellisation_migration_8},
    {9, labellisation_migration_9},
    {10, labellisation_migration_10},
    {0, NULL},
};

const pia_option_t labellisation_options[] = {
    {"labellisation", "process", PIA_OPTION_TEXT, "label-pia", 0, 0,
     "name of the process definition that new dossiers follow, in its latest version"},
    {"labellisation", "definitions", PIA_OPTION_TEXT, "", 0, 0,
     "folder of further process definitions (*.json), stored at start; empty: none"},
    {"labellisation", "public_url", PIA_OPTION_TEXT, "http://127.0.0.1:8080", 0, 0,
     "where the gateway is found by the public: certificates lead to URL/verification/NUMBER"},
    {"labellisation", "evidence_key", PIA_OPTION_TEXT, "evidence.key", 0, 0,
     "file of the key that signs heads of the log over all histories; made if missing"},
    {"labellisation", "office", PIA_OPTION_TEXT, "", 0, 0,
     "the service in charge of dossiers, as receipts name it (CRPA R112-5); French"},
    {"labellisation", "office_address", PIA_OPTION_TEXT, "", 0, 0, "its postal address"},
    {"labellisation", "office_email", PIA_OPTION_TEXT, "", 0, 0, "its e-mail address"},
    {"labellisation", "office_phone", PIA_OPTION_TEXT, "", 0, 0, "its telephone number"},
    {"labellisation", "pieces", PIA_OPTION_TEXT, "pieces", 0, 0,
     "folder of attached files beside a SQLite database; PostgreSQL keeps them itself"},
    {"labellisation", "file_max", PIA_OPTION_INTEGER, "50", 1, 4096,
     "largest attached file, in MiB"},
    {"labellisation", "dossier_max", PIA_OPTION_INTEGER, "200", 1, 65536,
     "what a dossier's files may hold in all, in MiB"},
    {"labellisation", "upload_kept", PIA_OPTION_INTEGER, "72", 1, 8760,
     "how long an upload waits for its next part, in hours"},
    {NULL, NULL, PIA_OPTION_TEXT, NULL, 0, 0, NULL},
};

static pia_status_t add_file(labellisation_t *self, const char *path, pia_problem_t *problem)
{
    char *bytes = pia_alloc(DEFINITION_SIZE_MAX + 2);
    FILE *file = fopen(path, "re");
    size_t size = file ? fread(bytes, 1, DEFINITION_SIZE_MAX + 1, file) : 0;
    bool failed = !file || ferror(file);
    if (file)
        (void)fclose(file);
    pia_problem_t why = {.status = PIA_OK};
    pia_status_t status = failed ? pia_problem_set(&why, PIA_UNAVAILABLE, NULL, "cannot be read")
                                 : library_add(self->library, self->db, bytes, size, &why);
    int line = status == PIA_OK ? 0 : json_line(bytes, size, why.pointer);
    free(bytes);
    if (status != PIA_OK)
        return pia_problem_set(problem, status, NULL, "%s:%d: %s: %s", path, line, why.pointer,
                               why.detail);
    pia_log(PIA_LOG_INFO, "process definition %s is stored", path);
    return PIA_OK;
}

static int is_definition(const struct dirent *entry)
{
    const char *end = strrchr(entry->d_name, '.');
    return end && strcmp(end, ".json") == 0;
}

/* The files of the folder, in the order of their names. */
static pia_status_t add_folder(labellisation_t *self, pia_problem_t *problem)
{
    struct dirent **entries = NULL;
    pia_status_t status = PIA_OK;
    if (self->definitions[0] == '\0')
        return PIA_OK;
    int count = scandir(self->definitions, &entries, is_definition, alphasort);
    if (count < 0)
        return pia_problem_set(problem, PIA_UNAVAILABLE, NULL, "folder %s: cannot be read",
                               self->definitions);
    for (int i = 0; i < count; i++) {
        char path[PATH_MAX];
        (void)snprintf(path, sizeof path, "%s/%s", self->definitions, entries[i]->d_name);
        if (status == PIA_OK)
            status = add_file(self, path, problem);
        free(entries[i]);
    }
    free(entries);
    return status;
}

static pia_status_t add_definitions(labellisation_t *self, pia_problem_t *problem)
{
    const definition_t *definition;
    pia_status_t status =
        library_add(self->library, self->db, label_pia_v1, strlen(label_pia_v1), problem);
    if (status == PIA_OK)
        status = add_folder(self, problem);
    if (status == PIA_OK)
        status = library_find(self->library, self->db, self->process, 0, &definition, problem);
    return status;
}

static void read_limits(labellisation_t *self, const pia_config_t *config)
{
    const int64_t mib = INT64_C(1024) * 1024, hour_ms = INT64_C(3600) * 1000;
    self->limits = (upload_limits_t){
        .file_max = pia_config_integer(config, "labellisation", "file_max") * mib,
        .dossier_max = pia_config_integer(config, "labellisation", "dossier_max") * mib,
        .upload_kept_ms = pia_config_integer(config, "labellisation", "upload_kept") * hour_ms,
    };
}

static pia_status_t
open_pieces(labellisation_t *self, const pia_config_t *config, pia_problem_t *problem)
{
    read_limits(self, config);
    pia_status_t status = format_reader_new(&self->formats, problem);
    if (status == PIA_OK)
        status = blob_store_new(self->db, pia_config_text(config, "labellisation", "pieces"),
                                &self->blobs, problem);
    return status;
}

pia_status_t labellisation_open(void *arg, const pia_context_t *context, pia_problem_t *problem)
{
    labellisation_t *self = arg;
    self->db = context->db;
    self->cache = context->cache;
    self->process = pia_config_text(context->config, "labellisation", "process");
    self->definitions = pia_config_text(context->config, "labellisation", "definitions");
    self->public_url = pia_config_text(context->config, "labellisation", "public_url");
    const char *key = pia_config_text(context->config, "labellisation", "evidence_key");
    pia_status_t status = pia_signing_key_open(key, &self->key, problem);
    if (status == PIA_OK)
        status = open_pieces(self, context->config, problem);
    if (status != PIA_OK)
        return status;
    status = pia_db_begin(self->db);
    if (status == PIA_OK)
        status = specification_ship(self->db, cahier_pia_v1, pia_clock_now());
    if (status == PIA_OK)
        status = add_definitions(self, problem);
    if (status == PIA_OK)
        status = evidence_open(self->db, &self->key);
    if (status == PIA_OK)
        status = office_store(self->db, context->config);
    pia_db_empty_log(self->db); /* an erasure before a kill may have left its text there */
    if (status == PIA_OK)
        return pia_db_commit(self->db);
    pia_db_rollback(self->db);
    return status;
}

/* Looks once a minute whether a signed head is to be kept. */
static pia_status_t keep_head(labellisation_t *self)
{
    int64_t now_ms = pia_clock_monotonic();
    if (now_ms < self->keep_ms)
        return PIA_OK;
    self->keep_ms = now_ms + KEEP_LOOK_MS;
    return evidence_keep(self->db, &self->key, pia_clock_wall());
}

/* Once a second: uploads that nobody goes on with, blobs that nothing uses. */
static pia_status_t tidy(labellisation_t *self)
{
    int64_t now_ms = pia_clock_monotonic(), wall_ms = pia_clock_wall();
    if (!self->blobs || now_ms - self->tidied_ms < TIDY_MS)
        return PIA_OK;
    self->tidied_ms = now_ms;
    self->tidy = true;
    pia_status_t status =
        upload_expire(self->db, self->blobs, wall_ms - self->limits.upload_kept_ms);
    return status == PIA_OK ? blob_expire(self->blobs, wall_ms) : status;
}

pia_status_t labellisation_tick(void *arg, int64_t now_ms)
{
    labellisation_t *self = arg;
    export_forget(self, false);
    pia_status_t status = keep_head(self);
    if (status == PIA_OK)
        status = overdue_run(self, now_ms);
    return status == PIA_OK ? tidy(self) : status;
}

pia_status_t labellisation_on_event(void *arg, const pia_event_t *event)
{
    labellisation_t *self = arg;
    return people_apply(self->db, event);
}

void labellisation_committed(void *arg)
{
    labellisation_t *self = arg;
    self->cached += pia_fresh_set(&self->fresh, self->cache);
    if (self->tidy)
        blob_sweep(self->blobs);
    self->tidy = false;
}

void labellisation_rolled_back(void *arg)
{
    labellisation_t *self = arg;
    pia_fresh_undo(&self->fresh, 0);
}

void labellisation_stats(void *arg, json_t *stats)
{
    const labellisation_t *self = arg;
    int64_t held = 0;
    if (overdue_count(self->db, &held) == PIA_OK)
        json_object_set_new(stats, "timers_held", json_integer((json_int_t)held));
    json_object_set_new(stats, "transitions", json_integer((json_int_t)self->moved));
    json_object_set_new(stats, "timed", json_integer((json_int_t)self->timed));
    json_object_set_new(stats, "cached", json_integer((json_int_t)self->cached));
}
