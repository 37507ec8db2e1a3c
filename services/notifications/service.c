/* service.c - the messages of notifications, and its life. */
#include "audience.h"
#include "dispatch.h"
#include "handlers.h"
#include "lease.h"
#include "notice.h"
#include "notifications.h"
#include "proto/contact.h"
#include "proto/delivery.h"
#include "proto/inbox.h"
#include "start.h"

extern const char notifications_sql_001[];

static const pia_migration_t migrations[] = {
    {1, notifications_sql_001},
    {0, NULL},
};

static const pia_option_t options[] = {
    {"web", "url", PIA_OPTION_TEXT, "http://127.0.0.1:8080", 0, 0,
     "address of the web site, for links in messages"},
    {"notices", "plan", PIA_OPTION_TEXT, "", 0, 0,
     "file with the notification plan; empty: the built-in one"},
    {"mail", "transport", PIA_OPTION_TEXT, "maildir", 0, 0, "maildir or smtp"},
    {"mail", "maildir", PIA_OPTION_TEXT, "mail", 0, 0, "folder of the Maildir"},
    {"mail", "smtp_url", PIA_OPTION_TEXT, "smtp://127.0.0.1:25", 0, 0,
     "mail server: smtp://host:port or smtps://host:port"},
    {"mail", "smtp_user", PIA_OPTION_TEXT, "", 0, 0, "its user; empty: none"},
    {"mail", "smtp_password_file", PIA_OPTION_TEXT, "", 0, 0,
     "file whose first line is the password; empty: none"},
    {"mail", "sender", PIA_OPTION_TEXT, "ne-pas-repondre@pia.invalid", 0, 0,
     "e-mail address that messages come from"},
    {"mail", "sender_name", PIA_OPTION_TEXT, "Pôles d’innovation pour l’artisanat", 0, 0,
     "name that messages come from"},
    {"webhook", "allow_private", PIA_OPTION_BOOLEAN, "false", 0, 0,
     "allow receivers in private networks (demonstrations only)"},
    {"delivery", "timeout_ms", PIA_OPTION_INTEGER, "10000", 100, 120000,
     "longest time for one transfer, ms"},
    {"delivery", "lease_ms", PIA_OPTION_INTEGER, "60000", 1000, 3600000,
     "after which an unrecorded attempt is repeated, and a page of an audience, ms; at least twice "
     "timeout_ms"},
    {"delivery", "retry_ms", PIA_OPTION_INTEGER, "2000", 10, 3600000,
     "pause after the first failure, doubling up to 1 h, ms"},
    {"delivery", "attempts", PIA_OPTION_INTEGER, "12", 1, 100,
     "attempts before a delivery has failed"},
    {"delivery", "keep_days", PIA_OPTION_INTEGER, "90", 1, 3650,
     "how long finished deliveries are kept, days"},
    {NULL, NULL, PIA_OPTION_TEXT, NULL, 0, 0, NULL},
};

static const pia_route_t routes[] = {
    {&pia_msg_notifications_contact_create, PIA_ROLE_ANY, handle_contact_create},
    {&pia_msg_notifications_contact_get, PIA_ROLE_ANY, handle_contact_get},
    {&pia_msg_notifications_contact_list, PIA_ROLE_ANY, handle_contact_list},
    {&pia_msg_notifications_contact_remove, PIA_ROLE_ANY, handle_contact_remove},
    {&pia_msg_notifications_contact_unsubscribe, PIA_ROLE_PUBLIC, handle_contact_unsubscribe},
    {&pia_msg_notifications_inbox_list, PIA_ROLE_ANY, handle_inbox_list},
    {&pia_msg_notifications_inbox_read, PIA_ROLE_ANY, handle_inbox_read},
    {&pia_msg_notifications_delivery_list, PIA_ROLE_OPERATOR | PIA_ROLE_SECRETARIAT,
     handle_delivery_list},
    {NULL, 0, NULL},
};

static pia_status_t attach(void *arg, pia_problem_t *problem)
{
    notifications_t *self = arg;
    pia_status_t status = dispatch_new(self, &self->dispatch, problem);
    if (status == PIA_OK) {
        self->audience = audience_new(self);
    }
    return status;
}

static void detach(void *arg)
{
    notifications_t *self = arg;
    audience_stop(self->audience);
    dispatch_stop(self->dispatch);
}

static void close_sockets(void *arg)
{
    notifications_t *self = arg;
    audience_destroy(&self->audience);
    dispatch_destroy(&self->dispatch);
}

pia_service_t notifications_service(notifications_t *self)
{
    return (pia_service_t){
        .name = "notifications",
        .options = options,
        .migrations = migrations,
        .routes = routes,
        .self = self,
        .open = start_open,
        .tick = start_tick,
        .attach = attach,
        .detach = detach,
        .close = close_sockets,
        .stats = start_stats,
        .follow = "{}", /* the plan says which events matter, and the plan is read later */
        .on_event = notice_on_event,
    };
}

void notifications_close(notifications_t *self)
{
    plan_destroy(&self->plan);
}
