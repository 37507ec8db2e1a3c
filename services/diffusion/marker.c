/* marker.c - markers as events, and what is signed of them. */
#include "marker.h"

#include <sodium.h>
#include <stdlib.h>
#include <string.h>

#include "pia/clock.h"

#include "buffer.h"

const char marker_source[] = "/services/diffusion";
const char marker_type[] = "journal.retained";

static const char *const rules[] = {
    [MARKER_OLDER_THAN] = "older_than", [MARKER_KEEP_BYTES] = "keep_bytes"};

bool marker_is(const attributes_t *attributes)
{
    return strcmp(attributes->value[ATTRIBUTE_TYPE], marker_type) == 0 &&
           strcmp(attributes->value[ATTRIBUTE_SOURCE], marker_source) == 0;
}

/* What is signed: see proto/README.md. */
static void write_statement(const marker_t *self, buffer_t *statement)
{
    static const char head[] = "pia journal.retained 1";
    buffer_add(statement, head, sizeof head);
    buffer_add(statement, self->journal, PIA_UUID_TEXT_SIZE);
    buffer_add(statement, self->kind, strlen(self->kind) + 1);
    buffer_add(statement, rules[self->rule], strlen(rules[self->rule]) + 1);
    buffer_add_u64(statement, (uint64_t)self->limit);
    buffer_add_u64(statement, (uint64_t)self->at_ms);
    buffer_add_u64(statement, self->count);
    buffer_add_u64(statement, self->bytes);
    buffer_add(statement, self->chain, CHAIN_SIZE);
    for (size_t i = 0; i < self->range_count; i++) {
        buffer_add_u64(statement, self->ranges[i].first);
        buffer_add_u64(statement, self->ranges[i].last);
    }
}

void marker_sign(marker_t *self, const signer_t *signer)
{
    buffer_t statement = {0};
    write_statement(self, &statement);
    memcpy(self->key, signer->public_key, sizeof self->key);
    int rc = crypto_sign_detached(self->signature, NULL, statement.bytes, statement.size,
                                  signer->secret);
    if (rc != 0)
        abort();
    buffer_free(&statement);
}

bool marker_is_signed(const marker_t *self)
{
    buffer_t statement = {0};
    write_statement(self, &statement);
    int rc =
        crypto_sign_verify_detached(self->signature, statement.bytes, statement.size, self->key);
    buffer_free(&statement);
    return rc == 0;
}

static void set_hex(json_t *object, const char *name, const uint8_t *bytes, size_t size)
{
    char text[2 * SIGNATURE_SIZE + 1];
    sodium_bin2hex(text, sizeof text, bytes, size);
    json_object_set_new(object, name, json_string(text));
}

static json_t *data_json(const marker_t *self)
{
    json_t *ranges = json_array();
    for (size_t i = 0; i < self->range_count; i++)
        json_array_append_new(ranges, json_pack("[I, I]", (json_int_t)self->ranges[i].first,
                                                (json_int_t)self->ranges[i].last));
    json_t *data =
        json_pack("{s:s, s:s, s:s, s:I, s:I, s:I, s:I, s:o}", "journal", self->journal, "kind",
                  self->kind, "rule", rules[self->rule], "limit", (json_int_t)self->limit, "at_ms",
                  (json_int_t)self->at_ms, "count", (json_int_t)self->count, "bytes",
                  (json_int_t)self->bytes, "ranges", ranges);
    set_hex(data, "chain", self->chain, CHAIN_SIZE);
    set_hex(data, "key", self->key, sizeof self->key);
    set_hex(data, "signature", self->signature, sizeof self->signature);
    return data;
}

json_t *marker_event(const marker_t *self)
{
    char id[PIA_UUID_TEXT_SIZE];
    char time[PIA_TIME_TEXT_SIZE];
    pia_uuid7_text(id);
    pia_time_format(self->at_ms, time);
    return json_pack("{s:s, s:s, s:s, s:s, s:s, s:s, s:o}", "specversion", "1.0", "id", id,
                     "source", marker_source, "type", marker_type, "time", time, "visibility",
                     "network", "data", data_json(self));
}

static bool read_text(const json_t *object, const char *name, char *ret_text, size_t size)
{
    const char *text = json_string_value(json_object_get(object, name));
    if (!text || strlen(text) >= size)
        return false;
    memcpy(ret_text, text, strlen(text) + 1);
    return true;
}

static bool read_hex(const json_t *object, const char *name, uint8_t *ret_bytes, size_t size)
{
    const char *text = json_string_value(json_object_get(object, name));
    size_t found = 0;
    return text && sodium_hex2bin(ret_bytes, size, text, strlen(text), NULL, &found, NULL) == 0 &&
           found == size;
}

/* Not negative. */
static bool read_number(const json_t *object, const char *name, int64_t *ret_value)
{
    const json_t *value = json_object_get(object, name);
    *ret_value = json_integer_value(value);
    return json_is_integer(value) && *ret_value >= 0;
}

static bool read_rule(const json_t *data, marker_rule_t *ret_rule)
{
    const char *text = json_string_value(json_object_get(data, "rule"));
    for (size_t i = 0; text && i < sizeof rules / sizeof rules[0]; i++) {
        *ret_rule = (marker_rule_t)i;
        if (strcmp(text, rules[i]) == 0)
            return true;
    }
    return false;
}

static bool read_ranges(const json_t *ranges, marker_t *marker)
{
    uint64_t before = 0;
    marker->range_count = json_array_size(ranges);
    if (marker->range_count < 1 || marker->range_count > MARKER_RANGES_MAX)
        return false;
    for (size_t i = 0; i < marker->range_count; i++) {
        const json_t *range = json_array_get(ranges, i);
        int64_t first = json_integer_value(json_array_get(range, 0));
        int64_t last = json_integer_value(json_array_get(range, 1));
        if (json_array_size(range) != 2 || first < 1 || last < first || (uint64_t)first <= before)
            return false;
        marker->ranges[i] = (marker_range_t){.first = (uint64_t)first, .last = (uint64_t)last};
        before = (uint64_t)last;
    }
    return true;
}

static bool read_data(const json_t *data, marker_t *marker)
{
    int64_t count = 0;
    int64_t bytes = 0;
    bool good = read_text(data, "journal", marker->journal, sizeof marker->journal) &&
                strlen(marker->journal) == PIA_UUID_TEXT_SIZE - 1 &&
                read_text(data, "kind", marker->kind, sizeof marker->kind) &&
                read_rule(data, &marker->rule) && read_number(data, "limit", &marker->limit) &&
                read_number(data, "at_ms", &marker->at_ms) && read_number(data, "count", &count) &&
                read_number(data, "bytes", &bytes);
    marker->count = (uint64_t)count;
    marker->bytes = (uint64_t)bytes;
    return good && read_hex(data, "chain", marker->chain, sizeof marker->chain) &&
           read_hex(data, "key", marker->key, sizeof marker->key) &&
           read_hex(data, "signature", marker->signature, sizeof marker->signature) &&
           read_ranges(json_object_get(data, "ranges"), marker);
}

bool marker_read(const void *bytes, size_t size, marker_t *ret_marker)
{
    json_t *event = json_loadb(bytes, size, JSON_REJECT_DUPLICATES, NULL);
    const char *source = json_string_value(json_object_get(event, "source"));
    const char *type = json_string_value(json_object_get(event, "type"));
    bool good = source && type && strcmp(source, marker_source) == 0 &&
                strcmp(type, marker_type) == 0 &&
                read_data(json_object_get(event, "data"), ret_marker);
    json_decref(event);
    return good;
}

bool marker_has(const marker_t *self, uint64_t sequence)
{
    size_t low = 0;
    size_t high = self->range_count;
    while (low < high) {
        size_t middle = low + (high - low) / 2;
        if (self->ranges[middle].last < sequence)
            low = middle + 1;
        else
            high = middle;
    }
    return low < self->range_count && self->ranges[low].first <= sequence;
}
