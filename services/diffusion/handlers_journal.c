/* handlers_journal.c - where the journal ends, and whether it is as it was written. */
#include <sodium.h>

#include "cut.h"
#include "diffusion.h"
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
