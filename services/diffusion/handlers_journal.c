/* handlers_journal.c - where the journal ends, and whether it is as it was written. */
#include <sodium.h>
#include <string.h>

#include "backups.h"
#include "cut.h"
#include "diffusion.h"
#include "epoch.h"
#include "journal_read.h"
#include "proto/journal.h"
#include "verify.h"

enum { LIMIT_DEFAULT = 10000 };

void handle_journal_head(void *self, pia_request_t **request_p)
{
    const diffusion_t *diffusion = self;
    receipt_t head;
    cursor_t cursor;
    pia_problem_t problem = {0};
    char text[CURSOR_TEXT_SIZE];
    journal_committed_head(diffusion->journal, &head);
    receipt_cursor(&head, &cursor);
    cursor_format(&cursor, text);
    json_t *answer =
        json_pack("{s:s, s:I, s:I, s:s}", "journal", journal_id(diffusion->journal), "epoch",
                  (json_int_t)head.epoch, "sequence", (json_int_t)head.sequence, "cursor", text);
    char key[2 * SIGNER_KEY_SIZE + 1];
    sodium_bin2hex(key, sizeof key, guard_signer(diffusion->guard)->public_key, SIGNER_KEY_SIZE);
    json_object_set_new(answer, "key", json_string(key));
    if (damage_is_known(guard_damage(diffusion->guard), &problem))
        json_object_set_new(answer, "damage", json_string(problem.detail));
    pia_request_answer(request_p, answer, 0);
}

/* What is wrong with a marker alone is told to who asks: the journal itself is whole. */
static void
note_damage(diffusion_t *self, const verification_t *found, uint64_t from, uint64_t limit)
{
    verification_t chain = *found;
    if (found->bad && found->chained &&
        journal_walk(self->context->db, from, limit, &chain) != PIA_OK)
        return;
    if (chain.bad)
        damage_found(guard_damage(self->guard), chain.good, chain.detail);
}

void handle_journal_verify(void *self, pia_request_t **request_p)
{
    diffusion_t *diffusion = self;
    const pia_diffusion_journal_verify_t *fields = pia_request_fields(*request_p);
    uint64_t from = fields->has_from ? (uint64_t)fields->from : 1;
    uint64_t limit = fields->has_limit ? (uint64_t)fields->limit : LIMIT_DEFAULT;
    verification_t found;
    pia_status_t status = journal_verify(diffusion->context->db, from, limit, &found);
    if (status != PIA_OK) {
        pia_request_refuse(request_p, status, "", "The journal cannot be read now.");
        return;
    }
    note_damage(diffusion, &found, from, limit);
    json_t *answer = json_pack("{s:b, s:I, s:I}", "ok", found.bad == 0, "from",
                               (json_int_t)found.from, "to", (json_int_t)found.good);
    if (found.next)
        json_object_set_new(answer, "next", json_integer((json_int_t)found.next));
    if (found.bad) {
        json_object_set_new(answer, "bad_sequence", json_integer((json_int_t)found.bad));
        json_object_set_new(answer, "detail", json_string(found.detail));
    }
    pia_request_answer(request_p, answer, 0);
}

void handle_journal_begin(void *self, pia_request_t **request_p)
{
    diffusion_t *diffusion = self;
    const pia_diffusion_journal_begin_t *fields = pia_request_fields(*request_p);
    pia_problem_t problem = {0};
    guard_begun_t begun;
    if (guard_begin_epoch(diffusion->guard, diffusion->context->db, diffusion->journal,
                          fields->reason, &begun, &problem) != PIA_OK) {
        pia_request_fail(request_p, &problem);
        return;
    }
    uint64_t publications = 0;
    if (cut_projections(diffusion->context->db, &diffusion->fresh, begun.end.sequence,
                        &publications) != PIA_OK) {
        pia_request_refuse(request_p, PIA_UNAVAILABLE, "",
                           "What was derived from lost events cannot be taken back now.");
        return;
    }
    diffusion->epoch_began = true;
    json_t *answer = json_pack("{s:I, s:I}", "epoch", (json_int_t)begun.end.epoch, "sequence",
                               (json_int_t)begun.end.sequence);
    if (publications)
        json_object_set_new(answer, "publications", json_integer((json_int_t)publications));
    if (begun.forgotten)
        json_object_set_new(answer, "forgotten", json_integer((json_int_t)begun.forgotten));
    pia_request_answer(request_p, answer, 0);
}

/* A cursor of this history. */
static pia_status_t
read_end(const diffusion_t *diffusion, const char *text, cursor_t *ret_end, pia_problem_t *problem)
{
    cursor_t common;
    pia_status_t status = PIA_GONE;
    if (cursor_parse(text, strlen(text), ret_end))
        status = journal_locate(diffusion->context->db, ret_end, &common);
    if (status == PIA_GONE)
        return pia_problem_set(problem, PIA_INVALID, "/cursor", "It is no place in this journal.");
    return status == PIA_OK
               ? PIA_OK
               : pia_problem_set(problem, status, "", "The journal cannot be read now.");
}

void handle_journal_backed_up(void *self, pia_request_t **request_p)
{
    diffusion_t *diffusion = self;
    const pia_diffusion_journal_backed_up_t *fields = pia_request_fields(*request_p);
    pia_db_t *db = diffusion->context->db;
    pia_problem_t problem = {0};
    cursor_t end;
    cursor_t covered;
    char text[CURSOR_TEXT_SIZE];
    pia_status_t status = read_end(diffusion, fields->cursor, &end, &problem);
    if (status != PIA_OK) {
        pia_request_fail(request_p, &problem);
        return;
    }
    journal_excuse(diffusion->journal); /* the backup itself does not hold it */
    status = backups_note(db, &end);
    if (status == PIA_OK)
        status = backups_covered(db, &covered);
    if (status != PIA_OK && status != PIA_NOT_FOUND) {
        pia_request_refuse(request_p, status, "", "The backup cannot be noted now.");
        return;
    }
    json_t *answer = json_pack("{s:s}", "cursor", fields->cursor);
    if (status == PIA_OK) {
        cursor_format(&covered, text);
        json_object_set_new(answer, "backed_up", json_string(text));
    }
    pia_request_answer(request_p, answer, 0);
}
