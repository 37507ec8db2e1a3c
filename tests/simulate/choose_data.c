/* choose_data.c - data as transitions ask for them, and wrong ones. */
#include "choose.h"
#include "pia/clock.h"
#include "specification.h"

enum { TEXT_MAX = 200 };

/* What all data of one request have in common. */
typedef struct {
    world_t *world;
    const matter_t *matter;
    rng_t *rng;
    bool today; /* all days are the present one: a thing done and told at once */
} request_data_t;

static json_t *choose_text(const datum_t *datum, rng_t *rng)
{
    static const char letters[] = "abcdefghijklmnopqrstuvwxyz ";
    char text[TEXT_MAX + 1];
    int64_t max = datum->max < datum->min + 30 ? datum->max : datum->min + 30;
    size_t size = (size_t)rng_between(rng, datum->min, max > TEXT_MAX ? TEXT_MAX : max);
    for (size_t i = 0; i < size; i++)
        text[i] = letters[rng_below(rng, sizeof letters - 1)];
    return json_stringn(text, size);
}

static json_t *choose_integer(const datum_t *datum, rng_t *rng)
{
    static const int64_t few[] = {0, 1, 2,
                                  6}; /* mostly it is a number of something that is there */
    int64_t max = datum->min + few[rng_below(rng, sizeof few / sizeof few[0])];
    if (max > datum->max || rng_chance(rng, 5))
        max = datum->max;
    return json_integer(rng_between(rng, datum->min, max));
}

/* Those of one role: reviewers and members of committees are asked for most. */
static uint32_t choose_role(const matter_t *matter, rng_t *rng)
{
    bool committee = matter->kind == MACHINE_COMMITTEE;
    return rng_chance(rng, committee ? 10 : 60)   ? PIA_ROLE_REVIEWER
           : rng_chance(rng, committee ? 90 : 75) ? PIA_ROLE_COMMITTEE
                                                  : PIA_ROLE_ANY;
}

static json_t *choose_persons(const request_data_t *of, const datum_t *datum)
{
    const world_t *world = of->world;
    rng_t *rng = of->rng;
    json_t *persons = json_array();
    size_t count = (size_t)datum->min + (rng_chance(rng, 30) ? rng_below(rng, 3) : 0),
           first = rng_below(rng, ACTORS);
    count = count < (size_t)datum->max ? count : (size_t)datum->max;
    uint32_t roles = choose_role(of->matter, rng);
    for (size_t i = 0; i < ACTORS && json_array_size(persons) < count; i++) {
        const pia_principal_t *principal = &world->actors[(first + i) % ACTORS].principal;
        if ((principal->roles & roles) != 0)
            json_array_append_new(persons, json_string(principal->person));
    }
    return persons;
}

static json_t *choose_pieces(const matter_t *matter, rng_t *rng)
{
    static const char *const whys[] = {"missing", "incorrect", "outdated"};
    const content_t *content = &matter->definition->content;
    json_t *pieces = json_array();
    if (content->piece_count == 0)
        return pieces;
    size_t first = rng_below(rng, content->piece_count);
    for (size_t i = 0; i < 1 + rng_below(rng, 2) && i < content->piece_count; i++)
        json_array_append_new(pieces,
                              json_pack("{s:s, s:s}", "piece",
                                        content->pieces[(first + i) % content->piece_count].name,
                                        "why", whys[rng_below(rng, 3)]));
    return pieces;
}

/* Numbers of seats, each once, with how they are held or what they vote. */
static json_t *
choose_seats(const char *member, const char *const values[], size_t count, rng_t *rng)
{
    enum { SEATS = 3 };
    json_t *seats = json_array();
    for (int i = 1; i <= SEATS; i++)
        if (rng_chance(rng, 75)) {
            size_t which = rng_chance(rng, 70) ? 0 : rng_below(rng, count);
            json_array_append_new(seats,
                                  json_pack("{s:i, s:s}", "member", i, member, values[which]));
        }
    return seats;
}

static json_t *choose_attendances(rng_t *rng)
{
    static const char *const modes[] = {"present", "remote", "absent"};
    return choose_seats("mode", modes, 3, rng);
}

static json_t *choose_votes(rng_t *rng)
{
    static const char *const votes[] = {"for", "against", "abstention"};
    return choose_seats("vote", votes, 3, rng);
}

/* Themes, or of a meeting numbers of its items. */
static json_t *choose_codes(const matter_t *matter, rng_t *rng)
{
    const json_t *themes = matter->definition->themes;
    json_t *codes = json_array();
    if (matter->kind == MACHINE_SESSION) {
        json_array_append_new(codes, json_string(rng_chance(rng, 70) ? "1" : "2"));
        return codes;
    }
    json_array_append(codes, json_array_get(themes, rng_below(rng, json_array_size(themes))));
    return codes;
}

/* Some of those that lately got on. */
static json_t *choose_dossiers(world_t *world, rng_t *rng)
{
    static const char sql[] =
        "SELECT id FROM matter WHERE kind = 'dossier' ORDER BY changed_at DESC, id LIMIT 8";
    json_t *ids = json_array();
    pia_stmt_t *stmt = pia_db_prepare(world->service.db, sql);
    while (pia_stmt_step(stmt) == PIA_OK)
        if (rng_chance(rng, 35))
            json_array_append_new(ids, json_string(pia_stmt_column_text(stmt, 0)));
    return ids;
}

json_t *choose_scores(world_t *world, const matter_t *matter, rng_t *rng)
{
    json_t *specification = NULL, *scores = json_array();
    const char *name = matter->definition->specification;
    if (name)
        (void)specification_find(world->service.db, name, 0, &specification);
    const json_t *criteria = json_object_get(specification, "criteria");
    bool good = !rng || rng_chance(rng, 60);
    for (size_t i = 0; i < json_array_size(criteria); i++) {
        const json_t *criterion = json_array_get(criteria, i);
        int64_t min = json_integer_value(json_object_get(criterion, "min"));
        int64_t max = json_integer_value(json_object_get(criterion, "max"));
        json_array_append_new(
            scores, json_pack("{s:O, s:I, s:s}", "criterion", json_object_get(criterion, "code"),
                              "score", (json_int_t)(good ? max : rng_between(rng, min, max)),
                              "justification", "parce que le projet est mûr"));
    }
    json_decref(specification);
    return scores;
}

/* A list of a type that is not known here is empty: it is refused, or was optional. */
static json_t *choose_list(const request_data_t *of, const datum_t *datum)
{
    const matter_t *matter = of->matter;
    rng_t *rng = of->rng;
    switch (datum->type) {
    case DATUM_PERSONS:
        return choose_persons(of, datum);
    case DATUM_PIECES:
        return choose_pieces(matter, rng);
    case DATUM_CODES:
        return choose_codes(matter, rng);
    case DATUM_DOSSIERS:
        return choose_dossiers(of->world, rng);
    case DATUM_SCORES:
        return choose_scores(of->world, matter, rng);
    case DATUM_ATTENDANCES:
        return choose_attendances(rng);
    case DATUM_VOTES:
        return choose_votes(rng);
    default:
        return json_array();
    }
}

/* The first half of the time: it is mostly the one with which things go on. */
static size_t choose_value(const datum_t *datum, rng_t *rng)
{
    return rng_chance(rng, 50) ? 0 : rng_below(rng, json_array_size(datum->values));
}

/* A day near one that the matter is counted by; false: it has none. */
static bool choose_day_of(const matter_t *matter, rng_t *rng, char ret_day[DAY_TEXT_SIZE])
{
    static const int later[] = {-30, -1, 0, 1, 30, 90, 300};
    int64_t days[8], day;
    size_t count = 0;
    const char *fact;
    json_t *value;
    json_object_foreach(matter->facts, fact, value)
    {
        if (json_is_string(value) && count < sizeof days / sizeof days[0] &&
            pia_date_parse(json_string_value(value), &day))
            days[count++] = day;
    }
    if (count > 0)
        day_format(days[rng_below(rng, count)] +
                       later[rng_below(rng, sizeof later / sizeof later[0])],
                   ret_day);
    return count > 0;
}

static json_t *choose_date(const request_data_t *of)
{
    char day[DAY_TEXT_SIZE];
    if (of->today)
        day_format(day_of(of->world->now_ms), day);
    else if (!rng_chance(of->rng, 25) || !choose_day_of(of->matter, of->rng, day))
        choose_day(of->world, of->rng, day);
    return json_string(day);
}

static json_t *choose_datum(const request_data_t *of, const datum_t *datum)
{
    rng_t *rng = of->rng;
    switch (datum->type) {
    case DATUM_TEXT:
        return choose_text(datum, rng);
    case DATUM_INTEGER:
        return choose_integer(datum, rng);
    case DATUM_BOOLEAN:
        return json_boolean(rng_chance(rng, 50));
    case DATUM_CHOICE:
        return json_copy(json_array_get(datum->values, choose_value(datum, rng)));
    case DATUM_DATE:
        return choose_date(of);
    default:
        return choose_list(of, datum);
    }
}

json_t *
choose_data(world_t *world, const matter_t *matter, const transition_t *transition, rng_t *rng)
{
    if (transition->datum_count == 0)
        return NULL;
    json_t *data = json_object();
    unsigned optional = rng_chance(rng, 40) ? 0 : 50; /* in a hundred */
    const request_data_t of = {world, matter, rng, .today = rng_chance(rng, 40)};
    for (size_t i = 0; i < transition->datum_count; i++) {
        const datum_t *datum = &transition->data[i];
        if (!datum->optional || rng_chance(rng, optional))
            json_object_set_new(data, datum->name, choose_datum(&of, datum));
    }
    return data;
}

/* Something that a datum of this type cannot be. */
static json_t *wrong_value(const datum_t *datum, rng_t *rng)
{
    if (datum->type == DATUM_INTEGER)
        return rng_chance(rng, 50) ? json_string("1") : json_integer(datum->max + 1);
    if (datum->type == DATUM_TEXT)
        return rng_chance(rng, 50) ? json_string("\a bell") : json_integer(1);
    bool text = rng_chance(rng, 50) || datum->min == 0; /* where none need be, no list is wrong */
    return text ? json_string("2026-02-30") : json_array();
}

json_t *choose_wrong_data(world_t *world,
                          const matter_t *matter,
                          const transition_t *transition,
                          rng_t *rng)
{
    json_t *data = choose_data(world, matter, transition, rng);
    if (!data)
        return json_pack("{s:s}", "odd", "that it does not ask for");
    const datum_t *datum = &transition->data[rng_below(rng, transition->datum_count)];
    size_t how = rng_below(rng, 3);
    if (how == 0)
        json_object_set_new(data, "odd", json_true());
    else if (how == 1 && !datum->optional)
        json_object_del(data, datum->name);
    else
        json_object_set_new(data, datum->name, wrong_value(datum, rng));
    return data;
}
