/* session_view.c - a meeting as JSON. */
#include "session_view.h"

#include <stdlib.h>
#include <string.h>

#include "committee.h"
#include "minutes.h"
#include "session.h"

enum { TEXTS_MAX = 256 * 1024 }; /* of opinions and dissents: an answer holds 1 MiB */

/* Puts the text in the place of its hash, under another name. */
static pia_status_t fill(pia_db_t *db, json_t *json, const char *member, const char *name)
{
    const char *hash = json_string_value(json_object_get(json, member));
    char *text = NULL;
    if (!hash)
        return PIA_OK;
    pia_status_t status = committee_name(db, hash, &text);
    if (status != PIA_OK)
        return status;
    json_object_del(json, member);
    json_object_set_new(json, name, json_string(text));
    free(text);
    return PIA_OK;
}

/* The same of a text in each object of a list, as long as `left` bytes are left. */
static pia_status_t fill_texts(pia_db_t *db, const json_t *list, const char *member, size_t *left)
{
    pia_status_t status = PIA_OK;
    for (size_t i = 0; status == PIA_OK && i < json_array_size(list); i++) {
        json_t *json = json_array_get(list, i);
        status = fill(db, json, member, member);
        size_t size = json_string_length(json_object_get(json, member));
        if (size > *left)
            json_object_del(json, member);
        else
            *left -= size;
    }
    return status;
}

static pia_status_t fill_all(pia_db_t *db, const json_t *list, const char *member, const char *name)
{
    pia_status_t status = PIA_OK;
    for (size_t i = 0; status == PIA_OK && i < json_array_size(list); i++)
        status = fill(db, json_array_get(list, i), member, name);
    return status;
}

static pia_status_t view_seat(pia_db_t *db, json_t *seat)
{
    pia_status_t status = fill(db, seat, "nom", "name");
    if (!json_object_get(seat, "mode"))
        json_object_set_new(seat, "mode", json_string(seat_mode_name(SEAT_ABSENT)));
    return status == PIA_OK ? fill_all(db, json_object_get(seat, "substitutes"), "nom", "name")
                            : status;
}

pia_status_t session_view_sittings(pia_db_t *db, const matter_t *session, json_t **ret_sittings)
{
    const json_t *list = json_object_get(session->facts, "sittings");
    json_t *sittings = list ? json_deep_copy(list) : json_array();
    pia_status_t status = PIA_OK;
    for (size_t i = 0; i < json_array_size(sittings); i++) {
        json_t *sitting = json_array_get(sittings, i);
        const json_t *seats = json_object_get(sitting, "seats");
        json_object_del(sitting, "text");
        for (size_t j = 0; status == PIA_OK && j < json_array_size(seats); j++)
            status = view_seat(db, json_array_get(seats, j));
    }
    *ret_sittings = sittings;
    return status;
}

/* How many make a quorum of the item's formation, in the last sitting. */
static void add_formation(const matter_t *session, json_t *json)
{
    const seat_item_t item = session_seat_item(json);
    seats_t seats;
    quorum_t quorum;
    const json_t *sitting = session_sitting(session);
    if (!sitting)
        return;
    seats_read(json_object_get(sitting, "seats"), &seats);
    seats_count(&seats, &item, &quorum);
    json_object_set_new(json, "composing", json_integer(quorum.composing));
    json_object_set_new(json, "needed", json_integer(quorum.needed));
}

pia_status_t
session_view_items(pia_db_t *db, const matter_t *session, size_t texts_max, json_t **ret_items)
{
    const json_t *list = json_object_get(session->facts, "items");
    json_t *items = list ? json_deep_copy(list) : json_array();
    pia_status_t status = PIA_OK;
    for (size_t i = 0; status == PIA_OK && i < json_array_size(items); i++) {
        json_t *item = json_array_get(items, i);
        status = fill_texts(db, json_object_get(item, "ballots"), "text", &texts_max);
        if (status == PIA_OK)
            status = fill_texts(db, json_object_get(item, "dissents"), "reasons", &texts_max);
        add_formation(session, item);
    }
    *ret_items = items;
    return status;
}

static void add_own(const matter_t *session, json_t *json)
{
    const json_t *place = json_object_get(session->facts, "place");
    const json_t *sitting = session_sitting(session);
    const char *day = json_string_value(json_object_get(session->facts, "day"));
    if (!place)
        place = json_object_get(session->card, "place");
    if (place)
        json_object_set(json, "place", (json_t *)place);
    json_object_set_new(json, "day", json_string(day));
    json_object_set_new(json, "second",
                        json_boolean(json_is_true(json_object_get(sitting, "second"))));
    json_object_set_new(json, "leaves", json_integer((json_int_t)session_leaves(session)));
    json_t *deadline = sitting ? NULL : session_deadline("convocation", day);
    if (deadline)
        json_object_set_new(json, "deadline", deadline);
}

static pia_status_t add_minutes(pia_db_t *db, const matter_t *session, json_t *json)
{
    json_t *minutes = NULL;
    pia_status_t status = minutes_view(db, session->id, &minutes);
    if (status == PIA_OK)
        json_object_set_new(json, "minutes", minutes);
    return status == PIA_NOT_FOUND ? PIA_OK : status;
}

pia_status_t view_session_card(pia_db_t *db,
                               const matter_t *session,
                               const pia_principal_t *principal,
                               uint32_t roles,
                               json_t **ret_json)
{
    (void)db;
    (void)principal;
    json_t *json = view_matter(session, roles);
    json_object_del(json, "facts");
    add_own(session, json);
    *ret_json = json;
    return PIA_OK;
}

static bool is_about(const json_t *item, const char *structure)
{
    const char *whose = json_string_value(json_object_get(item, "structure"));
    return whose && structure[0] != '\0' && strcmp(whose, structure) == 0;
}

bool session_concerns(const matter_t *session, const char *structure)
{
    const json_t *items = json_object_get(session->facts, "items");
    for (size_t i = 0; i < json_array_size(items); i++)
        if (is_about(json_array_get(items, i), structure))
            return true;
    return false;
}

/* Takes the votes on its own dossiers from what someone of the structure is shown. */
static void hide_own_votes(const json_t *items, const char *structure)
{
    for (size_t i = 0; i < json_array_size(items); i++) {
        json_t *item = json_array_get(items, i);
        if (!is_about(item, structure))
            continue;
        json_object_del(item, "opinion");
        json_object_set_new(item, "ballots", json_array());
        json_object_set_new(item, "dissents", json_array());
    }
}

pia_status_t view_session(pia_db_t *db,
                          const matter_t *session,
                          const pia_principal_t *principal,
                          uint32_t roles,
                          json_t **ret_json)
{
    const json_t *breaches = json_object_get(session->facts, "breaches");
    json_t *items = NULL, *sittings = NULL, *json = NULL;
    pia_status_t status = view_session_card(db, session, principal, roles, &json);
    if (status == PIA_OK)
        status = session_view_items(db, session, TEXTS_MAX, &items);
    hide_own_votes(items, principal->structure);
    json_object_set_new(json, "agenda", items);
    json_object_set_new(json, "breaches", breaches ? json_deep_copy(breaches) : json_array());
    if (status == PIA_OK) {
        status = session_view_sittings(db, session, &sittings);
        json_object_set_new(json, "sittings", sittings);
    }
    if (status == PIA_OK)
        status = add_minutes(db, session, json);
    if (status == PIA_OK)
        *ret_json = json;
    else
        json_decref(json);
    return status;
}
