/* request.h - requests as the service makes them of messages: due timers first, all or nothing,
 * within the present transaction. */
#ifndef REQUEST_H
#define REQUEST_H

#include "choose.h"
#include "model.h"

typedef struct {
    machine_kind_t kind;
    char id[PIA_UUID_TEXT_SIZE];
    const char *transition;
    const actor_t *actor;
    json_t *data;    /* owned by who makes it; NULL: none */
    int64_t version; /* as seen */
} request_t;

/* A matter that somebody wants to be made. */
typedef struct {
    machine_kind_t kind;
    const definition_t *definition;
    const matter_t *parent; /* NULL: none */
    const transition_t *transition;
    const actor_t *actor;
    const char *person, *structure; /* NULL: none; a child has its parent's structure */
    const char *capacity;           /* of an authority to sign */
    json_t *facts, *data;           /* owned by who makes it; NULL: none */
} creation_t;

pia_status_t request_move(world_t *world, const request_t *request, pia_problem_t *problem);

/* In two parts, between which others may act: what was read may be old when it is moved. */
pia_status_t request_load(world_t *world, const request_t *request, matter_t *ret_matter);
pia_status_t request_move_loaded(world_t *world,
                                 const request_t *request,
                                 matter_t *matter,
                                 pia_problem_t *problem);

pia_status_t request_create(world_t *world, const creation_t *creation, pia_problem_t *problem);

/* The service's own work between requests, once. */
pia_status_t request_tick(world_t *world);

#endif
