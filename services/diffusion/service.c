/* service.c - the service's table: what can be asked, and what happens around a transaction. */
#include <assert.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "diffusion.h"
#include "group_list.h"
#include "journal_log.h"
#include "journal_read.h"
#include "loading.h"
#include "pia/db_file.h"
#include "pia/log.h"
#include "pia/memory.h"
#include "proto/event.h"
#include "proto/group.h"
#include "proto/journal.h"
#include "proto/publication.h"
#include "proto/subscription.h"
#include "replay.h"

enum { PATH_SIZE = 512 };

enum {
    READERS = PIA_ROLE_PUBLIC,
    PUBLISHERS = PIA_ROLE_POLE,
    APPENDERS = PIA_ROLE_POLE | PIA_ROLE_SERVICE,
    PREVIEWERS = PIA_ROLE_POLE | PIA_ROLE_SECRETARIAT | PIA_ROLE_OPERATOR,
    SUBSCRIBERS = PIA_ROLE_SERVICE | PIA_ROLE_OPERATOR,
};

static const pia_route_t routes[] = {
    {&pia_msg_diffusion_publication_create, PUBLISHERS, handle_publication_create},
    {&pia_msg_diffusion_publication_publish, PUBLISHERS, handle_publication_publish},
    {&pia_msg_diffusion_publication_change, PUBLISHERS, handle_publication_change},
    {&pia_msg_diffusion_publication_cancel, PUBLISHERS, handle_publication_cancel},
    {&pia_msg_diffusion_publication_get, READERS, handle_publication_get},
    {&pia_msg_diffusion_publication_list, READERS, handle_publication_list},
    {&pia_msg_diffusion_event_append, APPENDERS, handle_event_append},
    {&pia_msg_diffusion_event_list, READERS, handle_event_list},
    {&pia_msg_diffusion_subscription_create, SUBSCRIBERS, handle_subscription_create},
    {&pia_msg_diffusion_subscription_get, SUBSCRIBERS, handle_subscription_get},
    {&pia_msg_diffusion_subscription_list, SUBSCRIBERS, handle_subscription_list},
    {&pia_msg_diffusion_subscription_end, SUBSCRIBERS, handle_subscription_end},
    {&pia_msg_diffusion_subscription_explain, SUBSCRIBERS, handle_subscription_explain},
    {&pia_msg_diffusion_audience_list, PIA_ROLE_SERVICE, handle_audience_list},
    {&pia_msg_diffusion_audience_preview, PREVIEWERS, handle_audience_preview},
    {&pia_msg_diffusion_group_create, PIA_ROLE_ANY, handle_group_create},
    {&pia_msg_diffusion_group_get, PIA_ROLE_ANY, handle_group_get},
    {&pia_msg_diffusion_group_list, PIA_ROLE_ANY, handle_group_list},
    {&pia_msg_diffusion_group_end, PIA_ROLE_ANY, handle_group_end},
    {&pia_msg_diffusion_parked_list, PIA_ROLE_ANY, handle_parked_list},
    {&pia_msg_diffusion_parked_retry, PIA_ROLE_ANY, handle_parked_retry},
    {&pia_msg_diffusion_parked_skip, PIA_ROLE_ANY, handle_parked_skip},
    {&pia_msg_diffusion_journal_head, READERS, handle_journal_head},
    {&pia_msg_diffusion_journal_verify, PIA_ROLE_OPERATOR, handle_journal_verify},
    {&pia_msg_diffusion_journal_usage, PIA_ROLE_OPERATOR, handle_journal_usage},
    {&pia_msg_diffusion_journal_retain, PIA_ROLE_OPERATOR, handle_journal_retain},
    {&pia_msg_diffusion_journal_begin, PIA_ROLE_OPERATOR, handle_journal_begin},
    {&pia_msg_diffusion_journal_backed_up, PIA_ROLE_OPERATOR, handle_journal_backed_up},
    {NULL, 0, NULL},
};

static const pia_option_t options[] = {
    {"diffusion", "live", PIA_OPTION_TEXT, "ipc://run/live.sock", 0, 0,
     "endpoint of the live feed"},
    {"diffusion", "ring_mib", PIA_OPTION_INTEGER, "32", 1, 4096,
     "recent events kept in memory, in MiB"},
    {NULL, NULL, PIA_OPTION_TEXT, NULL, 0, 0, NULL},
};

extern const char diffusion_001_journal[];
extern const char diffusion_002_publication[];
extern const char diffusion_003_subscription[];
extern const char diffusion_004_revocation[];
extern const char diffusion_005_group[];

static const pia_migration_t migrations[] = {
    {1, diffusion_001_journal},    {2, diffusion_002_publication}, {3, diffusion_003_subscription},
    {4, diffusion_004_revocation}, {5, diffusion_005_group},       {0, NULL},
};

static void feed_batch(void *arg, batch_t *batch)
{
    feed_push(arg, batch);
}

static size_t ring_size(const diffusion_t *self)
{
    return (size_t)pia_config_integer(self->context->config, "diffusion", "ring_mib") << 20;
}

/* However small they are, and however large the ring: so many of one event take 0.1 s from SQLite
 * and 0.3 s from PostgreSQL. */
enum { WARM_ROWS_MAX = 8192 };

/* Puts the end of the journal into the feed, so that who comes back after our restart is served
 * from memory. `self->warm_from` becomes the place before it. */
static pia_status_t warm_up(diffusion_t *self)
{
    size_t room = ring_size(self);
    receipt_t head;
    journal_committed_head(self->journal, &head);
    receipt_cursor(&head, &self->head);
    self->warm_from = self->head;
    batch_t **batches = NULL;
    size_t count = 0;
    pia_status_t status = PIA_OK;
    for (uint64_t last = head.sequence; status == PIA_OK && last && count < WARM_ROWS_MAX;) {
        batch_t *batch = NULL;
        status = journal_read_batch(self->context->db, last, &batch);
        if (status == PIA_INTERNAL) {
            damage_look(guard_damage(self->guard), self->context->db, last);
            status = PIA_OK;
            break;
        }
        if (status != PIA_OK || batch->memory > room) {
            batch_release(&batch);
            break;
        }
        room -= batch->memory;
        last = batch->first - 1;
        self->warm_from = (cursor_t){
            .epoch = batch->epoch, .sequence = last, .chain = bytes_get_u32(batch->chain_before)};
        batches = pia_realloc(batches, (count + 1) * sizeof(batch_t *));
        batches[count++] = batch;
    }
    while (count) {
        feed_push(self->feed, batches[--count]);
        batch_release(&batches[count]);
    }
    free(batches);
    return status;
}

/* Where the journal ends, and its end in memory; reading that may find that it ends before. */
static pia_status_t open_end(diffusion_t *self, pia_problem_t *problem)
{
    const pia_context_t *context = self->context;
    bool known = true;
    pia_status_t status = PIA_OK;
    do {
        feed_destroy(&self->feed);
        self->feed = feed_new();
        status = guard_open(self->guard, context->db, self->journal, context->damage, problem);
        if (status != PIA_OK)
            return status;
        known = damage_is_known(guard_damage(self->guard), NULL);
        status = warm_up(self);
    } while (status == PIA_OK && !known && damage_is_known(guard_damage(self->guard), NULL));
    if (status != PIA_OK)
        (void)pia_problem_set(problem, status, "", "The journal cannot be read.");
    return status;
}

/* Beside the database, as the guard's files. */
static void name_commits(const diffusion_t *self, char ret_path[PATH_SIZE])
{
    const char *url = pia_config_text(self->context->config, "service", "database");
    (void)snprintf(ret_path, PATH_SIZE, "%.490s.commits", strchr(url, ':') + 1);
}

static pia_status_t replay(diffusion_t *self, pia_problem_t *problem)
{
    char path[PATH_SIZE];
    if (pia_db_is_shared(self->context->db) || self->context->damage)
        return PIA_OK;
    name_commits(self, path);
    return replay_commits(path, self->context->db, guard_damage(self->guard), problem);
}

static void die(void *arg, const char *reason)
{
    diffusion_t *self = arg;
    if (pia_db_is_damaged(self->context->db))
        damage_found_in_database(guard_damage(self->guard), reason);
    pia_log(PIA_LOG_ERROR, "the disk failed, nothing more is acknowledged: %s", reason);
    _exit(3);
}

/* Where it cannot be, every commit is SQLite's. */
static void start_log(diffusion_t *self)
{
    char path[PATH_SIZE];
    pia_problem_t problem = {0};
    if (pia_db_is_shared(self->context->db) || damage_is_known(guard_damage(self->guard), NULL))
        return;
    name_commits(self, path);
    journal_log_options_t log = {.path = path,
                                 .url =
                                     pia_config_text(self->context->config, "service", "database"),
                                 .memory_max = ring_size(self) / 2,
                                 .db = self->context->db,
                                 .on_fatal = die,
                                 .arg = self};
    if (journal_start_log(self->journal, &log, &problem) != PIA_OK)
        pia_log(PIA_LOG_WARN, "commits are slower: %s", problem.detail);
}

/* Measured with 10 million events and 960,000 subscriptions in the page cache: 2.3 s until ready
 * one after the other, 1.25 s side by side; from the disk 3.7 s and 2.7 s. */
static pia_status_t open_journal(diffusion_t *self, pia_problem_t *problem)
{
    const pia_context_t *context = self->context;
    self->matching = matching_new();
    loading_t *loading =
        loading_begin(self->matching, pia_config_text(context->config, "service", "database"));
    pia_status_t status = replay(self, problem);
    if (status == PIA_OK)
        status = journal_open(context->db, &self->journal, problem);
    if (status == PIA_OK)
        status = open_end(self, problem);
    loading_end(&loading);
    return status;
}

static pia_status_t open_service(void *arg, const pia_context_t *context, pia_problem_t *problem)
{
    diffusion_t *self = arg;
    self->context = context;
    pia_status_t status = open_journal(self, problem);
    if (status != PIA_OK)
        return status;
    journal_on_batch(self->journal, feed_batch, self->feed);
    if (status == PIA_OK)
        status = matching_refresh(self->matching, context->db);
    if (status == PIA_OK) {
        matching_committed(self->matching);
        status = revocations_load(context->db, &self->revocations, &self->revocation_count);
    }
    if (status != PIA_OK)
        (void)pia_problem_set(problem, status, "", "The journal cannot be read.");
    else
        start_log(self);
    return status;
}

static pia_status_t attach(void *arg, pia_problem_t *problem)
{
    diffusion_t *self = arg;
    const pia_config_t *config = self->context->config;
    for (size_t i = 0; i < self->revocation_count; i++)
        pia_verifier_revoke(self->context->verifier, self->revocations[i].subject,
                            self->revocations[i].at_ms);
    server_options_t server = {.endpoint = pia_config_text(config, "service", "diffusion"),
                               .live = pia_config_text(config, "diffusion", "live"),
                               .database = pia_config_text(config, "service", "database"),
                               .ring_size = ring_size(self),
                               .ring_start = self->warm_from,
                               .head = self->head,
                               .shared = pia_db_is_shared(self->context->db)};
    return server_new(self, &server, &self->server, problem);
}

static void detach(void *arg)
{
    diffusion_t *self = arg;
    if (self->server)
        server_drain(self->server);
}

static void close_service(void *arg)
{
    diffusion_t *self = arg;
    server_destroy(&self->server);
    journal_destroy(&self->journal);
    matching_destroy(&self->matching);
    feed_destroy(&self->feed);
    pia_fresh_undo(&self->fresh, 0);
    free(self->revocations);
    guard_destroy(&self->guard);
}

static const char *endpoint(void *arg)
{
    const diffusion_t *self = arg;
    return self->server ? server_endpoint(self->server) : NULL;
}

static void stats(void *arg, json_t *stats)
{
    diffusion_t *self = arg;
    receipt_t head;
    journal_committed_head(self->journal, &head);
    json_object_set_new(stats, "journal_epoch", json_integer((json_int_t)head.epoch));
    json_object_set_new(stats, "journal_sequence", json_integer((json_int_t)head.sequence));
    bool damaged = damage_is_known(guard_damage(self->guard), NULL);
    json_object_set_new(stats, "journal_damaged", json_integer(damaged));
    json_object_set_new(stats, "events_appended_total",
                        json_integer((json_int_t)atomic_load(&self->appended)));
    json_object_set_new(stats, "events_duplicate_total",
                        json_integer((json_int_t)atomic_load(&self->duplicates)));
    json_object_set_new(stats, "events_refused_total",
                        json_integer((json_int_t)atomic_load(&self->refused)));
    json_object_set_new(stats, "subscriptions",
                        json_integer((json_int_t)matching_count(self->matching)));
    json_object_set_new(stats, "cached", json_integer((json_int_t)self->cached));
    if (!self->server)
        return;
    server_stats(self->server, stats);
    (void)group_list_stats(self->context->db, server_endpoint(self->server), head.sequence, stats);
}

/* What this process has in memory is not the journal any more: the supervisor starts another. */
static void begin_anew(diffusion_t *self, const char *why)
{
    if (self->ending)
        return;
    self->ending = true;
    pia_log(PIA_LOG_WARN, "ends, to begin anew: %s", why);
    int rc = kill(getpid(), SIGTERM);
    assert(rc == 0);
}

static pia_status_t began(void *arg, pia_db_t *db)
{
    diffusion_t *self = arg;
    if (self->ending)
        return PIA_UNAVAILABLE;
    pia_status_t status = journal_began(self->journal, db);
    if (journal_has_moved(self->journal))
        begin_anew(self, "the journal ends elsewhere than it did");
    return status;
}

/* Appending what may be there already needs the runs: the next start makes them anew. */
static void look_at_runs(diffusion_t *self)
{
    if (journal_is_torn(self->journal))
        begin_anew(self, "a run of fingerprints is damaged");
}

static bool may_log(void *arg, bool here)
{
    diffusion_t *self = arg;
    return !self->ending && journal_may_log(self->journal, here);
}

static void count_staged(diffusion_t *self)
{
    atomic_fetch_add(&self->appended, self->staged.appended);
    atomic_fetch_add(&self->duplicates, self->staged.duplicates);
    memset(&self->staged, 0, sizeof self->staged);
}

static pia_status_t log_batch(void *arg, bool later, const char **ret_reason)
{
    diffusion_t *self = arg;
    pia_status_t status = journal_log(self->journal, later, ret_reason);
    if (status == PIA_OK)
        count_staged(self);
    else
        memset(&self->staged, 0, sizeof self->staged);
    return status;
}

static pia_status_t logged(void *arg, bool *ret_wrote, const char **ret_reason)
{
    diffusion_t *self = arg;
    pia_status_t status = journal_logged(self->journal, ret_wrote, ret_reason);
    if (status == PIA_OK)
        guard_committed(self->guard, self->journal); /* as in committed */
    return status;
}

static void recall(void *arg)
{
    diffusion_t *self = arg;
    if (!self->journal)
        return;
    journal_recall(self->journal);
    look_at_runs(self);
}

static pia_status_t committing(void *arg, pia_db_t *db)
{
    diffusion_t *self = arg;
    return journal_committing(self->journal, db);
}

static void committed(void *arg)
{
    diffusion_t *self = arg;
    journal_committed(self->journal);
    count_staged(self);
    self->cached += pia_fresh_set(&self->fresh, self->context->cache);
    matching_committed(self->matching);
    guard_committed(self->guard, self->journal); /* before anybody is told: what was is marked */
    if (!self->epoch_began)
        return;
    damage_resolve(guard_damage(self->guard));
    begin_anew(self, "a new epoch has begun");
}

static void finished(void *arg)
{
    diffusion_t *self = arg;
    if (self->server)
        server_take_feed(self->server);
}

static void job_begins(void *arg)
{
    diffusion_t *self = arg;
    journal_job_begins(self->journal);
    self->epoch_began_before = self->epoch_began;
}

/* Without the database nobody's rights were changed, and nothing was remembered: one refused
 * publish does not send those of its batch to the database. */
static void job_undone(void *arg, pia_db_t *db)
{
    diffusion_t *self = arg;
    journal_job_undone(self->journal);
    if (db)
        publishers_forget(&self->publishers);
    look_at_runs(self);
    self->epoch_began = self->epoch_began_before;
}

static void rolled_back(void *arg)
{
    diffusion_t *self = arg;
    journal_rolled_back(self->journal);
    publishers_forget(&self->publishers);
    memset(&self->staged, 0, sizeof self->staged);
    pia_fresh_undo(&self->fresh, 0);
    matching_rolled_back(self->matching);
    self->epoch_began = false;
    look_at_runs(self);
}

static void damaged(void *arg, const char *reason)
{
    diffusion_t *self = arg;
    damage_found_in_database(guard_damage(self->guard), reason);
}

static pia_status_t look(void *arg, const pia_config_t *config, pia_problem_t *problem)
{
    diffusion_t *self = arg;
    if (!self->guard)
        self->guard = guard_new(config);
    return guard_look(self->guard, problem);
}

/* A damaged journal is only read, but for the operator's decision. */
static pia_status_t may_change(void *arg, const pia_message_t *message, pia_problem_t *problem)
{
    diffusion_t *self = arg;
    bool decides = message == &pia_msg_diffusion_journal_begin;
    damage_t *damage = self->guard ? guard_damage(self->guard) : NULL;
    if (!damage || (decides && !damage_is_of_database(damage)) || !damage_is_known(damage, problem))
        return PIA_OK;
    return problem->status;
}

void diffusion_service(diffusion_t *self, pia_executor_hooks_t *hooks, pia_service_t *ret_service)
{
    *hooks = (pia_executor_hooks_t){.self = self,
                                    .may_log = may_log,
                                    .log = log_batch,
                                    .logged = logged,
                                    .recall = recall,
                                    .began = began,
                                    .committing = committing,
                                    .committed = committed,
                                    .rolled_back = rolled_back,
                                    .finished = finished,
                                    .job_begins = job_begins,
                                    .job_undone = job_undone,
                                    .damaged = damaged};
    *ret_service = (pia_service_t){.name = "diffusion",
                                   .options = options,
                                   .migrations = migrations,
                                   .routes = routes,
                                   .self = self,
                                   .open = open_service,
                                   .attach = attach,
                                   .detach = detach,
                                   .close = close_service,
                                   .stats = stats,
                                   .endpoint = endpoint,
                                   .hooks = hooks,
                                   .is_journal = true,
                                   .look = look,
                                   .may_change = may_change};
}
