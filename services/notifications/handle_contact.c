/* handle_contact.c - contacts: who may record, see and end one. */
#include <inttypes.h>
#include <sodium.h>
#include <string.h>

#include "contact.h"
#include "handlers.h"
#include "link.h"
#include "notifications.h"
#include "pia/clock.h"
#include "pia/uuid.h"
#include "proto/contact.h"
#include "webhook.h"

enum { PAGE = 50, STAFF = PIA_ROLE_SECRETARIAT | PIA_ROLE_OPERATOR | PIA_ROLE_SERVICE };

static bool is_staff(const pia_principal_t *principal)
{
    return (principal->roles & STAFF) != 0;
}

static void refuse_store(pia_request_t **request_p, pia_status_t status)
{
    pia_request_refuse(request_p, status, "", "The database does not answer.");
}

/* Address and channel belong together. NULL: they do. */
static const char *check_address(const char *channel, const char *address)
{
    if (strcmp(channel, "inbox") == 0) {
        return address ? "An inbox has no address." : NULL;
    }
    if (!address) {
        return "Is missing.";
    }
    bool email = strcmp(channel, "email") == 0;
    if (!pia_format_check(email ? "email" : "url", address)) {
        return email ? "Is not a valid e-mail address." : "Is not a valid http(s) URL.";
    }
    return NULL;
}

/* Whose contact it is to be; NULL is nobody's. False: that is not for the asker to say. */
static bool owner_of(const pia_principal_t *principal, const char *named, const char **ret_person)
{
    const char *own = principal->person[0] ? principal->person : NULL;
    if (is_staff(principal)) {
        *ret_person = named;
        return true;
    }
    *ret_person = own;
    return !named || (own && strcmp(named, own) == 0);
}

/* Answers with a new contact, and the secret if there is one: to the first who asks, once. */
static void
answer_created(pia_request_t **request_p, const contact_t *contact, const uint8_t *secret)
{
    char text[WEBHOOK_SECRET_SIZE];
    json_t *json = contact_json(contact);
    pia_created_contact_t created = {.id = contact->id, .contact = json};
    if (secret) {
        webhook_secret_text(secret, text);
        created.secret = text;
    }
    json_t *body = pia_schema_encode(&pia_created_contact_schema, &created);
    if (secret) {
        created.secret = NULL;
        created.has_repeated = created.repeated = true;
        pia_request_keep(*request_p, pia_schema_encode(&pia_created_contact_schema, &created));
        sodium_memzero(text, sizeof text);
    }
    json_decref(json);
    pia_request_answer(request_p, body, contact->version);
}

/* Stores a contact whose parts are all right, and answers. */
static void create(notifications_t *self, pia_request_t **request_p, const contact_t *contact)
{
    pia_db_t *db = self->context->db;
    bool exists = false;
    pia_status_t status = contact->person ? contact_exists(db, contact, &exists) : PIA_OK;
    if (status == PIA_OK && exists) {
        pia_request_refuse(request_p, PIA_CONFLICT, "/address", "The person has this contact.");
        return;
    }
    uint8_t secret[CONTACT_SECRET_SIZE];
    bool signs = strcmp(contact->channel, "webhook") == 0;
    if (signs) {
        randombytes_buf(secret, sizeof secret);
    }
    if (status == PIA_OK) {
        status = contact_add(db, contact, signs ? secret : NULL);
    }
    if (status != PIA_OK) {
        refuse_store(request_p, status);
    } else {
        answer_created(request_p, contact, signs ? secret : NULL);
    }
    sodium_memzero(secret, sizeof secret);
}

void handle_contact_create(void *arg, pia_request_t **request_p)
{
    const pia_notifications_contact_create_t *fields = pia_request_fields(*request_p);
    const pia_principal_t *principal = pia_request_principal(*request_p);
    const char *reason = check_address(fields->channel, fields->address);
    const char *person = NULL;
    if (reason) {
        pia_request_refuse(request_p, PIA_INVALID, "/address", reason);
        return;
    }
    if (!owner_of(principal, fields->person, &person)) {
        pia_request_refuse(request_p, PIA_FORBIDDEN, "/person", "That is another person.");
        return;
    }
    if (strcmp(fields->channel, "inbox") == 0 && !person) {
        pia_request_refuse(request_p, PIA_INVALID, "/person", "An inbox is a person's.");
        return;
    }
    char id[PIA_UUID_TEXT_SIZE];
    pia_uuid7_text(id);
    const char *basis = fields->consent_basis ? fields->consent_basis : "consent";
    contact_t contact = {
        .id = id,
        .channel = (char *)fields->channel,
        .address = (char *)fields->address,
        .person = (char *)person,
        .language = (char *)(fields->language ? fields->language : "fr"),
        .state = (char *)"active",
        .consent_basis = (char *)basis,
        .consent_by = (char *)principal->subject,
        .consent_at = pia_clock_now(),
        .version = 1,
    };
    create(arg, request_p, &contact);
}

/* Whether the asker may see and end it: its owner, whoever recorded it, or the staff. */
static bool is_allowed(const pia_principal_t *principal, const contact_t *contact)
{
    if (is_staff(principal) || strcmp(contact->consent_by, principal->subject) == 0) {
        return true;
    }
    return contact->person && strcmp(contact->person, principal->person) == 0;
}

/* Finds a contact for the asker, or answers: another's reads like one that is not there. */
static bool find(pia_request_t **request_p, pia_db_t *db, const char *id, contact_t *ret_contact)
{
    pia_status_t status = contact_get(db, id, ret_contact);
    if (status == PIA_OK && !is_allowed(pia_request_principal(*request_p), ret_contact)) {
        contact_clear(ret_contact);
        status = PIA_NOT_FOUND;
    }
    if (status == PIA_NOT_FOUND) {
        pia_request_refuse(request_p, status, "/contact", "There is no such contact.");
    } else if (status != PIA_OK) {
        refuse_store(request_p, status);
    }
    return status == PIA_OK;
}

void handle_contact_get(void *arg, pia_request_t **request_p)
{
    const notifications_t *self = arg;
    const pia_notifications_contact_get_t *fields = pia_request_fields(*request_p);
    contact_t contact;
    if (find(request_p, self->context->db, fields->contact, &contact)) {
        pia_request_answer(request_p, contact_json(&contact), contact.version);
        contact_clear(&contact);
    }
}

static pia_status_t append(void *arg, const contact_t *contact)
{
    json_array_append_new(arg, contact_json(contact));
    return PIA_OK;
}

void handle_contact_list(void *arg, pia_request_t **request_p)
{
    const notifications_t *self = arg;
    const pia_notifications_contact_list_t *fields = pia_request_fields(*request_p);
    const pia_principal_t *principal = pia_request_principal(*request_p);
    const char *own = principal->person[0] ? principal->person : NULL;
    const char *person = fields->person ? fields->person : own;
    if (fields->person && !is_staff(principal) && (!own || strcmp(own, fields->person) != 0)) {
        pia_request_refuse(request_p, PIA_FORBIDDEN, "/person", "That is another person.");
        return;
    }
    int64_t limit = fields->has_limit ? fields->limit : PAGE;
    json_t *items = json_array();
    contact_page_t page = {.person = person,
                           .consent_by = principal->subject,
                           .after = fields->after,
                           .limit = limit + 1};
    pia_status_t status = contact_each(self->context->db, &page, append, items);
    if (status != PIA_OK) {
        json_decref(items);
        refuse_store(request_p, status);
        return;
    }
    json_t *body = json_pack("{s:o}", "items", items);
    if ((int64_t)json_array_size(items) > limit) {
        json_array_remove(items, (size_t)limit);
        const json_t *last = json_array_get(items, (size_t)limit - 1);
        json_object_set(body, "next", json_object_get(last, "id"));
    }
    pia_request_answer(request_p, body, 0);
}

void handle_contact_remove(void *arg, pia_request_t **request_p)
{
    const notifications_t *self = arg;
    pia_db_t *db = self->context->db;
    const pia_notifications_contact_remove_t *fields = pia_request_fields(*request_p);
    contact_t contact;
    if (!find(request_p, db, fields->contact, &contact)) {
        return;
    }
    contact_clear(&contact);
    pia_status_t status = contact_end(db, fields->contact, "removed");
    if (status == PIA_GONE) {
        pia_request_refuse(request_p, status, "/contact", "The contact has ended already.");
        return;
    }
    if (status == PIA_OK) {
        status = contact_get(db, fields->contact, &contact);
    }
    if (status != PIA_OK) {
        refuse_store(request_p, status);
        return;
    }
    pia_request_answer(request_p, contact_json(&contact), contact.version);
    contact_clear(&contact);
}

void handle_contact_unsubscribe(void *arg, pia_request_t **request_p)
{
    const notifications_t *self = arg;
    const pia_notifications_contact_unsubscribe_t *fields = pia_request_fields(*request_p);
    if (!link_is_valid(self->link_key, fields->contact, fields->token)) {
        pia_request_refuse(request_p, PIA_NOT_FOUND, "/token", "This link is not one of ours.");
        return;
    }
    pia_status_t status = contact_end(self->context->db, fields->contact, "removed");
    if (status != PIA_OK && status != PIA_GONE) {
        refuse_store(request_p, status);
        return;
    }
    pia_request_answer(request_p, json_pack("{s:s}", "contact", fields->contact), 0);
}
