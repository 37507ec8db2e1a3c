/* fold.h - sort and search keys of French names (pia/fold.h), of a bounded length. */
#ifndef REGISTRY_FOLD_H
#define REGISTRY_FOLD_H

#include <stddef.h>

enum { FOLD_MAX = 255 }; /* bytes; longer names are ordered by their beginning */

/* Writes the folded form of `text` (valid UTF-8): lower case without accents or ligatures, whatever
 * is not a letter or digit as single spaces, none at the ends. "Œuvre d'art" is "oeuvre d art".
 * Returns its length; `ret_key` is NUL-terminated. */
size_t fold_text(const char *text, char ret_key[FOLD_MAX + 1]);

/* The same with hyphens for spaces: a code made of a label. */
size_t fold_code(const char *text, char ret_code[FOLD_MAX + 1]);

#endif
