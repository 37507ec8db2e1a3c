/* routes.c - the table of endpoints, and finding the one that was meant. */
#include "routes.h"

#include <stdbool.h>
#include <stdio.h>
#include <string.h>

#include "proto/appel.h"
#include "proto/authority.h"
#include "proto/certificate.h"
#include "proto/committee.h"
#include "proto/contact.h"
#include "proto/deadline.h"
#include "proto/decision.h"
#include "proto/delivery.h"
#include "proto/dossier.h"
#include "proto/event.h"
#include "proto/evidence.h"
#include "proto/inbox.h"
#include "proto/label.h"
#include "proto/letter.h"
#include "proto/person.h"
#include "proto/piece.h"
#include "proto/pole.h"
#include "proto/process.h"
#include "proto/publication.h"
#include "proto/receipt.h"
#include "proto/reference.h"
#include "proto/remedy.h"
#include "proto/review.h"
#include "proto/section.h"
#include "proto/session.h"
#include "proto/specification.h"
#include "proto/structure.h"
#include "proto/subscription.h"

#define LIST(name) &pia_msg_registry_reference_list, ROUTE_PUBLIC, "list=" name, "list:list", NULL

/* clang-format off: one row a line */
const route_t gateway_routes[] = {
    {"GET", "/v1/poles", &pia_msg_registry_pole_list, ROUTE_PUBLIC, NULL, "list=poles", NULL,
     "Pôles of the network, by filter"},
    {"GET", "/v1/poles/{code}", &pia_msg_registry_pole_get, ROUTE_PUBLIC, NULL, "pole:code", NULL,
     "One pôle"},
    {"PATCH", "/v1/poles/{code}", &pia_msg_registry_pole_update, 0, NULL, "pole:code", NULL,
     "Corrects a pôle's card"},
    {"POST", "/v1/poles/{code}/suspend", &pia_msg_registry_pole_suspend, 0, NULL, "pole:code", NULL,
     "Suspends a pôle"},
    {"POST", "/v1/poles/{code}/reactivate", &pia_msg_registry_pole_reactivate, 0, NULL, "pole:code",
     NULL, "Ends a suspension"},
    {"GET", "/v1/structures", &pia_msg_registry_structure_list, 0, NULL, NULL, NULL, "Structures"},
    {"POST", "/v1/structures", &pia_msg_registry_structure_create, ROUTE_CREATES, NULL, NULL, "id",
     "Records a structure"},
    {"GET", "/v1/structures/{structure}", &pia_msg_registry_structure_get, 0, NULL, NULL, NULL,
     "One structure"},
    {"PATCH", "/v1/structures/{structure}", &pia_msg_registry_structure_update, 0, NULL, NULL, NULL,
     "Corrects a structure"},
    {"GET", "/v1/persons", &pia_msg_registry_person_list, 0, NULL, NULL, NULL, "People, by role"},
    {"GET", "/v1/persons/{person}", &pia_msg_registry_person_get, 0, NULL, NULL, NULL,
     "One person"},
    {"GET", "/v1/themes", LIST("themes"), "The network's themes"},
    {"GET", "/v1/sectors", LIST("sectors"), "The sectors of craft trades"},
    {"GET", "/v1/kinds", LIST("kinds"), "Kinds of publications"},
    {"GET", "/v1/topics", LIST("topics"), "Topics of publications"},
    {"GET", "/v1/scopes", LIST("scopes"), "How far publications reach"},
    {"GET", "/v1/regions", LIST("regions"), "Régions and other territories"},
    {"GET", "/v1/departements", LIST("departements"), "Départements"},
    {"GET", "/v1/communes", &pia_msg_registry_commune_list, ROUTE_PUBLIC, NULL, NULL, NULL,
     "Communes, by département or name"},
    {"GET", "/v1/dossiers", &pia_msg_labellisation_dossier_list, 0, NULL, NULL, NULL,
     "Dossiers that you may see"},
    {"POST", "/v1/dossiers", &pia_msg_labellisation_dossier_create, ROUTE_CREATES, NULL, NULL, "id",
     "Opens a dossier"},
    {"GET", "/v1/dossiers/{dossier}", &pia_msg_labellisation_dossier_get, 0, NULL, NULL, NULL,
     "One dossier"},
    {"GET", "/v1/dossiers/{dossier}/transitions", &pia_msg_labellisation_dossier_transitions, 0,
     NULL, NULL, NULL, "What you may do to a dossier now"},
    {"POST", "/v1/dossiers/{dossier}/transitions", &pia_msg_labellisation_dossier_transition, 0,
     NULL, "list=labels", NULL, "Takes a dossier one step further"},
    {"GET", "/v1/dossiers/{dossier}/deadline", &pia_msg_labellisation_dossier_deadline, 0, NULL,
     NULL, NULL, "The legal period that runs for a dossier, explained"},
    {"GET", "/v1/dossiers/{dossier}/history", &pia_msg_labellisation_dossier_history, 0, NULL, NULL,
     NULL, "A dossier's history"},
    {"GET", "/v1/dossiers/{dossier}/reviews", &pia_msg_labellisation_dossier_reviews, 0, NULL, NULL,
     NULL, "A dossier's reviews"},
    {"GET", "/v1/dossiers/{dossier}/export", &pia_msg_labellisation_dossier_export, ROUTE_BYTES,
     NULL, NULL, NULL, "A dossier as a zip: what you may read of it, and its proof"},
    {"GET", "/v1/dossiers/{dossier}/proof", &pia_msg_labellisation_dossier_proof, 0, NULL, NULL,
     NULL, "Proves that a dossier's history is in the log over all histories"},
    {"GET", "/v1/evidence/head", &pia_msg_labellisation_evidence_head, ROUTE_PUBLIC, NULL, NULL,
     NULL, "The signed head of the log over all histories"},
    {"GET", "/v1/evidence/consistency", &pia_msg_labellisation_evidence_consistency, ROUTE_PUBLIC,
     NULL, NULL, NULL, "Proves that the log has only grown since an earlier head"},
    {"GET", "/v1/dossiers/{dossier}/sections", &pia_msg_labellisation_section_list, 0, NULL, NULL,
     NULL, "A dossier's sections"},
    {"GET", "/v1/dossiers/{dossier}/sections/{section}", &pia_msg_labellisation_section_get, 0,
     NULL, NULL, NULL, "A section's text, now or in an older version"},
    {"PUT", "/v1/dossiers/{dossier}/sections/{section}", &pia_msg_labellisation_section_save, 0,
     NULL, NULL, NULL, "Saves a section over the version that was seen"},
    {"GET", "/v1/dossiers/{dossier}/sections/{section}/versions",
     &pia_msg_labellisation_section_versions, 0, NULL, NULL, NULL, "A section's versions"},
    {"GET", "/v1/dossiers/{dossier}/pieces", &pia_msg_labellisation_piece_list, 0, NULL, NULL, NULL,
     "A dossier's pieces: what is asked for, what is there, what is missing"},
    {"GET", "/v1/dossiers/{dossier}/completions", &pia_msg_labellisation_completion_list, 0, NULL,
     NULL, NULL, "Requests to complete a dossier"},
    {"GET", "/v1/dossiers/{dossier}/receipt", &pia_msg_labellisation_receipt_get, 0, NULL, NULL,
     NULL, "The receipt of a filing"},
    {"GET", "/v1/dossiers/{dossier}/messages", &pia_msg_labellisation_message_list, 0, NULL, NULL,
     NULL, "Messages between candidate and secretariat"},
    {"POST", "/v1/dossiers/{dossier}/messages", &pia_msg_labellisation_message_send, 0, NULL, NULL,
     NULL, "Writes to the other side"},
    {"POST", "/v1/dossiers/{dossier}/messages/read", &pia_msg_labellisation_message_read, 0, NULL,
     NULL, NULL, "Marks messages up to one as read"},
    {"GET", "/v1/dossiers/{dossier}/notes", &pia_msg_labellisation_note_list, 0, NULL, NULL, NULL,
     "Confidential notes"},
    {"POST", "/v1/dossiers/{dossier}/notes", &pia_msg_labellisation_note_add, 0, NULL, NULL, NULL,
     "Writes a confidential note"},
    {"POST", "/v1/dossiers/{dossier}/uploads", &pia_msg_labellisation_upload_create, ROUTE_CREATES,
     NULL, NULL, "id", "Begins the upload of a file"},
    {"GET", "/v1/dossiers/{dossier}/uploads/{upload}", &pia_msg_labellisation_upload_get, 0, NULL,
     NULL, NULL, "How far an upload has come"},
    {"PUT", "/v1/dossiers/{dossier}/uploads/{upload}", &pia_msg_labellisation_upload_put,
     ROUTE_BYTES, NULL, NULL, NULL, "Sends a part of a file"},
    {"DELETE", "/v1/dossiers/{dossier}/uploads/{upload}", &pia_msg_labellisation_upload_remove, 0,
     NULL, NULL, NULL, "Gives an upload up"},
    {"POST", "/v1/dossiers/{dossier}/uploads/{upload}/finish", &pia_msg_labellisation_upload_finish,
     0, NULL, NULL, NULL, "Makes an upload an attachment"},
    {"GET", "/v1/dossiers/{dossier}/attachments/{attachment}/content",
     &pia_msg_labellisation_attachment_read, ROUTE_BYTES, NULL, NULL, NULL, "A file's bytes"},
    {"DELETE", "/v1/dossiers/{dossier}/attachments/{attachment}",
     &pia_msg_labellisation_attachment_remove, 0, NULL, NULL, NULL,
     "Removes a file that was not filed yet"},
    {"GET", "/v1/labels", &pia_msg_labellisation_label_list, ROUTE_PUBLIC | ROUTE_BARE, NULL,
     "list=labels", NULL, "Labels"},
    {"GET", "/v1/labels/{label}", &pia_msg_labellisation_label_get, ROUTE_PUBLIC, NULL,
     "label:label", NULL, "One label"},
    {"GET", "/v1/labels/{label}/transitions", &pia_msg_labellisation_label_transitions, 0, NULL,
     NULL, NULL, "What you may do to a label now"},
    {"POST", "/v1/labels/{label}/transitions", &pia_msg_labellisation_label_transition, 0, NULL,
     "label:label", NULL, "Suspends, withdraws or renews a label"},
    {"GET", "/v1/labels/{label}/history", &pia_msg_labellisation_label_history, 0, NULL, NULL, NULL,
     "A label's history"},
    {"GET", "/v1/labels/{label}/certificate", &pia_msg_labellisation_label_certificate, ROUTE_BYTES,
     NULL, NULL, NULL, "A valid label's certificate, PDF"},
    {"GET", "/v1/certificates/{number}", &pia_msg_labellisation_certificate_get, ROUTE_PUBLIC, NULL,
     NULL, NULL, "Whether the label of a number is valid, suspended or ended"},
    {"GET", "/v1/labels/{label}/proof", &pia_msg_labellisation_label_proof, 0, NULL, NULL, NULL,
     "Proves that a label's history is in the log over all histories"},
    {"GET", "/v1/processes", &pia_msg_labellisation_process_list, 0, NULL, NULL, NULL,
     "Process definitions"},
    {"GET", "/v1/processes/{name}", &pia_msg_labellisation_process_get, ROUTE_PUBLIC | ROUTE_BARE,
     NULL, "process:name", NULL, "One process definition"},
    {"GET", "/v1/specifications", &pia_msg_labellisation_specification_list, 0, NULL, NULL, NULL,
     "Specifications (cahiers des charges)"},
    {"POST", "/v1/specifications", &pia_msg_labellisation_specification_create, 0, NULL, NULL, NULL,
     "Records the next version of a specification"},
    {"GET", "/v1/specifications/{name}", &pia_msg_labellisation_specification_get, 0, NULL, NULL,
     NULL, "One specification: criteria, weights, scales, thresholds"},
    {"GET", "/v1/appels", &pia_msg_labellisation_appel_list, 0, NULL, NULL, NULL,
     "Calls (appels à candidatures)"},
    {"POST", "/v1/appels", &pia_msg_labellisation_appel_create, ROUTE_CREATES, NULL, NULL, "id",
     "Prepares a call"},
    {"GET", "/v1/appels/{appel}", &pia_msg_labellisation_appel_get, 0, NULL, NULL, NULL,
     "One call"},
    {"GET", "/v1/appels/{appel}/transitions", &pia_msg_labellisation_appel_transitions, 0, NULL,
     NULL, NULL, "What you may do to a call now"},
    {"POST", "/v1/appels/{appel}/transitions", &pia_msg_labellisation_appel_transition, 0, NULL,
     NULL, NULL, "Announces, prolongs or ends a call"},
    {"GET", "/v1/appels/{appel}/history", &pia_msg_labellisation_appel_history, 0, NULL, NULL, NULL,
     "A call's history"},
    {"GET", "/v1/reviews", &pia_msg_labellisation_review_list, 0, NULL, NULL, NULL,
     "Reviews that you may see"},
    {"POST", "/v1/reviews", &pia_msg_labellisation_review_create, ROUTE_CREATES, NULL, NULL, "id",
     "Proposes the review of a dossier to a reviewer"},
    {"GET", "/v1/dossiers/{dossier}/reviewers", &pia_msg_labellisation_review_propose, 0, NULL,
     NULL, NULL, "Whom to ask for a review of a dossier"},
    {"GET", "/v1/reviewers/{person}", &pia_msg_labellisation_reviewer_get, 0, NULL, NULL, NULL,
     "What is known of a reviewer"},
    {"PUT", "/v1/reviewers/{person}", &pia_msg_labellisation_reviewer_put, 0, NULL, NULL, NULL,
     "Says what a reviewer knows, takes on, and is linked to"},
    {"GET", "/v1/reviews/{review}", &pia_msg_labellisation_review_get, 0, NULL, NULL, NULL,
     "One review"},
    {"GET", "/v1/reviews/{review}/transitions", &pia_msg_labellisation_review_transitions, 0, NULL,
     NULL, NULL, "What you may do with a review now"},
    {"POST", "/v1/reviews/{review}/transitions", &pia_msg_labellisation_review_transition, 0, NULL,
     NULL, NULL, "Declares interests, accepts, declines, files the report"},
    {"GET", "/v1/reviews/{review}/draft", &pia_msg_labellisation_draft_get, 0, NULL, NULL, NULL,
     "The report that you are writing, and what is missing in it"},
    {"PUT", "/v1/reviews/{review}/draft", &pia_msg_labellisation_draft_save, 0, NULL, NULL, NULL,
     "Saves the report that you are writing"},
    {"GET", "/v1/reviews/{review}/history", &pia_msg_labellisation_review_history, 0, NULL, NULL,
     NULL, "A review's history"},
    {"GET", "/v1/committees", &pia_msg_labellisation_committee_list, 0, NULL, NULL, NULL,
     "Committees"},
    {"POST", "/v1/committees", &pia_msg_labellisation_committee_create, ROUTE_CREATES, NULL, NULL,
     "id", "Institutes a committee"},
    {"GET", "/v1/committees/{committee}", &pia_msg_labellisation_committee_get, 0, NULL, NULL, NULL,
     "One committee"},
    {"GET", "/v1/committees/{committee}/transitions", &pia_msg_labellisation_committee_transitions,
     0, NULL, NULL, NULL, "What you may do with it now"},
    {"POST", "/v1/committees/{committee}/transitions", &pia_msg_labellisation_committee_transition,
     0, NULL, NULL, NULL, "Names members and suppléants, ends mandates"},
    {"GET", "/v1/committees/{committee}/history", &pia_msg_labellisation_committee_history, 0, NULL,
     NULL, NULL, "Its history"},
    {"GET", "/v1/sessions", &pia_msg_labellisation_session_list, 0, NULL, NULL, NULL,
     "Meetings of committees"},
    {"POST", "/v1/sessions", &pia_msg_labellisation_session_create, ROUTE_CREATES, NULL, NULL, "id",
     "Prepares a meeting of a committee"},
    {"GET", "/v1/sessions/{session}", &pia_msg_labellisation_session_get, 0, NULL, NULL, NULL,
     "One meeting"},
    {"GET", "/v1/sessions/{session}/transitions", &pia_msg_labellisation_session_transitions, 0,
     NULL, NULL, NULL, "What you may do with it now"},
    {"POST", "/v1/sessions/{session}/transitions", &pia_msg_labellisation_session_transition, 0,
     NULL, NULL, NULL, "Convenes, opens, votes, closes a meeting"},
    {"GET", "/v1/sessions/{session}/history", &pia_msg_labellisation_session_history, 0, NULL, NULL,
     NULL, "Its history"},
    {"GET", "/v1/authorities", &pia_msg_labellisation_authority_list, 0, NULL, NULL, NULL,
     "Authorities to sign"},
    {"POST", "/v1/authorities", &pia_msg_labellisation_authority_create, ROUTE_CREATES, NULL, NULL,
     "id", "Records an authority to sign"},
    {"GET", "/v1/authorities/{authority}", &pia_msg_labellisation_authority_get, 0, NULL, NULL,
     NULL, "One authority"},
    {"GET", "/v1/authorities/{authority}/transitions", &pia_msg_labellisation_authority_transitions,
     0, NULL, NULL, NULL, "What you may do with it now"},
    {"POST", "/v1/authorities/{authority}/transitions", &pia_msg_labellisation_authority_transition,
     0, NULL, NULL, NULL, "Prolongs or ends an authority"},
    {"GET", "/v1/authorities/{authority}/history", &pia_msg_labellisation_authority_history, 0,
     NULL, NULL, NULL, "Its history"},
    {"GET", "/v1/sessions/{session}/convocation", &pia_msg_labellisation_session_convocation, 0,
     NULL, NULL, NULL, "The convocation as the members received it"},
    {"GET", "/v1/remedies", &pia_msg_labellisation_remedy_list, 0, NULL, NULL, NULL,
     "Remedies that you may see"},
    {"POST", "/v1/remedies", &pia_msg_labellisation_remedy_create, ROUTE_CREATES, NULL, NULL, "id",
     "Files a remedy against a decision on a dossier or a label"},
    {"GET", "/v1/remedies/{remedy}", &pia_msg_labellisation_remedy_get, 0, NULL, NULL, NULL,
     "One remedy, with its count explained"},
    {"GET", "/v1/remedies/{remedy}/transitions", &pia_msg_labellisation_remedy_transitions, 0, NULL,
     NULL, NULL, "What you may do with a remedy now"},
    {"POST", "/v1/remedies/{remedy}/transitions", &pia_msg_labellisation_remedy_transition, 0, NULL,
     "list=labels", NULL, "Grants, rejects or withdraws a remedy, or takes note of a judgment"},
    {"GET", "/v1/remedies/{remedy}/history", &pia_msg_labellisation_remedy_history, 0, NULL, NULL,
     NULL, "A remedy's history"},
    {"GET", "/v1/remedies/{remedy}/texts", &pia_msg_labellisation_remedy_texts, 0, NULL, NULL, NULL,
     "The texts of a step of a remedy"},
    {"GET", "/v1/dossiers/{dossier}/remedies/deadline", &pia_msg_labellisation_remedy_deadline, 0,
     NULL, NULL, NULL, "Until when the decision on a dossier may be contested, explained"},
    {"GET", "/v1/labels/{label}/remedies/deadline", &pia_msg_labellisation_remedy_deadline, 0, NULL,
     NULL, NULL, "Until when the decision on a label may be contested, explained"},
    {"GET", "/v1/labels/{label}/texts", &pia_msg_labellisation_label_texts, 0, NULL, NULL, NULL,
     "The texts of a step of a label: grounds, observations, reasons, letters"},
    {"GET", "/v1/sessions/{session}/minutes", &pia_msg_labellisation_session_minutes, ROUTE_BYTES,
     NULL, NULL, NULL, "The signed minutes, PDF"},
    {"POST", "/v1/decisions", &pia_msg_labellisation_decision_batch, 0, NULL, "list=labels", NULL,
     "Decides on several dossiers, one result each"},
    {"GET", "/v1/dossiers/{dossier}/decision", &pia_msg_labellisation_decision_get, 0, NULL, NULL,
     NULL, "The express decision on a dossier"},
    {"GET", "/v1/deadlines", &pia_msg_labellisation_deadline_rules, ROUTE_PUBLIC, NULL, NULL, NULL,
     "Rules of legal periods"},
    {"GET", "/v1/deadlines/{rule}", &pia_msg_labellisation_deadline_compute, ROUTE_PUBLIC, NULL,
     NULL, NULL, "A legal period, computed and explained"},
    {"POST", "/v1/deadlines", &pia_msg_labellisation_deadline_compute, 0, NULL, NULL, NULL,
     "The same with missing pieces and appeals"},
    {"GET", "/v1/publications", &pia_msg_diffusion_publication_list, ROUTE_BARE, NULL,
     "list=publications", NULL, "Publications, newest first"},
    {"POST", "/v1/previews", &pia_msg_diffusion_audience_preview, 0, NULL, NULL, NULL,
     "Whom a publication of these members would reach"},
    {"GET", "/v1/publications/{publication}/preview", &pia_msg_diffusion_audience_preview, 0, NULL,
     NULL, NULL, "Whom a publication would reach if it were published now"},
    {"POST", "/v1/publications", &pia_msg_diffusion_publication_create, ROUTE_CREATES, NULL,
     "list=publications", "publication", "Drafts or publishes in a pôle's name"},
    {"GET", "/v1/publications/{publication}", &pia_msg_diffusion_publication_get, 0, NULL,
     "publication:publication", NULL, "One publication"},
    {"PATCH", "/v1/publications/{publication}", &pia_msg_diffusion_publication_change, 0, NULL,
     "publication:publication", NULL, "Changes a publication"},
    {"POST", "/v1/publications/{publication}/publish", &pia_msg_diffusion_publication_publish, 0,
     NULL, "publication:publication", NULL, "Publishes a draft"},
    {"POST", "/v1/publications/{publication}/cancel", &pia_msg_diffusion_publication_cancel, 0,
     NULL, "publication:publication", NULL, "Cancels a publication"},
    {"GET", "/v1/events", &pia_msg_diffusion_event_list, 0, NULL, NULL, NULL,
     "The journal, by filter and cursor"},
    {"POST", "/v1/events", &pia_msg_diffusion_event_append, ROUTE_EVENTS, NULL, "*publication.",
     NULL, "Appends one CloudEvent or a batch, all or nothing"},
    {"GET", "/v1/stream", &pia_msg_diffusion_event_list, ROUTE_STREAM, NULL, NULL, NULL,
     "The journal as server-sent events"},
    {"GET", "/v1/contacts", &pia_msg_notifications_contact_list, 0, NULL, NULL, NULL,
     "Your contacts"},
    {"POST", "/v1/contacts", &pia_msg_notifications_contact_create, ROUTE_CREATES, NULL, NULL, "id",
     "Records an address, a webhook or an inbox"},
    {"GET", "/v1/contacts/{contact}", &pia_msg_notifications_contact_get, 0, NULL, NULL, NULL,
     "One contact"},
    {"DELETE", "/v1/contacts/{contact}", &pia_msg_notifications_contact_remove, 0, NULL, NULL, NULL,
     "Forgets a contact's address"},
    {"POST", "/v1/contacts/{contact}/unsubscribe", &pia_msg_notifications_contact_unsubscribe,
     ROUTE_PUBLIC, NULL, NULL, NULL, "Ends a contact by the link in a message"},
    {"GET", "/v1/subscriptions", &pia_msg_diffusion_subscription_list, 0, NULL, NULL, NULL,
     "Subscriptions"},
    {"POST", "/v1/subscriptions", &pia_msg_diffusion_subscription_create, ROUTE_CREATES, NULL, NULL,
     "subscription", "Subscribes a contact to a filter"},
    {"GET", "/v1/subscriptions/{subscription}", &pia_msg_diffusion_subscription_get, 0, NULL, NULL,
     NULL, "One subscription"},
    {"GET", "/v1/subscriptions/{subscription}/explanation", &pia_msg_diffusion_subscription_explain,
     0, NULL, NULL, NULL, "Why a publication or event reaches a subscription, or why not"},
    {"DELETE", "/v1/subscriptions/{subscription}", &pia_msg_diffusion_subscription_end, 0, NULL,
     NULL, NULL, "Ends a subscription"},
    {"GET", "/v1/inbox", &pia_msg_notifications_inbox_list, 0, NULL, NULL, NULL, "Your inbox"},
    {"POST", "/v1/inbox/{item}/read", &pia_msg_notifications_inbox_read, 0, NULL, NULL, NULL,
     "Marks an item as read"},
    {"GET", "/v1/deliveries", &pia_msg_notifications_delivery_list, 0, NULL, NULL, NULL,
     "What was sent to whom"},
    {NULL, NULL, NULL, 0, NULL, NULL, NULL, NULL},
};
/* clang-format on */

/* The segment at `*at` ("/{code}/…" begins with its slash); moves on. Size 0: no more. */
static size_t next_segment(const char **at, const char **ret_start)
{
    if (**at != '/')
        return 0;
    *ret_start = *at + 1;
    size_t size = strcspn(*ret_start, "/");
    *at = *ret_start + size;
    return size;
}

static bool matches(const route_t *route, const target_t *target)
{
    const char *at = route->path, *start;
    size_t index = 0;
    for (size_t size; (size = next_segment(&at, &start)) > 0; index++) {
        if (index == target->segments)
            return false;
        const char *segment = target->segment[index];
        if (*start != '{' && (strlen(segment) != size || memcmp(segment, start, size) != 0))
            return false;
    }
    return index == target->segments;
}

static void allow_method(char *allow, size_t size, const char *method)
{
    if (allow[0] == '\0')
        (void)snprintf(allow, size, "OPTIONS");
    size_t used = strlen(allow);
    bool get = strcmp(method, "GET") == 0;
    (void)snprintf(allow + used, size - used, ", %s%s", method, get ? ", HEAD" : "");
}

const route_t *route_find(const char *method, const target_t *target, char *allow, size_t size)
{
    if (strcmp(method, "HEAD") == 0)
        method = "GET";
    allow[0] = '\0';
    for (const route_t *route = gateway_routes; route->method != NULL; route++) {
        if (!matches(route, target))
            continue;
        if (strcmp(route->method, method) == 0)
            return route;
        allow_method(allow, size, route->method);
    }
    return NULL;
}

void route_each_name(const route_t *route,
                     void (*each)(void *arg, size_t segment, const char *name, size_t size),
                     void *arg)
{
    const char *at = route->path, *start;
    size_t index = 0;
    for (size_t size; (size = next_segment(&at, &start)) > 0; index++)
        if (*start == '{')
            each(arg, index, start + 1, size - 2);
}

typedef struct {
    const target_t *target;
    const char *name, *value;
} search_t;

static void compare_name(void *arg, size_t segment, const char *name, size_t size)
{
    search_t *search = arg;
    if (strlen(search->name) == size && memcmp(search->name, name, size) == 0)
        search->value = search->target->segment[segment];
}

const char *route_value(const route_t *route, const target_t *target, const char *name)
{
    search_t search = {.target = target, .name = name};
    route_each_name(route, compare_name, &search);
    return search.value;
}
