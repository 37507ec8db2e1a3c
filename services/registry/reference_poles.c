/* reference_poles.c - reads poles.json. */
#include "reference_poles.h"

#include <stdio.h>
#include <string.h>

#include "announce.h"
#include "fold.h"
#include "pia/format.h"
#include "pia/json.h"
#include "store_pole.h"
#include "store_reference.h"

/* The arrays of the file and the lists they become. */
static const struct {
    const char *member, *group, *list;
} lists[] = {
    {"themes", NULL, "themes"},
    {"sectors", NULL, "sectors"},
    {"publication_kinds", NULL, "kinds"},
    {"content_topics", NULL, "topics"},
    {"scopes", NULL, "scopes"},
    {"partner_types", NULL, "partner-types"},
    {"innovation_forms", NULL, "innovation-forms"},
    {"service_types", "materielle", "service-types"},
    {"service_types", "immaterielle", "service-types"},
    {"service_types", "modes", "service-modes"},
};
enum { LISTS = sizeof lists / sizeof lists[0], POSITIONS_A_GROUP = 1000 };

/* An entry is an object with code and label, or a label of which the code is made. */
static pia_status_t
load_item(pia_db_t *db, const json_t *json, const char *list, const char *group, int64_t position)
{
    char code[FOLD_MAX + 1];
    const json_t *dated = json_object_get(json, "dated");
    reference_item_t item = {.list = list,
                             .group = group,
                             .label = json_string_value(json),
                             .has_dated = json_is_boolean(dated),
                             .dated = json_is_true(dated)};
    if (item.label != NULL) {
        (void)fold_code(item.label, code);
        item.code = code;
    } else {
        item.code = pia_json_text(json, "code");
        item.label = pia_json_text(json, "label");
    }
    if (text_or_null(item.code) == NULL || text_or_null(item.label) == NULL) {
        return PIA_INVALID;
    }
    return store_reference_insert(db, &item, position);
}

static pia_status_t load_list(pia_db_t *db, const json_t *root, size_t which)
{
    const json_t *array = json_object_get(root, lists[which].member);
    if (lists[which].group != NULL) {
        array = json_object_get(array, lists[which].group);
    }
    bool grouped = strcmp(lists[which].list, "service-types") == 0;
    size_t index;
    const json_t *json;
    pia_status_t status = json_is_array(array) ? PIA_OK : PIA_INVALID;
    json_array_foreach(array, index, json)
    {
        if (status == PIA_OK) {
            int64_t position = (int64_t)(which * POSITIONS_A_GROUP + index);
            status = load_item(db, json, lists[which].list, grouped ? lists[which].group : NULL,
                               position);
        }
    }
    return status;
}

static pia_status_t load_lists(pia_db_t *db, const json_t *root, pia_problem_t *problem)
{
    pia_status_t status = PIA_OK;
    for (size_t i = 0; i < LISTS && status == PIA_OK; i++) {
        status = store_reference_clear(db, lists[i].list);
    }
    for (size_t i = 0; i < LISTS && status == PIA_OK; i++) {
        status = load_list(db, root, i);
        if (status != PIA_OK) {
            (void)pia_problem_set(problem, status, NULL, "list %s is not right", lists[i].member);
        }
    }
    return status;
}

/* Copies a text member; absent is "". False if it is no text or too long. */
static bool take_text(const json_t *json, const char *name, char *ret, size_t size)
{
    const json_t *member = json_object_get(json, name);
    if (member != NULL && !json_is_string(member)) {
        return false;
    }
    return text_copy(ret, size, json_string_value(member));
}

#define TAKE(json, name, member) take_text(json, name, member, sizeof(member))

/* The place, the first year and the state, where the source gives them. */
static bool take_facts(const json_t *json, pole_t *pole)
{
    char departement[TERRITORY_SIZE];
    if (!TAKE(json, "department", departement)) {
        return false;
    }
    if (departement[0] != '\0') {
        if (!pia_format_check("departement", departement)) {
            return false;
        }
        pole_place(pole, departement);
    }
    const json_t *since = json_object_get(json, "labelled_since");
    if (since != NULL) {
        json_int_t year = json_integer_value(since);
        if (year < 1900 || year > 9999) {
            return false;
        }
        (void)snprintf(pole->labelled_since, sizeof pole->labelled_since, "%d", (int)year);
    }
    if (json_is_true(json_object_get(json, "labelled_2016"))) {
        pole->state = POLE_ACTIVE;
    }
    return true;
}

pia_status_t reference_read_pole(const json_t *json, pole_t *ret_pole, pia_problem_t *problem)
{
    memset(ret_pole, 0, sizeof *ret_pole);
    bool good = TAKE(json, "code", ret_pole->code) && TAKE(json, "name", ret_pole->name) &&
                TAKE(json, "full_name", ret_pole->full_name) &&
                TAKE(json, "carrier", ret_pole->carrier) &&
                TAKE(json, "carrier_type", ret_pole->carrier_type) &&
                TAKE(json, "city", ret_pole->city) && take_facts(json, ret_pole) &&
                codes_join(json_object_get(json, "themes"), ret_pole->themes) &&
                codes_join(json_object_get(json, "sectors"), ret_pole->sectors);
    if (!good || ret_pole->name[0] == '\0' || !pia_format_check("code", ret_pole->code)) {
        return pia_problem_set(problem, PIA_INVALID, NULL, "pôle %.31s is not right",
                               ret_pole->code);
    }
    return PIA_OK;
}

static pia_status_t load_pole(pia_db_t *db, const json_t *json, pia_problem_t *problem)
{
    pole_t pole;
    pole_t present;
    pia_status_t status = reference_read_pole(json, &pole, problem);
    if (status != PIA_OK) {
        return status;
    }
    status = store_pole_find(db, pole.code, &present);
    if (status != PIA_NOT_FOUND) {
        return status;
    }
    status = store_pole_insert(db, &pole);
    return status == PIA_OK ? announce_pole(db, "pole.labelled", &pole) : status;
}

pia_status_t
reference_load_poles(pia_db_t *db, const char *bytes, size_t size, pia_problem_t *problem)
{
    json_error_t error;
    json_t *root = json_loadb(bytes, size, JSON_REJECT_DUPLICATES, &error);
    if (root == NULL) {
        return pia_problem_set(problem, PIA_INVALID, NULL, "line %d: %s", error.line, error.text);
    }
    pia_status_t status = load_lists(db, root, problem);
    size_t index;
    const json_t *json;
    json_array_foreach(json_object_get(root, "poles"), index, json)
    {
        if (status == PIA_OK) {
            status = load_pole(db, json, problem);
        }
    }
    json_decref(root);
    return status;
}
