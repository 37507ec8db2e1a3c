/* play.h - paths: what is asked for is written down and must be made. They lead to where chance
 * seldom does - a label, a meeting, a remedy - and walks begin there. */
#ifndef PLAY_H
#define PLAY_H

#include "walk.h"

/* One thing that somebody asks for. In `data` and `given`, with ' for ", a text that begins with @
 * stands for a day from today on ("@+14"), for the id of the latest matter of a kind ("@dossier")
 * or for somebody's ("@committee 1"). */
typedef struct {
    const char *what; /* "dossier deposer"; "review/1 rendre": of the last but one; NULL: nothing */
    const char *data; /* over what chance draws; NULL: nothing of it matters */
    const char *who;  /* "signatory 1"; NULL: anybody who may */
    const char *given; /* of a creation: "person", "capacity", "facts"; NULL: nothing */
    int days;          /* go by before; what is due then is made */
} play_t;

typedef struct {
    const char *name;
    const char *from; /* the path that it goes on from, earlier in the table; NULL: nothing */
    const play_t *plays;
    size_t count;
} path_t;

/* Those of a definition; none of one that is not known here. */
const path_t *paths_of(const char *definition, size_t *ret_count);

/* True: it was made. Else self->failure says why not. */
bool play(walk_t *self, const play_t *asked);

#endif
