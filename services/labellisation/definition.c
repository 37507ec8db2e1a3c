/* definition.c - a definition from its bytes: shape (the schema), parts (definition_load.c), the
 * whole (definition_check.c). */
#include "definition.h"

#include <sodium.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "definition_internal.h"
#include "pia/json.h"
#include "pia/memory.h"
#include "proto/process_definition.h"
#include "words.h"

static void free_machine(machine_t *machine)
{
    for (size_t i = 0; i < machine->transition_count; i++) {
        free(machine->transitions[i].guards);
        free(machine->transitions[i].effects);
        free(machine->transitions[i].data);
    }
    free(machine->states);
    free(machine->transitions);
    free(machine->timers);
}

void definition_destroy(definition_t **definition_p)
{
    definition_t *definition = *definition_p;
    if (!definition)
        return;
    for (size_t i = 0; i < MACHINE_COUNT; i++)
        free_machine(&definition->machines[i]);
    content_clear(&definition->content);
    json_decref(definition->json);
    free(definition);
    *definition_p = NULL;
}

static pia_status_t load_machines(definition_t *definition, pia_problem_t *problem)
{
    const json_t *machines = json_object_get(definition->json, "machines");
    pia_status_t status = PIA_OK;
    for (size_t i = 0; status == PIA_OK && i < MACHINE_COUNT; i++) {
        char at[PIA_POINTER_MAX];
        (void)snprintf(at, sizeof at, "/machines/%s", kinds[i].name);
        definition->machines[i].kind = (machine_kind_t)i;
        definition->machines[i].name = kinds[i].name;
        const json_t *json = json_object_get(machines, kinds[i].name);
        if (json)
            status = definition_load_machine(&definition->machines[i], json, at, problem);
    }
    if (status == PIA_OK)
        status = content_load(&definition->content, json_object_get(definition->json, "content"),
                              &definition->machines[MACHINE_DOSSIER], problem);
    if (status == PIA_OK)
        status =
            review_rules_load(&definition->reviews, json_object_get(definition->json, "reviews"),
                              &definition->machines[MACHINE_REVIEW], problem);
    return status == PIA_OK ? definition_check(definition, problem) : status;
}

/* Without the member a consultation is compulsory. */
static void read_committee(definition_t *definition, const json_t *json)
{
    const char *rules = json_string_value(json_object_get(json, "rules"));
    const char *majority = json_string_value(json_object_get(json, "majority"));
    definition->committee = (committee_rules_t){
        .mandatory = !rules || strcmp(rules, "by_choice") != 0,
        .by_votes = majority && strcmp(majority, "votes") == 0,
    };
}

/* Without the member roles suffice where no authority was recorded. */
static void read_signatures(definition_t *definition, const json_t *json)
{
    const char *authority = json_string_value(json_object_get(json, "authority"));
    definition->authority_required = authority && strcmp(authority, "required") == 0;
}

static void hash_bytes(const char *bytes, size_t size, char ret_hash[DEFINITION_HASH_SIZE])
{
    unsigned char hash[crypto_generichash_BYTES];
    (void)crypto_generichash(hash, sizeof hash, (const unsigned char *)bytes, size, NULL, 0);
    (void)sodium_bin2hex(ret_hash, DEFINITION_HASH_SIZE, hash, sizeof hash);
}

pia_status_t definition_load(const char *bytes,
                             size_t size,
                             definition_t **ret_definition,
                             pia_problem_t *problem)
{
    if (size > DEFINITION_SIZE_MAX)
        return pia_problem_set(problem, PIA_TOO_LARGE, NULL, "a definition has at most %d bytes",
                               DEFINITION_SIZE_MAX);
    definition_t *definition = pia_alloc(sizeof *definition);
    pia_definition_t fields;
    pia_status_t status = pia_json_parse(bytes, size, &definition->json, problem);
    if (status == PIA_OK)
        status = pia_schema_decode(&pia_definition_schema, definition->json, PIA_UNKNOWN_REFUSED,
                                   &fields, problem);
    if (status == PIA_OK) {
        definition->name = fields.name;
        definition->title = fields.title;
        definition->version = fields.version;
        definition->themes = fields.themes;
        definition->sectors = fields.sectors;
        definition->specification = fields.specification;
        read_committee(definition, fields.committee);
        read_signatures(definition, fields.signatures);
        hash_bytes(bytes, size, definition->hash);
        status = words_check(definition, problem);
    }
    if (status == PIA_OK)
        status = load_machines(definition, problem);
    if (status == PIA_OK)
        *ret_definition = definition;
    else
        definition_destroy(&definition);
    return status;
}
