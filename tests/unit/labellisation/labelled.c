/* labelled.c - a bench with labels. */
#include "pia_test.h"

#include "labelled.h"

#include <stdio.h>
#include <string.h>

#include "certificate.h"
#include "kin.h"
#include "pia/clock.h"
#include "remedy.h"
#include "store_matter.h"
#include "text.h"

void at(const char *text)
{
    assert_true(pia_time_parse(text, &bench.now_ms));
}

void sign(const char *dossier, char ret_label[PIA_UUID_TEXT_SIZE])
{
    go(dossier, MINISTER, PIA_ROLE_SIGNATORY, "signer", "{'capacite': 'ministre'}");
    go(dossier, ISM, PIA_ROLE_SECRETARIAT, "signer", "{'capacite': 'ism'}");
    assert_int_equal(store_matter_child(bench.db, dossier, MACHINE_LABEL, ret_label), PIA_OK);
}

void award(char ret_dossier[PIA_UUID_TEXT_SIZE], char ret_label[PIA_UUID_TEXT_SIZE])
{
    bench_to_decision(&bench, ret_dossier);
    sign(ret_dossier, ret_label);
}

typedef struct {
    machine_kind_t kind;
    const char *id, *person, *transition, *data;
    uint32_t role;
} step_t;

static pia_status_t move(const step_t *step)
{
    const char *structure = step->role == PIA_ROLE_CANDIDAT ? STRUCTURE : NULL;
    pia_principal_t principal = bench_person(step->person, step->role, structure);
    return bench_move_kind(&bench, step->kind, step->id, &principal, step->transition, step->data);
}

static void must_move(const step_t *step)
{
    if (move(step) != PIA_OK)
        fail_msg("%s: %s %s", step->transition, bench.problem.detail, bench.problem.pointer);
}

pia_status_t move_label(
    const char *id, const char *person, uint32_t role, const char *transition, const char *data)
{
    return move(&(step_t){MACHINE_LABEL, id, person, transition, data, role});
}

void go_label(
    const char *id, const char *person, uint32_t role, const char *transition, const char *data)
{
    must_move(&(step_t){MACHINE_LABEL, id, person, transition, data, role});
}

pia_status_t
open_procedure(const char *label, const char *measure, const char *basis, const char *until)
{
    char data[300];
    snprintf(data, sizeof data,
             "{'mesure': '%s', 'fondement': '%s', 'griefs': 'Aucune action depuis un an.', "
             "'delai': '%s'}",
             measure, basis, until);
    return move_label(label, ISM, PIA_ROLE_SECRETARIAT, "ouvrir_procedure", data);
}

pia_status_t move_remedy(
    const char *id, const char *person, uint32_t role, const char *transition, const char *data)
{
    return move(&(step_t){MACHINE_REMEDY, id, person, transition, data, role});
}

void go_remedy(
    const char *id, const char *person, uint32_t role, const char *transition, const char *data)
{
    must_move(&(step_t){MACHINE_REMEDY, id, person, transition, data, role});
}

static json_t *parse(const char *data)
{
    json_error_t error;
    char text[1000];
    snprintf(text, sizeof text, "%s", data);
    for (char *quote = text; (quote = strchr(quote, '\'')) != NULL;)
        *quote = '"';
    json_t *json = json_loads(text, 0, &error);
    assert_non_null(json);
    return json;
}

pia_status_t file_remedy(const filing_t *filing, char ret_id[PIA_UUID_TEXT_SIZE])
{
    matter_t parent;
    const char *structure = filing->role == PIA_ROLE_CANDIDAT ? STRUCTURE : NULL;
    pia_principal_t asker = bench_person(CANDIDATE, filing->role, structure);
    json_t *data = parse(filing->data);
    bench_load(&bench, filing->kind, filing->id, &parent);
    const act_t cause = {.db = bench.db,
                         .library = bench.library,
                         .matter = &parent,
                         .principal = &asker,
                         .effective_ms = bench.now_ms,
                         .recorded_ms = bench.now_ms};
    child_t child = {
        .kind = MACHINE_REMEDY, .transition = filing->transition, .data = data, .asked = true};
    assert_int_equal(pia_db_savepoint(bench.db), PIA_OK);
    pia_status_t status = matter_create_child(&cause, &child, ret_id, &bench.problem);
    if (status == PIA_OK)
        assert_int_equal(pia_db_release(bench.db), PIA_OK);
    else
        pia_db_rollback_to(bench.db);
    matter_clear(&parent);
    json_decref(data);
    return status;
}

void assert_counted(const char *id, const char *last_day, bool late)
{
    matter_t remedy;
    json_t *view = NULL;
    pia_principal_t asker = bench_person(ISM, PIA_ROLE_SECRETARIAT, NULL);
    bench_load(&bench, MACHINE_REMEDY, id, &remedy);
    assert_int_equal(view_remedy(bench.db, &remedy, &asker, PIA_ROLE_SECRETARIAT, &view), PIA_OK);
    const char *shown = json_string_value(json_object_get(view, "last_day"));
    if (!shown != !last_day || (shown && strcmp(shown, last_day) != 0))
        fail_msg("the last day is %s, not %s", shown ? shown : "not told",
                 last_day ? last_day : "untold");
    assert_int_equal(json_is_true(json_object_get(view, "late")), late);
    json_decref(view);
    matter_clear(&remedy);
}

void assert_fact(machine_kind_t kind, const char *id, const char *fact, const char *expected)
{
    matter_t matter;
    bench_load(&bench, kind, id, &matter);
    const char *text = json_string_value(json_object_get(matter.facts, fact));
    if (!text != !expected || (text && strcmp(text, expected) != 0))
        fail_msg("%s is %s, not %s", fact, text ? text : "nothing",
                 expected ? expected : "nothing");
    matter_clear(&matter);
}

void assert_label(const char *label, const char *state)
{
    assert_string_equal(bench_state(&bench, MACHINE_LABEL, label), state);
}

void assert_made_at(const char *transition, const char *expected)
{
    static const char sql[] =
        "SELECT COUNT(*), MAX(effective_at) FROM history WHERE transition = $1";
    char text[PIA_TIME_TEXT_SIZE];
    pia_stmt_t *stmt = pia_db_prepare(bench.db, sql);
    pia_stmt_text(stmt, 1, transition);
    assert_int_equal(pia_stmt_step(stmt), PIA_OK);
    if (pia_stmt_column_integer(stmt, 0) != 1)
        fail_msg("%s was made %d times", transition, (int)pia_stmt_column_integer(stmt, 0));
    pia_time_format(pia_stmt_column_integer(stmt, 1), text);
    pia_stmt_reset(stmt);
    assert_string_equal(text, expected);
}

char *letter_of(const char *transition)
{
    static const char sql[] =
        "SELECT data FROM history WHERE transition = $1 ORDER BY position DESC";
    char *text = NULL;
    pia_stmt_t *stmt = pia_db_prepare(bench.db, sql);
    pia_stmt_text(stmt, 1, transition);
    assert_int_equal(pia_stmt_step(stmt), PIA_OK);
    json_t *data = json_loads(pia_stmt_column_text(stmt, 0), 0, NULL);
    pia_stmt_reset(stmt);
    const json_t *letter = json_object_get(data, "letter");
    assert_non_null(letter);
    assert_int_equal(
        text_get(bench.db, json_string_value(json_object_get(letter, "blake2b")), &text), PIA_OK);
    json_decref(data);
    return text;
}

void assert_on(const char *label, const char *day, const char *standing, const char *then)
{
    matter_t matter;
    json_t *certificate = NULL;
    int64_t number;
    assert_true(pia_date_parse(day, &number));
    bench_load(&bench, MACHINE_LABEL, label, &matter);
    assert_int_equal(certificate_read(bench.db, &matter, number, &certificate), PIA_OK);
    const char *said = json_string_value(json_object_get(certificate, "standing"));
    const char *shown = json_string_value(json_object_get(certificate, "shown_then"));
    if (strcmp(said, standing) != 0 || strcmp(shown ? shown : "", then) != 0)
        fail_msg("%s: %s, then %s", day, said, shown ? shown : "the same");
    json_decref(certificate);
    matter_clear(&matter);
}
