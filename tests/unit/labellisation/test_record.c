/* test_record.c - what time does by itself, what the record proves, and a second procedure. */
#include "pia_test.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "bench.h"
#include "history.h"
#include "pia/clock.h"
#include "store_matter.h"
#include "verify.h"

static void silence_refuses_at_its_instant_and_is_recorded_later(void **state)
{
    (void)state;
    char id[PIA_UUID_TEXT_SIZE];
    bench_create(&bench, "label-pia", id);
    go(id, CANDIDATE, PIA_ROLE_CANDIDAT, "deposer", NULL);
    bench.now_ms += (int64_t)100 * 24 * 3600 * 1000;
    matter_t dossier;
    bench_load(&bench, MACHINE_DOSSIER, id, &dossier);
    assert_int_equal(
        matter_catch_up(bench.db, bench.library, &dossier, bench.now_ms, &bench.problem), PIA_OK);
    char effective[PIA_TIME_TEXT_SIZE];
    pia_time_format(dossier.changed_ms, effective);
    assert_string_equal(effective, "2027-01-26T23:00:00.000Z");
    assert_int_equal(dossier.due_ms, 0);
    matter_clear(&dossier);
    assert_state(id, "refuse_implicite");
    assert_int_equal(bench_integer(&bench, "SELECT recorded_at - effective_at FROM history "
                                           "WHERE transition = 'refuser_implicitement'") > 0,
                     1);
}

static void a_command_that_comes_too_late_finds_the_decision(void **state)
{
    (void)state;
    char id[PIA_UUID_TEXT_SIZE];
    bench_create(&bench, "label-pia", id);
    go(id, CANDIDATE, PIA_ROLE_CANDIDAT, "deposer", NULL);
    bench.now_ms += (int64_t)100 * 24 * 3600 * 1000;
    assert_int_equal(move_as(id, ISM, PIA_ROLE_SECRETARIAT, "declarer_complet", NULL),
                     PIA_CONFLICT);
    assert_non_null(strstr(bench.problem.detail, "refuse_implicite"));
    bench_tick(&bench);
    assert_state(id, "refuse_implicite");
}

static void the_tick_applies_what_is_due_once(void **state)
{
    (void)state;
    char id[3][PIA_UUID_TEXT_SIZE];
    for (int i = 0; i < 3; i++) {
        bench_create(&bench, "label-pia", id[i]);
        go(id[i], CANDIDATE, PIA_ROLE_CANDIDAT, "deposer", NULL);
    }
    labellisation_t service = {.db = bench.db, .library = bench.library};
    assert_int_equal(labellisation_tick(&service, bench.now_ms), PIA_OK);
    assert_state(id[0], "recevabilite");
    bench.now_ms += (int64_t)100 * 24 * 3600 * 1000;
    assert_int_equal(labellisation_tick(&service, bench.now_ms), PIA_OK);
    assert_int_equal(labellisation_tick(&service, bench.now_ms), PIA_OK);
    for (int i = 0; i < 3; i++)
        assert_state(id[i], "refuse_implicite");
    assert_int_equal(service.timed, 3);
    assert_int_equal(bench_integer(&bench, "SELECT COUNT(*) FROM history "
                                           "WHERE transition = 'refuser_implicitement'"),
                     3);
}

/* As many as a tick takes would keep all others waiting for ever. */
static void a_timer_that_fails_waits_behind_the_others(void **state)
{
    (void)state;
    char id[2][PIA_UUID_TEXT_SIZE];
    for (int i = 0; i < 2; i++) {
        bench_create(&bench, "label-pia", id[i]);
        go(id[i], CANDIDATE, PIA_ROLE_CANDIDAT, "deposer", NULL);
    }
    bench_run("UPDATE matter SET state = 'inconnu' WHERE id = (SELECT MIN(id) FROM matter "
              "WHERE kind = 'dossier')");
    labellisation_t service = {.db = bench.db, .library = bench.library};
    bench.now_ms += (int64_t)100 * 24 * 3600 * 1000;
    assert_int_equal(labellisation_tick(&service, bench.now_ms), PIA_OK);
    bool first_broken = strcmp(id[0], id[1]) < 0;
    assert_state(id[first_broken], "refuse_implicite");
    matter_key_t due[2];
    size_t count = 2;
    assert_int_equal(store_matter_due(bench.db, bench.now_ms + 59999, 2, due, &count), PIA_OK);
    assert_int_equal(count, 0);
    assert_int_equal(store_matter_due(bench.db, bench.now_ms + 60000, 2, due, &count), PIA_OK);
    assert_int_equal(count, 1);
}

static bool verify(const char *id, int64_t *ret_erased, int64_t *ret_broken_at)
{
    matter_t dossier;
    json_t *proof = NULL;
    bench_load(&bench, MACHINE_DOSSIER, id, &dossier);
    assert_int_equal(verify_matter(bench.db, &dossier, &proof), PIA_OK);
    bool valid = json_is_true(json_object_get(proof, "valid"));
    *ret_erased = json_integer_value(json_object_get(proof, "erased"));
    *ret_broken_at = json_integer_value(json_object_get(proof, "broken_at"));
    json_decref(proof);
    matter_clear(&dossier);
    return valid;
}

static void an_erased_text_leaves_a_valid_history(void **state)
{
    (void)state;
    char id[PIA_UUID_TEXT_SIZE];
    int64_t erased, broken_at;
    bench_to_decision(&bench, id);
    assert_true(verify(id, &erased, &broken_at));
    assert_int_equal(erased, 0);
    go(id, ISM, PIA_ROLE_SECRETARIAT, "effacer_textes",
       "{'etape': 7, 'fondement': 'demande_de_la_personne'}");
    assert_state(id, "decision");
    assert_true(verify(id, &erased, &broken_at));
    assert_int_equal(erased, 1);
}

static void a_text_that_nobody_erased_is_missing(void **state)
{
    (void)state;
    char id[PIA_UUID_TEXT_SIZE];
    int64_t erased, broken_at;
    bench_to_decision(&bench, id);
    bench_run("INSERT INTO erasure (hash, matter, number, erased_by, erased_at) "
              "SELECT hash, matter, 7, 9, 0 FROM text WHERE content LIKE 'Avis%'");
    bench_run("DELETE FROM text WHERE content LIKE 'Avis%'");
    assert_false(verify(id, &erased, &broken_at));
    assert_int_equal(broken_at, 7);
    bench_run("DELETE FROM erasure");
    assert_false(verify(id, &erased, &broken_at));
    assert_int_equal(broken_at, 7);
}

static void what_cannot_be_erased_is_refused(void **state)
{
    (void)state;
    char id[PIA_UUID_TEXT_SIZE];
    bench_to_decision(&bench, id);
    static const char *const none[] = {
        "{'etape': 1, 'fondement': 'conservation_terminee'}", /* no text */
        "{'etape': 8, 'fondement': 'conservation_terminee'}", /* this one */
        "{'etape': 900, 'fondement': 'conservation_terminee'}",
    };
    for (size_t i = 0; i < 3; i++) {
        assert_int_equal(move_as(id, ISM, PIA_ROLE_SECRETARIAT, "effacer_textes", none[i]),
                         PIA_INVALID);
        assert_string_equal(bench.problem.pointer, "/data/etape");
    }
    assert_int_equal(move_as(id, MINISTER, PIA_ROLE_SIGNATORY, "effacer_textes", none[0]),
                     PIA_FORBIDDEN);
}

static void a_changed_entry_breaks_the_chain(void **state)
{
    (void)state;
    char id[PIA_UUID_TEXT_SIZE];
    int64_t erased, broken_at;
    bench_to_decision(&bench, id);
    bench_run("UPDATE history SET actor = '/persons/x' WHERE number = 4");
    assert_false(verify(id, &erased, &broken_at));
    assert_int_equal(broken_at, 4);
}

static void a_changed_text_and_a_lost_entry_are_found(void **state)
{
    (void)state;
    char id[PIA_UUID_TEXT_SIZE];
    int64_t erased, broken_at;
    bench_to_decision(&bench, id);
    bench_run("UPDATE text SET content = 'Autre' WHERE content = 'Avis favorable.'");
    assert_false(verify(id, &erased, &broken_at));
    assert_int_equal(broken_at, 7);
    bench_run("DELETE FROM history WHERE number = 6");
    assert_false(verify(id, &erased, &broken_at));
    assert_int_equal(broken_at, 6);
}

static history_reader_t reader_as(uint32_t roles, const char *subject)
{
    const definition_t *definition;
    assert_int_equal(library_find(bench.library, bench.db, "label-pia", 0, &definition, NULL),
                     PIA_OK);
    return (history_reader_t){&definition->machines[MACHINE_DOSSIER], roles, subject};
}

static void a_candidate_reads_what_it_did_and_what_it_was_told(void **state)
{
    (void)state;
    char id[PIA_UUID_TEXT_SIZE];
    json_t *page = NULL, *list = NULL;
    bench_to_decision(&bench, id);
    go(id, MINISTER, PIA_ROLE_SIGNATORY, "refuser",
       "{'motifs_droit': 'Article premier.', 'motifs_fait': 'Le besoin manque.', 'ecart': 'Le "
       "budget manque.'}");
    const history_reader_t candidate = reader_as(PIA_ROLE_CANDIDAT, "/persons/" CANDIDATE);
    assert_int_equal(history_page(bench.db, id, &candidate, 0, 50, &page), PIA_OK);
    const json_t *items = json_object_get(page, "items");
    const json_t *own = json_array_get(items, 1), *opinion = json_array_get(items, 6);
    const json_t *refusal = json_array_get(items, 7);
    assert_string_equal(json_string_value(json_object_get(own, "actor")), "/persons/" CANDIDATE);
    assert_string_equal(json_string_value(json_object_get(opinion, "actor")), "/persons");
    assert_null(json_object_get(opinion, "data"));
    assert_string_equal(json_string_value(json_object_get(refusal, "actor")), "/persons");
    assert_int_equal(json_object_size(json_object_get(refusal, "data")), 4); /* and the decision */
    json_decref(page);
    assert_int_equal(history_texts(bench.db, id, &candidate, 7, &list), PIA_FORBIDDEN);
    assert_int_equal(history_texts(bench.db, id, &candidate, 9, &list), PIA_NOT_FOUND);
    assert_int_equal(history_texts(bench.db, id, &candidate, 8, &list), PIA_OK);
    const json_t *text = json_array_get(json_object_get(list, "items"), 2);
    assert_string_equal(json_string_value(json_object_get(text, "text")), "Article premier.");
    assert_string_equal(json_string_value(json_object_get(text, "label")), "Motifs de droit");
    json_decref(list);
}

static void a_page_of_history_says_where_the_next_begins(void **state)
{
    (void)state;
    char id[PIA_UUID_TEXT_SIZE];
    json_t *page = NULL;
    bench_create(&bench, "label-pia", id);
    go(id, CANDIDATE, PIA_ROLE_CANDIDAT, "deposer", NULL);
    const history_reader_t reader = reader_as(PIA_ROLE_SECRETARIAT, "");
    assert_int_equal(history_page(bench.db, id, &reader, 0, 2, &page), PIA_OK);
    assert_int_equal(json_array_size(json_object_get(page, "items")), 2);
    assert_string_equal(json_string_value(json_object_get(page, "next")), "2");
    json_decref(page);
    assert_int_equal(history_page(bench.db, id, &reader, 2, 2, &page), PIA_OK);
    assert_int_equal(json_array_size(json_object_get(page, "items")), 1);
    assert_null(json_object_get(page, "next"));
    json_decref(page);
}

static void a_stored_definition_does_not_change(void **state)
{
    (void)state;
    extern const char label_pia_v1[];
    const definition_t *definition;
    size_t size = strlen(label_pia_v1);
    assert_int_equal(library_add(bench.library, bench.db, label_pia_v1, size, NULL), PIA_OK);
    char *other = malloc(size + 2);
    assert_non_null(other);
    snprintf(other, size + 2, "%s ", label_pia_v1);
    assert_int_equal(library_add(bench.library, bench.db, other, size + 1, &bench.problem),
                     PIA_CONFLICT);
    free(other);
    library_t *fresh = library_new();
    assert_int_equal(library_find(fresh, bench.db, "label-pia", 0, &definition, NULL), PIA_OK);
    assert_int_equal(definition->version, 1);
    assert_int_equal(library_find(fresh, bench.db, "label-pia", 7, &definition, &bench.problem),
                     PIA_NOT_FOUND);
    library_destroy(&fresh);
}

static void who_loads_an_old_state_cannot_write_over_the_new_one(void **state)
{
    (void)state;
    char id[PIA_UUID_TEXT_SIZE];
    bench_create(&bench, "label-pia", id);
    pia_principal_t candidate = bench_person(CANDIDATE, PIA_ROLE_CANDIDAT, STRUCTURE);
    matter_t stale;
    bench_load(&bench, MACHINE_DOSSIER, id, &stale);
    go(id, CANDIDATE, PIA_ROLE_CANDIDAT, "deposer", NULL);
    act_t act = {
        .db = bench.db,
        .matter = &stale,
        .principal = &candidate,
        .transition = machine_transition(stale.machine, "retirer"),
        .effective_ms = bench.now_ms,
        .recorded_ms = bench.now_ms,
    };
    assert_int_equal(matter_move(&act, stale.version, &bench.problem), PIA_CONFLICT);
    matter_clear(&stale);
    assert_state(id, "recevabilite");
}

/* A mid-term review: other states, other rules, a timer that brings it back to its beginning. */
static const char mid_term[] =
    "{\"format\": 1, \"name\": \"bilan\", \"version\": 3, \"title\": \"Bilan à mi-parcours\","
    " \"themes\": [\"habitat\"], \"sectors\": [], \"machines\": {\"dossier\": {"
    "  \"readers\": [\"secretariat\"], \"states\": ["
    "   {\"name\": \"demande\", \"label\": \"Demandé\", \"initial\": true},"
    "   {\"name\": \"remis\", \"label\": \"Remis\"},"
    "   {\"name\": \"vise\", \"label\": \"Visé\", \"final\": true}], \"transitions\": ["
    "   {\"name\": \"demander\", \"label\": \"Demander\", \"from\": [], \"to\": \"demande\","
    "    \"roles\": [\"candidat\", \"secretariat\"]},"
    "   {\"name\": \"remettre\", \"label\": \"Remettre\", \"from\": [\"demande\"], \"to\": "
    "\"remis\","
    "    \"roles\": [\"candidat\"], \"requires\": [{\"name\": \"emplois\", \"label\": \"Emplois\","
    "     \"type\": \"integer\", \"min\": 0}, {\"name\": \"public\", \"label\": \"Public\","
    "     \"type\": \"boolean\", \"optional\": true}],"
    "    \"effects\": [{\"name\": \"record_fact\", \"fact\": \"emplois\", \"data\": \"emplois\"}]},"
    "   {\"name\": \"viser\", \"label\": \"Viser\", \"from\": [\"remis\"], \"to\": \"vise\","
    "    \"roles\": [\"secretariat\"]},"
    "   {\"name\": \"rouvrir\", \"label\": \"Rouvrir\", \"from\": [\"remis\"], \"to\": "
    "\"demande\"}],"
    "  \"timers\": [{\"name\": \"visa\", \"label\": \"Visa\", \"states\": [\"remis\"],"
    "   \"after\": {\"days\": 10}, \"transition\": \"rouvrir\"}]}}}";

static void another_procedure_runs_without_a_line_of_c(void **state)
{
    (void)state;
    bench_clear(&bench);
    bench_init(&bench, mid_term);
    char id[PIA_UUID_TEXT_SIZE];
    bench_create(&bench, "bilan", id);
    assert_state(id, "demande");
    assert_int_equal(move_as(id, CANDIDATE, PIA_ROLE_CANDIDAT, "remettre", "{'emplois': -1}"),
                     PIA_INVALID);
    go(id, CANDIDATE, PIA_ROLE_CANDIDAT, "remettre", "{'emplois': 4, 'public': true}");
    assert_state(id, "remis");
    bench.now_ms += (int64_t)11 * 24 * 3600 * 1000;
    assert_int_equal(move_as(id, ISM, PIA_ROLE_SECRETARIAT, "viser", NULL), PIA_CONFLICT);
    go(id, CANDIDATE, PIA_ROLE_CANDIDAT, "remettre", "{'emplois': 5}");
    go(id, ISM, PIA_ROLE_SECRETARIAT, "viser", NULL);
    assert_state(id, "vise");
    int64_t erased, broken_at;
    assert_true(verify(id, &erased, &broken_at));
    matter_t dossier;
    bench_load(&bench, MACHINE_DOSSIER, id, &dossier);
    assert_int_equal(dossier.definition->version, 3);
    assert_int_equal(json_integer_value(json_object_get(dossier.facts, "emplois")), 5);
    matter_clear(&dossier);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
#define T(name) cmocka_unit_test_setup_teardown(name, bench_setup, bench_teardown)
        T(silence_refuses_at_its_instant_and_is_recorded_later),
        T(a_command_that_comes_too_late_finds_the_decision),
        T(the_tick_applies_what_is_due_once),
        T(a_timer_that_fails_waits_behind_the_others),
        T(an_erased_text_leaves_a_valid_history),
        T(a_text_that_nobody_erased_is_missing),
        T(what_cannot_be_erased_is_refused),
        T(a_changed_entry_breaks_the_chain),
        T(a_changed_text_and_a_lost_entry_are_found),
        T(a_candidate_reads_what_it_did_and_what_it_was_told),
        T(a_page_of_history_says_where_the_next_begins),
        T(a_stored_definition_does_not_change),
        T(who_loads_an_old_state_cannot_write_over_the_new_one),
        T(another_procedure_runs_without_a_line_of_c),
#undef T
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
