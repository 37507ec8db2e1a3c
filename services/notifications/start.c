/* start.c - beginning, retention, counters. */
#include "start.h"

#include <curl/curl.h>
#include <sodium.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "lease.h"
#include "pia/clock.h"
#include "pia/memory.h"

enum { PLAN_MAX = 1024 * 1024, TIDY_MS = 60000 };

static const int64_t day_ms = 86400000;

extern const char notifications_plan_default[];

static const char SQL_ORIGIN[] = "SELECT born_at, link_key FROM origin WHERE id = 1";
static const char SQL_BEGIN[] = "INSERT INTO origin (id, born_at, link_key) VALUES (1, $1, $2)"
                                " ON CONFLICT (id) DO NOTHING";
static const char SQL_TIDY_DELIVERIES[] =
    "DELETE FROM delivery WHERE id IN (SELECT id FROM delivery WHERE created_at < $1"
    " AND state IN ('sent', 'failed', 'cancelled') ORDER BY created_at, id LIMIT 500)";
static const char SQL_TIDY_CAMPAIGNS[] = "DELETE FROM campaign WHERE state <> 'open' AND notice IN"
                                         " (SELECT id FROM notice WHERE recorded_at < $1)";
static const char SQL_TIDY_NOTICES[] =
    "DELETE FROM notice WHERE id IN (SELECT n.id FROM notice n WHERE n.recorded_at < $1"
    " AND NOT EXISTS (SELECT 1 FROM delivery d WHERE d.notice = n.id)"
    " AND NOT EXISTS (SELECT 1 FROM campaign c WHERE c.notice = n.id) LIMIT 500)";
static const char SQL_PENDING[] = "SELECT COUNT(*) FROM delivery WHERE state = 'pending'";
static const char SQL_LEASED[] = "SELECT COUNT(*) FROM delivery WHERE state = 'leased'";
static const char SQL_CAMPAIGNS[] = "SELECT COUNT(*) FROM campaign WHERE state = 'open'";

/* The whole file, NUL-terminated; NULL if it cannot be read. */
static char *read_file(const char *path, size_t *ret_size)
{
    FILE *file = fopen(path, "re");
    if (!file) {
        return NULL;
    }
    char *text = pia_alloc(PLAN_MAX + 1);
    *ret_size = fread(text, 1, PLAN_MAX, file);
    bool whole = feof(file) && !ferror(file);
    (void)fclose(file);
    if (!whole) {
        free(text);
        return NULL;
    }
    return text;
}

static pia_status_t load_plan(notifications_t *self, pia_problem_t *problem)
{
    const char *path = pia_config_text(self->context->config, "notices", "plan");
    if (!path[0]) {
        return plan_load(notifications_plan_default, strlen(notifications_plan_default),
                         &self->plan, problem);
    }
    size_t size = 0;
    char *text = read_file(path, &size);
    if (!text) {
        return pia_problem_set(problem, PIA_INVALID, "", "%s: cannot be read.", path);
    }
    pia_status_t status = plan_load(text, size, &self->plan, problem);
    free(text);
    return status;
}

static pia_status_t read_origin(notifications_t *self, pia_db_t *db)
{
    pia_stmt_t *stmt = pia_db_prepare(db, SQL_ORIGIN);
    pia_status_t status = pia_stmt_step(stmt);
    if (status != PIA_OK) {
        return status;
    }
    self->born_at = pia_stmt_column_integer(stmt, 0);
    size_t size = 0;
    const void *key = pia_stmt_column_bytes(stmt, 1, &size);
    if (size == sizeof self->link_key) {
        memcpy(self->link_key, key, size);
    }
    pia_stmt_reset(stmt);
    return size == sizeof self->link_key ? PIA_OK : PIA_INTERNAL;
}

static pia_status_t make_origin(pia_db_t *db)
{
    uint8_t key[LINK_KEY_SIZE];
    randombytes_buf(key, sizeof key);
    pia_stmt_t *stmt = pia_db_prepare(db, SQL_BEGIN);
    pia_stmt_integer(stmt, 1, pia_clock_now());
    pia_stmt_bytes(stmt, 2, key, sizeof key);
    return pia_stmt_run(stmt, NULL);
}

static pia_status_t prepare(notifications_t *self, pia_db_t *db)
{
    pia_status_t status = make_origin(db);
    if (status == PIA_OK) {
        status = read_origin(self, db);
    }
    if (status == PIA_OK && !pia_db_is_shared(db)) {
        status = lease_release_all(db); /* whoever held them held the database's lock */
    }
    return status;
}

static pia_status_t begin(notifications_t *self, pia_problem_t *problem)
{
    pia_db_t *db = self->context->db;
    pia_status_t status = pia_db_begin(db);
    if (status == PIA_OK) {
        status = prepare(self, db);
        if (status == PIA_OK) {
            status = pia_db_commit(db);
        } else {
            pia_db_rollback(db);
        }
    }
    if (status != PIA_OK) {
        return pia_problem_set(problem, status, "", "The database: %s", pia_db_error(db));
    }
    return PIA_OK;
}

/* What is sent while its lease ends is sent by two. */
static pia_status_t check_times(const pia_config_t *config, pia_problem_t *problem)
{
    int64_t timeout_ms = pia_config_integer(config, "delivery", "timeout_ms");
    int64_t lease_ms = pia_config_integer(config, "delivery", "lease_ms");
    if (lease_ms >= 2 * timeout_ms) {
        return PIA_OK;
    }
    return pia_problem_set(
        problem, PIA_INVALID, "",
        "delivery.lease_ms (%lld) is less than twice delivery.timeout_ms (%lld).",
        (long long)lease_ms, (long long)timeout_ms);
}

static pia_status_t check_settings(const pia_config_t *config, pia_problem_t *problem)
{
    const char *transport = pia_config_text(config, "mail", "transport");
    if (strcmp(transport, "maildir") != 0 && strcmp(transport, "smtp") != 0) {
        return pia_problem_set(problem, PIA_INVALID, "",
                               "mail.transport is neither maildir nor smtp.");
    }
    if (!pia_format_check("email", pia_config_text(config, "mail", "sender"))) {
        return pia_problem_set(problem, PIA_INVALID, "", "mail.sender is not an e-mail address.");
    }
    const char *site = pia_config_text(config, "web", "url");
    if (!pia_format_check("url", site) || site[strlen(site) - 1] == '/') {
        return pia_problem_set(problem, PIA_INVALID, "",
                               "web.url is not an http(s) URL without a slash at its end.");
    }
    return check_times(config, problem);
}

pia_status_t start_open(void *arg, const pia_context_t *context, pia_problem_t *problem)
{
    notifications_t *self = arg;
    self->context = context;
    self->site = pia_config_text(context->config, "web", "url");
    if (sodium_init() < 0 || curl_global_init(CURL_GLOBAL_DEFAULT) != CURLE_OK) {
        return pia_problem_set(problem, PIA_INTERNAL, "", "libsodium or libcurl do not start.");
    }
    pia_status_t status = check_settings(context->config, problem);
    if (status == PIA_OK) {
        status = load_plan(self, problem);
    }
    if (status == PIA_OK) {
        status = begin(self, problem);
    }
    atomic_store(&self->deliveries_wait, true);
    atomic_store(&self->campaigns_wait, true);
    return status;
}

static pia_status_t tidy(pia_db_t *db, const char *sql, int64_t before)
{
    pia_stmt_t *stmt = pia_db_prepare(db, sql);
    pia_stmt_integer(stmt, 1, before);
    return pia_stmt_run(stmt, NULL);
}

pia_status_t start_tick(void *arg, int64_t now_ms)
{
    notifications_t *self = arg;
    int64_t monotonic = pia_clock_monotonic();
    if (self->tidied_ms && monotonic - self->tidied_ms < TIDY_MS) {
        return PIA_OK;
    }
    self->tidied_ms = monotonic;
    pia_db_t *db = self->context->db;
    int64_t days = pia_config_integer(self->context->config, "delivery", "keep_days");
    int64_t before = now_ms - days * day_ms;
    pia_status_t status = tidy(db, SQL_TIDY_DELIVERIES, before);
    if (status == PIA_OK) {
        status = tidy(db, SQL_TIDY_CAMPAIGNS, before);
    }
    return status == PIA_OK ? tidy(db, SQL_TIDY_NOTICES, before) : status;
}

static void add_count(json_t *stats, pia_db_t *db, const char *name, const char *sql)
{
    pia_stmt_t *stmt = pia_db_prepare(db, sql);
    if (pia_stmt_step(stmt) == PIA_OK) {
        json_object_set_new(stats, name, json_integer(pia_stmt_column_integer(stmt, 0)));
        pia_stmt_reset(stmt);
    }
}

void start_stats(void *arg, json_t *stats)
{
    notifications_t *self = arg;
    pia_db_t *db = self->context->db;
    add_count(stats, db, "deliveries_pending", SQL_PENDING);
    add_count(stats, db, "deliveries_leased", SQL_LEASED);
    add_count(stats, db, "campaigns_open", SQL_CAMPAIGNS);
    json_object_set_new(stats, "deliveries_sent", json_integer((json_int_t)self->sent));
    json_object_set_new(stats, "deliveries_retried", json_integer((json_int_t)self->retried));
    json_object_set_new(stats, "deliveries_failed", json_integer((json_int_t)self->failed));
}
