/* cast.c - the people of the story: functions only, a fictitious candidate marked as such. */
#include "play.h"

#include <stdio.h>
#include <string.h>

#include "pia/json.h"
#include "proto/contact.h"
#include "proto/key.h"
#include "proto/person.h"
#include "proto/pole.h"
#include "proto/structure.h"

#define CANDIDATE_NAME "Structure candidate (démonstration)"

static const struct {
    const char *label;
    const char *role;
    const char *email; /* the name in its address; NULL: inbox only */
    actor_id_t actor;
    bool of_structure; /* acts for the candidate structure */
} cast[] = {
    {"candidate (démonstration)", "candidat", NULL, ACTOR_CANDIDATE, true},
    {"secrétariat", "secretariat", "secretariat", ACTOR_SECRETARIAT, false},
    {"rapporteure 1", "reviewer", "rapporteure-1", ACTOR_REVIEWER_1, false},
    {"rapporteur 2", "reviewer", "rapporteur-2", ACTOR_REVIEWER_2, false},
    {"présidence du comité", "committee", NULL, ACTOR_COMMITTEE, false},
    {"ministre", "signatory", NULL, ACTOR_MINISTER, false},
    {"ISM", "signatory", NULL, ACTOR_ISM, false},
};

static void keep_text(char *ret, size_t size, const json_t *json, const char *name)
{
    const char *text = pia_json_text(json, name);
    (void)snprintf(ret, size, "%s", text ? text : "");
}

static bool enter_structure(play_t *play)
{
    json_t *answer = NULL;
    if (!play_ask(play, ACTOR_SECRETARIAT, &pia_msg_registry_structure_create,
                  json_pack("{s:s, s:s, s:b}", "name", CANDIDATE_NAME, "departement", "87",
                            "demonstration", 1),
                  &answer))
        return false;
    keep_text(play->structure, sizeof play->structure, answer, "id");
    json_decref(answer);
    play_tell(play, "Le secrétariat enregistre « %s » au répertoire.", CANDIDATE_NAME);
    return true;
}

static bool enter_key(play_t *play, actor_t *actor, json_t *body)
{
    json_t *answer = NULL;
    if (!play_ask(play, ACTOR_OPERATOR, &pia_msg_registry_key_create, body, &answer))
        return false;
    keep_text(actor->key, sizeof actor->key, answer, "key");
    json_decref(answer);
    return true;
}

/* A person with one role, its API key, and where it is written to. */
static bool enter_person(play_t *play, size_t part)
{
    actor_t *actor = &play->actors[cast[part].actor];
    actor->label = cast[part].label;
    json_t *body = json_pack("{s:s, s:[s]}", "label", cast[part].label, "roles", cast[part].role);
    if (cast[part].of_structure)
        json_object_set_new(body, "structure", json_string(play->structure));
    json_t *answer = NULL;
    if (!play_ask(play, ACTOR_OPERATOR, &pia_msg_registry_person_create, body, &answer))
        return false;
    keep_text(actor->person, sizeof actor->person, answer, "id");
    json_decref(answer);
    if (!enter_key(play, actor,
                   json_pack("{s:s, s:s}", "label", cast[part].label, "person", actor->person)))
        return false;
    if (!cast[part].email)
        return true;
    char address[PLAY_ADDRESS_SIZE];
    play_address(play, cast[part].email, address);
    return play_ask(play, ACTOR_OPERATOR, &pia_msg_notifications_contact_create,
                    json_pack("{s:s, s:s, s:s, s:s}", "channel", "email", "address", address,
                              "person", actor->person, "consent_basis", "mission"),
                    NULL);
}

/* The first free code: a story that was cut short has left its own behind. */
static bool choose_pole(play_t *play)
{
    for (unsigned number = 1; number < 1000; number++) {
        if (number == 1)
            (void)snprintf(play->pole, sizeof play->pole, "demonstration");
        else
            (void)snprintf(play->pole, sizeof play->pole, "demonstration-%u", number);
        json_t *answer = NULL;
        pia_problem_t problem;
        pia_call_t options = {.message = &pia_msg_registry_pole_get, .timeout_ms = 10000};
        json_t *body = json_pack("{s:s}", "code", play->pole);
        pia_status_t status = pia_client_call(play->client, &options, body, &answer, &problem);
        json_decref(body);
        json_decref(answer);
        if (status == PIA_NOT_FOUND)
            return true;
    }
    (void)fprintf(play->out, "     aucun code libre pour le pôle de démonstration\n");
    return false;
}

bool cast_enter(play_t *play)
{
    if (!choose_pole(play) || !enter_person(play, 1) || !enter_structure(play))
        return false;
    for (size_t part = 0; part < sizeof cast / sizeof cast[0]; part++)
        if (cast[part].actor != ACTOR_SECRETARIAT && !enter_person(play, part))
            return false;
    actor_t *pole = &play->actors[ACTOR_POLE];
    pole->label = "pôle de démonstration";
    play_tell(play, "Sont inscrits : une candidate, le secrétariat, deux rapporteurs, le comité, "
                    "le ministre et l’ISM.");
    return true;
}
