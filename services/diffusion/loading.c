/* loading.c - one thread, one connection, one call. */
#include "loading.h"

#include <assert.h>
#include <pthread.h>
#include <stdlib.h>

#include "pia/memory.h"

struct loading {
    matching_t *matching; /* not owned */
    const char *url;      /* not owned */
    pthread_t thread;
};

/* A failure is not told: matching_refresh meets it again, and says why. */
static void *load(void *arg)
{
    loading_t *self = arg;
    pia_db_t *db = NULL;
    if (pia_db_open(self->url, PIA_DB_READER, &db, NULL) != PIA_OK)
        return NULL;
    (void)matching_refresh(self->matching, db);
    pia_db_close(&db);
    return NULL;
}

loading_t *loading_begin(matching_t *matching, const char *url)
{
    loading_t *self = pia_alloc(sizeof *self);
    self->matching = matching;
    self->url = url;
    int rc = pthread_create(&self->thread, NULL, load, self);
    assert(rc == 0);
    return self;
}

void loading_end(loading_t **self_p)
{
    loading_t *self = *self_p;
    int rc = pthread_join(self->thread, NULL);
    assert(rc == 0);
    free(self);
    *self_p = NULL;
}
