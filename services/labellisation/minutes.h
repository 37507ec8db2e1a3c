/* minutes.h - the minutes of a meeting (CRPA R133-13): who was there and in which quality,
 * mandates, the matters, the sense of each deliberation, dissents; a PDF that never changes, signed
 * with the service's key. Store thread. */
#ifndef MINUTES_H
#define MINUTES_H

#include <jansson.h>

#include "file_part.h"
#include "matter.h"
#include "rule.h"

/* An effect: writes the minutes of act->matter and signs them; its record gets their SHA-256. */
effect_fn minutes_sign;

/* The file, whose bytes are the caller's. PIA_NOT_FOUND: they are not signed. */
pia_status_t minutes_file(pia_db_t *db, const char *session, file_t *ret_file);

/* Proto's session_minutes; the caller owns it. PIA_NOT_FOUND. */
pia_status_t minutes_view(pia_db_t *db, const char *session, json_t **ret_json);

/* What the minutes are drawn from: proto's agenda and sittings. */
typedef struct {
    const matter_t *session;
    const char *committee; /* its name */
    const json_t *items, *sittings;
    int64_t made_ms;
} minutes_source_t;

/* The PDF; the same source gives the same bytes, which are the caller's (minutes_draw.c). */
pia_status_t minutes_draw(const minutes_source_t *source, uint8_t **ret_bytes, size_t *ret_size);

#endif
