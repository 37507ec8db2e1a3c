/* feed_links.h - connections to the journal, each shared by many streams: as many connections as
 * the streams need, since a connection carries a bounded number of them. Loop's thread. */
#ifndef GATEWAY_FEED_LINKS_H
#define GATEWAY_FEED_LINKS_H

#include <event2/event.h>
#include <stdbool.h>

#include "pia/stream.h"

typedef struct feed_links feed_links_t;
typedef struct feed_place feed_place_t; /* room for one stream on one connection */

/* A message for the stream in a place; `arg` was given with the place. After PIA_STREAM_LOST,
 * _ERROR and _EPOCH the stream is closed, the place is kept and can be opened again. */
typedef void feed_links_fn(void *arg, const pia_stream_message_t *message);

feed_links_t *feed_links_new(struct event_base *base, const char *endpoint);
/* Every place must have been given back. */
void feed_links_destroy(feed_links_t **links_p);

/* Room for a stream, or NULL if there are FEED_LINKS_MAX full connections. */
feed_place_t *feed_place_take(feed_links_t *links, feed_links_fn *told, void *arg);
/* Gives it back; an open stream is closed first. */
void feed_place_release(feed_place_t **place_p);

void feed_place_open(feed_place_t *place, const pia_subscribe_t *options);
void feed_place_close(feed_place_t *place);
bool feed_place_is_open(const feed_place_t *place);
/* Shows a token, if it is another than before. */
void feed_place_renew(feed_place_t *place, const void *token, size_t size);
void feed_place_credit(feed_place_t *place, uint32_t events);

#endif
