/* handlers_letter.c - messages between candidate and secretariat, and confidential notes. */
#include <stdlib.h>

#include "access.h"
#include "announce.h"
#include "letter.h"
#include "pia/clock.h"
#include "proto/letter.h"

/* Who is of both sides writes for the office. */
static side_t side_of(uint32_t roles)
{
    return (roles & (PIA_ROLE_SECRETARIAT | PIA_ROLE_INSTRUCTEUR)) != 0 ? SIDE_OFFICE
                                                                        : SIDE_CANDIDATE;
}

static const char *member(const pia_request_t *request, const char *name)
{
    return json_string_value(json_object_get(pia_request_body(request), name));
}

static pia_status_t parse_after(const char *after, int64_t *ret_number, pia_problem_t *problem)
{
    char *end = NULL;
    *ret_number = after ? strtoll(after, &end, 10) : 0;
    if (!after || (*end == '\0' && *ret_number > 0))
        return PIA_OK;
    return pia_problem_set(problem, PIA_INVALID, "/after", "is not a cursor of this list");
}

static void
list(labellisation_t *self, pia_request_t **request_p, access_t access, letter_kind_t kind)
{
    const json_t *limit = json_object_get(pia_request_body(*request_p), "limit");
    letter_query_t query = {
        .dossier = member(*request_p, "dossier"),
        .kind = kind,
        .limit = limit ? json_integer_value(limit) : PAGE_LIMIT,
    };
    handler_found_t found;
    json_t *page = NULL;
    pia_problem_t problem = {.status = PIA_OK};
    pia_status_t status = parse_after(member(*request_p, "after"), &query.after, &problem);
    if (status == PIA_OK)
        status = access_find(self, *request_p, query.dossier, access, &found, &problem);
    if (status == PIA_OK) {
        query.side = side_of(found.roles);
        status = letter_list(self->db, &query, &page);
        matter_clear(&found.matter);
    }
    access_answer(request_p, status, page, 0, &problem);
}

void handle_message_list(void *self, pia_request_t **request_p)
{
    list(self, request_p, ACCESS_LETTER, LETTER_MESSAGE);
}

void handle_note_list(void *self, pia_request_t **request_p)
{
    list(self, request_p, ACCESS_NOTE, LETTER_NOTE);
}

static void
write_one(labellisation_t *self, pia_request_t **request_p, access_t access, letter_kind_t kind)
{
    handler_found_t found;
    json_t *json = NULL;
    pia_problem_t problem = {.status = PIA_OK};
    letter_t letter = {
        .dossier = member(*request_p, "dossier"),
        .text = member(*request_p, "text"),
        .author = pia_request_principal(*request_p)->subject,
        .kind = kind,
        .written_ms = pia_clock_now(),
    };
    pia_status_t status = access_find(self, *request_p, letter.dossier, access, &found, &problem);
    if (status == PIA_OK) {
        letter.side = side_of(found.roles);
        status = letter_add(self->db, &letter, &json);
        if (status == PIA_OK && kind == LETTER_MESSAGE)
            status = announce_message(self->db, &found.matter, letter.side == SIDE_OFFICE,
                                      letter.written_ms);
        matter_clear(&found.matter);
    }
    access_answer(request_p, status, json, 0, &problem);
}

void handle_message_send(void *self, pia_request_t **request_p)
{
    write_one(self, request_p, ACCESS_LETTER, LETTER_MESSAGE);
}

void handle_note_add(void *self, pia_request_t **request_p)
{
    write_one(self, request_p, ACCESS_NOTE, LETTER_NOTE);
}

void handle_message_read(void *arg, pia_request_t **request_p)
{
    labellisation_t *self = arg;
    const pia_labellisation_message_read_t *fields = pia_request_fields(*request_p);
    handler_found_t found;
    json_t *json = NULL;
    int64_t marked = 0;
    pia_problem_t problem = {.status = PIA_OK};
    pia_status_t status =
        access_find(self, *request_p, fields->dossier, ACCESS_LETTER, &found, &problem);
    if (status == PIA_OK) {
        status = letter_mark(self->db, fields->dossier, side_of(found.roles), fields->number,
                             pia_clock_now(), &marked);
        json = json_pack("{s:I, s:I}", "number", (json_int_t)fields->number, "marked",
                         (json_int_t)marked);
        matter_clear(&found.matter);
    }
    access_answer(request_p, status, json, 0, &problem);
}
