/* mdp.c - reading and writing envelopes. */
#include "mdp.h"

#include <assert.h>
#include <string.h>

#include "pia/json.h"

enum { MAGIC_SIZE = 6, READY_JSON_MAX = 256 };

static const char *const MAGICS[] = {"MDPC02", "MDPW02", "PIAW01"};

/* A command of a dialect: its byte, whether a peer may send it to us, frames without identity. */
typedef struct {
    uint8_t byte;
    bool from_peer;
    mdp_command_t command;
    size_t frames_min, frames_max;
} form_t;

static const form_t CLIENT_FORMS[] = {
    {0x01, true, MDP_REQUEST, 4, 3 + MDP_BODY_MAX},
    {0x02, false, MDP_PARTIAL, 0, 0},
    {0x03, false, MDP_FINAL, 0, 0},
    {0, false, MDP_DISCONNECT, 0, 0},
};

static const form_t WORKER_FORMS[] = {
    {0x01, true, MDP_READY, 3, 3},
    {0x02, false, MDP_REQUEST, 0, 0},
    {0x03, true, MDP_PARTIAL, 5, 4 + MDP_BODY_MAX},
    {0x04, true, MDP_FINAL, 5, 4 + MDP_BODY_MAX},
    {0x05, true, MDP_HEARTBEAT, 2, 2},
    {0x06, true, MDP_DISCONNECT, 2, 2},
    {0, false, MDP_DISCONNECT, 0, 0},
};

static const form_t *forms_of(mdp_dialect_t dialect)
{
    return dialect == MDP_CLIENT ? CLIENT_FORMS : WORKER_FORMS;
}

static bool parse_dialect(const pia_frames_t *frames, mdp_dialect_t *ret_dialect)
{
    for (mdp_dialect_t dialect = MDP_CLIENT; dialect <= MDP_WINDOWED; dialect++) {
        if (pia_frames_equal_text(frames, MDP_FRAME_MAGIC, MAGICS[dialect])) {
            *ret_dialect = dialect;
            return true;
        }
    }
    return false;
}

static const form_t *parse_command(const pia_frames_t *frames, mdp_dialect_t dialect)
{
    if (pia_frames_size(frames, MDP_FRAME_COMMAND) != 1)
        return NULL;
    uint8_t byte = *(const uint8_t *)pia_frames_data(frames, MDP_FRAME_COMMAND);
    const form_t *form = forms_of(dialect);
    while (form->byte != 0 && form->byte != byte)
        form++;
    return form->byte != 0 && form->from_peer ? form : NULL;
}

/* Printable ASCII without space: wider than our own names, as 18/MDP leaves them open. */
static bool name_is_good(const pia_frames_t *frames)
{
    size_t size = pia_frames_size(frames, MDP_FRAME_NAME);
    const unsigned char *bytes = pia_frames_data(frames, MDP_FRAME_NAME);
    if (size < 1 || size > MDP_NAME_MAX)
        return false;
    for (size_t i = 0; i < size; i++)
        if (bytes[i] <= 0x20 || bytes[i] >= 0x7f)
            return false;
    return true;
}

/* READY's fourth frame: {"window": 1..4096, "version": "…"}. */
static bool parse_window(const pia_frames_t *frames, mdp_message_t *ret_message)
{
    size_t size = pia_frames_size(frames, MDP_FRAME_NAME + 1);
    json_t *json = NULL;
    if (size > READY_JSON_MAX ||
        pia_json_parse(pia_frames_data(frames, MDP_FRAME_NAME + 1), size, &json, NULL) != PIA_OK)
        return false;
    json_int_t window = pia_json_integer(json, "window");
    bool good = window >= 1 && window <= MDP_WINDOW_MAX;
    ret_message->window = good ? (uint32_t)window : 1;
    const char *version = pia_json_text(json, "version");
    if (version && strlen(version) <= MDP_VERSION_MAX)
        memcpy(ret_message->version, version, strlen(version) + 1);
    json_decref(json);
    return good;
}

static stats_drop_t parse_ready(const pia_frames_t *frames, mdp_message_t *ret_message)
{
    ret_message->window = 1;
    if (!name_is_good(frames))
        return DROP_NAME;
    if (ret_message->dialect == MDP_WINDOWED && !parse_window(frames, ret_message))
        return DROP_WINDOW;
    return DROP_NONE;
}

static stats_drop_t parse_reply(const pia_frames_t *frames, mdp_message_t *ret_message)
{
    size_t size = pia_frames_size(frames, MDP_FRAME_ADDRESS);
    if (size < 1 || size > MDP_IDENTITY_MAX)
        return DROP_ADDRESS;
    if (pia_frames_size(frames, MDP_FRAME_ADDRESS + 1) != 0)
        return DROP_DELIMITER;
    ret_message->body = MDP_FRAME_ADDRESS + 2;
    return DROP_NONE;
}

static stats_drop_t parse_rest(const pia_frames_t *frames, mdp_message_t *ret_message)
{
    switch (ret_message->command) {
    case MDP_REQUEST:
        ret_message->body = MDP_FRAME_NAME + 1;
        return name_is_good(frames) ? DROP_NONE : DROP_NAME;
    case MDP_READY:
        return parse_ready(frames, ret_message);
    case MDP_PARTIAL:
    case MDP_FINAL:
        return parse_reply(frames, ret_message);
    case MDP_HEARTBEAT:
    case MDP_DISCONNECT:
        break;
    }
    return DROP_NONE;
}

stats_drop_t mdp_parse(const pia_frames_t *frames, mdp_message_t *ret_message)
{
    *ret_message = (mdp_message_t){.window = 1};
    if (frames->count < 2)
        return DROP_SHORT;
    if (pia_frames_size(frames, MDP_FRAME_MAGIC) == 0)
        return DROP_EMPTY;
    if (!parse_dialect(frames, &ret_message->dialect))
        return DROP_MAGIC;
    if (frames->count < 3)
        return DROP_SHORT;
    const form_t *form = parse_command(frames, ret_message->dialect);
    if (!form)
        return DROP_COMMAND;
    /* READY of the dialect has one frame more. */
    bool has_window = form->command == MDP_READY && ret_message->dialect == MDP_WINDOWED;
    size_t extra = 1 + (has_window ? 1 : 0);
    if (frames->count < form->frames_min + extra)
        return DROP_SHORT;
    if (frames->count > form->frames_max + extra)
        return DROP_LONG;
    ret_message->command = form->command;
    return parse_rest(frames, ret_message);
}

void mdp_move(pia_frames_t *to, pia_frames_t *from, size_t index)
{
    assert(to->count < PIA_FRAMES_MAX && index < from->count);
    zmq_msg_init(&to->frame[to->count]);
    int rc = zmq_msg_move(&to->frame[to->count], &from->frame[index]);
    assert(rc == 0);
    to->count++;
}

void mdp_add_command(pia_frames_t *frames, mdp_dialect_t dialect, mdp_command_t command)
{
    const form_t *form = forms_of(dialect);
    while (form->command != command)
        form++;
    assert(form->byte != 0);
    pia_frames_add(frames, MAGICS[dialect], MAGIC_SIZE);
    pia_frames_add(frames, &form->byte, 1);
}
