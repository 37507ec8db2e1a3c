/* reviewer.c - reviewers: expertise, load, availability, links; proposals. */
#include "reviewer.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "machine.h"
#include "people.h"
#include "pia/clock.h"
#include "review.h"

enum {
    PROPOSED_MAX = 32, /* items of a proposal */
    SCALE = 1000,      /* of expertise and load */
};

enum { PUT, FIND, OPEN, ALL, KNOWN };

/* A reviewer's review is open until its report is filed. */
static const char *const sql[] = {
    [PUT] = "INSERT INTO reviewer (person, content, changed_at) VALUES ($1, $2, $3) "
            "ON CONFLICT (person) DO UPDATE SET content = $2, changed_at = $3",
    [FIND] = "SELECT content FROM reviewer WHERE person = $1",
    [OPEN] = "SELECT COUNT(*) FROM review WHERE reviewer = $1 "
             "AND closed = 0 AND filed_at IS NULL",
    [ALL] = "SELECT person FROM reviewer ORDER BY person",
    [KNOWN] = "SELECT 1 FROM review WHERE reviewer = $2 AND matter = $1 LIMIT 1",
};

pia_status_t
reviewer_put(pia_db_t *db, const char *person, const json_t *content, int64_t changed_ms)
{
    char *text = json_dumps(content, JSON_COMPACT | JSON_SORT_KEYS);
    pia_stmt_t *stmt = pia_db_prepare(db, sql[PUT]);
    pia_stmt_text(stmt, 1, person);
    pia_stmt_text(stmt, 2, text);
    pia_stmt_integer(stmt, 3, changed_ms);
    free(text);
    return pia_stmt_run(stmt, NULL);
}

static pia_status_t count_open(pia_db_t *db, const char *person, int64_t *ret_count)
{
    pia_stmt_t *stmt = pia_db_prepare(db, sql[OPEN]);
    pia_stmt_text(stmt, 1, person);
    pia_status_t status = pia_stmt_step(stmt);
    if (status == PIA_OK)
        *ret_count = pia_stmt_column_integer(stmt, 0);
    pia_stmt_reset(stmt);
    return status;
}

static pia_status_t find_content(pia_db_t *db, const char *person, json_t **ret_content)
{
    pia_stmt_t *stmt = pia_db_prepare(db, sql[FIND]);
    pia_stmt_text(stmt, 1, person);
    pia_status_t status = pia_stmt_step(stmt);
    if (status == PIA_OK)
        *ret_content = json_loads(pia_stmt_column_text(stmt, 0), 0, NULL);
    pia_stmt_reset(stmt);
    return status == PIA_OK && !*ret_content ? PIA_INTERNAL : status;
}

pia_status_t reviewer_find(pia_db_t *db, const char *person, json_t **ret_reviewer)
{
    json_t *content = NULL;
    int64_t open = 0;
    pia_status_t status = find_content(db, person, &content);
    if (status == PIA_OK)
        status = count_open(db, person, &open);
    if (status != PIA_OK) {
        json_decref(content);
        return status;
    }
    json_object_set_new(content, "person", json_string(person));
    json_object_set_new(content, "open", json_integer(open));
    *ret_reviewer = content;
    return PIA_OK;
}

/* The day of a member, or `otherwise`. */
static int64_t day_in(const json_t *object, const char *name, int64_t otherwise)
{
    const char *text = json_string_value(json_object_get(object, name));
    int64_t day;
    return text && pia_date_parse(text, &day) ? day : otherwise;
}

/* As the declaration calls it; NULL: no link. */
static const char *find_link(const json_t *reviewer, const char *structure, int64_t day)
{
    static const char *const names[] = {"meme_structure", "meme_groupe", "financement_recent",
                                        "projet_commun"};
    const json_t *links = json_object_get(reviewer, "links"), *link;
    size_t i;
    json_array_foreach(links, i, link)
    {
        const char *kind = json_string_value(json_object_get(link, "kind"));
        const char *with = json_string_value(json_object_get(link, "structure"));
        if (!kind || !with || strcmp(with, structure) != 0 || day_in(link, "until", day) < day)
            continue;
        for (size_t j = 0; j < sizeof names / sizeof names[0]; j++)
            if (strcmp(names[j], kind) == 0)
                return names[j];
    }
    return NULL;
}

pia_status_t reviewer_link(
    pia_db_t *db, const char *person, const char *structure, int64_t day, const char **ret_kind)
{
    json_t *content = NULL;
    *ret_kind = NULL;
    pia_status_t status = find_content(db, person, &content);
    if (status == PIA_OK)
        *ret_kind = find_link(content, structure, day);
    json_decref(content);
    return status == PIA_NOT_FOUND ? PIA_OK : status;
}

static bool is_away(const json_t *reviewer, int64_t day)
{
    const json_t *away = json_object_get(reviewer, "away"), *absence;
    size_t i;
    json_array_foreach(away, i, absence)
    {
        if (day_in(absence, "from", day) <= day && day <= day_in(absence, "until", day))
            return true;
    }
    return false;
}

/* How many of the wanted codes are known, of SCALE; SCALE if none is wanted. */
static int64_t share(const json_t *wanted, const json_t *known)
{
    size_t found = 0, size = json_array_size(wanted);
    for (size_t i = 0; i < size; i++)
        if (names_have(known, json_string_value(json_array_get(wanted, i))))
            found++;
    return size == 0 ? SCALE : (int64_t)(found * SCALE / size);
}

/* What speaks for a reviewer: themes count twice, sectors once, and a full load costs a third of
 * what full expertise gives. Sets score, expertise and load; false if there is no common theme or
 * no room left. */
static bool rate(const matter_t *dossier, json_t *reviewer)
{
    const json_t *max = json_object_get(reviewer, "load_max");
    int64_t open = json_integer_value(json_object_get(reviewer, "open"));
    int64_t themes =
        share(json_object_get(dossier->card, "themes"), json_object_get(reviewer, "themes"));
    int64_t sectors =
        share(json_object_get(dossier->card, "sectors"), json_object_get(reviewer, "sectors"));
    int64_t expertise = (2 * themes + sectors) / 3, load_max = json_integer_value(max);
    if (themes == 0 || load_max == 0 || open >= load_max)
        return false;
    int64_t load = open * SCALE / load_max;
    json_object_set_new(reviewer, "expertise", json_integer(expertise));
    json_object_set_new(reviewer, "load", json_integer(load));
    json_object_set_new(reviewer, "score", json_integer(expertise - load / 3));
    return true;
}

/* Whether the person has to do with the dossier already: assigned, asked, declined, replaced. */
static pia_status_t is_known(pia_db_t *db, const char *dossier, const char *person, bool *ret_known)
{
    pia_stmt_t *stmt = pia_db_prepare(db, sql[KNOWN]);
    pia_stmt_text(stmt, 1, dossier);
    pia_stmt_text(stmt, 2, person);
    pia_status_t status = pia_stmt_step(stmt);
    *ret_known = status == PIA_OK;
    pia_stmt_reset(stmt);
    return status == PIA_NOT_FOUND ? PIA_OK : status;
}

/* Whether this person may be asked at all. */
static pia_status_t
may_be_asked(pia_db_t *db, const matter_t *dossier, const char *person, bool *ret_may)
{
    person_t found;
    bool known = false;
    *ret_may = false;
    pia_status_t status = people_find(db, person, &found);
    if (status == PIA_NOT_FOUND || (status == PIA_UNAVAILABLE && !pia_db_is_retryable(db)))
        return PIA_OK;
    if (status == PIA_OK)
        status = is_known(db, dossier->id, person, &known);
    if (status == PIA_OK)
        *ret_may = (found.roles & PIA_ROLE_REVIEWER) != 0 && !known &&
                   strcmp(found.structure, dossier->structure) != 0;
    return status;
}

static pia_status_t list_persons(pia_db_t *db, json_t **ret_persons)
{
    json_t *persons = json_array();
    pia_stmt_t *stmt = pia_db_prepare(db, sql[ALL]);
    pia_status_t status;
    while ((status = pia_stmt_step(stmt)) == PIA_OK)
        json_array_append_new(persons, json_string(pia_stmt_column_text(stmt, 0)));
    *ret_persons = persons;
    return status == PIA_NOT_FOUND ? PIA_OK : status;
}

/* Before those with a smaller score, then with more to do; else in the order of their ids. */
static void insert_sorted(json_t *items, json_t *reviewer)
{
    int64_t score = json_integer_value(json_object_get(reviewer, "score"));
    int64_t open = json_integer_value(json_object_get(reviewer, "open"));
    size_t at = 0;
    for (; at < json_array_size(items); at++) {
        const json_t *other = json_array_get(items, at);
        int64_t theirs = json_integer_value(json_object_get(other, "score"));
        if (score > theirs ||
            (score == theirs && open < json_integer_value(json_object_get(other, "open"))))
            break;
    }
    json_array_insert_new(items, at, reviewer);
    if (json_array_size(items) > PROPOSED_MAX)
        json_array_remove(items, PROPOSED_MAX);
}

static pia_status_t
consider(pia_db_t *db, const matter_t *dossier, const char *person, int64_t day, json_t *items)
{
    json_t *reviewer = NULL;
    bool may = false;
    pia_status_t status = may_be_asked(db, dossier, person, &may);
    if (status == PIA_OK && may)
        status = reviewer_find(db, person, &reviewer);
    if (status != PIA_OK || !reviewer)
        return status;
    if (is_away(reviewer, day) || find_link(reviewer, dossier->structure, day) ||
        !rate(dossier, reviewer)) {
        json_decref(reviewer);
        return PIA_OK;
    }
    json_object_del(reviewer, "links");
    json_object_del(reviewer, "away");
    insert_sorted(items, reviewer);
    return PIA_OK;
}

pia_status_t reviewer_propose(
    pia_db_t *db, const matter_t *dossier, int64_t quota, int64_t day, json_t **ret_proposal)
{
    json_t *persons = NULL, *items = json_array();
    review_counts_t counts = {.open = 0};
    pia_status_t status = review_count(db, dossier->id, "", &counts);
    if (status == PIA_OK)
        status = list_persons(db, &persons);
    for (size_t i = 0; status == PIA_OK && i < json_array_size(persons); i++)
        status = consider(db, dossier, json_string_value(json_array_get(persons, i)), day, items);
    json_decref(persons);
    if (status != PIA_OK) {
        json_decref(items);
        return status;
    }
    int64_t wanted = counts.open < quota ? quota - counts.open : 0;
    for (size_t i = 0; i < json_array_size(items); i++)
        json_object_set_new(json_array_get(items, i), "proposed",
                            json_boolean((int64_t)i < wanted));
    *ret_proposal = json_pack("{s:o, s:I, s:I}", "items", items, "active", (json_int_t)counts.open,
                              "wanted", (json_int_t)wanted);
    return PIA_OK;
}
