/* append.c - the one way into the journal. */
#include "append.h"

#include <assert.h>
#include <stdio.h>
#include <string.h>

#include "journal_log.h"
#include "problems.h"
#include "publication.h"
#include "publishers.h"
#include "revocations.h"
#include "rights.h"

static pia_status_t find_publisher(diffusion_t *self,
                                   pia_db_t *db,
                                   const char *pole,
                                   publisher_t *ret_publisher,
                                   pia_problem_t *problem)
{
    if (db) {
        pia_status_t status = publishers_check(db, pole, ret_publisher, problem);
        if (status == PIA_OK)
            publishers_remember(&self->publishers, pole, ret_publisher);
        return status;
    }
    if (publishers_recall(&self->publishers, pole, ret_publisher))
        return PIA_OK;
    journal_need_store(self->journal);
    return PIA_UNAVAILABLE;
}

/* Who may, and where the pôle is at home. Events of one pôle usually stand together: asked once. */
static pia_status_t check_entry(
    diffusion_t *self, pia_db_t *db, const append_t *append, size_t index, pia_problem_t *problem)
{
    entry_t *entry = &append->entries[index];
    const entry_t *before = index ? entry - 1 : NULL;
    assert(entry);
    if (before && entry->like_before) {
        entry->attributes.value[ATTRIBUTE_HOME] = before->attributes.value[ATTRIBUTE_HOME];
        return PIA_OK;
    }
    pia_status_t status = rights_check_append(append->principal, &entry->attributes, problem);
    const char *pole = attributes_pole_of(entry_source(entry));
    if (status != PIA_OK || !pole)
        return status;
    publisher_t publisher = {0};
    status = find_publisher(self, db, pole, &publisher, problem);
    (void)snprintf(entry->home, sizeof entry->home, "%s", publisher.region);
    entry->attributes.value[ATTRIBUTE_HOME] = entry->home[0] ? entry->home : NULL;
    return status;
}

/* What else the event changes, in the same transaction. */
static pia_status_t
project(diffusion_t *self, const append_t *append, size_t index, pia_problem_t *problem)
{
    const entry_t *entry = &append->entries[index];
    pia_db_t *db = self->context->db;
    const char *type = entry_type(entry);
    if (!entry_is_projected(&entry->attributes))
        return PIA_OK;
    assert(entry->json);
    if (attributes_is_publication(type))
        return publication_apply(
            db, &self->fresh,
            &(publication_step_t){.entry = entry,
                                  .now_ms = append->now_ms,
                                  .sequence = append->receipts[index].sequence},
            problem);
    const json_t *data = json_object_get(entry->json, "data");
    if (strcmp(type, "principal.revoked") == 0)
        return revocations_keep(db, data, problem);
    publishers_forget(&self->publishers);
    return publishers_apply(db, data, problem);
}

static pia_status_t
check_all(diffusion_t *self, pia_db_t *db, const append_t *append, pia_problem_t *problem)
{
    for (size_t i = 0; i < append->count; i++) {
        pia_status_t status = check_entry(self, db, append, i, problem);
        if (status != PIA_OK) {
            problem_under(problem, i);
            return status;
        }
    }
    return PIA_OK;
}

static pia_status_t project_all(diffusion_t *self, const append_t *append, pia_problem_t *problem)
{
    for (size_t i = 0; i < append->count; i++) {
        if (append->receipts[i].duplicate)
            continue;
        pia_status_t status = project(self, append, i, problem);
        if (status != PIA_OK) {
            problem_under(problem, i);
            return status;
        }
    }
    return PIA_OK;
}

/* What succeeds counts when it is durable. */
static void count(diffusion_t *self, const append_t *append, pia_status_t status)
{
    if (status != PIA_OK) {
        atomic_fetch_add(&self->refused, journal_needs_store(self->journal) ? 0 : append->count);
        return;
    }
    unsigned long long duplicates = 0;
    for (size_t i = 0; i < append->count; i++)
        duplicates += append->receipts[i].duplicate;
    self->staged.appended += append->count - duplicates;
    self->staged.duplicates += duplicates;
}

pia_status_t
diffusion_append(diffusion_t *self, pia_db_t *db, const append_t *append, pia_problem_t *problem)
{
    if (damage_is_known(guard_damage(self->guard), problem))
        return problem->status;
    if (self->epoch_began)
        return pia_problem_set(problem, PIA_UNAVAILABLE, "", "A new epoch begins.");
    size_t fresh = self->fresh.count;
    pia_status_t status = check_all(self, db, append, problem);
    if (status == PIA_OK)
        status = journal_append(self->journal, db, append->entries, append->count, append->receipts,
                                problem);
    if (status == PIA_OK)
        status = project_all(self, append, problem);
    if (status != PIA_OK)
        pia_fresh_undo(&self->fresh, fresh);
    if (status != PIA_OK && problem->status == PIA_OK) /* the store's own */
        (void)pia_problem_set(problem, status, "", "It could not be stored now.");
    count(self, append, status);
    return status;
}
