/* labellisation.c - the labellisation's engine on a durable SQLite store in the present folder:
 * made and moved dossiers, timers that are due at once, and bare SQLite transactions of like size.
 */
#include <pthread.h>
#include <sqlite3.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "bench.h"
#include "engine.h"
#include "evidence.h"
#include "labellisation.h"
#include "people.h"
#include "pia/clock.h"
#include "specification.h"
#include "store_matter.h"
#include "view.h"

extern const char pia_common_schema_sql[], label_pia_v1[], cahier_pia_v1[];

static const pia_migration_t common_tables[] = {{1, pia_common_schema_sql}, {0, NULL}};

#define STRUCTURE "0190a000-0000-7000-8000-00000000000a"
#define FILE_NAME "labellisation.db"

enum { FILL_BATCH = 1000, PAGE = 50, TICK_MS = 200, READS = 2000, PAGES = 200 };

static labellisation_t service;
static pia_principal_t candidate = {.subject = "/persons/0190a000-0000-7000-8000-000000000007",
                                    .person = "0190a000-0000-7000-8000-000000000007",
                                    .structure = STRUCTURE,
                                    .roles = PIA_ROLE_CANDIDAT};
static pia_principal_t secretariat = {.subject = "/persons/0190a000-0000-7000-8000-000000000006",
                                      .person = "0190a000-0000-7000-8000-000000000006",
                                      .roles = PIA_ROLE_SECRETARIAT};
static int64_t now_ms;

static void must(pia_status_t status, const char *what, const pia_problem_t *problem)
{
    if (status != PIA_OK)
        die("%s: %s %s", what, pia_status_text(status), problem ? problem->detail : "");
}

static void begin(void)
{
    must(pia_db_begin(service.db), "begin", NULL);
}

static void commit(void)
{
    must(pia_db_commit(service.db), "commit", NULL);
}

static void remove_store(const char *name)
{
    static const char *const endings[] = {"", "-wal", "-shm"};
    for (size_t i = 0; i < sizeof endings / sizeof endings[0]; i++) {
        char path[64];
        (void)snprintf(path, sizeof path, "%s%s", name, endings[i]);
        (void)unlink(path);
    }
}

static void open_store(void)
{
    pia_problem_t problem = {.status = PIA_OK};
    remove_store(FILE_NAME);
    must(pia_signing_key_open("evidence.key", &service.key, &problem), "key", &problem);
    must(pia_db_open("sqlite:" FILE_NAME, PIA_DB_WRITER, &service.db, &problem), "open", &problem);
    must(pia_db_migrate(service.db, "common", common_tables, &problem), "common", &problem);
    must(pia_db_migrate(service.db, "labellisation", labellisation_migrations, &problem),
         "labellisation", &problem);
    service.library = library_new();
    now_ms = pia_clock_now();
    begin();
    must(specification_ship(service.db, cahier_pia_v1, now_ms), "specification", NULL);
    must(library_add(service.library, service.db, label_pia_v1, strlen(label_pia_v1), &problem),
         "definition", &problem);
    must(evidence_open(service.db, &service.key), "evidence", NULL);
    commit();
}

static void close_store(void)
{
    pia_db_close(&service.db);
    library_destroy(&service.library);
    remove_store(FILE_NAME);
}

/* A draft; its id. */
static void create(char ret_id[PIA_UUID_TEXT_SIZE])
{
    pia_problem_t problem = {.status = PIA_OK};
    matter_t dossier = {.kind = MACHINE_DOSSIER, .state = STATE_NONE, .pole = "essai"};
    must(library_find(service.library, service.db, "label-pia", 0, &dossier.definition, &problem),
         "definition", &problem);
    pia_uuid7_text(dossier.id);
    memcpy(dossier.structure, STRUCTURE, sizeof STRUCTURE);
    dossier.card =
        json_pack("{s:s, s:[s], s:[], s:{s:s, s:s, s:s}, s:{s:s, s:i}}", "title", "Un pôle d’essai",
                  "themes", "habitat", "sectors", "pole", "code", "essai", "name", "Essai",
                  "departement", "87", "specification", "name", "cahier-pia", "version", 1);
    act_t act = {.db = service.db,
                 .library = service.library,
                 .matter = &dossier,
                 .principal = &candidate,
                 .transition = machine_creation(&dossier.definition->machines[MACHINE_DOSSIER]),
                 .effective_ms = now_ms,
                 .recorded_ms = now_ms};
    must(matter_create(&act, &problem), "create", &problem);
    memcpy(ret_id, dossier.id, sizeof dossier.id);
    matter_clear(&dossier);
}

/* As a request does: due timers first, all or nothing. */
static void move(const char *id, const pia_principal_t *who, const char *name, const json_t *data)
{
    matter_t matter;
    pia_problem_t problem = {.status = PIA_OK};
    must(pia_db_savepoint(service.db), "savepoint", NULL);
    must(matter_load(service.db, service.library, MACHINE_DOSSIER, id, &matter, &problem), name,
         &problem);
    must(matter_catch_up(service.db, service.library, &matter, now_ms, &problem), name, &problem);
    act_t act = {.db = service.db,
                 .library = service.library,
                 .matter = &matter,
                 .principal = who,
                 .transition = machine_transition(matter.machine, name),
                 .data = data,
                 .effective_ms = now_ms,
                 .recorded_ms = now_ms};
    must(matter_move(&act, matter.version, &problem), name, &problem);
    must(pia_db_release(service.db), "release", NULL);
    matter_clear(&matter);
}

typedef char dossier_id_t[PIA_UUID_TEXT_SIZE];

static dossier_id_t *fill(size_t count, bool filed)
{
    dossier_id_t *ids = calloc(count, sizeof *ids);
    if (!ids)
        die("memory");
    for (size_t i = 0; i < count; i++) {
        if (i % FILL_BATCH == 0)
            begin();
        create(ids[i]);
        if (filed)
            move(ids[i], &candidate, "deposer", NULL);
        if (i % FILL_BATCH == FILL_BATCH - 1 || i + 1 == count)
            commit();
    }
    return ids;
}

static json_t *report(void)
{
    return json_pack("{s:s, s:s, s:s}", "jour", "2026-11-26", "forme", "visite", "compte_rendu",
                     "Visite de l’atelier : le programme avance, deux partenaires ont répondu.");
}

/* Seconds for `count` transitions on dossiers in turn, `batch` a commit. */
static double transitions(dossier_id_t *ids, size_t dossiers, size_t count, size_t batch)
{
    json_t *data = report();
    int64_t began = clock_ns();
    for (size_t i = 0; i < count; i++) {
        if (i % batch == 0)
            begin();
        move(ids[i * 7919 % dossiers], &secretariat, "accompagner", data);
        if (i % batch == batch - 1 || i + 1 == count)
            commit();
    }
    double seconds = (double)(clock_ns() - began) / 1e9;
    json_decref(data);
    return seconds;
}

static void run_sql(sqlite3 *db, const char *sql)
{
    if (sqlite3_exec(db, sql, NULL, NULL, NULL) != SQLITE_OK)
        die("SQLite: %s", sqlite3_errmsg(db));
}

static sqlite3_stmt *prepare(sqlite3 *db, const char *sql)
{
    sqlite3_stmt *stmt = NULL;
    if (sqlite3_prepare_v2(db, sql, -1, &stmt, NULL) != SQLITE_OK)
        die("SQLite: %s", sqlite3_errmsg(db));
    return stmt;
}

static void step(sqlite3 *db, sqlite3_stmt *stmt)
{
    if (sqlite3_step(stmt) != SQLITE_DONE)
        die("SQLite: %s", sqlite3_errmsg(db));
    (void)sqlite3_reset(stmt);
}

/* What a transition writes, and nothing else: the same rows of the same tables, with the same
 * indexes, of the same sizes. */
enum { UPDATE_MATTER, ADD_TEXT, ADD_ENTRY, UPDATE_LOG, NEXT_NUMBER, ADD_EVENT, WRITES };

static const char *const writes[WRITES] = {
    [UPDATE_MATTER] = "UPDATE matter SET version = version + 1, state = 'brouillon', facts = ?3, "
                      "clocks = '{}', chain = ?2, changed_at = ?1 WHERE id = ?4",
    [ADD_TEXT] = "INSERT INTO text (hash, matter, salt, content, recorded_at) VALUES "
                 "(?2, ?4, randomblob(32), ?3, ?1)",
    [ADD_ENTRY] = "INSERT INTO history (matter, number, transition, from_state, to_state, actor, "
                  "effective_at, recorded_at, data, salt, chain, position, nodes) VALUES "
                  "(?4, ?1, 'accompagner', 'brouillon', 'brouillon', ?4, ?1, ?1, ?3, "
                  "randomblob(32), ?2, ?1, zeroblob(64))",
    [UPDATE_LOG] = "UPDATE evidence_head SET size = ?1, peaks = zeroblob(320) WHERE id = 1",
    [NEXT_NUMBER] = "UPDATE outbox_head SET last = ?1 WHERE id = 1",
    [ADD_EVENT] = "INSERT INTO outbox (number, aggregate, event, state) VALUES "
                  "(?1, ?4, ?3 || ?3 || ?3 || ?3 || ?3 || ?3, 0)",
};

static const char some_text[] = "Visite de l’atelier : le programme avance, deux partenaires ont "
                                "répondu. Visite de l’atelier : "
                                "le programme avance, deux partenaires ont répondu.";

static void write_bare(sqlite3 *db, sqlite3_stmt *const stmts[WRITES], size_t i, const char *id)
{
    enum { FROM = 100000000 };
    char hash[65];
    (void)snprintf(hash, sizeof hash, "%064llx", (unsigned long long)i * 0x9e3779b97f4a7c15ULL);
    for (int j = 0; j < WRITES; j++) {
        (void)sqlite3_bind_int64(stmts[j], 1, (sqlite3_int64)(FROM + i));
        (void)sqlite3_bind_text(stmts[j], 2, hash, -1, SQLITE_TRANSIENT);
        (void)sqlite3_bind_text(stmts[j], 3, some_text, -1, SQLITE_STATIC);
        (void)sqlite3_bind_text(stmts[j], 4, id, -1, SQLITE_TRANSIENT);
        step(db, stmts[j]);
    }
}

/* Seconds for `count` of them on the same store, `batch` a commit. */
static double bare(dossier_id_t *ids, size_t dossiers, size_t count, size_t batch)
{
    sqlite3 *db = NULL;
    sqlite3_stmt *stmts[WRITES];
    if (sqlite3_open(FILE_NAME, &db) != SQLITE_OK)
        die(FILE_NAME);
    run_sql(db, "PRAGMA journal_mode=WAL; PRAGMA synchronous=FULL; PRAGMA foreign_keys=ON;"
                "PRAGMA cache_size=-16384");
    sqlite3_stmt *begin_it = prepare(db, "BEGIN IMMEDIATE"), *end_it = prepare(db, "COMMIT");
    for (int j = 0; j < WRITES; j++)
        stmts[j] = prepare(db, writes[j]);
    int64_t began = clock_ns();
    for (size_t i = 0; i < count; i++) {
        if (i % batch == 0)
            step(db, begin_it);
        write_bare(db, stmts, i, ids[i * 7919 % dossiers]);
        if (i % batch == batch - 1 || i + 1 == count)
            step(db, end_it);
    }
    double seconds = (double)(clock_ns() - began) / 1e9;
    for (int j = 0; j < WRITES; j++)
        (void)sqlite3_finalize(stmts[j]);
    (void)sqlite3_finalize(begin_it);
    (void)sqlite3_finalize(end_it);
    (void)sqlite3_close(db);
    return seconds;
}

static void measure_transitions(size_t count, size_t batch)
{
    enum { DOSSIERS = 1000 };
    dossier_id_t *ids = fill(DOSSIERS, false);
    double seconds = transitions(ids, DOSSIERS, count, batch);
    pia_db_close(&service.db);
    double alone = bare(ids, DOSSIERS, count, batch);
    (void)printf("{\"rate\":%.1f,\"bare\":%.1f}\n", (double)count / seconds, (double)count / alone);
    free(ids);
}

/* One dossier as its candidate reads it. */
static void read_one(const char *id)
{
    matter_t matter;
    uint32_t roles = 0;
    json_t *view = NULL;
    pia_problem_t problem = {.status = PIA_OK};
    must(matter_load(service.db, service.library, MACHINE_DOSSIER, id, &matter, &problem), "read",
         &problem);
    must(matter_roles(service.db, &matter, &candidate, &roles), "read", NULL);
    must(view_dossier(service.db, &matter, &candidate, roles, &view), "read", NULL);
    free(json_dumps(view, JSON_COMPACT));
    json_decref(view);
    matter_clear(&matter);
}

static double reads_us(dossier_id_t *ids, size_t dossiers)
{
    int64_t began = clock_ns();
    begin();
    for (size_t i = 0; i < READS; i++)
        read_one(ids[i * 7919 % dossiers]);
    commit();
    return (double)(clock_ns() - began) / 1e3 / READS;
}

static double pages_us(dossier_id_t *ids, size_t dossiers)
{
    int64_t began = clock_ns();
    begin();
    for (size_t i = 0; i < PAGES; i++) {
        json_t *page = NULL;
        const matter_filter_t filter = {
            .state = "brouillon", .after = ids[i * 7919 % dossiers], .limit = PAGE};
        must(store_matter_list(service.db, MACHINE_DOSSIER, &filter, &page), "list", NULL);
        for (size_t j = 0; j < json_array_size(page) && j < PAGE; j++)
            read_one(json_string_value(json_array_get(page, j)));
        json_decref(page);
    }
    commit();
    return (double)(clock_ns() - began) / 1e3 / PAGES;
}

static void measure_dossiers(size_t dossiers)
{
    dossier_id_t *ids = fill(dossiers, false);
    double transition = transitions(ids, dossiers, READS, 1) * 1e6 / READS;
    double read = reads_us(ids, dossiers), page = pages_us(ids, dossiers);
    (void)printf("{\"transition_us\":%.2f,\"read_us\":%.2f,\"page_us\":%.1f}\n", transition, read,
                 page);
    free(ids);
}

static int64_t next_due(void)
{
    static const char sql[] = "SELECT COALESCE(MIN(due_at), 0) FROM matter";
    pia_stmt_t *stmt = pia_db_prepare(service.db, sql);
    must(pia_stmt_step(stmt), "due", NULL);
    int64_t due_ms = pia_stmt_column_integer(stmt, 0);
    pia_stmt_reset(stmt);
    return due_ms;
}

/* All that is due at the next instant, as the service does it: a tick each TICK_MS. */
static void run_timers(const char *name, const char *end)
{
    int64_t began = clock_ns(), longest = 0, due_ms = next_due();
    for (int64_t tick = 0; next_due() == due_ms; tick++) {
        wait_until(began + tick * TICK_MS * 1000000);
        int64_t from = clock_ns();
        begin();
        must(labellisation_tick(&service, due_ms), "tick", NULL);
        commit();
        longest = clock_ns() - from > longest ? clock_ns() - from : longest;
    }
    (void)printf("\"%s_s\":%.3f,\"%s_longest_ms\":%.1f%s", name, (double)(clock_ns() - began) / 1e9,
                 name, (double)longest / 1e6, end);
}

static void measure_timers(size_t dossiers)
{
    free(fill(dossiers, true));
    (void)printf("{");
    run_timers("alerts", ",");
    run_timers("decisions", "}\n");
}

/* usage: bench-labellisation transitions COUNT BATCH | dossiers COUNT | timers COUNT */
int main(int argc, char **argv)
{
    const char *what = argc > 2 ? argv[1] : "";
    size_t count = argc > 2 ? strtoull(argv[2], NULL, 10) : 0;
    size_t batch = argc > 3 ? strtoull(argv[3], NULL, 10) : 1;
    open_store();
    if (strcmp(what, "transitions") == 0 && batch > 0)
        measure_transitions(count, batch);
    else if (strcmp(what, "dossiers") == 0 && count > 0)
        measure_dossiers(count);
    else if (strcmp(what, "timers") == 0)
        measure_timers(count);
    else
        die("usage: bench-labellisation transitions COUNT BATCH | dossiers COUNT | timers COUNT");
    close_store();
    return EXIT_SUCCESS;
}
