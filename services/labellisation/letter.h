/* letter.h - messages between the candidate and the secretariat, and notes that the candidate never
 * sees: the kind stands in every statement. Store thread. */
#ifndef LETTER_H
#define LETTER_H

#include <jansson.h>

#include "pia/db.h"

typedef enum { LETTER_MESSAGE, LETTER_NOTE } letter_kind_t;
typedef enum { SIDE_CANDIDATE, SIDE_OFFICE } side_t;

typedef struct {
    const char *dossier, *text, *author;
    letter_kind_t kind;
    side_t side;
    int64_t written_ms;
} letter_t;

/* Writes one; the next number is its. PIA_CONFLICT: another was written at the same moment. On
 * success the caller owns *ret_json, proto's letter. */
pia_status_t letter_add(pia_db_t *db, const letter_t *letter, json_t **ret_json);

typedef struct {
    const char *dossier;
    letter_kind_t kind;
    side_t side; /* the reader's */
    int64_t after, limit;
} letter_query_t;

/* Proto's letter_page; the caller owns it. */
pia_status_t letter_list(pia_db_t *db, const letter_query_t *query, json_t **ret_page);

/* Marks the messages of the other side up to `number` as read; how many were not before. */
pia_status_t letter_mark(pia_db_t *db,
                         const char *dossier,
                         side_t reader,
                         int64_t number,
                         int64_t read_ms,
                         int64_t *ret_marked);

#endif
