/* audience.c - the story's subscribers: each kind twice, once with a filter that matches what the
 * new pôle will publish and once with one that does not. */
#include "play.h"

#include <assert.h>
#include <stdlib.h>
#include <string.h>

#include "mailbox.h"
#include "pia/json.h"
#include "proto/contact.h"
#include "proto/delivery.h"
#include "proto/subscription.h"

enum { PUBLICATIONS = 2, DELIVERY_MS = 60000, READY_MS = 30000 };

typedef enum { BY_STREAM, BY_SSE, BY_EMAIL, BY_WEBHOOK } way_t;

typedef struct {
    way_t way;
    bool matches;
    const char *label;
    const char *filter; /* JSON; for SSE a query */
    const char *name;   /* in its e-mail address */
} subscriber_t;

static const subscriber_t subscribers[AUDIENCE_SIZE] = {
    {BY_STREAM, true, "abonné ZeroMQ (formations et guides, thème santé)",
     "{\"kinds\": [\"formation\", \"guide\"], \"themes\": [\"sante\"]}", NULL},
    {BY_STREAM, false, "abonné ZeroMQ (magazines)", "{\"kinds\": [\"magazine\"]}", NULL},
    {BY_SSE, true, "client SSE (formations et guides, Haute-Vienne)",
     "kinds=formation,guide&departements=87", NULL},
    {BY_SSE, false, "client SSE (formations et guides, La Réunion)",
     "kinds=formation,guide&departements=974", NULL},
    {BY_EMAIL, true, "abonnée par courriel (thème santé, Nouvelle-Aquitaine)",
     "{\"themes\": [\"sante\"], \"regions\": [\"75\"]}", "abonnee-1"},
    {BY_EMAIL, false, "abonné par courriel (thème numérique)", "{\"themes\": [\"numerique\"]}",
     "abonne-2"},
    {BY_WEBHOOK, true, "webhook (formations et guides, secteur alimentaire)",
     "{\"kinds\": [\"formation\", \"guide\"], \"sectors\": [\"alimentaire\"]}", NULL},
    {BY_WEBHOOK, false, "webhook (secteur bâtiment)", "{\"sectors\": [\"batiment\"]}", NULL},
};

/* Its filter, and only what the new pôle publishes: a network where others publish meanwhile tells
 * the same story. */
static json_t *filter_of(const play_t *play, size_t number)
{
    json_t *filter = json_loads(subscribers[number].filter, 0, NULL);
    json_object_set_new(filter, "poles", json_pack("[s]", play->pole));
    return filter;
}

static size_t mail_count(const play_t *play, size_t number)
{
    char address[PLAY_ADDRESS_SIZE];
    play_address(play, subscribers[number].name, address);
    return mailbox_count(play->data, address);
}

/* A contact and its subscription, as the secretariat records them for an enterprise that asked. */
static bool subscribe(play_t *play, size_t number, json_t *contact)
{
    json_t *answer = NULL;
    if (!play_ask(play, ACTOR_OPERATOR, &pia_msg_notifications_contact_create, contact, &answer))
        return false;
    const char *id = pia_json_text(answer, "id");
    const char *secret = pia_json_text(answer, "secret");
    (void)snprintf(play->audience[number].contact, sizeof play->audience[number].contact, "%s",
                   id ? id : "");
    if (secret)
        listeners_trust(play->listeners, play->audience[number].listener, secret);
    json_decref(answer);
    return play_ask(play, ACTOR_OPERATOR, &pia_msg_diffusion_subscription_create,
                    json_pack("{s:s, s:o}", "contact", play->audience[number].contact, "filter",
                              filter_of(play, number)),
                    NULL);
}

static bool enter(play_t *play, size_t number)
{
    const subscriber_t *subscriber = &subscribers[number];
    size_t *listener = &play->audience[number].listener;
    switch (subscriber->way) {
    case BY_STREAM: {
        json_t *filter = filter_of(play, number);
        *listener = listeners_add_stream(play->listeners, filter);
        json_decref(filter);
        return true;
    }
    case BY_SSE: {
        char query[128];
        (void)snprintf(query, sizeof query, "%s&poles=%s", subscriber->filter, play->pole);
        *listener = listeners_add_sse(play->listeners, query);
        return true;
    }
    case BY_EMAIL: {
        char address[PLAY_ADDRESS_SIZE];
        play_address(play, subscriber->name, address);
        return subscribe(play, number,
                         json_pack("{s:s, s:s, s:s}", "channel", "email", "address", address,
                                   "consent_basis", "consent"));
    }
    case BY_WEBHOOK:
        *listener = listeners_add_webhook(play->listeners);
        return subscribe(play, number,
                         json_pack("{s:s, s:s, s:s}", "channel", "webhook", "address",
                                   listeners_url(play->listeners, *listener), "consent_basis",
                                   "consent"));
    }
    return false;
}

static bool all_are_ready(const play_t *play, const void *arg)
{
    (void)arg;
    for (size_t i = 0; i < AUDIENCE_SIZE; i++)
        if (subscribers[i].way != BY_EMAIL &&
            !listeners_ready(play->listeners, play->audience[i].listener))
            return false;
    return true;
}

bool audience_enter(play_t *play)
{
    for (size_t i = 0; i < AUDIENCE_SIZE; i++)
        if (!enter(play, i))
            return false;
    if (!play_wait(play, all_are_ready, NULL, READY_MS, "les abonnements en place"))
        return false;
    play_tell(play, "Huit abonnés s’inscrivent : ZeroMQ, SSE, courriel et webhook, chacun avec un "
                    "filtre qui convient et un qui ne convient pas.");
    return true;
}

/* A stream or an SSE client has been told everything up to the last publication; a webhook or a
 * mailbox has what it is to have. */
static bool is_covered(const play_t *play, size_t number)
{
    size_t listener = play->audience[number].listener;
    switch (subscribers[number].way) {
    case BY_STREAM:
    case BY_SSE:
        return listeners_covered(play->listeners, listener) >= play->published;
    case BY_WEBHOOK:
        return !subscribers[number].matches ||
               listeners_count(play->listeners, listener) >= PUBLICATIONS;
    case BY_EMAIL:
        return !subscribers[number].matches || mail_count(play, number) >= PUBLICATIONS;
    }
    assert(!"a way that is not in way_t");
    return false;
}

static bool all_are_covered(const play_t *play, const void *arg)
{
    (void)arg;
    for (size_t i = 0; i < AUDIENCE_SIZE; i++) {
        if (!is_covered(play, i))
            return false;
    }
    return true;
}

/* How many deliveries the notifications service has for a contact; -1 if it does not say. */
static int deliveries(play_t *play, size_t number)
{
    json_t *answer = NULL;
    if (!play_ask(play, ACTOR_OPERATOR, &pia_msg_notifications_delivery_list,
                  json_pack("{s:s}", "contact", play->audience[number].contact), &answer))
        return -1;
    int count = (int)json_array_size(json_object_get(answer, "items"));
    json_decref(answer);
    return count;
}

static void tell_items(const play_t *play, size_t number)
{
    size_t listener = play->audience[number].listener;
    for (size_t i = 0; i < listeners_count(play->listeners, listener); i++) {
        listener_item_t item = listeners_item(play->listeners, listener, i);
        (void)fprintf(play->out, "         %s « %s »\n", item.kind, item.title);
    }
}

static void tell_mail(const play_t *play, size_t number)
{
    char address[PLAY_ADDRESS_SIZE];
    play_address(play, subscribers[number].name, address);
    mailbox_tell(play->out, play->data, address);
}

/* What this one received, told and checked. */
static bool tell(play_t *play, size_t number)
{
    const subscriber_t *subscriber = &subscribers[number];
    bool by_mail = subscriber->way == BY_EMAIL;
    size_t count = by_mail ? mail_count(play, number)
                           : listeners_count(play->listeners, play->audience[number].listener);
    bool right = count == (subscriber->matches ? PUBLICATIONS : 0);
    if (right && play->audience[number].contact[0])
        right = deliveries(play, number) == (subscriber->matches ? PUBLICATIONS : 0);

    (void)fprintf(play->out, "     %s %s : ", right ? "✓" : "✗", subscriber->label);
    if (count == 0)
        (void)fprintf(play->out, "rien\n");
    else
        (void)fprintf(play->out, "%zu %s\n", count, by_mail ? "messages" : "publications");
    if (by_mail)
        tell_mail(play, number);
    else
        tell_items(play, number);
    return right;
}

bool audience_tell(play_t *play)
{
    if (!play_wait(play, all_are_covered, NULL, DELIVERY_MS, "les deux publications chez tous"))
        (void)fprintf(play->out, "     (ce qui suit est ce qui est arrivé jusqu’ici)\n");
    play_tell(play, "Ce que chacun a reçu :");
    bool right = true;
    for (size_t i = 0; i < AUDIENCE_SIZE; i++)
        right = tell(play, i) && right;
    return right;
}
