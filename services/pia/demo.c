/* demo.c - the story's acts in order. */
#include "demo.h"

#include <sodium.h>
#include <stdlib.h>

#include "pia/memory.h"
#include "play.h"

static bool (*const acts[])(play_t *play) = {
    cast_enter, audience_enter, act_label, act_publish, audience_tell,
};

static bool play_acts(play_t *play)
{
    for (size_t i = 0; i < sizeof acts / sizeof acts[0]; i++)
        if (!acts[i](play))
            return false;
    return true;
}

bool demo_play(const demo_options_t *options)
{
    play_t *play = pia_alloc(sizeof *play);
    play->out = options->out;
    play->data = options->data;
    unsigned char tag[(sizeof play->tag - 1) / 2];
    randombytes_buf(tag, sizeof tag);
    (void)sodium_bin2hex(play->tag, sizeof play->tag, tag, sizeof tag);
    play->actors[ACTOR_OPERATOR].label = "opérateur";
    (void)snprintf(play->actors[ACTOR_OPERATOR].key, sizeof play->actors[ACTOR_OPERATOR].key, "%s",
                   options->admin_key);
    play->client = pia_client_new(options->zmq, options->broker);

    pia_problem_t problem;
    bool told = false;
    (void)fprintf(play->out, "Récit de démonstration. La structure candidate est fictive ; aucune "
                             "personne n’est nommée.\n\n");
    if (listeners_new(options->diffusion, options->web, &play->listeners, &problem) == PIA_OK)
        told = play_acts(play);
    else
        (void)fprintf(play->out, "%s\n", problem.detail);
    (void)fprintf(play->out,
                  told ? "\nTout est arrivé où il fallait, et nulle part ailleurs.\n"
                       : "\nLe récit s’est arrêté ou n’est pas juste : voir ci-dessus.\n");

    listeners_destroy(&play->listeners);
    pia_client_destroy(&play->client);
    free(play);
    return told;
}
