/* story_publish.c - the new pôle publishes, in its own name only. */
#include "play.h"

#include <string.h>

#include "pia/clock.h"
#include "pia/json.h"
#include "proto/journal.h"
#include "proto/key.h"
#include "proto/person.h"
#include "proto/publication.h"

enum { MAY_PUBLISH_MS = 30000, HOUR_MS = 3600000, DAY_MS = 24 * HOUR_MS };

static bool enter_pole(play_t *play)
{
    actor_t *pole = &play->actors[ACTOR_POLE];
    json_t *answer = NULL;
    if (!play_ask(play, ACTOR_OPERATOR, &pia_msg_registry_person_create,
                  json_pack("{s:s, s:[s], s:s, s:s}", "label", "animatrice du pôle (démonstration)",
                            "roles", "pole", "structure", play->structure, "pole", play->pole),
                  &answer))
        return false;
    const char *person = pia_json_text(answer, "id");
    (void)snprintf(pole->person, sizeof pole->person, "%s", person ? person : "");
    json_decref(answer);
    if (!play_ask(play, ACTOR_OPERATOR, &pia_msg_registry_key_create,
                  json_pack("{s:s, s:s}", "label", pole->label, "person", pole->person), &answer))
        return false;
    const char *key = pia_json_text(answer, "key");
    (void)snprintf(pole->key, sizeof pole->key, "%s", key ? key : "");
    json_decref(answer);
    return true;
}

static json_t *publication(const char *pole, const char *kind, const char *title, const char *text)
{
    return json_pack("{s:s, s:s, s:s, s:s, s:[s], s:[s], s:[s], s:b}", "pole", pole, "kind", kind,
                     "title", title, "summary", text, "themes", "sante", "sectors", "alimentaire",
                     "departements", "87", "publish", 1);
}

/* The right to publish comes with the registry's announcement in the journal; until it is there
 * the diffusion says so. A first draft shows that it is. */
static bool may_publish(const play_t *play, const void *arg)
{
    (void)arg;
    const actor_t *pole = &play->actors[ACTOR_POLE];
    pia_call_t options = {
        .message = &pia_msg_diffusion_publication_create,
        .token = pole->token,
        .token_size = pole->token_size,
        .timeout_ms = 5000,
    };
    json_t *body = json_pack("{s:s, s:s, s:s}", "pole", play->pole, "kind", "guide", "title",
                             "Brouillon (démonstration)");
    json_t *answer = NULL;
    pia_problem_t problem;
    bool may = pia_client_call(play->client, &options, body, &answer, &problem) == PIA_OK;
    json_decref(body);
    json_decref(answer);
    return may;
}

static bool publish(play_t *play, json_t *body, const char *told)
{
    json_t *answer = NULL;
    if (!play_ask(play, ACTOR_POLE, &pia_msg_diffusion_publication_create, body, &answer))
        return false;
    json_decref(answer);
    play_tell(play, "%s", told);
    return true;
}

/* A date three weeks ahead, at nine o'clock UTC. */
static void three_weeks_ahead(char ret_text[PIA_TIME_TEXT_SIZE])
{
    int64_t day = pia_clock_now() / DAY_MS + 21;
    pia_time_format(day * DAY_MS + INT64_C(9) * HOUR_MS, ret_text);
}

static bool keep_head(play_t *play)
{
    json_t *answer = NULL;
    if (!play_ask(play, ACTOR_OPERATOR, &pia_msg_diffusion_journal_head, json_object(), &answer))
        return false;
    play->published = (uint64_t)pia_json_integer(answer, "sequence");
    json_decref(answer);
    return true;
}

bool act_publish(play_t *play)
{
    if (!enter_pole(play))
        return false;
    /* Any message proves the actor and so gets its token. */
    if (!play_refused(play, ACTOR_POLE, &pia_msg_diffusion_publication_create,
                      publication("cnidep", "guide", "Au nom d’un autre", "Refusé."),
                      PIA_FORBIDDEN))
        return false;
    play_tell(play, "Le pôle voudrait publier au nom du CNIDEP : refusé.");
    if (!play_wait(play, may_publish, NULL, MAY_PUBLISH_MS, "le droit de publier"))
        return false;

    char starts_at[PIA_TIME_TEXT_SIZE];
    three_weeks_ahead(starts_at);
    json_t *formation = publication(play->pole, "formation", "Cuisiner pour tous les âges",
                                    "Formation de démonstration d’une journée, en atelier.");
    json_object_set_new(formation, "starts_at", json_string(starts_at));
    json_object_set_new(formation, "place", json_string("Limoges"));
    json_object_set_new(formation, "capacity", json_integer(12));
    return publish(play, formation, "Il publie une formation : « Cuisiner pour tous les âges ».") &&
           publish(play,
                   publication(play->pole, "guide", "Textures modifiées : le guide",
                               "Guide technique de démonstration."),
                   "Il publie un guide : « Textures modifiées : le guide ».") &&
           keep_head(play);
}
