/* overdue.c - applying due timers, and letting wait what cannot be applied. */
#include "overdue.h"

#include "engine.h"
#include "matter.h"
#include "pia/clock.h"
#include "pia/log.h"

enum {
    DUE_MAX = 1000,    /* matters whose timers one tick applies … */
    DUE_MS = 120,      /* … within so long: meanwhile nobody else is answered */
    CONFLICT_S = 2,    /* what may be over soon is tried again soon … */
    FAILURE_S = 60,    /* … what is broken less so; each time after twice as long … */
    WAIT_MAX_S = 3600, /* … up to this */
    HELD_TRIES = 2,    /* from this many on it is held: one conflict may be another's doing */
};

enum { PRESENT, KEEP, FREE, COUNT };

static const char *const sql[] = {
    [PRESENT] = "SELECT matter.version, COALESCE(held_timer.version, 0), "
                "COALESCE(held_timer.tries, 0), COALESCE(held_timer.since, 0) FROM matter "
                "LEFT JOIN held_timer ON held_timer.matter = matter.id WHERE matter.id = $1",
    [KEEP] = "INSERT INTO held_timer (matter, version, tries, since, why) "
             "VALUES ($1, $2, $3, $4, $5) ON CONFLICT (matter) DO UPDATE SET "
             "version = excluded.version, tries = excluded.tries, since = excluded.since, "
             "why = excluded.why",
    [FREE] = "DELETE FROM held_timer WHERE version <> "
             "(SELECT matter.version FROM matter WHERE matter.id = held_timer.matter)",
    [COUNT] = "SELECT COUNT(*) FROM held_timer JOIN matter ON matter.id = held_timer.matter "
              "AND matter.version = held_timer.version WHERE held_timer.tries >= $1",
};

/* What is known of a matter that cannot go on. */
typedef struct {
    int64_t version, tries, since_ms;
} held_t;

static pia_status_t read_held(pia_db_t *db, const char *id, held_t *ret_held)
{
    pia_stmt_t *stmt = pia_db_prepare(db, sql[PRESENT]);
    pia_stmt_text(stmt, 1, id);
    pia_status_t status = pia_stmt_step(stmt);
    if (status == PIA_OK) {
        *ret_held = (held_t){.version = pia_stmt_column_integer(stmt, 0)};
        if (pia_stmt_column_integer(stmt, 1) == ret_held->version) {
            ret_held->tries = pia_stmt_column_integer(stmt, 2);
            ret_held->since_ms = pia_stmt_column_integer(stmt, 3);
        }
    }
    pia_stmt_reset(stmt);
    return status;
}

static pia_status_t keep(pia_db_t *db, const char *id, const held_t *held, const char *why)
{
    pia_stmt_t *stmt = pia_db_prepare(db, sql[KEEP]);
    pia_stmt_text(stmt, 1, id);
    pia_stmt_integer(stmt, 2, held->version);
    pia_stmt_integer(stmt, 3, held->tries);
    pia_stmt_integer(stmt, 4, held->since_ms);
    pia_stmt_text(stmt, 5, why);
    return pia_stmt_run(stmt, NULL);
}

/* How long the next try waits after so many. */
static int64_t wait_of(pia_status_t status, int64_t tries)
{
    int64_t wait_s = status == PIA_CONFLICT ? CONFLICT_S : FAILURE_S;
    for (int64_t i = HELD_TRIES; i < tries && wait_s < WAIT_MAX_S; i++)
        wait_s *= 2;
    return wait_s < WAIT_MAX_S ? wait_s : WAIT_MAX_S;
}

/* Once when it begins to wait, then with each try that comes as seldom as it may. */
static void say(const overdue_failure_t *failure, int64_t wait_s, bool first)
{
    if (!first && wait_s < WAIT_MAX_S)
        return;
    pia_log(PIA_LOG_ERROR,
            "the timers of %s %s (%s) cannot be applied: %s; tried again in %lld s, then ever more "
            "seldom",
            failure->key->kind == MACHINE_NONE ? "matter" : kinds[failure->key->kind].name,
            failure->key->id, failure->what ? failure->what : "?", failure->why, (long long)wait_s);
}

pia_status_t overdue_hold(pia_db_t *db, const overdue_failure_t *failure, int64_t now_ms)
{
    held_t held;
    pia_status_t status = read_held(db, failure->key->id, &held);
    if (status != PIA_OK)
        return status == PIA_NOT_FOUND ? PIA_OK : status;
    if (failure->version != 0 && held.version != failure->version)
        return PIA_OK; /* another instance was faster */
    held.since_ms = held.tries == 0 ? now_ms : held.since_ms;
    held.tries += held.tries == 0 && failure->status != PIA_CONFLICT ? HELD_TRIES : 1;
    status = keep(db, failure->key->id, &held, failure->why);
    if (status != PIA_OK || held.tries < HELD_TRIES)
        return status;
    int64_t wait_s = wait_of(failure->status, held.tries);
    say(failure, wait_s, held.tries == HELD_TRIES);
    return store_matter_postpone(db, failure->key->id, held.version, now_ms + wait_s * 1000);
}

pia_status_t overdue_count(pia_db_t *db, int64_t *ret_count)
{
    pia_stmt_t *stmt = pia_db_prepare(db, sql[COUNT]);
    pia_stmt_integer(stmt, 1, HELD_TRIES);
    pia_status_t status = pia_stmt_step(stmt);
    if (status == PIA_OK)
        *ret_count = pia_stmt_column_integer(stmt, 0);
    pia_stmt_reset(stmt);
    return status;
}

static pia_status_t try_one(labellisation_t *self,
                            const matter_key_t *key,
                            int64_t now_ms,
                            overdue_failure_t *ret_failure,
                            pia_problem_t *problem)
{
    matter_t matter;
    pia_status_t status =
        matter_load(self->db, self->library, key->kind, key->id, &matter, problem);
    if (status != PIA_OK)
        return status;
    const timer_rule_t *timer = engine_next_timer(&matter);
    ret_failure->version = matter.version;
    ret_failure->what = timer ? matter.machine->transitions[timer->transition].name : NULL;
    status = matter_catch_up(self->db, self->library, &matter, now_ms, problem);
    matter_clear(&matter);
    return status;
}

/* What is due for one matter. */
static pia_status_t catch_up(labellisation_t *self, const matter_key_t *key, int64_t now_ms)
{
    pia_problem_t problem = {.status = PIA_OK};
    overdue_failure_t failure = {.key = key, .why = problem.detail};
    if (key->kind == MACHINE_NONE) { /* of a newer version of this program */
        failure.why = "its kind is not known";
        failure.status = PIA_INTERNAL;
        return overdue_hold(self->db, &failure, now_ms);
    }
    pia_status_t status = pia_db_savepoint(self->db);
    if (status != PIA_OK)
        return status;
    failure.status = try_one(self, key, now_ms, &failure, &problem);
    if (failure.status == PIA_OK) {
        self->timed++;
        return pia_db_release(self->db);
    }
    bool engine = failure.status == PIA_UNAVAILABLE || pia_db_is_retryable(self->db);
    pia_db_rollback_to(self->db);
    return engine ? failure.status : overdue_hold(self->db, &failure, now_ms);
}

pia_status_t overdue_run(labellisation_t *self, int64_t now_ms)
{
    matter_key_t due[DUE_MAX];
    size_t count = 0;
    uint64_t timed = self->timed;
    pia_status_t status = store_matter_due(self->db, now_ms, DUE_MAX, due, &count);
    int64_t until_ms = pia_clock_monotonic() + DUE_MS;
    for (size_t i = 0; status == PIA_OK && i < count && pia_clock_monotonic() < until_ms; i++)
        status = catch_up(self, &due[i], now_ms);
    if (status != PIA_OK || self->timed == timed)
        return status;
    return pia_stmt_run(pia_db_prepare(self->db, sql[FREE]), NULL);
}
