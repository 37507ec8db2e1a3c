/* handlers_retention.c - what a kind of events takes, and removing some of it. */
#include "diffusion.h"
#include "pia/clock.h"
#include "proto/journal.h"
#include "retention.h"

void handle_journal_usage(void *self, pia_request_t **request_p)
{
    diffusion_t *diffusion = self;
    const pia_diffusion_journal_usage_t *fields = pia_request_fields(*request_p);
    receipt_t head;
    retention_usage_t usage;
    journal_committed_head(diffusion->journal, &head);
    uint64_t before = fields->has_before ? (uint64_t)fields->before : UINT64_MAX;
    if (before > head.sequence + 1)
        before = head.sequence + 1;
    uint64_t keep = fields->has_keep_bytes ? (uint64_t)fields->keep_bytes : UINT64_MAX;
    pia_status_t status =
        retention_usage(diffusion->context->db, fields->kind, before, keep, &usage);
    if (status != PIA_OK) {
        pia_request_refuse(request_p, status, "", "The journal cannot be read now.");
        return;
    }
    pia_request_answer(request_p,
                       json_pack("{s:I, s:I, s:I, s:b}", "count", (json_int_t)usage.count, "bytes",
                                 (json_int_t)usage.bytes, "next", (json_int_t)usage.next, "full",
                                 usage.full),
                       0);
}

/* The rule that the fields say. */
static pia_status_t read_rule(const pia_diffusion_journal_retain_t *fields,
                              retention_t *ret_rule,
                              pia_problem_t *problem)
{
    if (fields->has_older_than_s == fields->has_keep_bytes)
        return pia_problem_set(problem, PIA_INVALID, "/older_than_s",
                               "Either older_than_s or keep_bytes says what is to go.");
    if (fields->has_keep_bytes && !fields->has_before)
        return pia_problem_set(problem, PIA_INVALID, "/before",
                               "keep_bytes needs the event before which it is too much.");
    *ret_rule = (retention_t){.kind = fields->kind,
                              .from = (uint64_t)fields->from,
                              .before = fields->has_before ? (uint64_t)fields->before : UINT64_MAX,
                              .dry = fields->has_dry_run && fields->dry_run};
    if (fields->has_keep_bytes) {
        ret_rule->rule = MARKER_KEEP_BYTES;
        ret_rule->limit = fields->keep_bytes;
        ret_rule->before_ms = INT64_MAX;
    } else {
        ret_rule->rule = MARKER_OLDER_THAN;
        ret_rule->before_ms = pia_clock_now() - fields->older_than_s * 1000;
        ret_rule->limit = ret_rule->before_ms > 0 ? ret_rule->before_ms : 0;
    }
    return PIA_OK;
}

void handle_journal_retain(void *self, pia_request_t **request_p)
{
    diffusion_t *diffusion = self;
    retention_t rule;
    retention_result_t result;
    pia_problem_t problem = {0};
    if (diffusion->epoch_began) { /* the marker would stand in the old epoch, behind its end */
        pia_request_refuse(request_p, PIA_UNAVAILABLE, "", "A new epoch begins.");
        return;
    }
    pia_status_t status = read_rule(pia_request_fields(*request_p), &rule, &problem);
    if (status == PIA_OK)
        status = retention_run(diffusion->context->db, diffusion->journal,
                               guard_signer(diffusion->guard), &rule, &result, &problem);
    if (status != PIA_OK) {
        pia_request_fail(request_p, &problem);
        return;
    }
    pia_request_answer(request_p,
                       json_pack("{s:I, s:I, s:I, s:b}", "count", (json_int_t)result.count, "bytes",
                                 (json_int_t)result.bytes, "next", (json_int_t)result.next,
                                 "waiting", result.waiting),
                       0);
}
