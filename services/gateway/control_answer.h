/* control_answer.h - what the gateway answers as an instance: service.ping, .info, .stats, .level
 * and .drain. Who gives orders is asked of the registry once more, which is the first to know whose
 * rights have ended: the gateway itself follows no journal. */
#ifndef GATEWAY_CONTROL_ANSWER_H
#define GATEWAY_CONTROL_ANSWER_H

#include "gateway.h"
#include "pia/frames.h"
#include "pia/token.h"

typedef struct control_answer control_answer_t;

/* Keeps the gateway, not owned; `token_key` is the file with the public key of tokens. */
control_answer_t *control_answer_new(gateway_t *gateway, const char *token_key);
void control_answer_destroy(control_answer_t **self_p);

/* control_options_t's `answer`; `arg` is the control_answer_t. */
bool control_answer_make(void *arg, pia_frames_t *message, pia_frames_t *ret_body);

#endif
