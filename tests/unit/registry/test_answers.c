/* test_answers.c - what the registry says is what its schemas promise. */
#include "pia_test.h"

#include <string.h>

#include "apikey.h"
#include "person.h"
#include "pole.h"
#include "proto/key.h"
#include "proto/person.h"
#include "proto/pole.h"
#include "proto/structure.h"
#include "structure.h"

#define ID "019abcde-0123-7123-8123-0123456789ab"

/* Takes the JSON: every member is described, every required one is there. */
static void conforms(const pia_schema_t *schema, json_t *json)
{
    pia_problem_t problem = {.detail = ""};
    void *fields = test_malloc(schema->size);
    memset(fields, 0, schema->size);
    if (pia_schema_decode(schema, json, PIA_UNKNOWN_REFUSED, fields, &problem) != PIA_OK) {
        fail_msg("%s: %s %s", schema->name, problem.pointer, problem.detail);
    }
    test_free(fields);
    json_decref(json);
}

static void a_pole_says_what_its_schema_promises(void **state)
{
    (void)state;
    pole_t full = {.code = "demo",
                   .name = "Démo",
                   .full_name = "Pôle de démonstration",
                   .structure = ID,
                   .carrier = "Une structure",
                   .carrier_type = "Laboratoire",
                   .city = "Limoges",
                   .themes = "habitat,arts",
                   .sectors = "batiment",
                   .state = POLE_SUSPENDED,
                   .labelled_since = "2026-11-26",
                   .label_until = "2029-11-26",
                   .label = ID,
                   .reason = "essai",
                   .version = 3};
    pole_t bare = {.code = "x", .name = "X", .state = POLE_ACTIVE, .version = 1};
    pole_place(&full, "2A");
    conforms(&pia_pole_schema, pole_json(&full));
    conforms(&pia_pole_schema, pole_json(&bare));
    conforms(&pia_pole_announcement_schema, pole_announcement(&full));
    conforms(&pia_pole_announcement_schema, pole_announcement(&bare));
}

static void a_structure_says_what_its_schema_promises(void **state)
{
    (void)state;
    structure_t full = {.id = ID,
                        .name = "Structure",
                        .siret = "73282932000074",
                        .commune = "97411",
                        .demonstration = true,
                        .version = 2};
    structure_t bare = {.id = ID, .name = "Structure", .version = 1};
    assert_int_equal(structure_complete(&full, NULL), PIA_OK);
    conforms(&pia_structure_schema, structure_json(&full));
    conforms(&pia_structure_schema, structure_json(&bare));
    conforms(&pia_structure_announcement_schema, structure_announcement(&full));
    conforms(&pia_structure_announcement_schema, structure_announcement(&bare));
}

static void a_person_is_announced_without_a_label(void **state)
{
    (void)state;
    person_t person = {.id = ID,
                       .label = "rapporteure 1",
                       .roles = PIA_ROLE_ANY,
                       .structure = ID,
                       .pole = "*",
                       .version = 1};
    conforms(&pia_person_schema, person_json(&person));
    json_t *announcement = person_announcement(&person);
    assert_null(json_object_get(announcement, "label"));
    conforms(&pia_person_announcement_schema, announcement);
}

static void a_key_is_shown_without_its_hash(void **state)
{
    (void)state;
    apikey_t key = {.id = ID,
                    .label = "essai",
                    .person = ID,
                    .roles = PIA_ROLE_POLE,
                    .structure = ID,
                    .pole = "cnidep",
                    .created_at = 1,
                    .expires_at = 1793000000000,
                    .revoked_at = 1793000000000,
                    .last_used = 20000};
    apikey_t bare = {.id = ID, .label = "x", .service = "gateway", .roles = 1, .created_at = 1};
    conforms(&pia_key_schema, apikey_json(&key, 5));
    conforms(&pia_key_schema, apikey_json(&bare, 5));
    pia_principal_t principal;
    apikey_principal(&key, NULL, &principal);
    conforms(&pia_principal_card_schema, principal_json(&principal));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_pole_says_what_its_schema_promises),
        cmocka_unit_test(a_structure_says_what_its_schema_promises),
        cmocka_unit_test(a_person_is_announced_without_a_label),
        cmocka_unit_test(a_key_is_shown_without_its_hash),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
