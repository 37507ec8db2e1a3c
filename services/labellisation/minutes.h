/* minutes.h - the minutes of a meeting (CRPA R133-13): who was there and in which quality,
 * mandates, the matters, the sense of each deliberation, dissents; a PDF, signed with the service's
 * key, which never changes unless a text in it is erased. Store thread. */
#ifndef MINUTES_H
#define MINUTES_H

#include <jansson.h>

#include "file_part.h"
#include "matter.h"
#include "rule.h"

/* An effect: writes the minutes of act->matter and signs them; its record gets their SHA-256. */
effect_fn minutes_sign;

/* An effect: draws and signs the minutes of act->matter anew, if there are any: without a text that
 * this act has erased, or another matter's before. Its record gets the SHA-256 of both. */
effect_fn minutes_redraw;

/* An effect of a committee or an authority: makes `transition` of each meeting whose minutes hold a
 * text that this act has erased. */
effect_fn minutes_renew;

/* The file, whose bytes are the caller's. PIA_NOT_FOUND: they are not signed. */
pia_status_t minutes_file(pia_db_t *db, const char *session, file_t *ret_file);

/* Proto's session_minutes; the caller owns it. PIA_NOT_FOUND. */
pia_status_t minutes_view(pia_db_t *db, const char *session, json_t **ret_json);

/* What the minutes are drawn from: proto's agenda and sittings. */
typedef struct {
    const matter_t *session;
    const char *committee; /* its name */
    const json_t *items, *sittings;
    const json_t *signatory; /* who establishes them (authority_card); NULL: not named */
    int64_t made_ms, first_ms;
    const char *first_sha256; /* of what was signed first, which they replace; NULL: nothing */
} minutes_source_t;

/* The PDF; the same source gives the same bytes, which are the caller's (minutes_draw.c). */
pia_status_t minutes_draw(const minutes_source_t *source, uint8_t **ret_bytes, size_t *ret_size);

#endif
