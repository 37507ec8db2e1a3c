/* export.h - a dossier as one zip: a summary to print (PDF), what the reader may read (JSON, texts,
 * files), the proof of its history, and a manifest with the SHA-256 of each. The same dossier gives
 * the same reader the same bytes: files in a fixed order, not compressed, without dates. Store
 * thread. */
#ifndef EXPORT_H
#define EXPORT_H

#include "archive.h"
#include "file_part.h"
#include "handler.h"

/* Pieces beyond it are named in the manifest and not included: they are read one by one. */
enum { EXPORT_PIECES_MAX = 48 * 1024 * 1024 };

/* On PIA_OK the file's bytes are the caller's. */
pia_status_t export_make(labellisation_t *self,
                         const handler_found_t *found,
                         const pia_request_t *request,
                         file_t *ret_file,
                         pia_problem_t *problem);

/* The summary; the caller owns the bytes. `history` is all of the reader's history, `sections` the
 * texts as [{"label", "text"}]. */
pia_status_t export_draw(const matter_t *dossier,
                         const json_t *history,
                         const json_t *sections,
                         uint8_t **ret_bytes,
                         size_t *ret_size);

#endif
