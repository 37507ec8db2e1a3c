/* outgoing.h - one leased delivery on its way to the sender's thread and back. */
#ifndef OUTGOING_H
#define OUTGOING_H

#include <stddef.h>
#include <stdint.h>

#include "contact.h"
#include "pia/uuid.h"

enum { PROBLEM_MAX = 160 };

typedef enum {
    OUTGOING_SENT,    /* the receiver, or the file system, has it */
    OUTGOING_FAILED,  /* try again */
    OUTGOING_REFUSED, /* it will never work */
    OUTGOING_GONE,    /* the receiver wants nothing more, ever (HTTP 410) */
} outcome_t;

typedef struct outgoing outgoing_t;
struct outgoing {
    outgoing_t *next;
    char delivery[PIA_UUID_TEXT_SIZE];
    char contact[PIA_UUID_TEXT_SIZE];
    int64_t attempt;  /* the lease's fence */
    uint32_t channel; /* CHANNEL_EMAIL or CHANNEL_WEBHOOK */
    char *address;
    char *content; /* e-mail: the message with LF line ends; webhook: the body */
    size_t size;
    uint8_t secret[CONTACT_SECRET_SIZE]; /* webhook */
    outcome_t outcome;
    char problem[PROBLEM_MAX]; /* why not; no address in it */
};

void outgoing_destroy(outgoing_t **outgoing_p);

/* Sets outcome and problem. */
void outgoing_end(outgoing_t *outgoing, outcome_t outcome, const char *format, ...)
    __attribute__((format(printf, 3, 4)));

#endif
