/* seams.c - what stands in the place of the functions that --wrap names. */
#include "seams.h"

#include <assert.h>
#include <sodium.h>
#include <string.h>
#include <sys/random.h>
#include <time.h>

#include "announce.h"
#include "engine.h"
#include "matter.h"
#include "pia/db.h"
#include "rng.h"
#include "store_matter.h"

static struct {
    int64_t now_ms; /* 0: real time */
    int64_t ticks;  /* readings of the clock within this millisecond */
    rng_t random;
    rng_t chance; /* whether a fault strikes */
    bool seeded, engine, failed;
    int64_t fail_in;
    fault_t fault;
} seams;

static const char *random_name(void)
{
    return "simulated";
}

static uint32_t random_word(void)
{
    return (uint32_t)rng_next(&seams.random);
}

static void random_bytes(void *const bytes, const size_t size)
{
    rng_fill(&seams.random, bytes, size);
}

static randombytes_implementation simulated_random = {
    .implementation_name = random_name,
    .random = random_word,
    .buf = random_bytes,
};

void seams_set_time(int64_t now_ms)
{
    seams.now_ms = now_ms;
    seams.ticks = 0;
}

void seams_set_random(uint64_t seed, uint64_t stream)
{
    rng_init(&seams.random, seed, stream);
    rng_init(&seams.chance, seed, ~stream);
    seams.seeded = true;
    (void)randombytes_set_implementation(&simulated_random);
}

void seams_engine(bool running)
{
    seams.engine = running;
}

void seams_set_fault(fault_t fault)
{
    seams.fault = fault;
}

void seams_fail(int64_t nth)
{
    seams.fail_in = nth;
    seams.failed = false;
}

bool seams_has_failed(void)
{
    return seams.failed;
}

/* Whether this fault strikes now: always, or one time in `one_in`. */
static bool strikes(fault_t fault, size_t one_in)
{
    return seams.engine && seams.fault == fault && rng_below(&seams.chance, one_in) == 0;
}

#pragma GCC diagnostic ignored "-Wmissing-prototypes" /* the linker's names */

int __real_clock_gettime(clockid_t id, struct timespec *ret_time);
int __wrap_clock_gettime(clockid_t id, struct timespec *ret_time);
int __wrap_clock_gettime(clockid_t id, struct timespec *ret_time)
{
    if (seams.now_ms == 0)
        return __real_clock_gettime(id, ret_time);
    ret_time->tv_sec = seams.now_ms / 1000;
    ret_time->tv_nsec = seams.now_ms % 1000 * 1000000 + (seams.ticks++ * 1000) % 1000000;
    return 0;
}

ssize_t __real_getrandom(void *bytes, size_t size, unsigned flags);
ssize_t __wrap_getrandom(void *bytes, size_t size, unsigned flags)
{
    if (!seams.seeded)
        return __real_getrandom(bytes, size, flags);
    rng_fill(&seams.random, bytes, size);
    return (ssize_t)size;
}

static bool fails_now(pia_stmt_t *stmt)
{
    if (!seams.engine || seams.fail_in == 0 || --seams.fail_in > 0)
        return false;
    seams.failed = true;
    pia_stmt_reset(stmt);
    return true;
}

static pia_status_t failure(void)
{
    return seams.fault == FAULT_SWALLOWED ? PIA_OK : PIA_UNAVAILABLE;
}

pia_status_t __real_pia_stmt_step(pia_stmt_t *stmt);
pia_status_t __wrap_pia_stmt_step(pia_stmt_t *stmt)
{
    return fails_now(stmt) ? PIA_UNAVAILABLE : __real_pia_stmt_step(stmt);
}

pia_status_t __real_pia_stmt_run(pia_stmt_t *stmt, int64_t *ret_changes);
pia_status_t __wrap_pia_stmt_run(pia_stmt_t *stmt, int64_t *ret_changes)
{
    if (!fails_now(stmt))
        return __real_pia_stmt_run(stmt, ret_changes);
    if (ret_changes)
        *ret_changes = 1;
    return failure();
}

void __real_pia_db_rollback_to(pia_db_t *db);
void __wrap_pia_db_rollback_to(pia_db_t *db)
{
    if (strikes(FAULT_NO_UNDO, 1))
        (void)pia_db_release(db);
    else
        __real_pia_db_rollback_to(db);
}

void __real_pia_db_close(pia_db_t **db_p);
void __wrap_pia_db_close(pia_db_t **db_p)
{
    if (strikes(FAULT_HALF, 1))
        (void)pia_db_commit(*db_p);
    __real_pia_db_close(db_p);
}

static int64_t stored_version(const matter_t *matter, pia_db_t *db)
{
    static const char sql[] = "SELECT version FROM matter WHERE id = $1";
    pia_stmt_t *stmt = pia_db_prepare(db, sql);
    pia_stmt_text(stmt, 1, matter->id);
    int64_t version =
        __real_pia_stmt_step(stmt) == PIA_OK ? pia_stmt_column_integer(stmt, 0) : matter->version;
    pia_stmt_reset(stmt);
    return version;
}

pia_status_t __real_store_matter_claim(pia_db_t *db, matter_t *matter);
pia_status_t __wrap_store_matter_claim(pia_db_t *db, matter_t *matter)
{
    if (strikes(FAULT_NO_CLAIM, 1))
        matter->version = stored_version(matter, db);
    return __real_store_matter_claim(db, matter);
}

pia_status_t __real_store_matter_save(pia_db_t *db, const matter_t *matter);
pia_status_t __wrap_store_matter_save(pia_db_t *db, const matter_t *matter)
{
    matter_t copy = *matter;
    json_t *none = json_object();
    if (strikes(FAULT_LOST_TIMER, 4))
        copy.due_ms = 0;
    if (strikes(FAULT_OLD_STATE, 8))
        copy.state = 0;
    if (strikes(FAULT_NO_FACTS, 8))
        copy.facts = none;
    pia_status_t status = __real_store_matter_save(db, &copy);
    json_decref(none);
    return status;
}

pia_status_t __real_store_matter_due(
    pia_db_t *db, int64_t now_ms, size_t max, matter_key_t *ret_keys, size_t *ret_count);
pia_status_t __wrap_store_matter_due(
    pia_db_t *db, int64_t now_ms, size_t max, matter_key_t *ret_keys, size_t *ret_count)
{
    int64_t late_ms = strikes(FAULT_LATE_TIMER, 1) ? 1000 : 0;
    return __real_store_matter_due(db, now_ms - late_ms, max, ret_keys, ret_count);
}

pia_status_t __real_matter_move(act_t *act, int64_t version, pia_problem_t *problem);
pia_status_t __wrap_matter_move(act_t *act, int64_t version, pia_problem_t *problem)
{
    int64_t asked = strikes(FAULT_NO_VERSION, 1) ? act->matter->version : version;
    return __real_matter_move(act, asked, problem);
}

pia_status_t __real_engine_allows(const machine_t *machine,
                                  const transition_t *transition,
                                  int state,
                                  uint32_t roles,
                                  pia_problem_t *problem);
pia_status_t __wrap_engine_allows(const machine_t *machine,
                                  const transition_t *transition,
                                  int state,
                                  uint32_t roles,
                                  pia_problem_t *problem)
{
    if (strikes(FAULT_NO_RIGHTS, 1))
        return PIA_OK;
    return __real_engine_allows(machine, transition, state, roles, problem);
}

pia_status_t
__real_engine_run_clocks(matter_t *matter, const engine_step_t *step, pia_problem_t *problem);
pia_status_t
__wrap_engine_run_clocks(matter_t *matter, const engine_step_t *step, pia_problem_t *problem)
{
    engine_step_t other = *step;
    if (strikes(FAULT_AGAIN, 1))
        other.fired = NULL;
    return __real_engine_run_clocks(matter, &other, problem);
}

pia_status_t __real_announce_transition(const act_t *act, int from);
pia_status_t __wrap_announce_transition(const act_t *act, int from)
{
    if (strikes(FAULT_UNTOLD, 8))
        return PIA_OK;
    pia_status_t status = __real_announce_transition(act, from);
    if (status == PIA_OK && strikes(FAULT_TWICE, 8))
        status = __real_announce_transition(act, from);
    return status;
}
