/* play.h - a story being played: who acts, how they ask, and how it is told. */
#ifndef PLAY_H
#define PLAY_H

#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>

#include "listeners.h"
#include "pia/client.h"
#include "pia/token.h"

/* Functions, never names of people. */
typedef enum {
    ACTOR_OPERATOR,
    ACTOR_CANDIDATE,
    ACTOR_SECRETARIAT,
    ACTOR_REVIEWER_1,
    ACTOR_REVIEWER_2,
    ACTOR_COMMITTEE,
    ACTOR_MINISTER,
    ACTOR_ISM,
    ACTOR_POLE,
    ACTOR_COUNT,
} actor_id_t;

typedef struct {
    const char *label; /* "rapporteure 1" */
    char person[37];   /* opaque id given by the registry; "" for the operator */
    char key[128];     /* API key, kept in memory only */
    uint8_t token[PIA_TOKEN_MAX];
    size_t token_size;
    int64_t token_until; /* monotonic ms */
} actor_t;

enum { AUDIENCE_SIZE = 8, PLAY_ADDRESS_SIZE = 64 };

typedef struct {
    pia_client_t *client;
    listeners_t *listeners;
    FILE *out;
    unsigned step; /* number of the last line told */
    char tag[13];  /* of this telling: what an earlier one left behind is not taken for its own */
    actor_t actors[ACTOR_COUNT];
    char structure[37];
    char dossier[37];
    int64_t version;    /* of the dossier */
    char pole[32];      /* the code that the candidate asks for */
    const char *data;   /* the data directory: Maildir */
    uint64_t published; /* sequence of the last publication in the journal */
    struct {
        size_t listener;  /* its number, but for e-mail */
        char contact[37]; /* e-mail and webhooks */
    } audience[AUDIENCE_SIZE];
} play_t;

/* Asks as `actor`: with its token, an idempotency key, and again while the service is away (at most
 * 60 s; the same key, so nothing happens twice). Takes `body`. Tells what failed and returns false;
 * else *ret_answer (may be NULL) is the caller's. */
bool play_ask(play_t *play,
              actor_id_t actor,
              const pia_message_t *message,
              json_t *body,
              json_t **ret_answer);

/* Whether it is refused with this status, as it should be; tells if it is not. Takes `body`. */
bool play_refused(play_t *play,
                  actor_id_t actor,
                  const pia_message_t *message,
                  json_t *body,
                  pia_status_t expected);

/* "rapporteure-1" as an e-mail address that only this telling has. */
void play_address(const play_t *play, const char *name, char ret_address[PLAY_ADDRESS_SIZE]);

/* A numbered line of the transcript. */
void play_tell(play_t *play, const char *format, ...) __attribute__((format(printf, 2, 3)));

/* Pumps the listeners until `reached(arg)`, at most `timeout_ms`; tells `what` did not come. */
bool play_wait(play_t *play,
               bool (*reached)(const play_t *play, const void *arg),
               const void *arg,
               int64_t timeout_ms,
               const char *what);

/* The acts, in their order. Each tells what it does; false: it failed, and told why. */
bool cast_enter(play_t *play);     /* structure, people, keys */
bool audience_enter(play_t *play); /* subscribers of all four kinds */
bool act_label(play_t *play);      /* from the draft to the label */
bool act_publish(play_t *play);    /* the new pôle publishes */
bool audience_tell(play_t *play);  /* who received what, and who rightly received nothing */

#endif
