/* identity.c - identifiers by BLAKE2b. */
#include "identity.h"

#include <sodium.h>
#include <string.h>

void identity_of(const char *const *parts, char ret_id[PIA_UUID_TEXT_SIZE])
{
    uint8_t uuid[PIA_UUID_SIZE];
    crypto_generichash_state state;
    (void)crypto_generichash_init(&state, NULL, 0, sizeof uuid);
    for (; *parts; parts++) {
        /* with its NUL, so that ("ab", "c") and ("a", "bc") differ */
        (void)crypto_generichash_update(&state, (const uint8_t *)*parts, strlen(*parts) + 1);
    }
    (void)crypto_generichash_final(&state, uuid, sizeof uuid);
    uuid[6] = (uint8_t)(0x80 | (uuid[6] & 0x0F));
    uuid[8] = (uint8_t)(0x80 | (uuid[8] & 0x3F));
    pia_uuid_format(uuid, ret_id);
}

void identity_of_notice(const char *source, const char *id, char ret_id[PIA_UUID_TEXT_SIZE])
{
    identity_of((const char *const[]){"pia-notice-1", source, id, NULL}, ret_id);
}

void identity_of_delivery(const char *notice,
                          const char *addressee,
                          const char *channel,
                          char ret_id[PIA_UUID_TEXT_SIZE])
{
    identity_of((const char *const[]){"pia-delivery-1", notice, addressee, channel, NULL}, ret_id);
}
