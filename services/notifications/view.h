/* view.h - what a template sees of an event: the members of its data, and beside them
 *   type                the event's type
 *   X_text              a date or date-time member X in words
 *   X_label             the word for a member X that the plan has labels for
 *   X_labels            the same for a list, joined by commas
 *   link                the rule's link, a path
 *   site                the site's address
 *   email, inbox        true on that channel
 *   unsubscribe         where an e-mail's addressee ends it (set by the caller) */
#ifndef VIEW_H
#define VIEW_H

#include <jansson.h>

#include "plan.h"

/* How an event is shown. Texts are borrowed. */
typedef struct {
    const char *link; /* path, or NULL */
    const char *site; /* the site's address without a slash at its end */
    uint32_t channel;
    language_t language;
} showing_t;

/* `event` is the CloudEvents object. The caller owns the result. */
json_t *view_of(const plan_t *plan, const json_t *event, const showing_t *showing);

/* The rule's link with the event's data filled in; NULL if the rule has none. Caller frees. */
char *view_link(const rule_t *rule, const json_t *data);

#endif
