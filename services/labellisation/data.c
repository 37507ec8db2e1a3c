/* data.c - the data of a transition. */
#include "data.h"

#include <assert.h>
#include <stdio.h>
#include <string.h>

#include "pia/clock.h"
#include "pia/uuid.h"
#include "proto/piece.h"
#include "proto/review.h"
#include "proto/session.h"
#include "text.h"

/* Where a datum stands; a name that no definition can have is not repeated. */
static void point_at(char ret_pointer[PIA_POINTER_MAX], const char *name)
{
    size_t plain = strspn(name, "abcdefghijklmnopqrstuvwxyz0123456789_");
    bool odd = name[plain] != '\0' || plain > PIA_POINTER_MAX / 2;
    (void)snprintf(ret_pointer, PIA_POINTER_MAX, "/data%s%s", odd ? "" : "/", odd ? "" : name);
}

static pia_status_t
bad(pia_problem_t *problem, const char *name, const datum_t *datum, const char *detail)
{
    char pointer[PIA_POINTER_MAX];
    point_at(pointer, name);
    if (!datum || !datum_is_bounded(datum->type))
        return pia_problem_set(problem, PIA_INVALID, pointer, "%s", detail);
    return pia_problem_set(problem, PIA_INVALID, pointer, "%s, from %lld to %lld", detail,
                           (long long)datum->min, (long long)datum->max);
}

static bool is_within(const datum_t *datum, int64_t value)
{
    return value >= datum->min && value <= datum->max;
}

/* What a history keeps of a transition's data. */
typedef struct {
    pia_db_t *db;
    const char *matter;
    int64_t recorded_ms;
    json_t *record;
} record_t;

/* As in every text of a message: no control characters but line ends and tabs. */
static bool is_plain(const char *text)
{
    for (const char *at = text; *at; at++)
        if (((unsigned char)*at < ' ' && *at != '\n' && *at != '\t') || *at == 0x7f)
            return false;
    return true;
}

static bool is_text(const datum_t *datum, const json_t *value)
{
    const char *text = json_string_value(value);
    return text && is_within(datum, (int64_t)strlen(text)) && is_plain(text);
}

static bool are_ids(const json_t *value)
{
    for (size_t i = 0; i < json_array_size(value); i++) {
        uint8_t id[PIA_UUID_SIZE];
        const char *text = json_string_value(json_array_get(value, i));
        if (!text || !pia_uuid_parse(text, id))
            return false;
        for (size_t j = 0; j < i; j++)
            if (json_equal(json_array_get(value, i), json_array_get(value, j)))
                return false;
    }
    return json_is_array(value);
}

static bool are_codes(const json_t *value)
{
    enum { CODE_MAX = 31 };
    for (size_t i = 0; i < json_array_size(value); i++) {
        const char *text = json_string_value(json_array_get(value, i));
        size_t size = text ? strspn(text, "abcdefghijklmnopqrstuvwxyz0123456789_-") : 0;
        if (size == 0 || size > CODE_MAX || text[size] != '\0')
            return false;
        for (size_t j = 0; j < i; j++)
            if (json_equal(json_array_get(value, i), json_array_get(value, j)))
                return false;
    }
    return json_is_array(value);
}

/* Objects, each of this schema; whether there is what they name is the effect's to say. */
static bool are_records(const json_t *value, const pia_schema_t *schema)
{
    union {
        pia_completion_item_t piece;
        pia_session_attendance_t attendance;
        pia_session_vote_t vote;
        pia_review_score_t score;
    } fields;
    assert(schema->size <= sizeof fields);
    for (size_t i = 0; i < json_array_size(value); i++) {
        const json_t *item = json_array_get(value, i);
        if (!json_is_object(item) ||
            pia_schema_decode(schema, item, PIA_UNKNOWN_REFUSED, &fields, NULL) != PIA_OK)
            return false;
    }
    return json_is_array(value);
}

static bool is_list(datum_type_t type, const json_t *value)
{
    switch (type) {
    case DATUM_PERSONS:
    case DATUM_DOSSIERS:
        return are_ids(value);
    case DATUM_CODES:
        return are_codes(value);
    case DATUM_PIECES:
        return are_records(value, &pia_completion_item_schema);
    case DATUM_ATTENDANCES:
        return are_records(value, &pia_session_attendance_schema);
    case DATUM_SCORES:
        return are_records(value, &pia_review_score_schema);
    default:
        return are_records(value, &pia_session_vote_schema);
    }
}

static const char *list_fault(datum_type_t type)
{
    static const char *const faults[] = {
        [DATUM_PERSONS] = "is not a list of distinct persons' ids",
        [DATUM_PIECES] = "is not a list of pieces with what is wrong with them",
        [DATUM_CODES] = "is not a list of distinct codes",
        [DATUM_DOSSIERS] = "is not a list of distinct dossiers' ids",
        [DATUM_ATTENDANCES] = "is not a list of members, each with how its seat is held",
        [DATUM_VOTES] = "is not a list of members, each with its vote",
        [DATUM_SCORES] = "is not a list of criteria, each with its score and why",
    };
    return faults[type];
}

static pia_status_t check_datum(const datum_t *datum, const json_t *value, pia_problem_t *problem)
{
    int64_t day;
    switch (datum->type) {
    case DATUM_TEXT:
        return is_text(datum, value) ? PIA_OK
                                     : bad(problem, datum->name, datum,
                                           "is not a plain text with as many bytes as are allowed");
    case DATUM_INTEGER:
        return json_is_integer(value) && is_within(datum, json_integer_value(value))
                   ? PIA_OK
                   : bad(problem, datum->name, datum, "is not an integer");
    case DATUM_BOOLEAN:
        return json_is_boolean(value) ? PIA_OK
                                      : bad(problem, datum->name, datum, "is not a boolean");
    case DATUM_CHOICE:
        return json_is_string(value) && names_have(datum->values, json_string_value(value))
                   ? PIA_OK
                   : bad(problem, datum->name, datum, "is not one of the values that are allowed");
    case DATUM_DATE:
        return json_is_string(value) && pia_date_parse(json_string_value(value), &day)
                   ? PIA_OK
                   : bad(problem, datum->name, datum, "is not a date: 2026-11-26");
    default:
        return is_list(datum->type, value) && is_within(datum, (int64_t)json_array_size(value))
                   ? PIA_OK
                   : bad(problem, datum->name, datum, list_fault(datum->type));
    }
}

pia_status_t data_check(const transition_t *transition, const json_t *data, pia_problem_t *problem)
{
    size_t known = 0;
    for (size_t i = 0; i < transition->datum_count; i++) {
        const datum_t *datum = &transition->data[i];
        const json_t *value = json_object_get(data, datum->name);
        if (!value && !datum->optional)
            return bad(problem, datum->name, NULL, "is missing");
        if (!value)
            continue;
        known++;
        pia_status_t status = check_datum(datum, value, problem);
        if (status != PIA_OK)
            return status;
    }
    if (json_object_size(data) == known)
        return PIA_OK;
    const char *name;
    json_t *value;
    json_object_foreach((json_t *)data, name, value)
    {
        if (!transition_datum(transition, name))
            return bad(problem, name, NULL, "is unknown to this transition");
    }
    return PIA_INTERNAL;
}

pia_status_t data_fits(const transition_t *transition, const json_t *record, pia_problem_t *problem)
{
    for (size_t i = 0; i < transition->datum_count; i++) {
        const datum_t *datum = &transition->data[i];
        const json_t *value = json_object_get(record, datum->name);
        bool hashed =
            datum->type == DATUM_TEXT || datum->type == DATUM_PIECES || datum->type == DATUM_SCORES;
        if (!value && !datum->optional)
            return pia_problem_set(problem, PIA_INVALID, "/data", "asks for %s", datum->name);
        if (value && !hashed && check_datum(datum, value, problem) != PIA_OK)
            return pia_problem_set(problem, PIA_INVALID, "/data", "%s is not what it asks for",
                                   datum->name);
    }
    return PIA_OK;
}

/* Stores a text; its hash stands as `name`. */
static pia_status_t record_text(const record_t *to, const char *name, const char *text)
{
    char hash[TEXT_HASH_SIZE];
    pia_status_t status = text_add(to->db, to->matter, text, to->recorded_ms, hash);
    if (status == PIA_OK)
        json_object_set_new(to->record, name, json_pack("{s:s}", "blake2b", hash));
    return status;
}

/* The scores without their justifications, which stand beside as NAME.CRITERION. */
static pia_status_t record_scores(const record_t *to, const char *name, const json_t *scores)
{
    json_t *kept = json_array();
    pia_status_t status = PIA_OK;
    for (size_t i = 0; status == PIA_OK && i < json_array_size(scores); i++) {
        const json_t *item = json_array_get(scores, i);
        const char *criterion = json_string_value(json_object_get(item, "criterion"));
        const char *why = json_string_value(json_object_get(item, "justification"));
        char member[DATA_NAME_SIZE];
        (void)snprintf(member, sizeof member, "%s.%s", name, criterion);
        json_array_append_new(kept, json_pack("{s:s, s:O}", "criterion", criterion, "score",
                                              json_object_get(item, "score")));
        if (why[0] != '\0')
            status = record_text(to, member, why);
    }
    json_object_set_new(to->record, name, kept);
    return status;
}

pia_status_t data_record(pia_db_t *db,
                         const char *matter,
                         const transition_t *transition,
                         const json_t *data,
                         int64_t recorded_ms,
                         json_t **ret_record)
{
    json_t *record = json_object();
    const record_t to = {db, matter, recorded_ms, record};
    pia_status_t status = PIA_OK;
    for (size_t i = 0; status == PIA_OK && i < transition->datum_count; i++) {
        const datum_t *datum = &transition->data[i];
        json_t *value = json_object_get(data, datum->name);
        if (value && datum->type == DATUM_TEXT)
            status = record_text(&to, datum->name, json_string_value(value));
        else if (value && datum->type == DATUM_SCORES)
            status = record_scores(&to, datum->name, value);
        else if (value)
            json_object_set(record, datum->name, value);
    }
    if (status == PIA_OK)
        *ret_record = record;
    else
        json_decref(record);
    return status;
}
