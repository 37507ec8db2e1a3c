/* notice.c - an event's way to those who are told of it. */
#include "notice.h"

#include <stdlib.h>
#include <string.h>

#include "campaign.h"
#include "delivery.h"
#include "identity.h"
#include "person.h"
#include "pia/json.h"
#include "pia/principal.h"
#include "pole.h"
#include "view.h"

enum { HISTORY_MS = 3600000, CONTACTS_MAX = 20 }; /* contacts of one person that are written to */

static const char *suffix(const char *text, const char *prefix)
{
    size_t size = strlen(prefix);
    return strncmp(text, prefix, size) == 0 ? text + size : NULL;
}

/* The texts of `json`, a text or an array of texts, through `add`. */
typedef pia_status_t add_fn(people_t *people, pia_db_t *db, const char *text);

static pia_status_t add_person(people_t *people, pia_db_t *db, const char *text)
{
    (void)db;
    people_add(people, text);
    return PIA_OK;
}

static pia_status_t add_role(people_t *people, pia_db_t *db, const char *text)
{
    uint32_t role = pia_role_parse(text);
    return role ? people_add_role(people, db, role) : PIA_OK;
}

static pia_status_t add_each(people_t *people, pia_db_t *db, const json_t *json, add_fn *add)
{
    if (json_is_string(json)) {
        return add(people, db, json_string_value(json));
    }
    pia_status_t status = PIA_OK;
    for (size_t i = 0; i < json_array_size(json) && status == PIA_OK; i++) {
        const char *text = json_string_value(json_array_get(json, i));
        status = text ? add(people, db, text) : PIA_OK;
    }
    return status;
}

/* Adds the people whom one entry of a rule's "to" names (plan.h); the audience is not people. */
static pia_status_t
add_recipient(people_t *people, pia_db_t *db, const char *to, const json_t *data)
{
    const json_t *recipients = json_object_get(data, "recipients");
    const char *name = NULL;
    if ((name = suffix(to, "persons:"))) {
        return add_each(people, db, json_object_get(data, name), add_person);
    }
    if ((name = suffix(to, "structure:"))) {
        return add_each(people, db, json_object_get(data, name), people_add_structure);
    }
    if ((name = suffix(to, "role:"))) {
        return add_role(people, db, name);
    }
    if (strcmp(to, "recipients.persons") == 0) {
        return add_each(people, db, json_object_get(recipients, "persons"), add_person);
    }
    if (strcmp(to, "recipients.structures") == 0) {
        return add_each(people, db, json_object_get(recipients, "structures"),
                        people_add_structure);
    }
    if (strcmp(to, "recipients.roles") == 0) {
        return add_each(people, db, json_object_get(recipients, "roles"), add_role);
    }
    return PIA_OK;
}

/* A person's contacts, read before anything is written: one statement at a time. */
typedef struct {
    contact_t contacts[CONTACTS_MAX];
    size_t count;
} book_t;

static pia_status_t keep_contact(void *arg, const contact_t *contact)
{
    book_t *book = arg;
    if (strcmp(contact->state, "active") == 0 && book->count < CONTACTS_MAX) {
        contact_copy(contact, &book->contacts[book->count++]);
    }
    return PIA_OK;
}

static pia_status_t tell_person(notifications_t *self, const telling_t *telling, const char *person)
{
    bool allowed = false;
    pia_status_t status = delivery_is_allowed(self, telling, person, &allowed);
    if (status != PIA_OK || !allowed) {
        return status;
    }
    status = delivery_to_inbox(self, telling, person, NULL);
    book_t book = {.count = 0};
    if (status == PIA_OK) {
        contact_page_t page = {.person = person, .limit = (int64_t)CONTACTS_MAX * 5};
        status = contact_each(self->context->db, &page, keep_contact, &book);
    }
    for (size_t i = 0; i < book.count; i++) {
        if (status == PIA_OK) {
            status = delivery_to_contact(self, telling, &book.contacts[i]);
        }
        contact_clear(&book.contacts[i]);
    }
    return status;
}

static pia_status_t
tell_people(notifications_t *self, const telling_t *telling, const rule_t *rule, const json_t *data)
{
    people_t people = {0};
    pia_status_t status = PIA_OK;
    for (size_t i = 0; i < json_array_size(rule->to) && status == PIA_OK; i++) {
        const char *to = json_string_value(json_array_get(rule->to, i));
        status = add_recipient(&people, self->context->db, to, data);
    }
    for (size_t i = 0; i < people.count && status == PIA_OK; i++) {
        status = tell_person(self, telling, people.ids[i]);
    }
    people_clear(&people);
    return status;
}

static bool is_for_audience(const rule_t *rule)
{
    for (size_t i = 0; i < json_array_size(rule->to); i++) {
        if (strcmp(json_string_value(json_array_get(rule->to, i)), "audience") == 0) {
            return true;
        }
    }
    return false;
}

static bool is_for_structures(const rule_t *rule)
{
    for (size_t i = 0; i < json_array_size(rule->to); i++) {
        const char *to = json_string_value(json_array_get(rule->to, i));
        if (strcmp(to, "recipients.structures") == 0) {
            return true;
        }
    }
    return false;
}

/* The template of the kind of message that the procedure plans for these recipients (the event's
 * `notice`), else the rule's own. */
static const char *template_of(const rule_t *rule, const json_t *data)
{
    static const struct {
        const char *kind, *template;
    } known[] = {
        {"action", "notice_action"},
        {"decision", "notice_decision"},
        {"reminder", "notice_reminder"},
    };
    const char *audience = is_for_structures(rule) ? "structure" : "others";
    const char *kind = pia_json_text(json_object_get(data, "notice"), audience);
    for (size_t i = 0; kind && i < sizeof known / sizeof known[0]; i++) {
        if (strcmp(known[i].kind, kind) == 0) {
            return known[i].template;
        }
    }
    return rule->template;
}

static pia_status_t apply(notifications_t *self, const rule_t *rule, const pia_event_t *event)
{
    char notice[PIA_UUID_TEXT_SIZE];
    identity_of_notice(event->source, event->id, notice);
    char *link = view_link(rule, event->data);
    telling_t telling = {.notice = notice,
                         .type = event->type,
                         .event = event->json,
                         .template = template_of(rule, event->data),
                         .link = link,
                         .channels = rule->channels};
    pia_status_t status = notice_add(self->context->db, event, notice, link);
    if (status == PIA_OK) {
        status = tell_people(self, &telling, rule, event->data);
    }
    if (status == PIA_OK && is_for_audience(rule)) {
        status = campaign_add(self, &telling);
    }
    free(link);
    return status;
}

/* People and pôles are what the registry says they are; the journal takes an event's source only
 * from its owner. */
static bool is_registrys(const pia_event_t *event, const char *type)
{
    return strcmp(event->type, type) == 0 && strcmp(event->source, "/services/registry") == 0;
}

pia_status_t notice_on_event(void *arg, const pia_event_t *event)
{
    notifications_t *self = arg;
    if (is_registrys(event, "person.created") || is_registrys(event, "person.updated")) {
        return person_store(self->context->db, event->data);
    }
    if (is_registrys(event, "pole.labelled") || is_registrys(event, "pole.updated")) {
        pia_status_t status = pole_store(self->context->db, event->data);
        if (status != PIA_OK) {
            return status;
        }
    }
    if (event->recorded_ms < self->born_at - HISTORY_MS) {
        return PIA_OK; /* history: it was told, or not, before this database was made */
    }
    pia_status_t status = PIA_OK;
    for (size_t i = 0; i < self->plan->count && status == PIA_OK; i++) {
        if (rule_matches(&self->plan->rules[i], event->type, event->data)) {
            status = apply(self, &self->plan->rules[i], event);
        }
    }
    return status;
}
