/* test_publication.c - publications as a projection of their events, and who may publish. */
#include "pia_test.h"

#include <stddef.h>
#include <stdio.h>
#include <string.h>

#include "diffusion_fixture.h"
#include "publication.h"
#include "publication_store.h"
#include "publishers.h"

static const char ID[] = "01a216b1-c2e2-7903-af04-5a1def7eb79f";

static pia_fresh_t fresh; /* what the cache is to be told */

/* Applies an event of `source` with this type and these members of data beside kind and title. */
static pia_status_t
apply(fixture_t *f, const char *source, const char *verb, const char *data, pia_problem_t *problem)
{
    char text[2048];
    entry_t entry;
    snprintf(text, sizeof text,
             "{\"specversion\":\"1.0\",\"id\":\"%s-%s\",\"source\":\"/poles/%s\","
             "\"type\":\"publication.%s\",\"data\":{\"kind\":\"guide\",\"title\":\"Un guide\"%s}}",
             verb, data[0] ? "x" : "y", source, verb, data);
    fixture_parse(&entry, text);
    assert_int_equal(pia_db_begin(f->db), PIA_OK);
    pia_status_t status = publication_apply(
        f->db, &fresh,
        &(publication_step_t){.entry = &entry, .now_ms = 1800000000000, .sequence = 7}, problem);
    if (status == PIA_OK)
        assert_int_equal(pia_db_commit(f->db), PIA_OK);
    else
        pia_db_rollback(f->db);
    entry_clear(&entry);
    return status;
}

static pia_status_t apply_id(fixture_t *f, const char *source, const char *verb, const char *more)
{
    char data[1024];
    pia_problem_t problem = {0};
    snprintf(data, sizeof data, ",\"publication\":\"%s\"%s", ID, more);
    return apply(f, source, verb, data, &problem);
}

static void check_member(fixture_t *f, const char *member, const char *expected)
{
    json_t *resource = NULL;
    assert_int_equal(publication_read(f->db, ID, &resource), PIA_OK);
    const char *text = json_string_value(json_object_get(resource, member));
    assert_string_equal(text ? text : "(none)", expected);
    json_decref(resource);
}

static json_int_t version(fixture_t *f)
{
    json_t *resource = NULL;
    assert_int_equal(publication_read(f->db, ID, &resource), PIA_OK);
    json_int_t value = json_integer_value(json_object_get(resource, "version"));
    json_decref(resource);
    return value;
}

static void a_publication_follows_its_events(void **state)
{
    (void)state;
    fixture_t f;
    fixture_open(&f);
    assert_int_equal(apply_id(&f, "cnidep", "published", ",\"place\":\"Nancy\""), PIA_OK);
    check_member(&f, "state", "published");
    check_member(&f, "place", "Nancy");
    check_member(&f, "published_at", "2027-01-15T08:00:00.000Z");
    assert_int_equal(version(&f), 1);
    assert_int_equal(apply_id(&f, "cnidep", "changed", ",\"place\":\"Metz\""), PIA_OK);
    check_member(&f, "place", "Metz");
    check_member(&f, "published_at", "2027-01-15T08:00:00.000Z");
    assert_int_equal(version(&f), 2);
    assert_int_equal(apply_id(&f, "cnidep", "cancelled", ",\"reason\":\"neige\""), PIA_OK);
    check_member(&f, "state", "cancelled");
    check_member(&f, "reason", "neige");
    assert_int_equal(version(&f), 3);
    fixture_close(&f);
}

/* What the cache is told of the publication: the item's value, "" if it is hidden, NULL if there
 * is none. */
static const char *told(const char *entity, const char *id, int64_t at_version)
{
    for (size_t i = 0; i < fresh.count; i++) {
        const pia_fresh_item_t *item = &fresh.items[i];
        if (strcmp(item->entity, entity) == 0 && strcmp(item->id, id) == 0 &&
            item->version == at_version)
            return item->value ? item->value : "";
    }
    return NULL;
}

static void the_cache_is_told_of_what_everyone_may_see(void **state)
{
    (void)state;
    fixture_t f;
    fixture_open(&f);
    pia_fresh_undo(&fresh, 0);
    assert_int_equal(apply_id(&f, "cnidep", "published", ""), PIA_OK);
    assert_int_equal(fresh.count, 0); /* nobody has asked for it yet */
    assert_int_equal(apply_id(&f, "cnidep", "changed", ",\"place\":\"Metz\""), PIA_OK);
    assert_int_equal(fresh.count, 1);
    assert_non_null(strstr(told("publication", ID, 2), "Metz"));
    assert_int_equal(apply_id(&f, "cnidep", "cancelled", ",\"reason\":\"neige\""), PIA_OK);
    assert_int_equal(fresh.count, 2);
    assert_non_null(strstr(told("publication", ID, 3), "neige"));
    assert_int_equal(apply_id(&f, "cnidep", "changed", ""), PIA_CONFLICT);
    assert_int_equal(fresh.count, 2);
    pia_fresh_undo(&fresh, 0);
    fixture_close(&f);
}

static void steps_that_do_not_follow_are_refused(void **state)
{
    (void)state;
    fixture_t f;
    fixture_open(&f);
    assert_int_equal(apply_id(&f, "cnidep", "changed", ""), PIA_NOT_FOUND);
    assert_int_equal(apply_id(&f, "cnidep", "cancelled", ""), PIA_NOT_FOUND);
    assert_int_equal(apply_id(&f, "cnidep", "published", ""), PIA_OK);
    assert_int_equal(apply_id(&f, "cnidep", "published", ""), PIA_CONFLICT);
    assert_int_equal(apply_id(&f, "cerfav", "changed", ""), PIA_FORBIDDEN);
    assert_int_equal(apply_id(&f, "cerfav", "cancelled", ""), PIA_FORBIDDEN);
    assert_int_equal(apply_id(&f, "cnidep", "cancelled", ""), PIA_OK);
    assert_int_equal(apply_id(&f, "cnidep", "changed", ""), PIA_CONFLICT);
    assert_int_equal(apply_id(&f, "cnidep", "cancelled", ""), PIA_CONFLICT);
    fixture_close(&f);
}

static void bad_data_points_at_its_member(void **state)
{
    (void)state;
    static const char *const bad[][2] = {
        {",\"colour\":\"red\"", "/data/colour"},
        {",\"pole\":\"cerfav\"", "/data/pole"},
        {",\"capacity\":0", "/data/capacity"},
        {",\"url\":\"javascript:alert(1)\"", "/data/url"},
        {",\"starts_at\":\"tomorrow\"", "/data/starts_at"},
        {",\"starts_at\":\"2027-01-02T00:00:00Z\",\"ends_at\":\"2027-01-01T00:00:00Z\"",
         "/data/ends_at"},
    };
    fixture_t f;
    fixture_open(&f);
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
        pia_problem_t problem = {0};
        assert_int_equal(apply(&f, "cnidep", "published", bad[i][0], &problem), PIA_INVALID);
        assert_string_equal(problem.pointer, bad[i][1]);
    }
    fixture_close(&f);
}

static void an_id_that_was_not_given_is_derived(void **state)
{
    (void)state;
    fixture_t f;
    pia_problem_t problem = {0};
    fixture_open(&f);
    assert_int_equal(apply(&f, "cnidep", "published", "", &problem), PIA_OK);
    assert_int_equal(
        test_database_integer(f.db, "SELECT COUNT(*) FROM publication WHERE id LIKE '%-8%' "), 1);
    /* the same source and id: the same publication */
    assert_int_equal(apply(&f, "cnidep", "published", "", &problem), PIA_CONFLICT);
    fixture_close(&f);
}

static size_t list(fixture_t *f, const pia_diffusion_publication_list_t *query, bool network)
{
    json_t *page = NULL;
    pia_problem_t problem = {0};
    assert_int_equal(publication_list(f->db, query, network, &page, &problem), PIA_OK);
    size_t count = json_array_size(json_object_get(page, "items"));
    json_decref(page);
    return count;
}

/* How many there are with one of these codes ("a,b") in a member of the query. */
static size_t list_by(fixture_t *f, size_t member, const char *codes)
{
    pia_diffusion_publication_list_t query = {.kinds = NULL};
    json_t *values = json_array();
    for (const char *at = codes; *at; at += *at == ',') {
        size_t size = strcspn(at, ",");
        json_array_append_new(values, json_stringn(at, size));
        at += size;
    }
    memcpy((char *)&query + member, (const void *)&values, sizeof(void *));
    size_t count = list(f, &query, false);
    json_decref(values);
    return count;
}

#define LIST_BY(member, codes)                                                                     \
    list_by(&f, offsetof(pia_diffusion_publication_list_t, member), codes)
#define LIST(...) list(&f, &(pia_diffusion_publication_list_t){__VA_ARGS__}, false)

static void the_list_knows_territories(void **state)
{
    (void)state;
    fixture_t f;
    fixture_open(&f);
    assert_int_equal(
        apply_id(&f, "cnidep", "published", ",\"departements\":[\"54\"],\"themes\":[\"arts\"]"),
        PIA_OK);
    assert_int_equal(LIST(.kinds = NULL), 1);
    assert_int_equal(LIST_BY(departements, "54"), 1);
    assert_int_equal(LIST_BY(departements, "57"), 0);
    assert_int_equal(LIST_BY(regions, "44"), 1);
    assert_int_equal(LIST_BY(regions, "52"), 0);
    assert_int_equal(LIST_BY(themes, "arts"), 1);
    assert_int_equal(LIST_BY(themes, "sante"), 0);
    assert_int_equal(LIST_BY(themes, "sante,habitat,arts"), 1);
    assert_int_equal(LIST_BY(themes, "sante,habitat"), 0);
    assert_int_equal(LIST_BY(sectors, "services"), 0);
    assert_int_equal(LIST_BY(departements, "57,72,2A,54"), 1);
    assert_int_equal(LIST_BY(regions, "52,44"), 1);
    assert_int_equal(LIST_BY(poles, "cerfav"), 0);
    assert_int_equal(LIST_BY(poles, "cerfav,cnidep"), 1);
    assert_int_equal(LIST_BY(poles, "cnide"), 0);
    assert_int_equal(LIST_BY(kinds, "lettre,guide"), 1);
    assert_int_equal(LIST_BY(kinds, "lettre"), 0);
    assert_int_equal(LIST(.state = "cancelled"), 0);
    assert_int_equal(apply_id(&f, "cnidep", "changed", ",\"regions\":[\"44\"]"), PIA_OK);
    assert_int_equal(LIST_BY(departements, "57"), 1);
    assert_int_equal(LIST_BY(departements, "72"), 0);
    assert_int_equal(apply_id(&f, "cnidep", "changed", ",\"scope\":\"national\""), PIA_OK);
    assert_int_equal(LIST_BY(departements, "72"), 1);
    assert_int_equal(LIST_BY(regions, "52"), 1);
    assert_int_equal(apply_id(&f, "cnidep", "changed", ",\"visibility\":\"network\""), PIA_OK);
    assert_int_equal(LIST(.kinds = NULL), 0);
    assert_int_equal(list(&f, &(pia_diffusion_publication_list_t){.kinds = NULL}, true), 1);
    fixture_close(&f);
}

/* A guide whose event has these attributes, and whose data has these members. */
static pia_status_t apply_as(fixture_t *f,
                             const char *verb,
                             const char *attributes,
                             const char *data,
                             pia_problem_t *problem)
{
    char text[1024];
    entry_t entry;
    snprintf(text, sizeof text,
             "{\"specversion\":\"1.0\",\"id\":\"v\",\"source\":\"/poles/cnidep\","
             "\"type\":\"publication.%s\"%s,"
             "\"data\":{\"publication\":\"%s\",\"kind\":\"guide\",\"title\":\"T\"%s}}",
             verb, attributes, ID, data);
    fixture_parse(&entry, text);
    pia_status_t status = publication_apply(
        f->db, &fresh,
        &(publication_step_t){.entry = &entry, .now_ms = 1800000000000, .sequence = 7}, problem);
    entry_clear(&entry);
    return status;
}

static pia_status_t
apply_with(fixture_t *f, const char *attributes, const char *data, pia_problem_t *problem)
{
    return apply_as(f, "published", attributes, data, problem);
}

static void what_is_public_no_more_is_hidden_in_the_cache(void **state)
{
    (void)state;
    static const char network[] = ",\"visibility\":\"network\"";
    fixture_t f;
    pia_problem_t problem = {0};
    json_t *resource = NULL;
    fixture_open(&f);
    pia_fresh_undo(&fresh, 0);
    assert_int_equal(apply_with(&f, "", "", &problem), PIA_OK);
    assert_int_equal(apply_as(&f, "changed", network, "", &problem), PIA_OK);
    assert_int_equal(fresh.count, 2);
    assert_string_equal(told("publication", ID, 2), "");
    assert_string_equal(told("list", "publications", INT64_MAX), "");
    assert_int_equal(publication_read(f.db, ID, &resource), PIA_OK);
    publication_keep(&fresh, resource);
    json_decref(resource);
    assert_int_equal(apply_as(&f, "cancelled", network, "", &problem), PIA_OK);
    assert_int_equal(fresh.count, 2); /* it was no news */
    pia_fresh_undo(&fresh, 0);
    fixture_close(&f);
}

static void the_list_hides_what_the_event_hides(void **state)
{
    (void)state;
    static const char network[] = ",\"visibility\":\"network\"";
    static const char open[] = ",\"visibility\":\"public\"";
    fixture_t f;
    pia_problem_t problem = {0};
    fixture_open(&f);
    assert_int_equal(apply_with(&f, network, open, &problem), PIA_INVALID);
    assert_string_equal(problem.pointer, "/data/visibility");
    assert_int_equal(apply_with(&f, open, network, &problem), PIA_INVALID);
    assert_int_equal(apply_with(&f, network, "", &problem), PIA_OK);
    assert_int_equal(LIST(.kinds = NULL), 0);
    assert_int_equal(list(&f, &(pia_diffusion_publication_list_t){.kinds = NULL}, true), 1);
    check_member(&f, "visibility", "network");
    fixture_close(&f);
}

static void pages_of_the_list_join(void **state)
{
    (void)state;
    fixture_t f;
    fixture_open(&f);
    assert_int_equal(pia_db_begin(f.db), PIA_OK);
    for (int i = 0; i < 10; i++) {
        char id[37];
        snprintf(id, sizeof id, "01a216b1-c2e2-7903-af04-00000000000%d", i);
        json_t *resource =
            json_pack("{s:s, s:s, s:s, s:s, s:s, s:i}", "publication", id, "pole", "cnidep", "kind",
                      "guide", "title", "T", "state", "published", "version", 1);
        assert_int_equal(publication_write(f.db, resource, 1000 + i / 2, 7), PIA_OK);
        json_decref(resource);
    }
    assert_int_equal(pia_db_commit(f.db), PIA_OK);
    char after[128] = "";
    char last[64] = "z";
    size_t seen = 0;
    for (int pages = 0; pages < 10; pages++) {
        json_t *page = NULL;
        pia_problem_t problem = {0};
        pia_diffusion_publication_list_t query = {
            .after = *after ? after : NULL, .has_limit = true, .limit = 3};
        assert_int_equal(publication_list(f.db, &query, false, &page, &problem), PIA_OK);
        size_t index = 0;
        json_t *item = NULL;
        json_array_foreach(json_object_get(page, "items"), index, item)
        {
            const char *id = json_string_value(json_object_get(item, "publication"));
            assert_true(strcmp(id, last) < 0);
            snprintf(last, sizeof last, "%s", id);
            seen++;
        }
        const char *next = json_string_value(json_object_get(page, "next"));
        snprintf(after, sizeof after, "%s", next ? next : "");
        json_decref(page);
        if (!*after)
            break;
    }
    assert_int_equal(seen, 10);
    json_t *page = NULL;
    pia_problem_t problem = {0};
    pia_diffusion_publication_list_t bad = {.after = "1.x"};
    assert_int_equal(publication_list(f.db, &bad, false, &page, &problem), PIA_INVALID);
    fixture_close(&f);
}

static pia_status_t apply_pole(fixture_t *f, const char *state_text)
{
    char text[512];
    pia_problem_t problem = {0};
    snprintf(
        text, sizeof text,
        "{\"code\":\"cnidep\",\"name\":\"CNIDEP\",\"state\":\"%s\",\"themes\":[],\"sectors\":[],"
        "\"departement\":\"54\",\"demonstration\":false,\"version\":1}",
        state_text);
    json_t *data = json_loads(text, 0, NULL);
    assert_int_equal(pia_db_begin(f->db), PIA_OK);
    pia_status_t status = publishers_apply(f->db, data, &problem);
    json_decref(data);
    assert_int_equal(pia_db_commit(f->db), PIA_OK);
    return status;
}

static void only_an_active_pole_publishes(void **state)
{
    (void)state;
    fixture_t f;
    publisher_t publisher = {0};
    pia_problem_t problem = {0};
    fixture_open(&f);
    assert_int_equal(publishers_check(f.db, "cnidep", &publisher, &problem), PIA_FORBIDDEN);
    assert_int_equal(apply_pole(&f, "active"), PIA_OK);
    assert_int_equal(publishers_check(f.db, "cnidep", &publisher, &problem), PIA_OK);
    assert_string_equal(publisher.region, "44");
    assert_int_equal(apply_pole(&f, "suspended"), PIA_OK);
    assert_int_equal(publishers_check(f.db, "cnidep", &publisher, &problem), PIA_FORBIDDEN);
    assert_int_equal(apply_pole(&f, "active"), PIA_OK);
    assert_int_equal(publishers_check(f.db, "cnidep", &publisher, &problem), PIA_OK);
    assert_int_equal(apply_pole(&f, "ended"), PIA_OK);
    assert_int_equal(publishers_check(f.db, "cnidep", &publisher, &problem), PIA_FORBIDDEN);
    assert_int_equal(apply_pole(&f, "dreaming"), PIA_INVALID);
    fixture_close(&f);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_publication_follows_its_events),
        cmocka_unit_test(the_cache_is_told_of_what_everyone_may_see),
        cmocka_unit_test(steps_that_do_not_follow_are_refused),
        cmocka_unit_test(bad_data_points_at_its_member),
        cmocka_unit_test(an_id_that_was_not_given_is_derived),
        cmocka_unit_test(the_list_knows_territories),
        cmocka_unit_test(what_is_public_no_more_is_hidden_in_the_cache),
        cmocka_unit_test(the_list_hides_what_the_event_hides),
        cmocka_unit_test(pages_of_the_list_join),
        cmocka_unit_test(only_an_active_pole_publishes),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
