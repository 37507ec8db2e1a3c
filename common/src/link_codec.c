/* link_codec.c - the bytes of ZMTP 3.0: rfc.zeromq.org/spec/23. */
#include "link_codec.h"

#include <string.h>

/* Signature, version 3.0, mechanism, not a server, filler. The 1 in the signature makes peers of
 * ZMTP 1 see an identity of no bytes. */
static const uint8_t GREETING[PIA_ZMTP_GREETING_SIZE] = {
    0xFF, 0, 0, 0, 0, 0, 0, 0, 1, 0x7F, 3, 0, 'N', 'U', 'L', 'L',
};
enum { SIGNATURE_END = 9, MAJOR_AT = 10, MECHANISM_AT = 12, MECHANISM_SIZE = 20 };

static const char READY[] = "\5READY";
static const char PING[] = "\4PING";
static const char PONG[] = "\4PONG";
static const char SOCKET_TYPE[] = "Socket-Type";
enum { PING_TTL = 2, PING_CONTEXT_MAX = 16 };

static const char *name_of(pia_link_side_t side)
{
    return side == PIA_LINK_DEALER ? "DEALER" : "ROUTER";
}

size_t pia_zmtp_write_head(uint8_t flags, size_t size, uint8_t ret_head[PIA_ZMTP_HEAD_MAX])
{
    if (size <= UINT8_MAX) {
        ret_head[0] = flags;
        ret_head[1] = (uint8_t)size;
        return 2;
    }
    ret_head[0] = flags | PIA_ZMTP_LONG;
    uint64_t left = size;
    for (int i = 8; i > 0; i--, left >>= 8)
        ret_head[i] = (uint8_t)left;
    return PIA_ZMTP_HEAD_MAX;
}

static uint8_t *write_bytes(uint8_t *at, const void *bytes, size_t size)
{
    memcpy(at, bytes, size);
    return at + size;
}

/* A property: its name with its size in a byte, and its value with its size in four. */
static uint8_t *write_property(uint8_t *at, const char *name, const char *value)
{
    const uint8_t name_size = (uint8_t)strlen(name);
    const uint8_t value_size[] = {0, 0, 0, (uint8_t)strlen(value)};
    at = write_bytes(at, &name_size, sizeof name_size);
    at = write_bytes(at, name, name_size);
    at = write_bytes(at, value_size, sizeof value_size);
    return write_bytes(at, value, value_size[3]);
}

size_t pia_zmtp_hello(pia_link_side_t side, uint8_t ret_bytes[PIA_ZMTP_HELLO_MAX])
{
    uint8_t body[PIA_ZMTP_HELLO_MAX - PIA_ZMTP_GREETING_SIZE - 2];
    uint8_t *at = write_bytes(body, READY, sizeof READY - 1);
    at = write_property(at, SOCKET_TYPE, name_of(side));
    at = write_property(at, "Identity", "");
    size_t size = (size_t)(at - body);
    at = write_bytes(ret_bytes, GREETING, sizeof GREETING);
    at += pia_zmtp_write_head(PIA_ZMTP_COMMAND, size, at);
    at = write_bytes(at, body, size);
    return (size_t)(at - ret_bytes);
}

bool pia_zmtp_is_greeting(const uint8_t *bytes, size_t size)
{
    if (bytes[0] != GREETING[0] || (size > SIGNATURE_END && bytes[SIGNATURE_END] != 0x7F) ||
        (size > MAJOR_AT && bytes[MAJOR_AT] < 3))
        return false;
    return size < MECHANISM_AT + MECHANISM_SIZE ||
           memcmp(bytes + MECHANISM_AT, GREETING + MECHANISM_AT, MECHANISM_SIZE) == 0;
}

/* As libzmq decides who may talk to whom. */
static bool may_talk(pia_link_side_t side, const uint8_t *type, size_t size)
{
    static const char *const names[] = {"DEALER", "ROUTER", "REQ", "REP"};
    for (size_t i = 0; i < sizeof names / sizeof *names; i++) {
        bool asks = side == PIA_LINK_DEALER ? i == 2 : i == 3;
        if (!asks && strlen(names[i]) == size && memcmp(names[i], type, size) == 0)
            return true;
    }
    return false;
}

static size_t read_size(const uint8_t *at)
{
    return (size_t)at[0] << 24 | (size_t)at[1] << 16 | (size_t)at[2] << 8 | at[3];
}

bool pia_zmtp_is_ready(pia_link_side_t side, const uint8_t *body, size_t size)
{
    bool good = false;
    size_t at = sizeof READY - 1;
    if (size < at || memcmp(body, READY, at) != 0)
        return false;
    while (at < size) {
        size_t name_size = body[at];
        if (size - at < 5 + name_size)
            return false;
        const uint8_t *name = body + at + 1;
        size_t value_size = read_size(name + name_size);
        at += 5 + name_size;
        if (value_size > size - at)
            return false;
        if (name_size == sizeof SOCKET_TYPE - 1 && memcmp(name, SOCKET_TYPE, name_size) == 0)
            good = may_talk(side, body + at, value_size);
        at += value_size;
    }
    return good;
}

size_t pia_zmtp_pong(const uint8_t *body, size_t size, uint8_t *ret_body)
{
    size_t before = sizeof PING - 1 + PING_TTL;
    if (size < before || size > before + PING_CONTEXT_MAX ||
        memcmp(body, PING, sizeof PING - 1) != 0)
        return 0;
    memcpy(ret_body, PONG, sizeof PONG - 1);
    memcpy(ret_body + sizeof PONG - 1, body + before, size - before);
    return sizeof PONG - 1 + size - before;
}

bool pia_zmtp_read_head(const uint8_t *bytes, size_t size, pia_zmtp_head_t *ret_head)
{
    *ret_head = (pia_zmtp_head_t){.head_size = 0};
    if (size == 0)
        return true;
    uint8_t flags = bytes[0];
    bool command = (flags & PIA_ZMTP_COMMAND) != 0;
    if ((flags & ~(PIA_ZMTP_MORE | PIA_ZMTP_LONG | PIA_ZMTP_COMMAND)) != 0 ||
        (command && (flags & PIA_ZMTP_MORE) != 0))
        return false;
    size_t whole = flags & PIA_ZMTP_LONG ? PIA_ZMTP_HEAD_MAX : 2;
    if (size < whole)
        return true;
    for (size_t i = 1; i < whole; i++)
        ret_head->size = ret_head->size << 8 | bytes[i];
    ret_head->head_size = whole;
    ret_head->flags = flags;
    return true;
}
