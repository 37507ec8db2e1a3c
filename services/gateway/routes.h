/* routes.h - what the HTTP API offers, as one table: an endpoint is a row. */
#ifndef GATEWAY_ROUTES_H
#define GATEWAY_ROUTES_H

#include "pia/schema.h"
#include "target.h"

typedef enum {
    ROUTE_PUBLIC = 1,  /* the answer is the same for everyone */
    ROUTE_CREATES = 2, /* 201 with Location: the path and "/" and the id of what was made */
    ROUTE_EVENTS = 4,  /* the body is one CloudEvent or a batch of them */
    ROUTE_STREAM = 8,  /* server-sent events: the message only says which filter there is */
    ROUTE_BYTES = 32,  /* the message's member `content` is the body itself: of a PUT's request, of
                          a GET's answer (see download.h); in the message it is base64 */
    ROUTE_BARE = 16,   /* the answer has no version: its tag is its content's, and the version in
                          the cache only says which value is newer */
} route_flag_t;

typedef struct {
    const char *method;           /* GET also answers HEAD */
    const char *path;             /* {name}: a segment, which becomes the message's member `name` */
    const pia_message_t *message; /* what is asked; the query or body gives its other members */
    unsigned flags;               /* route_flag_t */
    const char *fixed;            /* "name=value": a member that the route sets itself; or NULL */
    const char *cache;   /* what of the message's service the cache holds (see below); or NULL */
    const char *id;      /* of ROUTE_CREATES: the member of the answer that names it */
    const char *summary; /* for the API's description */
} route_t;

/* A route's `cache`. Only what everyone may see is ever in the cache, in the one representation
 * that everyone gets; so whoever asks for one resource by its id may be given it from there, while
 * of a list, of which some see more than others, that is right for who asks without a key.
 *   "entity:member"  GET: reads the one whose id is the message's only member; others: write it
 *   "list=id"        GET without a query: reads that list, unless there is a key and the route is
 *                    not ROUTE_PUBLIC; others: change lists
 *   "*word"          events whose type begins with that word change anything of the service
 * Ends with a NULL method. */
extern const route_t gateway_routes[];

/* The route of this method and path; or NULL, and then `allow` (size bytes) lists the methods that
 * the path has: "" if there is no such path at all. */
const route_t *route_find(const char *method, const target_t *target, char *allow, size_t size);

/* The value of the path's member `name` in a target that the route matched, or NULL. */
const char *route_value(const route_t *route, const target_t *target, const char *name);

/* Calls `each` for every {name} of the path with its index among the segments. */
void route_each_name(const route_t *route,
                     void (*each)(void *arg, size_t segment, const char *name, size_t size),
                     void *arg);

#endif
