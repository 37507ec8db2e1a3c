/* story_label.c - from the draft to the label, each move by the one whose office it is. */
#include "play.h"

#include <stdlib.h>
#include <string.h>

#include "mailbox.h"
#include "pia/json.h"
#include "proto/authority.h"
#include "proto/dossier.h"
#include "proto/inbox.h"
#include "proto/pole.h"
#include "proto/review.h"

enum { NOTICE_MS = 60000, LABEL_MS = 60000, CRITERIA = 6 };

typedef struct {
    actor_id_t actor;
    const char *transition;
    const char *data; /* JSON, NULL: none */
    const char *told;
} move_t;

static const move_t to_reviewers[] = {
    {ACTOR_CANDIDATE, "deposer", NULL,
     "La candidate dépose le dossier ; il est enregistré aussitôt."},
    {ACTOR_SECRETARIAT, "declarer_complet", NULL,
     "Le secrétariat déclare le dossier complet : l’instruction s’ouvre."},
};

static const move_t to_decision[] = {
    {ACTOR_SECRETARIAT, "saisir_comite", NULL, "Le secrétariat saisit le comité."},
    {ACTOR_COMMITTEE, "rendre_avis",
     "{\"avis\": \"favorable\", \"texte\": \"Avis de démonstration : favorable.\"}",
     "Le comité rend un avis favorable."},
    {ACTOR_MINISTER, "signer", "{\"capacite\": \"ministre\"}", "Le ministre signe."},
    {ACTOR_ISM, "signer", "{\"capacite\": \"ism\"}",
     "L’ISM signe à son tour : le label est accordé pour trois ans."},
};

static json_t *transition(const play_t *play, const char *name, json_t *data)
{
    json_t *body = json_pack("{s:s, s:s, s:I}", "dossier", play->dossier, "transition", name,
                             "version", (json_int_t)play->version);
    if (data)
        json_object_set_new(body, "data", data);
    return body;
}

/* Makes a transition and keeps the dossier's new version. */
static bool make(play_t *play, actor_id_t actor, const char *name, json_t *data)
{
    json_t *answer = NULL;
    if (!play_ask(play, actor, &pia_msg_labellisation_dossier_transition,
                  transition(play, name, data), &answer))
        return false;
    play->version = pia_json_integer(answer, "version");
    const char *label = pia_json_text(answer, "state_label");
    (void)fprintf(play->out, "     → %s\n", label ? label : "?");
    json_decref(answer);
    return true;
}

static bool make_all(play_t *play, const move_t *moves, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        play_tell(play, "%s", moves[i].told);
        json_t *data = moves[i].data ? json_loads(moves[i].data, 0, NULL) : NULL;
        if (!make(play, moves[i].actor, moves[i].transition, data))
            return false;
    }
    return true;
}

static bool open_dossier(play_t *play)
{
    json_t *answer = NULL;
    if (!play_ask(play, ACTOR_CANDIDATE, &pia_msg_labellisation_dossier_create,
                  json_pack("{s:s, s:s, s:[s], s:[s], s:{s:s, s:s, s:s}}", "structure",
                            play->structure, "title",
                            "Goût, santé et autonomie dans les métiers de bouche (démonstration)",
                            "themes", "sante", "sectors", "alimentaire", "pole", "code", play->pole,
                            "name", "Pôle de démonstration", "departement", "87"),
                  &answer))
        return false;
    const char *id = pia_json_text(answer, "id");
    (void)snprintf(play->dossier, sizeof play->dossier, "%s", id ? id : "");
    play->version = pia_json_integer(answer, "version");
    json_decref(answer);
    play_tell(play, "La candidate ouvre son dossier, %s.", play->dossier);
    return true;
}

/* What the definition does not allow is refused, and nothing changes. */
static bool try_what_is_not_allowed(play_t *play)
{
    json_t *data = json_pack("{s:s}", "capacite", "ministre");
    if (!play_refused(play, ACTOR_MINISTER, &pia_msg_labellisation_dossier_transition,
                      transition(play, "signer", data), PIA_CONFLICT))
        return false;
    play_tell(play, "Le ministre voudrait signer tout de suite : refusé, ce n’est pas le moment.");
    if (!play_refused(play, ACTOR_CANDIDATE, &pia_msg_labellisation_dossier_transition,
                      transition(play, "declarer_complet", NULL), PIA_FORBIDDEN))
        return false;
    play_tell(play, "La candidate voudrait déclarer elle-même son dossier complet : refusé, ce "
                    "n’est pas son rôle.");
    return true;
}

static bool assign_reviewers(play_t *play)
{
    play_tell(play, "Il sollicite la rapporteure 1 et le rapporteur 2.");
    return make(play, ACTOR_SECRETARIAT, "affecter",
                json_pack("{s:[s, s]}", "rapporteurs", play->actors[ACTOR_REVIEWER_1].person,
                          play->actors[ACTOR_REVIEWER_2].person));
}

/* What a reviewer makes of the criteria of the default specification. */
typedef struct {
    actor_id_t actor;
    int scores[CRITERIA];
    const char *opinion, *text, *told;
} opinion_t;

static const char *const criteria[CRITERIA] = {"interlocuteur",  "producteur", "diffuseur",
                                               "accompagnateur", "moyens",     "programme"};

static const opinion_t opinions[] = {
    {ACTOR_REVIEWER_1,
     {4, 5, 4, 4, 3, 4},
     "favorable",
     "Rapport de démonstration : le besoin est établi et la méthode convient.",
     "La rapporteure 1 déclare n’avoir aucun lien d’intérêt, accepte, lit le dossier et rend son "
     "rapport : favorable."},
    {ACTOR_REVIEWER_2,
     {3, 4, 3, 3, 3, 3},
     "reserve",
     "Rapport de démonstration : les relais territoriaux restent à préciser.",
     "Le rapporteur 2 fait de même : réservé."},
};

static json_t *grid_of(const opinion_t *opinion)
{
    json_t *grid = json_array();
    for (size_t i = 0; i < CRITERIA; i++)
        json_array_append_new(grid, json_pack("{s:s, s:i, s:s}", "criterion", criteria[i], "score",
                                              opinion->scores[i], "justification",
                                              "Au vu du dossier de démonstration."));
    return grid;
}

/* Makes a transition of a reviewer's review, and keeps its new version. */
static bool
move_review(play_t *play, const opinion_t *opinion, json_t *review, const char *name, json_t *data)
{
    json_t *answer = NULL;
    json_t *body = json_pack("{s:O, s:s, s:O}", "review", json_object_get(review, "id"),
                             "transition", name, "version", json_object_get(review, "version"));
    if (data)
        json_object_set_new(body, "data", data);
    if (!play_ask(play, opinion->actor, &pia_msg_labellisation_review_transition, body, &answer))
        return false;
    json_object_set(review, "version", json_object_get(answer, "version"));
    const char *label = pia_json_text(answer, "state_label");
    (void)fprintf(play->out, "     → %s\n", label ? label : "?");
    json_decref(answer);
    return true;
}

static bool review(play_t *play, const opinion_t *opinion)
{
    json_t *answer = NULL;
    play_tell(play, "%s", opinion->told);
    if (!play_ask(play, opinion->actor, &pia_msg_labellisation_review_list,
                  json_pack("{s:s, s:b}", "dossier", play->dossier, "mine", 1), &answer))
        return false;
    json_t *own = json_array_get(json_object_get(answer, "items"), 0);
    bool done = own &&
                move_review(play, opinion, own, "declarer", json_pack("{s:s}", "lien", "aucun")) &&
                move_review(play, opinion, own, "accepter", NULL) &&
                move_review(play, opinion, own, "rendre",
                            json_pack("{s:s, s:o, s:s}", "avis", opinion->opinion, "grille",
                                      grid_of(opinion), "texte", opinion->text));
    json_decref(answer);
    return done;
}

/* Both, and the secretariat sees where the dossier stands. */
static bool review_all(play_t *play)
{
    json_t *answer = NULL;
    if (!review(play, &opinions[0]) || !review(play, &opinions[1]) ||
        !play_ask(play, ACTOR_SECRETARIAT, &pia_msg_labellisation_dossier_get,
                  json_pack("{s:s}", "dossier", play->dossier), &answer))
        return false;
    play->version = pia_json_integer(answer, "version");
    json_decref(answer);
    return true;
}

static const char *mail_of(actor_id_t actor)
{
    return actor == ACTOR_REVIEWER_1 ? "rapporteure-1" : "rapporteur-2";
}

static bool has_mail(const play_t *play, const void *arg)
{
    return mailbox_count(play->data, arg) > 0;
}

/* The first line of a reviewer's inbox, once it is there. */
static bool inbox_line(play_t *play, actor_id_t actor)
{
    json_t *answer = NULL;
    if (!play_ask(play, actor, &pia_msg_notifications_inbox_list, json_object(), &answer))
        return false;
    const json_t *item = json_array_get(json_object_get(answer, "items"), 0);
    const char *title = pia_json_text(item, "title");
    if (title)
        (void)fprintf(play->out, "     ✉ %s : messagerie « %s », et un courriel :\n",
                      play->actors[actor].label, title);
    else
        (void)fprintf(play->out, "     %s : messagerie vide\n", play->actors[actor].label);
    json_decref(answer);
    return title != NULL;
}

static bool reviewers_are_told(play_t *play)
{
    for (actor_id_t actor = ACTOR_REVIEWER_1; actor <= ACTOR_REVIEWER_2; actor++) {
        char address[PLAY_ADDRESS_SIZE];
        play_address(play, mail_of(actor), address);
        if (!play_wait(play, has_mail, address, NOTICE_MS, "le courriel à un rapporteur") ||
            !inbox_line(play, actor))
            return false;
        mailbox_tell(play->out, play->data, address);
    }
    return true;
}

static bool is_in_registry(const play_t *play, const void *arg)
{
    (void)arg;
    pia_call_t options = {.message = &pia_msg_registry_pole_get, .timeout_ms = 2000};
    json_t *body = json_pack("{s:s}", "code", play->pole);
    json_t *answer = NULL;
    pia_problem_t problem;
    bool found = pia_client_call(play->client, &options, body, &answer, &problem) == PIA_OK;
    json_decref(body);
    json_decref(answer);
    return found;
}

/* Nobody signs by an office alone: who may, by which act, is on record first. */
static bool empower(play_t *play)
{
    static const struct {
        actor_id_t actor;
        const char *capacity, *name, *function;
    } rows[] = {{ACTOR_MINISTER, "ministre", "Signataire 1", "Ministre (démonstration)"},
                {ACTOR_ISM, "ism", "Signataire 2", "Direction de l’ISM (démonstration)"}};
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++)
        if (!play_ask(play, ACTOR_SECRETARIAT, &pia_msg_labellisation_authority_create,
                      json_pack("{s:s, s:s, s:s, s:s, s:s, s:s}", "capacity", rows[i].capacity,
                                "person", play->actors[rows[i].actor].person, "name", rows[i].name,
                                "function", rows[i].function, "act", "Acte de démonstration",
                                "from", "2020-01-01"),
                      NULL))
            return false;
    play_tell(play, "Le secrétariat enregistre qui peut signer, pour le ministre et pour l’ISM.");
    return true;
}

bool act_label(play_t *play)
{
    if (!empower(play) || !open_dossier(play) || !try_what_is_not_allowed(play) ||
        !make_all(play, to_reviewers, sizeof to_reviewers / sizeof to_reviewers[0]) ||
        !assign_reviewers(play) || !reviewers_are_told(play) || !review_all(play) ||
        !make_all(play, to_decision, sizeof to_decision / sizeof to_decision[0]) ||
        !play_wait(play, is_in_registry, NULL, LABEL_MS, "le pôle au répertoire"))
        return false;
    play_tell(play, "Le répertoire montre le nouveau pôle : %s.", play->pole);
    return true;
}
