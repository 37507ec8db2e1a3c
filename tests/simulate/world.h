/* world.h - the store and the engine of one walk, and who acts: a SQLite database on a file system
 * in memory, made anew from a prepared image for each seed; always in a transaction, as the
 * service's batches are. */
#ifndef WORLD_H
#define WORLD_H

#include "labellisation.h"
#include "matter.h"
#include "pia/principal.h"
#include "rng.h"

enum { ACTORS = 14, PATH_SIZE = 256, DEFINITIONS_MAX = 8, LOG_PAGE = 100000 };

typedef struct {
    const char *label; /* "reviewer 2" */
    pia_principal_t principal;
} actor_t;

/* What failed: an invariant's name, and what was seen. */
typedef struct {
    const char *name; /* NULL: nothing */
    char detail[1024];
} failure_t;

/* Notes the first failure; false, to be returned. */
bool fail(failure_t *failure, const char *name, const char *format, ...)
    __attribute__((format(printf, 3, 4)));

typedef struct {
    char folder[PATH_SIZE], path[PATH_SIZE], url[PATH_SIZE + 8];
    void *image; /* bytes of a fresh database */
    size_t image_size;
    labellisation_t service;                  /* db and library stand here */
    const char *definitions[DEFINITIONS_MAX]; /* names, of the image */
    size_t definition_count;
    actor_t actors[ACTORS];
    char structures[2][PIA_UUID_TEXT_SIZE];
    int64_t now_ms;
} world_t;

/* Makes the image, with the definition that comes with the program and those of `files`; exits with
 * a message if it cannot. */
void world_init(world_t *self, const char *const *files, size_t count);
void world_clear(world_t *self);

/* A store with these bytes (NULL: a fresh one) at this instant. */
void world_open(world_t *self, const void *image, size_t size, int64_t now_ms);
void world_close(world_t *self);
/* The bytes of the store after a commit; the caller frees them. */
void *world_image(world_t *self, size_t *ret_size);
/* A folder of its own, for a process that was forked from the one that has made the world. */
void world_move(world_t *self);

/* Ends the present transaction, kept, and begins the next. False: the store would not. */
bool world_commit(world_t *self);
/* The process ends, as it would by a signal: what is not committed is gone; and begins anew.
 * `definitions`: they are read again, too. */
void world_crash(world_t *self, bool definitions);

void world_set_time(world_t *self, int64_t now_ms);

const actor_t *world_actor(const world_t *self, const char *subject);
/* The one of this number, from 0, of those who have the role; there must be one. */
const actor_t *world_holder(const world_t *self, uint32_t role, size_t which);

#endif
