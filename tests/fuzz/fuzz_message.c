/* fuzz_message.c - a message's number and its body: parsed, decoded, encoded, decoded again. */
#include "fuzz.h"

#include "pia/json.h"
#include "pia/schema.h"
#include "proto/messages.h"

static const pia_message_t *choose(uint32_t number)
{
    size_t count = 0;
    while (pia_messages[count] != NULL) {
        if (pia_messages[count]->number == number) {
            return pia_messages[count];
        }
        count++;
    }
    FUZZ_CHECK(count > 0);
    return pia_messages[number % count];
}

/* Members that were ignored inside of an object are still in it. */
static void check_decoded(const pia_schema_t *schema, const void *fields, pia_unknown_t unknown)
{
    pia_problem_t problem = {.detail = ""};
    json_t *json = pia_schema_encode(schema, fields);
    char *text = json_dumps(json, JSON_COMPACT);
    void *again = calloc(1, schema->size);
    FUZZ_CHECK(text != NULL && again != NULL);
    FUZZ_CHECK(pia_schema_decode(schema, json, unknown, again, &problem) == PIA_OK);
    free(again);
    free(text);
    json_decref(json);
}

static void decode(const pia_schema_t *schema, const json_t *json, pia_unknown_t unknown)
{
    void *fields = calloc(1, schema->size);
    pia_problem_t problem = {.detail = ""};
    FUZZ_CHECK(fields != NULL);
    if (pia_schema_decode(schema, json, unknown, fields, &problem) == PIA_OK) {
        check_decoded(schema, fields, unknown);
    } else {
        FUZZ_CHECK(problem.detail[0] != '\0');
        json_t *told = pia_problem_json(&problem);
        FUZZ_CHECK(told != NULL);
        json_decref(told);
    }
    free(fields);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    fuzz_t fuzz = {data, size};
    const pia_message_t *message = choose(fuzz_word(&fuzz));
    size_t body_size = 0;
    uint8_t *body = fuzz_block(&fuzz, size, &body_size);
    json_t *json = NULL;
    pia_problem_t problem = {.detail = ""};
    if (pia_json_parse(body, body_size, &json, &problem) == PIA_OK) {
        FUZZ_CHECK(json_is_object(json));
        decode(message->request, json, PIA_UNKNOWN_REFUSED);
        decode(message->request, json, PIA_UNKNOWN_IGNORED);
        json_decref(json);
    } else {
        FUZZ_CHECK(json == NULL && problem.detail[0] != '\0');
    }
    free(body);
    return 0;
}
