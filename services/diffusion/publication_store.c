/* publication_store.c - the table of publications. */
#include "publication_store.h"

#include <assert.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "pia/json.h"
#include "pia/territory.h"

#include "buffer.h"
#include "place.h"

enum { LIMIT_DEFAULT = 50, PAGE_SIZE_MAX = 512 * 1024 };

static const char SQL_READ[] = "SELECT body FROM publication WHERE id = $1";
static const char SQL_REMOVE[] = "DELETE FROM publication WHERE id = $1";
static const char SQL_WRITE[] =
    "INSERT INTO publication (id, pole, kind, state, visibility, version, listed_at, themes,"
    " sectors, regions, territories, scope, body, sequence)"
    " VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14)"
    " ON CONFLICT (id) DO UPDATE SET kind = excluded.kind, state = excluded.state,"
    " visibility = excluded.visibility, version = excluded.version, listed_at ="
    " CASE WHEN publication.state = 'draft' THEN excluded.listed_at ELSE publication.listed_at END,"
    " themes = excluded.themes, sectors = excluded.sectors, regions = excluded.regions,"
    " territories = excluded.territories, scope = excluded.scope, body = excluded.body,"
    " sequence = excluded.sequence";
static const char SQL_AFTER[] =
    "SELECT id, body FROM publication WHERE sequence > $1 ORDER BY sequence LIMIT $2";
/* Whether a list of codes (",a,b,") holds what one of four patterns asks for; the first is empty:
 * nothing is asked for. */
#define ONE_OF(list, a, b, c, d)                                                                   \
    "CAST(" a " AS TEXT) = '' OR " list " LIKE " a " OR " list " LIKE " b " OR " list " LIKE " c   \
    " OR " list " LIKE " d
#define HAS_THEME ONE_OF("themes", "$4", "$5", "$6", "$7")
#define HAS_SECTOR ONE_OF("sectors", "$8", "$9", "$10", "$11")
#define IN_REGION ONE_OF("regions", "$12", "$13", "$14", "$15")
#define IN_DEPARTEMENT ONE_OF("territories", "$16", "$17", "$18", "$19")
#define IN_ITS_REGION ONE_OF("territories", "$20", "$21", "$22", "$23")
static const char SQL_LIST[] =
    "SELECT listed_at, id, body FROM publication WHERE state = $1"
    " AND (CAST($2 AS TEXT) = '' OR $2 LIKE '%,' || kind || ',%')"
    " AND (CAST($3 AS TEXT) = '' OR $3 LIKE '%,' || pole || ',%')"
    " AND (" HAS_THEME ") AND (" HAS_SECTOR ") AND (scope = 'national' OR " IN_REGION ")"
    " AND (scope = 'national' OR " IN_DEPARTEMENT " OR " IN_ITS_REGION ")"
    " AND (visibility = 'public' OR CAST($24 AS BIGINT) = 1)"
    " AND (listed_at < $25 OR (listed_at = $25 AND id < $26))"
    " ORDER BY listed_at DESC, id DESC LIMIT $27";
enum { PATTERNS = 4 }; /* as many values as the message may name */

pia_status_t publication_read(pia_db_t *db, const char *id, json_t **ret_resource)
{
    pia_stmt_t *stmt = pia_db_prepare(db, SQL_READ);
    pia_stmt_text(stmt, 1, id);
    pia_status_t status = pia_stmt_step(stmt);
    if (status != PIA_OK)
        return status;
    json_t *resource = json_loads(pia_stmt_column_text(stmt, 0), 0, NULL);
    pia_stmt_reset(stmt);
    if (!resource)
        return PIA_INTERNAL;
    *ret_resource = resource;
    return PIA_OK;
}

pia_status_t publication_remove(pia_db_t *db, const char *id)
{
    pia_stmt_t *stmt = pia_db_prepare(db, SQL_REMOVE);
    pia_stmt_text(stmt, 1, id);
    return pia_stmt_run(stmt, NULL);
}

static void add_code(buffer_t *list, const char *prefix, const char *code)
{
    if (!list->size)
        buffer_add_u8(list, ',');
    buffer_add(list, prefix, strlen(prefix));
    buffer_add(list, code, strlen(code));
    buffer_add_u8(list, ',');
}

static void add_codes(buffer_t *list, const char *prefix, const json_t *array)
{
    size_t index = 0;
    const json_t *item = NULL;
    json_array_foreach(array, index, item) add_code(list, prefix, json_string_value(item));
}

/* A list being filled with codes of one level. */
typedef struct {
    buffer_t *list;
    const char *level, *prefix;
} places_t;

static void add_place(void *arg, const char *place)
{
    places_t *places = arg;
    const char *code = place_code(place, places->level);
    if (code)
        add_code(places->list, places->prefix, code);
}

/* Adds the places of one level that are named in `member` or lie above one that is. */
static void
add_places(places_t *places, const json_t *resource, const char *member, const char *level)
{
    size_t index = 0;
    const json_t *item = NULL;
    json_array_foreach(json_object_get(resource, member), index, item)
    {
        char place[PLACE_SIZE];
        (void)snprintf(place, sizeof place, "%s%s", level, json_string_value(item));
        add_place(places, place);
        place_each_above(place, add_place, places);
    }
}

/* Régions that are named or share ground with what is. */
static void add_regions(buffer_t *list, const json_t *resource)
{
    places_t places = {.list = list, .level = "region:", .prefix = ""};
    add_places(&places, resource, "regions", "region:");
    add_places(&places, resource, "departements", "departement:");
    add_places(&places, resource, "epcis", "epci:");
    add_places(&places, resource, "communes", "commune:");
}

/* Départements likewise, and the régions that are named themselves. */
static void add_territories(buffer_t *list, const json_t *resource)
{
    places_t places = {.list = list, .level = "departement:", .prefix = "d"};
    add_places(&places, resource, "departements", "departement:");
    add_places(&places, resource, "epcis", "epci:");
    add_places(&places, resource, "communes", "commune:");
    add_codes(list, "r", json_object_get(resource, "regions"));
}

static void bind_list(pia_stmt_t *stmt, int parameter, buffer_t *list)
{
    buffer_add_u8(list, '\0');
    pia_stmt_text(stmt, parameter, (const char *)list->bytes);
    buffer_reset(list);
}

static void bind_lists(pia_stmt_t *stmt, const json_t *resource)
{
    buffer_t list = {0};
    add_codes(&list, "", json_object_get(resource, "themes"));
    bind_list(stmt, 8, &list);
    add_codes(&list, "", json_object_get(resource, "sectors"));
    bind_list(stmt, 9, &list);
    add_regions(&list, resource);
    bind_list(stmt, 10, &list);
    add_territories(&list, resource);
    bind_list(stmt, 11, &list);
    buffer_free(&list);
}

pia_status_t
publication_write(pia_db_t *db, const json_t *resource, int64_t now_ms, uint64_t sequence)
{
    char *body = json_dumps(resource, JSON_COMPACT);
    pia_stmt_t *stmt = pia_db_prepare(db, SQL_WRITE);
    pia_stmt_text(stmt, 1, pia_json_text_or(resource, "publication", ""));
    pia_stmt_text(stmt, 2, pia_json_text_or(resource, "pole", ""));
    pia_stmt_text(stmt, 3, pia_json_text_or(resource, "kind", ""));
    pia_stmt_text(stmt, 4, pia_json_text_or(resource, "state", "draft"));
    pia_stmt_text(stmt, 5, pia_json_text_or(resource, "visibility", "public"));
    pia_stmt_integer(stmt, 6, json_integer_value(json_object_get(resource, "version")));
    pia_stmt_integer(stmt, 7, now_ms);
    bind_lists(stmt, resource);
    pia_stmt_text(stmt, 12, pia_json_text_or(resource, "scope", "regional"));
    pia_stmt_text(stmt, 13, body);
    pia_stmt_integer(stmt, 14, (int64_t)sequence);
    free(body);
    return pia_stmt_run(stmt, NULL);
}

pia_status_t publication_after(pia_db_t *db, uint64_t sequence, int64_t limit, json_t *resources)
{
    pia_stmt_t *stmt = pia_db_prepare(db, SQL_AFTER);
    pia_stmt_integer(stmt, 1, (int64_t)sequence);
    pia_stmt_integer(stmt, 2, limit);
    pia_status_t status = pia_stmt_step(stmt);
    for (; status == PIA_OK; status = pia_stmt_step(stmt)) {
        json_t *resource = json_loads(pia_stmt_column_text(stmt, 1), 0, NULL);
        if (!resource) {
            pia_stmt_reset(stmt);
            return PIA_INTERNAL;
        }
        json_object_set_new(resources, pia_stmt_column_text(stmt, 0), resource);
    }
    return status == PIA_NOT_FOUND ? PIA_OK : status;
}

/* A place in the list: "<listed_at>.<id>"; none: before the newest. */
static bool parse_after(const char *after, int64_t *ret_listed_at, const char **ret_id)
{
    *ret_listed_at = INT64_MAX;
    *ret_id = "";
    if (!after)
        return true;
    char *end = NULL;
    *ret_listed_at = strtoll(after, &end, 10);
    *ret_id = end + 1;
    return end != after && *end == '.' && pia_format_check("uuid", end + 1);
}

static void bind_codes(pia_stmt_t *stmt, int parameter, const json_t *values)
{
    buffer_t list = {0};
    add_codes(&list, "", values);
    bind_list(stmt, parameter, &list);
    buffer_free(&list);
}

/* The code that a list is looked through for, of a value; NULL: itself. */
typedef const char *code_fn(const char *value);

/* Fewer values than patterns: the first one again. */
static void bind_patterns(
    pia_stmt_t *stmt, int first, const json_t *values, const char *prefix, code_fn *code_of)
{
    size_t count = json_array_size(values);
    assert(count <= PATTERNS);
    for (size_t i = 0; i < PATTERNS; i++) {
        char pattern[64] = "";
        const char *value = json_string_value(json_array_get(values, i < count ? i : 0));
        if (value)
            (void)snprintf(pattern, sizeof pattern, "%%,%s%s,%%", prefix,
                           code_of ? code_of(value) : value);
        pia_stmt_text(stmt, first + (int)i, pattern);
    }
}

static const char *region_of(const char *departement)
{
    const char *region = pia_territory_region_of(departement);
    return region ? region : "-";
}

static void bind_query(pia_stmt_t *stmt, const pia_diffusion_publication_list_t *query)
{
    pia_stmt_text(stmt, 1, query->state ? query->state : "published");
    bind_codes(stmt, 2, query->kinds);
    bind_codes(stmt, 3, query->poles);
    bind_patterns(stmt, 4, query->themes, "", NULL);
    bind_patterns(stmt, 8, query->sectors, "", NULL);
    bind_patterns(stmt, 12, query->regions, "", NULL);
    bind_patterns(stmt, 16, query->departements, "d", NULL);
    bind_patterns(stmt, 20, query->departements, "r", region_of);
}

/* Adds the present row; the place of the last one goes to ret_next. */
static size_t add_row(pia_stmt_t *stmt, json_t *items, char ret_next[64])
{
    const char *body = pia_stmt_column_text(stmt, 2);
    (void)snprintf(ret_next, 64, "%" PRId64 ".%s", pia_stmt_column_integer(stmt, 0),
                   pia_stmt_column_text(stmt, 1));
    json_array_append_new(items, json_loads(body, 0, NULL));
    return strlen(body);
}

pia_status_t publication_list(pia_db_t *db,
                              const pia_diffusion_publication_list_t *query,
                              bool network,
                              json_t **ret_page,
                              pia_problem_t *problem)
{
    int64_t listed_at = 0;
    const char *id = NULL;
    int64_t limit = query->has_limit ? query->limit : LIMIT_DEFAULT;
    if (!parse_after(query->after, &listed_at, &id))
        return pia_problem_set(problem, PIA_INVALID, "/after", "It is not a `next` of this list.");
    pia_stmt_t *stmt = pia_db_prepare(db, SQL_LIST);
    bind_query(stmt, query);
    pia_stmt_integer(stmt, 24, network);
    pia_stmt_integer(stmt, 25, listed_at);
    pia_stmt_text(stmt, 26, id);
    pia_stmt_integer(stmt, 27, limit + 1);
    json_t *items = json_array();
    char next[64] = "";
    size_t size = 0;
    pia_status_t status = pia_stmt_step(stmt);
    while (status == PIA_OK && (int64_t)json_array_size(items) < limit && size < PAGE_SIZE_MAX) {
        size += add_row(stmt, items, next);
        status = pia_stmt_step(stmt);
    }
    pia_stmt_reset(stmt);
    if (status != PIA_OK && status != PIA_NOT_FOUND) {
        json_decref(items);
        return pia_problem_set(problem, status, "", "The publications cannot be read now.");
    }
    *ret_page = json_pack("{s:o}", "items", items);
    if (status == PIA_OK)
        json_object_set_new(*ret_page, "next", json_string(next));
    return PIA_OK;
}
