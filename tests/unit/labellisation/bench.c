/* bench.c - a labellisation's database for tests. */
#include "pia_test.h"

#include "bench.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "people.h"
#include "pia/clock.h"
#include "specification.h"

extern const char pia_common_schema_sql[], label_pia_v1[], cahier_pia_v1[];

static const pia_migration_t common_tables[] = {{1, pia_common_schema_sql}, {0, NULL}};

static void migrate(pia_db_t *db, const char *set, const pia_migration_t *tables)
{
    pia_problem_t problem = {.detail = ""};
    if (pia_db_migrate(db, set, tables, &problem) != PIA_OK)
        fail_msg("%s", problem.detail);
}

void bench_add_person(bench_t *self, const char *id, const char *role, const char *structure)
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
    assert_int_equal(people_apply(self->db, &event), PIA_OK);
    json_decref(data);
}

static void add_definition(bench_t *self, const char *text)
{
    pia_status_t status = library_add(self->library, self->db, text, strlen(text), &self->problem);
    if (status != PIA_OK)
        fail_msg("%s: %s", self->problem.pointer, self->problem.detail);
}

void bench_authorize(bench_t *self,
                     const bench_authority_t *authority,
                     char ret_id[PIA_UUID_TEXT_SIZE])
{
    pia_principal_t secretariat = bench_person(ISM, PIA_ROLE_SECRETARIAT, NULL);
    matter_t matter = {.kind = MACHINE_AUTHORITY, .state = STATE_NONE};
    json_t *data = json_pack("{s:s}", "nom", "Signataire 1");
    assert_int_equal(
        library_find(self->library, self->db, "label-pia", 0, &matter.definition, NULL), PIA_OK);
    pia_uuid7_text(matter.id);
    snprintf(matter.person, sizeof matter.person, "%s", authority->person);
    matter.card = json_pack("{s:s, s:s, s:s}", "title", "Fonction 1", "capacity",
                            authority->capacity, "act", "Arrêté 1");
    matter.facts = json_pack("{s:s, s:s*}", "from", authority->from, "until", authority->until);
    act_t act = {
        .db = self->db,
        .library = self->library,
        .matter = &matter,
        .principal = &secretariat,
        .data = data,
        .transition = machine_creation(&matter.definition->machines[MACHINE_AUTHORITY]),
        .effective_ms = self->now_ms,
        .recorded_ms = self->now_ms,
    };
    if (matter_create(&act, &self->problem) != PIA_OK)
        fail_msg("%s %s", self->problem.detail, self->problem.pointer);
    snprintf(ret_id, PIA_UUID_TEXT_SIZE, "%s", matter.id);
    matter_clear(&matter);
    json_decref(data);
}

static void authorize_both(bench_t *self)
{
    static const bench_authority_t both[] = {{MINISTER, "ministre", "2020-01-01", NULL},
                                             {ISM, "ism", "2020-01-01", NULL}};
    char id[PIA_UUID_TEXT_SIZE];
    for (size_t i = 0; i < sizeof both / sizeof both[0]; i++)
        bench_authorize(self, &both[i], id);
}

void bench_init(bench_t *self, const char *definition)
{
    memset(self, 0, sizeof *self);
    test_database_init(&self->place);
    self->db = test_database_open(&self->place, PIA_DB_WRITER);
    migrate(self->db, "common", common_tables);
    migrate(self->db, "labellisation", labellisation_migrations);
    self->library = library_new();
    assert_true(pia_time_parse("2026-11-26T09:00:00Z", &self->now_ms));
    assert_int_equal(pia_db_begin(self->db), PIA_OK);
    assert_int_equal(specification_ship(self->db, cahier_pia_v1, self->now_ms), PIA_OK);
    add_definition(self, label_pia_v1);
    if (definition)
        add_definition(self, definition);
    bench_add_person(self, REVIEWER_1, "reviewer", NULL);
    bench_add_person(self, REVIEWER_2, "reviewer", OTHER_STRUCTURE);
    bench_add_person(self, REVIEWER_OF_STRUCTURE, "reviewer", STRUCTURE);
    bench_add_person(self, NOT_A_REVIEWER, "committee", NULL);
    authorize_both(self);
}

void bench_clear(bench_t *self)
{
    pia_db_rollback(self->db);
    pia_db_close(&self->db);
    library_destroy(&self->library);
    test_database_clear(&self->place);
}

void bench_commit(bench_t *self)
{
    assert_int_equal(pia_db_commit(self->db), PIA_OK);
    assert_int_equal(pia_db_begin(self->db), PIA_OK);
}

pia_principal_t bench_person(const char *id, uint32_t roles, const char *structure)
{
    pia_principal_t principal = {.roles = roles};
    snprintf(principal.subject, sizeof principal.subject, "/persons/%s", id);
    snprintf(principal.person, sizeof principal.person, "%s", id);
    snprintf(principal.structure, sizeof principal.structure, "%s", structure ? structure : "");
    return principal;
}

void bench_create(bench_t *self, const char *name, char ret_id[PIA_UUID_TEXT_SIZE])
{
    pia_principal_t candidate = bench_person(CANDIDATE, PIA_ROLE_CANDIDAT, STRUCTURE);
    matter_t dossier = {.kind = MACHINE_DOSSIER, .state = STATE_NONE, .pole = "essai"};
    assert_int_equal(library_find(self->library, self->db, name, 0, &dossier.definition, NULL),
                     PIA_OK);
    pia_uuid7_text(dossier.id);
    snprintf(dossier.structure, sizeof dossier.structure, "%s", STRUCTURE);
    dossier.card =
        json_pack("{s:s, s:[s], s:[], s:{s:s, s:s, s:s}, s:{s:s, s:i}}", "title", "Essai", "themes",
                  "habitat", "sectors", "pole", "code", "essai", "name", "Essai", "departement",
                  "87", "specification", "name", "cahier-pia", "version", 1);
    act_t act = {
        .db = self->db,
        .library = self->library,
        .matter = &dossier,
        .principal = &candidate,
        .transition = machine_creation(&dossier.definition->machines[MACHINE_DOSSIER]),
        .effective_ms = self->now_ms,
        .recorded_ms = self->now_ms,
    };
    pia_status_t status = matter_create(&act, &self->problem);
    if (status != PIA_OK)
        fail_msg("%s", self->problem.detail);
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

void bench_load(bench_t *self, machine_kind_t kind, const char *id, matter_t *ret_matter)
{
    pia_status_t status =
        matter_load(self->db, self->library, kind, id, ret_matter, &self->problem);
    if (status != PIA_OK)
        fail_msg("%s: %s", id, self->problem.detail);
}

static pia_status_t move(bench_t *self, matter_t *matter, act_t *act, int64_t version)
{
    pia_status_t status =
        matter_catch_up(self->db, self->library, matter, self->now_ms, &self->problem);
    if (status != PIA_OK)
        return status;
    act->effective_ms = act->recorded_ms = self->now_ms;
    return matter_move(act, version ? version : matter->version, &self->problem);
}

typedef struct {
    const char *transition, *data;
    int64_t version;
} bench_step_t;

static pia_status_t move_matter(bench_t *self,
                                machine_kind_t kind,
                                const char *id,
                                const pia_principal_t *principal,
                                const bench_step_t *step)
{
    matter_t matter;
    json_t *json = parse(step->data);
    self->problem = (pia_problem_t){.status = PIA_OK};
    bench_load(self, kind, id, &matter);
    act_t act = {
        .db = self->db,
        .library = self->library,
        .matter = &matter,
        .principal = principal,
        .transition = machine_transition(matter.machine, step->transition),
        .data = json,
        .key = self->key,
    };
    assert_non_null(act.transition);
    assert_int_equal(pia_db_savepoint(self->db), PIA_OK);
    pia_status_t status = move(self, &matter, &act, step->version);
    if (status == PIA_OK)
        assert_int_equal(pia_db_release(self->db), PIA_OK);
    else
        pia_db_rollback_to(self->db);
    matter_clear(&matter);
    json_decref(json);
    return status;
}

pia_status_t bench_move(bench_t *self,
                        const char *id,
                        const pia_principal_t *principal,
                        const char *transition,
                        const char *data,
                        int64_t version)
{
    const bench_step_t step = {transition, data, version};
    return move_matter(self, MACHINE_DOSSIER, id, principal, &step);
}

void bench_review_of(bench_t *self,
                     const char *dossier,
                     const char *person,
                     char ret_id[PIA_UUID_TEXT_SIZE])
{
    static const char sql[] = "SELECT id FROM review WHERE matter = $1 AND reviewer = $2 "
                              "ORDER BY number DESC LIMIT 1";
    pia_stmt_t *stmt = pia_db_prepare(self->db, sql);
    pia_stmt_text(stmt, 1, dossier);
    pia_stmt_text(stmt, 2, person);
    assert_int_equal(pia_stmt_step(stmt), PIA_OK);
    snprintf(ret_id, PIA_UUID_TEXT_SIZE, "%s", pia_stmt_column_text(stmt, 0));
    pia_stmt_reset(stmt);
}

pia_status_t bench_move_review(bench_t *self,
                               const char *dossier,
                               const char *person,
                               const char *transition,
                               const char *data)
{
    const bench_step_t step = {transition, data, 0};
    char id[PIA_UUID_TEXT_SIZE];
    pia_principal_t reviewer = bench_person(person, PIA_ROLE_REVIEWER, NULL);
    bench_review_of(self, dossier, person, id);
    return move_matter(self, MACHINE_REVIEW, id, &reviewer, &step);
}

void bench_report_data(const char *opinion, int score, char ret_data[BENCH_REPORT_SIZE])
{
    static const char *const criteria[] = {"interlocuteur",  "producteur", "diffuseur",
                                           "accompagnateur", "moyens",     "programme"};
    int used = snprintf(ret_data, BENCH_REPORT_SIZE,
                        "{'avis': '%s', 'texte': 'Un rapport.', "
                        "'grille': [",
                        opinion);
    for (size_t i = 0; i < sizeof criteria / sizeof criteria[0]; i++)
        used += snprintf(ret_data + used, (size_t)(BENCH_REPORT_SIZE - used),
                         "%s{'criterion': '%s', 'score': %d, 'justification': 'Au vu du dossier.'}",
                         i ? ", " : "", criteria[i], score);
    snprintf(ret_data + used, (size_t)(BENCH_REPORT_SIZE - used), "]}");
}

void bench_report(
    bench_t *self, const char *dossier, const char *person, const char *opinion, int score)
{
    char data[BENCH_REPORT_SIZE];
    bench_report_data(opinion, score, data);
    const bench_step_t steps[] = {
        {"declarer", "{'lien': 'aucun'}", 0}, {"accepter", NULL, 0}, {"rendre", data, 0}};
    for (size_t i = 0; i < sizeof steps / sizeof steps[0]; i++) {
        pia_status_t status =
            bench_move_review(self, dossier, person, steps[i].transition, steps[i].data);
        if (status != PIA_OK)
            fail_msg("%s: %s %s", steps[i].transition, self->problem.detail, self->problem.pointer);
    }
}

pia_status_t bench_move_kind(bench_t *self,
                             machine_kind_t kind,
                             const char *id,
                             const pia_principal_t *principal,
                             const char *transition,
                             const char *data)
{
    const bench_step_t step = {transition, data, 0};
    return move_matter(self, kind, id, principal, &step);
}

void bench_tick(bench_t *self)
{
    labellisation_t service = {.db = self->db, .library = self->library};
    uint64_t before;
    do {
        before = service.timed;
        assert_int_equal(labellisation_tick(&service, self->now_ms), PIA_OK);
    } while (service.timed != before);
}

const char *bench_state(bench_t *self, machine_kind_t kind, const char *id)
{
    matter_t matter;
    bench_load(self, kind, id, &matter);
    const char *name = matter.machine->states[matter.state].name;
    matter_clear(&matter);
    return name;
}

int64_t bench_integer(bench_t *self, const char *sql)
{
    pia_stmt_t *stmt = pia_db_prepare(self->db, sql);
    assert_int_equal(pia_stmt_step(stmt), PIA_OK);
    int64_t value = pia_stmt_column_integer(stmt, 0);
    pia_stmt_reset(stmt);
    return value;
}

int64_t bench_announced(bench_t *self, const char *type)
{
    static const char sql[] = "SELECT COUNT(*) FROM outbox WHERE event LIKE $1";
    char pattern[128];
    snprintf(pattern, sizeof pattern, "%%\"type\":\"%s\"%%", type);
    pia_stmt_t *stmt = pia_db_prepare(self->db, sql);
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

static const move_t to_review[] = {
    {CANDIDATE, PIA_ROLE_CANDIDAT, "deposer", NULL},
    {ISM, PIA_ROLE_SECRETARIAT, "declarer_complet", NULL},
    {ISM, PIA_ROLE_SECRETARIAT, "affecter",
     "{'rapporteurs': ['" REVIEWER_1 "', '" REVIEWER_2 "']}"},
};

static const move_t to_committee[] = {
    {ISM, PIA_ROLE_SECRETARIAT, "saisir_comite", NULL},
};

static const move_t to_decision[] = {
    {NOT_A_REVIEWER, PIA_ROLE_COMMITTEE, "rendre_avis",
     "{'avis': 'favorable', 'texte': 'Avis favorable.'}"},
};

static void make_moves(bench_t *self, const char *id, const move_t *moves, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        const move_t *next = &moves[i];
        const char *structure = next->role == PIA_ROLE_CANDIDAT ? STRUCTURE : NULL;
        pia_principal_t person = bench_person(next->person, next->role, structure);
        pia_status_t status = bench_move(self, id, &person, next->transition, next->data, 0);
        if (status != PIA_OK)
            fail_msg("%s: %s %s", next->transition, self->problem.detail, self->problem.pointer);
    }
}

void bench_bring_to_committee(bench_t *self, const char *id)
{
    make_moves(self, id, to_review, sizeof to_review / sizeof to_review[0]);
    bench_report(self, id, REVIEWER_1, "favorable", 4);
    bench_report(self, id, REVIEWER_2, "favorable", 3);
    make_moves(self, id, to_committee, sizeof to_committee / sizeof to_committee[0]);
}

void bench_bring_to_decision(bench_t *self, const char *id)
{
    bench_bring_to_committee(self, id);
    make_moves(self, id, to_decision, sizeof to_decision / sizeof to_decision[0]);
    assert_string_equal(bench_state(self, MACHINE_DOSSIER, id), "decision");
}

void bench_to_decision(bench_t *self, char ret_id[PIA_UUID_TEXT_SIZE])
{
    bench_create(self, "label-pia", ret_id);
    bench_bring_to_decision(self, ret_id);
}

bench_t bench;

int bench_setup(void **state)
{
    (void)state;
    bench_init(&bench, NULL);
    return 0;
}

int bench_teardown(void **state)
{
    (void)state;
    bench_clear(&bench);
    return 0;
}

pia_status_t
move_as(const char *id, const char *person, uint32_t role, const char *transition, const char *data)
{
    const char *structure = (role & PIA_ROLE_CANDIDAT) != 0 ? STRUCTURE : NULL;
    pia_principal_t principal = bench_person(person, role, structure);
    return bench_move(&bench, id, &principal, transition, data, 0);
}

void go(const char *id, const char *person, uint32_t role, const char *transition, const char *data)
{
    pia_status_t status = move_as(id, person, role, transition, data);
    if (status != PIA_OK)
        fail_msg("%s: %s %s", transition, bench.problem.detail, bench.problem.pointer);
}

void assert_state(const char *id, const char *expected)
{
    assert_string_equal(bench_state(&bench, MACHINE_DOSSIER, id), expected);
}

void bench_run(const char *sql)
{
    int64_t changes = 0;
    assert_int_equal(pia_stmt_run(pia_db_prepare(bench.db, sql), &changes), PIA_OK);
    assert_true(changes > 0);
}
