/* bench.c - a labellisation's database for tests. */
#include "pia_test.h"

#include "bench.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "people.h"
#include "pia/clock.h"

extern const char pia_common_schema_sql[], label_pia_v1[];

static const pia_migration_t common_tables[] = {{1, pia_common_schema_sql}, {0, NULL}};

static void migrate(pia_db_t *db, const char *set, const pia_migration_t *tables)
{
    pia_problem_t problem = {.detail = ""};
    if (pia_db_migrate(db, set, tables, &problem) != PIA_OK)
        fail_msg("%s", problem.detail);
}

static void add_person(bench_t *bench, const char *id, const char *role, const char *structure)
{
    static int serial = 0;
    char event_id[PIA_UUID_TEXT_SIZE];
    snprintf(event_id, sizeof event_id, "0190b000-0000-7000-8000-%012d", ++serial);
    json_t *data =
        json_pack("{s:s, s:[s], s:s*}", "person", id, "roles", role, "structure", structure);
    pia_event_t event = {
        .id = event_id,
        .source = "/services/registry",
        .type = "person.created",
        .data = data,
    };
    assert_int_equal(people_apply(bench->db, &event), PIA_OK);
    json_decref(data);
}

static void add_definition(bench_t *bench, const char *text)
{
    pia_status_t status =
        library_add(bench->library, bench->db, text, strlen(text), &bench->problem);
    if (status != PIA_OK)
        fail_msg("%s: %s", bench->problem.pointer, bench->problem.detail);
}

void bench_init(bench_t *bench, const char *definition)
{
    memset(bench, 0, sizeof *bench);
    test_database_init(&bench->place);
    bench->db = test_database_open(&bench->place, PIA_DB_WRITER);
    migrate(bench->db, "common", common_tables);
    migrate(bench->db, "labellisation", labellisation_migrations);
    bench->library = library_new();
    assert_true(pia_time_parse("2026-11-26T09:00:00Z", &bench->now_ms));
    assert_int_equal(pia_db_begin(bench->db), PIA_OK);
    add_definition(bench, label_pia_v1);
    if (definition)
        add_definition(bench, definition);
    add_person(bench, REVIEWER_1, "reviewer", NULL);
    add_person(bench, REVIEWER_2, "reviewer", OTHER_STRUCTURE);
    add_person(bench, REVIEWER_OF_STRUCTURE, "reviewer", STRUCTURE);
    add_person(bench, NOT_A_REVIEWER, "committee", NULL);
}

void bench_clear(bench_t *bench)
{
    pia_db_rollback(bench->db);
    pia_db_close(&bench->db);
    library_destroy(&bench->library);
    test_database_clear(&bench->place);
}

void bench_commit(bench_t *bench)
{
    assert_int_equal(pia_db_commit(bench->db), PIA_OK);
    assert_int_equal(pia_db_begin(bench->db), PIA_OK);
}

pia_principal_t bench_person(const char *id, uint32_t roles, const char *structure)
{
    pia_principal_t principal = {.roles = roles};
    snprintf(principal.subject, sizeof principal.subject, "/persons/%s", id);
    snprintf(principal.person, sizeof principal.person, "%s", id);
    snprintf(principal.structure, sizeof principal.structure, "%s", structure ? structure : "");
    return principal;
}

void bench_create(bench_t *bench, const char *name, char ret_id[PIA_UUID_TEXT_SIZE])
{
    pia_principal_t candidate = bench_person(CANDIDATE, PIA_ROLE_CANDIDAT, STRUCTURE);
    matter_t dossier = {.kind = MACHINE_DOSSIER, .state = STATE_NONE, .pole = "essai"};
    assert_int_equal(library_find(bench->library, bench->db, name, 0, &dossier.definition, NULL),
                     PIA_OK);
    pia_uuid7_text(dossier.id);
    snprintf(dossier.structure, sizeof dossier.structure, "%s", STRUCTURE);
    dossier.card =
        json_pack("{s:s, s:[s], s:[], s:{s:s, s:s, s:s}}", "title", "Essai", "themes", "habitat",
                  "sectors", "pole", "code", "essai", "name", "Essai", "departement", "87");
    act_t act = {
        .db = bench->db,
        .matter = &dossier,
        .principal = &candidate,
        .transition = machine_creation(&dossier.definition->machines[MACHINE_DOSSIER]),
        .effective_ms = bench->now_ms,
        .recorded_ms = bench->now_ms,
    };
    pia_status_t status = matter_create(&act, &bench->problem);
    if (status != PIA_OK)
        fail_msg("%s", bench->problem.detail);
    snprintf(ret_id, PIA_UUID_TEXT_SIZE, "%s", dossier.id);
    matter_clear(&dossier);
}

static json_t *parse(const char *text)
{
    if (!text)
        return NULL;
    char *copy = strdup(text);
    assert_non_null(copy);
    for (char *at = copy; *at; at++)
        if (*at == '\'')
            *at = '"';
    json_t *json = json_loads(copy, 0, NULL);
    free(copy);
    assert_non_null(json);
    return json;
}

void bench_load(bench_t *bench, machine_kind_t kind, const char *id, matter_t *ret_matter)
{
    pia_status_t status =
        matter_load(bench->db, bench->library, kind, id, ret_matter, &bench->problem);
    if (status != PIA_OK)
        fail_msg("%s: %s", id, bench->problem.detail);
}

static pia_status_t move(bench_t *bench, matter_t *matter, act_t *act, int64_t version)
{
    pia_status_t status = matter_catch_up(bench->db, matter, bench->now_ms, &bench->problem);
    if (status != PIA_OK)
        return status;
    act->effective_ms = act->recorded_ms = bench->now_ms;
    return matter_move(act, version ? version : matter->version, &bench->problem);
}

pia_status_t bench_move(bench_t *bench,
                        const char *id,
                        const pia_principal_t *principal,
                        const char *transition,
                        const char *data,
                        int64_t version)
{
    matter_t matter;
    json_t *json = parse(data);
    bench->problem = (pia_problem_t){.status = PIA_OK};
    bench_load(bench, MACHINE_DOSSIER, id, &matter);
    act_t act = {
        .db = bench->db,
        .matter = &matter,
        .principal = principal,
        .transition = machine_transition(matter.machine, transition),
        .data = json,
    };
    assert_non_null(act.transition);
    assert_int_equal(pia_db_savepoint(bench->db), PIA_OK);
    pia_status_t status = move(bench, &matter, &act, version);
    if (status == PIA_OK)
        assert_int_equal(pia_db_release(bench->db), PIA_OK);
    else
        pia_db_rollback_to(bench->db);
    matter_clear(&matter);
    json_decref(json);
    return status;
}

const char *bench_state(bench_t *bench, machine_kind_t kind, const char *id)
{
    matter_t matter;
    bench_load(bench, kind, id, &matter);
    const char *name = matter.machine->states[matter.state].name;
    matter_clear(&matter);
    return name;
}

int64_t bench_integer(bench_t *bench, const char *sql)
{
    pia_stmt_t *stmt = pia_db_prepare(bench->db, sql);
    assert_int_equal(pia_stmt_step(stmt), PIA_OK);
    int64_t value = pia_stmt_column_integer(stmt, 0);
    pia_stmt_reset(stmt);
    return value;
}

int64_t bench_announced(bench_t *bench, const char *type)
{
    static const char sql[] = "SELECT COUNT(*) FROM outbox WHERE event LIKE $1";
    char pattern[128];
    snprintf(pattern, sizeof pattern, "%%\"type\":\"%s\"%%", type);
    pia_stmt_t *stmt = pia_db_prepare(bench->db, sql);
    pia_stmt_text(stmt, 1, pattern);
    assert_int_equal(pia_stmt_step(stmt), PIA_OK);
    int64_t count = pia_stmt_column_integer(stmt, 0);
    pia_stmt_reset(stmt);
    return count;
}

typedef struct {
    const char *person;
    uint32_t role;
    const char *transition, *data;
} move_t;

static const move_t to_decision[] = {
    {CANDIDATE, PIA_ROLE_CANDIDAT, "deposer", NULL},
    {ISM, PIA_ROLE_SECRETARIAT, "declarer_complet", NULL},
    {ISM, PIA_ROLE_SECRETARIAT, "affecter",
     "{'rapporteurs': ['" REVIEWER_1 "', '" REVIEWER_2 "']}"},
    {REVIEWER_1, PIA_ROLE_REVIEWER, "rendre_rapport",
     "{'avis': 'favorable', 'note': 15, 'texte': 'Premier rapport.'}"},
    {REVIEWER_2, PIA_ROLE_REVIEWER, "rendre_rapport",
     "{'avis': 'favorable', 'note': 14, 'texte': 'Second rapport.'}"},
    {ISM, PIA_ROLE_SECRETARIAT, "saisir_comite", NULL},
    {NOT_A_REVIEWER, PIA_ROLE_COMMITTEE, "rendre_avis",
     "{'avis': 'favorable', 'texte': 'Avis favorable.'}"},
};

void bench_to_decision(bench_t *bench, char ret_id[PIA_UUID_TEXT_SIZE])
{
    bench_create(bench, "label-pia", ret_id);
    for (size_t i = 0; i < sizeof to_decision / sizeof to_decision[0]; i++) {
        const move_t *next = &to_decision[i];
        const char *structure = next->role == PIA_ROLE_CANDIDAT ? STRUCTURE : NULL;
        pia_principal_t person = bench_person(next->person, next->role, structure);
        pia_status_t status = bench_move(bench, ret_id, &person, next->transition, next->data, 0);
        if (status != PIA_OK)
            fail_msg("%s: %s %s", next->transition, bench->problem.detail, bench->problem.pointer);
    }
    assert_string_equal(bench_state(bench, MACHINE_DOSSIER, ret_id), "decision");
}
