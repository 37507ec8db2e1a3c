/* demo.h - the story that runs through every part of the network. */
#ifndef DEMO_H
#define DEMO_H

#include <stdbool.h>
#include <stdio.h>

typedef struct {
    void *zmq;          /* the process's context */
    const char *broker; /* endpoints */
    const char *diffusion;
    const char *web;       /* "http://127.0.0.1:8080" */
    const char *data;      /* the data directory, for its Maildir */
    const char *admin_key; /* API key text */
    FILE *out;             /* the transcript, in French */
} demo_options_t;

/* Plays it once; true if every actor received what it should and nothing else. */
bool demo_play(const demo_options_t *options);

#endif
