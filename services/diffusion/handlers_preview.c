/* handlers_preview.c - whom a publication would reach, before it is published. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "diffusion.h"
#include "pia/json.h"
#include "pia/territory.h"
#include "place.h"
#include "proto/publication.h"
#include "proto/subscription.h"
#include "publication.h"
#include "publication_store.h"

enum { SHARES_MAX = 192, TEXT_SIZE = 96 }; /* 6 themes, 109 départements, 26 régions, none: twice */

/* The shares that are counted, theme by theme and place by place. */
typedef struct {
    match_share_t shares[SHARES_MAX];
    char places[SHARES_MAX][PLACE_SIZE]; /* what the shares name */
    char below[SHARES_MAX][MATCH_BELOW_SIZE];
    const char *codes[SHARES_MAX];
    size_t count;
    size_t themes, departements, regions; /* where each begins */
} counts_t;

static match_share_t *add_share(counts_t *counts, const char *code)
{
    if (counts->count == SHARES_MAX)
        abort(); /* the reference tables have outgrown it */
    counts->codes[counts->count] = code;
    match_share_t *share = &counts->shares[counts->count++];
    *share = (match_share_t){0};
    return share;
}

static void add_name(match_share_t *share, criterion_t criterion, const char *text)
{
    share->names[share->name_count].criterion = criterion;
    share->names[share->name_count++].text = text;
}

static void add_themes(counts_t *counts)
{
    const pia_field_t *field = pia_publication_schema.fields;
    while (strcmp(field->name, "themes") != 0)
        field++;
    counts->themes = counts->count;
    for (const char *const *theme = field->values; *theme; theme++)
        add_name(add_share(counts, *theme), CRITERION_THEMES, *theme);
}

static void add_departements(counts_t *counts)
{
    const char *region = NULL;
    counts->departements = counts->count;
    while ((region = pia_territory_next_region(region))) {
        const char *departement = NULL;
        while ((departement = pia_territory_next_departement(region, departement))) {
            size_t i = counts->count;
            match_share_t *share = add_share(counts, departement);
            (void)snprintf(counts->places[i], PLACE_SIZE, "departement:%s", departement);
            match_place_below(counts->places[i], counts->below[i]);
            add_name(share, CRITERION_DEPARTEMENTS, departement);
            add_name(share, CRITERION_TERRITORIES, counts->places[i]);
            add_name(share, CRITERION_TERRITORIES, counts->below[i]);
        }
    }
}

static void add_regions(counts_t *counts)
{
    const char *region = NULL;
    counts->regions = counts->count;
    while ((region = pia_territory_next_region(region))) {
        size_t i = counts->count;
        match_share_t *share = add_share(counts, region);
        (void)snprintf(counts->places[i], PLACE_SIZE, "region:%s", region);
        add_name(share, CRITERION_REGIONS, region);
        add_name(share, CRITERION_TERRITORIES, counts->places[i]);
    }
}

/* The shares from `from` to `to` that are not empty. */
static json_t *shares_json(const counts_t *counts, size_t from, size_t to)
{
    json_t *array = json_array();
    for (size_t i = from; i < to; i++)
        if (counts->shares[i].count)
            json_array_append_new(array, json_pack("{s:s, s:I}", "code", counts->codes[i], "count",
                                                   (json_int_t)counts->shares[i].count));
    return array;
}

static void write_text(size_t count, char ret_text[TEXT_SIZE])
{
    if (count == 0)
        (void)snprintf(ret_text, TEXT_SIZE, "Cette publication ne toucherait aucun abonnement.");
    else if (count == 1)
        (void)snprintf(ret_text, TEXT_SIZE, "Cette publication toucherait un abonnement.");
    else
        (void)snprintf(ret_text, TEXT_SIZE, "Cette publication toucherait %zu abonnements.", count);
}

/* Counts; what only the network sees reaches no subscriber. */
static json_t *
preview(const matching_t *matching, const attributes_t *attributes, uint64_t sequence)
{
    counts_t *counts = calloc(1, sizeof *counts);
    char text[TEXT_SIZE];
    size_t total = 0;
    if (!counts)
        abort();
    add_themes(counts);
    add_departements(counts);
    add_regions(counts);
    size_t any = counts->count;
    add_share(counts, "")->none_of = 1U << CRITERION_THEMES;
    add_share(counts, "")->none_of =
        1U << CRITERION_REGIONS | 1U << CRITERION_DEPARTEMENTS | 1U << CRITERION_TERRITORIES;
    if (strcmp(attributes->value[ATTRIBUTE_VISIBILITY], "public") == 0)
        total = matching_shares(matching, sequence, attributes, counts->shares, counts->count);
    write_text(total, text);
    json_t *answer = json_pack(
        "{s:I, s:I, s:o, s:o, s:o, s:I, s:I, s:s}", "count", (json_int_t)total, "sequence",
        (json_int_t)sequence, "themes", shares_json(counts, counts->themes, counts->departements),
        "departements", shares_json(counts, counts->departements, counts->regions), "regions",
        shares_json(counts, counts->regions, any), "any_theme",
        (json_int_t)counts->shares[any].count, "any_place",
        (json_int_t)counts->shares[any + 1].count, "text", text);
    free(counts);
    return answer;
}

/* The pôle itself, and who runs the network. */
static bool may_ask(const pia_request_t *request, const char *pole)
{
    const pia_principal_t *principal = pia_request_principal(request);
    return principal->roles & (PIA_ROLE_SECRETARIAT | PIA_ROLE_OPERATOR) ||
           ((principal->roles & PIA_ROLE_POLE) && pia_principal_acts_for_pole(principal, pole));
}

static pia_status_t
read_own(pia_db_t *db, const pia_request_t *request, json_t **ret_resource, pia_problem_t *problem)
{
    const pia_diffusion_audience_preview_t *fields = pia_request_fields(request);
    pia_status_t status = publication_read(db, fields->publication, ret_resource);
    if (status == PIA_OK && !may_ask(request, pia_json_text_or(*ret_resource, "pole", "")))
        status = strcmp(pia_json_text_or(*ret_resource, "state", ""), "draft") == 0 ? PIA_NOT_FOUND
                                                                                    : PIA_FORBIDDEN;
    if (status == PIA_OK)
        return status;
    return pia_problem_set(problem, status, "/publication", "%s",
                           status == PIA_NOT_FOUND   ? "There is no such publication."
                           : status == PIA_FORBIDDEN ? "It is another pôle's publication."
                                                     : "The publications are out of reach now.");
}

/* A publication as it would be made of the members that are given. */
static pia_status_t make_draft(pia_db_t *db,
                               const pia_request_t *request,
                               json_t **ret_resource,
                               pia_problem_t *problem)
{
    const pia_diffusion_audience_preview_t *fields = pia_request_fields(request);
    publisher_t publisher = {0};
    if (!fields->pole || !fields->kind)
        return pia_problem_set(problem, PIA_INVALID, fields->pole ? "/kind" : "/pole",
                               "Without a publication it says the pôle and the kind.");
    if (!may_ask(request, fields->pole))
        return pia_problem_set(problem, PIA_FORBIDDEN, "/pole",
                               "The token does not act for this pôle.");
    pia_status_t status = publishers_check(db, fields->pole, &publisher, problem);
    if (status == PIA_FORBIDDEN)
        return pia_problem_set(problem, status, "/pole", "This pôle is not labelled and active.");
    if (status == PIA_OK)
        *ret_resource = publication_draft(pia_request_body(request), &publisher);
    return status;
}

void handle_audience_preview(void *self, pia_request_t **request_p)
{
    diffusion_t *diffusion = self;
    pia_db_t *db = diffusion->context->db;
    const pia_diffusion_audience_preview_t *fields = pia_request_fields(*request_p);
    pia_problem_t problem = {0};
    json_t *resource = NULL;
    json_t *answer = NULL;
    entry_t entry;
    pia_status_t status = fields->publication ? read_own(db, *request_p, &resource, &problem)
                                              : make_draft(db, *request_p, &resource, &problem);
    if (status == PIA_OK) {
        json_t *event = publication_event("publication.published", resource);
        status = entry_from_json(event, &entry, &problem);
        json_decref(event);
    }
    if (status == PIA_OK) {
        if (matching_refresh(diffusion->matching, db) != PIA_OK)
            status = pia_problem_set(&problem, PIA_UNAVAILABLE, "",
                                     "The subscriptions are out of reach now.");
        else
            answer =
                preview(diffusion->matching, &entry.attributes, journal_next(diffusion->journal));
        entry_clear(&entry);
    }
    json_decref(resource);
    if (status == PIA_OK)
        pia_request_answer(request_p, answer, 0);
    else
        pia_request_fail(request_p, &problem);
}
