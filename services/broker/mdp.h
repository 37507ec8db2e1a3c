/* mdp.h - the frames of 18/MDP and of our dialect PIAW01, as the broker's ROUTER sees them: the
 * peer's identity is frame 0. */
#ifndef BROKER_MDP_H
#define BROKER_MDP_H

#include "pia/frames.h"
#include "stats.h"

enum {
    MDP_NAME_MAX = 64,      /* bytes of a service name */
    MDP_VERSION_MAX = 32,   /* bytes of a worker's version text */
    MDP_WINDOW_MAX = 4096,  /* requests in flight at one worker */
    MDP_BODY_MAX = 11,      /* frames: with the longest envelope they fill PIA_FRAMES_MAX */
    MDP_IDENTITY_MAX = 255, /* bytes, ZeroMQ's own limit */
};

typedef enum {
    MDP_REQUEST,
    MDP_READY,
    MDP_PARTIAL,
    MDP_FINAL,
    MDP_HEARTBEAT,
    MDP_DISCONNECT
} mdp_command_t;

typedef enum { MDP_CLIENT, MDP_WORKER, MDP_WINDOWED } mdp_dialect_t; /* MDPC02, MDPW02, PIAW01 */

/* A message from a peer, understood. Frame indexes refer to the message it was read from. */
typedef struct {
    mdp_dialect_t dialect;
    mdp_command_t command;
    size_t body;     /* of REQUEST, PARTIAL, FINAL: index of the first body frame */
    uint32_t window; /* of READY */
    char version[MDP_VERSION_MAX + 1]; /* of READY, "" if not told */
} mdp_message_t;

enum { MDP_FRAME_PEER, MDP_FRAME_MAGIC, MDP_FRAME_COMMAND, MDP_FRAME_NAME, MDP_FRAME_ADDRESS = 3 };

/* DROP_NONE if it is a well-formed message that a peer may send; else why not. */
stats_drop_t mdp_parse(const pia_frames_t *frames, mdp_message_t *ret_message);

/* Moves frame `index` of `from` to the end of `to`: no copy, an empty frame stays behind. */
void mdp_move(pia_frames_t *to, pia_frames_t *from, size_t index);

/* Appends magic and command, for what the broker sends: a REQUEST, HEARTBEAT or DISCONNECT to a
 * worker, a PARTIAL or FINAL to a client. */
void mdp_add_command(pia_frames_t *frames, mdp_dialect_t dialect, mdp_command_t command);

#endif
