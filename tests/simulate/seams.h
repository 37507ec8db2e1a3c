/* seams.h - where the simulator takes hold of the engine without a line in it: the linker's --wrap
 * leads calls of these functions here (tests/labellisation.cmake lists them). The clock and chance
 * are the simulator's; a statement of the store fails when told to; and a fault breaks one promise,
 * for the control run that shows that the simulator finds it. One process, one thread. */
#ifndef SEAMS_H
#define SEAMS_H

#include <stdbool.h>
#include <stdint.h>

/* A broken variant of the engine or of its store. */
#define FAULT_MAP(X)                                                                               \
    X(NONE, "none", "as it is")                                                                    \
    X(NO_CLAIM, "no-claim", "the store takes a change whatever version it is of")                  \
    X(NO_VERSION, "no-version", "what the asker has seen is not looked at")                        \
    X(NO_RIGHTS, "no-rights", "everybody may make every transition in every state")                \
    X(NO_UNDO, "no-undo", "what a refused request wrote stays")                                    \
    X(TWICE, "twice", "some transitions are announced twice")                                      \
    X(UNTOLD, "untold", "some transitions are not announced")                                      \
    X(LOST_TIMER, "lost-timer", "the store forgets some timers")                                   \
    X(LATE_TIMER, "late-timer", "timers are looked for a second too late")                         \
    X(AGAIN, "again", "a timer does not know that it has fired")                                   \
    X(OLD_STATE, "old-state", "the store keeps the old state")                                     \
    X(NO_FACTS, "no-facts", "the store forgets facts")                                             \
    X(TAMPERED, "tampered", "an entry of the history is changed afterwards")                       \
    X(HALF, "half", "a crash keeps what was not committed")                                        \
    X(SWALLOWED, "swallowed", "a failure of the store is taken for success")

typedef enum {
#define X(name, text, what) FAULT_##name,
    FAULT_MAP(X)
#undef X
        FAULT_COUNT
} fault_t;

/* FAULT_COUNT if there is none of this name. */
fault_t fault_parse(const char *name);
const char *fault_name(fault_t fault);
const char *fault_what(fault_t fault);

/* From now on, for clock and chance; 0 leaves the real ones. */
void seams_set_time(int64_t now_ms);
void seams_set_random(uint64_t seed, uint64_t stream);

/* Whether calls come from the engine, where faults act, or from the simulator's own checks. */
void seams_engine(bool running);
void seams_set_fault(fault_t fault);

/* The `nth` statement of the engine from now on fails (1: the next; 0: none does). */
void seams_fail(int64_t nth);
/* Whether it has come to that since then. */
bool seams_has_failed(void);

#endif
