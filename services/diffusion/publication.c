/* publication.c - the life of a publication. */
#include "publication.h"

#include <sodium.h>
#include <stdlib.h>
#include <string.h>

#include "pia/clock.h"
#include "pia/event.h"
#include "pia/json.h"
#include "pia/memory.h"
#include "pia/uuid.h"
#include "proto/publication.h"

#include "buffer.h"
#include "problems.h"
#include "publication_store.h"

/* What a pôle writes; all else is ours. */
static const char *const content_members[] = {
    "kind",     "title",        "summary",  "themes",     "sectors",   "topics",  "scope",
    "regions",  "departements", "epcis",    "communes",   "starts_at", "ends_at", "place",
    "capacity", "url",          "language", "visibility", NULL,
};

/* Names in the cache, which the gateway's table of endpoints has too. */
static const char ENTITY[] = "publication";
static const char ENTITY_LIST[] = "list";
static const char LIST[] = "publications";

static const char *const list_attributes[] = {
    "themes", "sectors", "topics", "regions", "departements", "epcis", "communes", NULL,
};

static void set_text(json_t *resource, const char *member, const char *text)
{
    json_object_set_new(resource, member, json_string(text));
}

static void set_time(json_t *resource, const char *member, int64_t time_ms)
{
    char text[PIA_TIME_TEXT_SIZE];
    pia_time_format(time_ms, text);
    set_text(resource, member, text);
}

static void copy_content(json_t *resource, const json_t *from)
{
    for (const char *const *member = content_members; *member; member++) {
        json_t *value = json_object_get(from, *member);
        if (value)
            json_object_set(resource, *member, value);
    }
}

/* Without a territory it concerns that of its pôle; a pôle without one speaks to all. */
static void default_scope(json_t *resource, const publisher_t *publisher)
{
    bool named = json_object_get(resource, "regions") ||
                 json_object_get(resource, "departements") || json_object_get(resource, "epcis") ||
                 json_object_get(resource, "communes");
    if (json_object_get(resource, "scope"))
        return;
    if (!named && publisher->departement[0])
        json_object_set_new(resource, "departements", json_pack("[s]", publisher->departement));
    else if (!named && publisher->region[0])
        json_object_set_new(resource, "regions", json_pack("[s]", publisher->region));
    else if (!named)
        set_text(resource, "scope", "national");
    if (!json_object_get(resource, "scope"))
        set_text(resource, "scope", "regional");
}

json_t *publication_draft(const json_t *body, const publisher_t *publisher)
{
    char id[PIA_UUID_TEXT_SIZE];
    pia_uuid7_text(id);
    json_t *resource = json_object();
    set_text(resource, "publication", id);
    json_object_set(resource, "pole", json_object_get(body, "pole"));
    copy_content(resource, body);
    default_scope(resource, publisher);
    set_text(resource, "state", "draft");
    json_object_set_new(resource, "version", json_integer(1));
    set_time(resource, "created_at", pia_clock_now());
    return resource;
}

json_t *publication_changed(json_t *resource, const json_t *changes)
{
    json_t *changed = json_copy(resource);
    copy_content(changed, changes);
    return changed;
}

pia_status_t publication_check(const json_t *resource, pia_problem_t *problem)
{
    int64_t starts = 0;
    int64_t ends = 0;
    const char *end = pia_json_text_or(resource, "ends_at", "");
    if (!*end)
        return PIA_OK;
    if (pia_time_parse(pia_json_text_or(resource, "starts_at", ""), &starts) &&
        pia_time_parse(end, &ends) && ends >= starts)
        return PIA_OK;
    return pia_problem_set(problem, PIA_INVALID, "/ends_at",
                           "It ends after it begins, and says when it begins.");
}

/* An array of texts as a comma-separated attribute; nothing for an empty one. */
static void set_list(json_t *event, const char *name, const json_t *array)
{
    buffer_t list = {0};
    size_t index = 0;
    const json_t *item = NULL;
    json_array_foreach(array, index, item)
    {
        if (index)
            buffer_add_u8(&list, ',');
        buffer_add(&list, json_string_value(item), json_string_length(item));
    }
    if (list.size)
        json_object_set_new(event, name, json_stringn((const char *)list.bytes, list.size));
    buffer_free(&list);
}

json_t *publication_event(const char *type, const json_t *resource)
{
    const char *visibility = pia_json_text_or(resource, "visibility", "");
    char source[48];
    (void)snprintf(source, sizeof source, "/poles/%s", pia_json_text_or(resource, "pole", ""));
    json_t *event =
        pia_event_new("diffusion", type, pia_json_text_or(resource, "publication", ""),
                      *visibility ? visibility : "public", NULL, json_deep_copy(resource));
    set_text(event, "source", source);
    json_object_set(event, "kind", json_object_get(resource, "kind"));
    json_object_set(event, "pole", json_object_get(resource, "pole"));
    json_object_set(event, "scope", json_object_get(resource, "scope"));
    json_object_set(event, "language", json_object_get(resource, "language"));
    for (const char *const *name = list_attributes; *name; name++)
        set_list(event, *name, json_object_get(resource, *name));
    return event;
}

/* A publication that was not given an id has one that anybody can compute from its event. */
static void derive_id(const entry_t *entry, char ret_id[PIA_UUID_TEXT_SIZE])
{
    uint8_t uuid[PIA_UUID_SIZE];
    crypto_generichash_state state;
    crypto_generichash_init(&state, NULL, 0, sizeof uuid);
    const char *source = entry_source(entry);
    crypto_generichash_update(&state, (const uint8_t *)source, strlen(source) + 1);
    const char *id = entry_id(entry);
    crypto_generichash_update(&state, (const uint8_t *)id, strlen(id));
    crypto_generichash_final(&state, uuid, sizeof uuid);
    uuid[6] = (uint8_t)((uuid[6] & 0x0f) | 0x80); /* RFC 9562, version 8: made as we like */
    uuid[8] = (uint8_t)((uuid[8] & 0x3f) | 0x80);
    pia_uuid_format(uuid, ret_id);
}

/* Pôle and visibility are the event's: data that says otherwise would show in lists what the
 * journal hides, or the other way round. */
static pia_status_t check_agreement(const attributes_t *attributes,
                                    const pia_publication_t *fields,
                                    pia_problem_t *problem)
{
    if (fields->pole && strcmp(fields->pole, attributes->value[ATTRIBUTE_POLE]) != 0)
        return pia_problem_set(problem, PIA_INVALID, "/pole", "It is the pôle of the source.");
    if (fields->visibility &&
        strcmp(fields->visibility, attributes->value[ATTRIBUTE_VISIBILITY]) != 0)
        return pia_problem_set(problem, PIA_INVALID, "/visibility",
                               "It is the visibility of the event.");
    return PIA_OK;
}

/* Checks the data of an event and completes it to a resource. */
pia_status_t publication_of(const entry_t *entry, json_t **ret_resource, pia_problem_t *problem)
{
    json_t *data = json_object_get(entry->json, "data");
    pia_publication_t fields = {0};
    pia_status_t status = PIA_INVALID;
    if (!json_is_object(data))
        (void)pia_problem_set(problem, status, "", "The data is a publication.");
    else
        status =
            pia_schema_decode(&pia_publication_schema, data, PIA_UNKNOWN_REFUSED, &fields, problem);
    if (status == PIA_OK)
        status = publication_check(data, problem);
    if (status == PIA_OK)
        status = check_agreement(&entry->attributes, &fields, problem);
    if (status != PIA_OK) {
        problem_under_member(problem, "data");
        return status;
    }
    const char *visibility = entry->attributes.value[ATTRIBUTE_VISIBILITY];
    json_t *resource = json_copy(data);
    char id[PIA_UUID_TEXT_SIZE];
    derive_id(entry, id);
    if (!fields.publication)
        set_text(resource, "publication", id);
    set_text(resource, "pole", entry->attributes.value[ATTRIBUTE_POLE]);
    if (strcmp(visibility, "public") != 0)
        set_text(resource, "visibility", visibility);
    *ret_resource = resource;
    return PIA_OK;
}

/* Whether the event is one for a publication in this state; NULL `present`: there is none. */
static pia_status_t check_step(const char *type, const json_t *present, pia_problem_t *problem)
{
    static const char pointer[] = "/data/publication";
    const char *state = present ? pia_json_text_or(present, "state", "") : "";
    bool publishes = strcmp(type, "publication.published") == 0;
    if (!present && !publishes)
        return pia_problem_set(problem, PIA_NOT_FOUND, pointer, "There is no such publication.");
    if (publishes && *state && strcmp(state, "draft") != 0)
        return pia_problem_set(problem, PIA_CONFLICT, pointer, "It has been published.");
    if (!publishes && strcmp(state, "published") != 0)
        return pia_problem_set(problem, PIA_CONFLICT, pointer, "It is not published now.");
    return PIA_OK;
}

void publication_advance(json_t *resource, const char *type, const json_t *present, int64_t now_ms)
{
    bool cancels = strcmp(type, "publication.cancelled") == 0;
    json_int_t version = json_integer_value(json_object_get(present, "version"));
    json_object_set_new(resource, "version", json_integer(version + 1));
    set_text(resource, "state", cancels ? "cancelled" : "published");
    if (strcmp(type, "publication.published") == 0)
        set_time(resource, "published_at", now_ms);
    else
        json_object_set(resource, "published_at", json_object_get(present, "published_at"));
    json_t *created = json_object_get(present, "created_at");
    if (created)
        json_object_set(resource, "created_at", created);
    else
        set_time(resource, "created_at", now_ms);
    if (strcmp(type, "publication.published") != 0)
        set_time(resource, cancels ? "cancelled_at" : "changed_at", now_ms);
}

/* A draft is its pôle's, what the network sees is not everyone's; what is cancelled stays public.
 */
static bool is_public(const json_t *resource)
{
    const char *visibility = pia_json_text_or(resource, "visibility", "");
    return strcmp(pia_json_text_or(resource, "state", ""), "draft") != 0 &&
           (!*visibility || strcmp(visibility, "public") == 0);
}

void publication_keep(pia_fresh_t *fresh, const json_t *resource)
{
    if (is_public(resource))
        pia_fresh_add(fresh, ENTITY, pia_json_text_or(resource, "publication", ""),
                      json_integer_value(json_object_get(resource, "version")), resource);
}

void publication_keep_list(pia_fresh_t *fresh, int64_t version, const json_t *page)
{
    pia_fresh_add(fresh, ENTITY_LIST, LIST, version, page);
}

/* What may be in the cache by now: nothing of what is new, and nobody has asked for that yet. What
 * is public no more goes at once, also from the list: nothing older takes its place. */
void publication_refresh(pia_fresh_t *fresh, const json_t *present, const json_t *resource)
{
    if (!present || !is_public(present))
        return;
    if (is_public(resource)) {
        publication_keep(fresh, resource);
        return;
    }
    pia_fresh_hide(fresh, ENTITY, pia_json_text_or(resource, "publication", ""),
                   json_integer_value(json_object_get(resource, "version")));
    pia_fresh_hide(fresh, ENTITY_LIST, LIST, INT64_MAX);
}

pia_status_t publication_apply(pia_db_t *db,
                               pia_fresh_t *fresh,
                               const publication_step_t *step,
                               pia_problem_t *problem)
{
    json_t *resource = NULL;
    json_t *present = NULL;
    pia_status_t status = publication_of(step->entry, &resource, problem);
    if (status != PIA_OK)
        return status;
    status = publication_read(db, pia_json_text_or(resource, "publication", ""), &present);
    if (status == PIA_NOT_FOUND)
        status = PIA_OK;
    if (status != PIA_OK)
        (void)pia_problem_set(problem, status, "", "The publications cannot be read now.");
    else if (present && strcmp(pia_json_text_or(present, "pole", ""),
                               pia_json_text_or(resource, "pole", "")) != 0)
        status = pia_problem_set(problem, PIA_FORBIDDEN, "/data/publication",
                                 "It is another pôle's publication.");
    if (status == PIA_OK)
        status = check_step(entry_type(step->entry), present, problem);
    if (status == PIA_OK) {
        publication_advance(resource, entry_type(step->entry), present, step->now_ms);
        status = publication_write(db, resource, step->now_ms, step->sequence);
    }
    if (status == PIA_OK)
        publication_refresh(fresh, present, resource);
    json_decref(resource);
    json_decref(present);
    return status;
}
