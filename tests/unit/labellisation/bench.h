/* bench.h - a labellisation's database with the default definition and a few people, on the engine
 * under test; moves are made at instants that the test chooses. */
#ifndef BENCH_H
#define BENCH_H

#include "labellisation.h"
#include "matter.h"
#include "test_database.h"

typedef struct {
    test_database_t place;
    pia_db_t *db;
    library_t *library;
    int64_t now_ms;               /* legal time of the next move */
    pia_problem_t problem;        /* of the last refusal */
    const pia_signing_key_t *key; /* the service's; NULL: it signs nothing */
} bench_t;

#define STRUCTURE "0190a000-0000-7000-8000-00000000000a"
#define OTHER_STRUCTURE "0190a000-0000-7000-8000-00000000000b"
#define REVIEWER_1 "0190a000-0000-7000-8000-000000000001"
#define REVIEWER_2 "0190a000-0000-7000-8000-000000000002"
#define REVIEWER_OF_STRUCTURE "0190a000-0000-7000-8000-000000000003"
#define NOT_A_REVIEWER "0190a000-0000-7000-8000-000000000004"
#define MINISTER "0190a000-0000-7000-8000-000000000005"
#define ISM "0190a000-0000-7000-8000-000000000006"
#define CANDIDATE "0190a000-0000-7000-8000-000000000007"

/* Opens it, in a transaction; MINISTER and ISM may sign, each in one capacity, from 2020 on.
 * `definition`: JSON beside the default one, or NULL. */
void bench_init(bench_t *self, const char *definition);
void bench_clear(bench_t *self);

/* Ends the present transaction, kept, and begins another. */
void bench_commit(bench_t *self);

/* Makes a person known, with one role, of a structure (NULL: none). */
void bench_add_person(bench_t *self, const char *id, const char *role, const char *structure);

/* An authority of a person to sign in a capacity, between two days (`until` NULL: no end), under
 * the default definition; the holder's name is "Signataire 1". */
typedef struct {
    const char *person, *capacity, *from, *until;
} bench_authority_t;
void bench_authorize(bench_t *self,
                     const bench_authority_t *authority,
                     char ret_id[PIA_UUID_TEXT_SIZE]);

/* A person with these roles, for a structure (NULL: none). */
pia_principal_t bench_person(const char *id, uint32_t roles, const char *structure);

/* A new dossier of STRUCTURE by its candidate, under the definition of this name; its id. */
void bench_create(bench_t *self, const char *name, char ret_id[PIA_UUID_TEXT_SIZE]);

/* Makes a transition as the service does: due timers first, all or nothing. `data`: JSON with
 * single quotes, NULL none. `version` 0: the present one. A refusal is left in self->problem. */
pia_status_t bench_move(bench_t *self,
                        const char *id,
                        const pia_principal_t *principal,
                        const char *transition,
                        const char *data,
                        int64_t version);

/* The same on the newest review that a person has of this dossier, as that person. */
pia_status_t bench_move_review(bench_t *self,
                               const char *dossier,
                               const char *person,
                               const char *transition,
                               const char *data);

/* Declares no interest, accepts, and files a report with this opinion and this score for every
 * criterion; fails the test if that is refused. */
void bench_report(
    bench_t *self, const char *dossier, const char *person, const char *opinion, int score);

/* Data of such a report: JSON with single quotes, in a buffer of BENCH_REPORT_SIZE. */
enum { BENCH_REPORT_SIZE = 1024 };
void bench_report_data(const char *opinion, int score, char ret_data[BENCH_REPORT_SIZE]);

/* The newest review that a person has of this dossier; fails the test if there is none. */
void bench_review_of(bench_t *self,
                     const char *dossier,
                     const char *person,
                     char ret_id[PIA_UUID_TEXT_SIZE]);

/* The same of any kind, at the present version. */
pia_status_t bench_move_kind(bench_t *self,
                             machine_kind_t kind,
                             const char *id,
                             const pia_principal_t *principal,
                             const char *transition,
                             const char *data);

/* Applies what is due by self->now_ms to all matters, as the service does. */
void bench_tick(bench_t *self);

/* Reads it; fails the test if it is not there. The caller clears it. */
void bench_load(bench_t *self, machine_kind_t kind, const char *id, matter_t *ret_matter);

/* Its state's name, static. */
const char *bench_state(bench_t *self, machine_kind_t kind, const char *id);

/* The first column of the first row; `sql` is a constant. */
int64_t bench_integer(bench_t *self, const char *sql);

/* How many announcements of a type wait in the outbox. */
int64_t bench_announced(bench_t *self, const char *type);

/* Moves a fresh dossier of the default definition before the decision: two favourable reviews, a
 * favourable opinion. */
void bench_to_decision(bench_t *self, char ret_id[PIA_UUID_TEXT_SIZE]);
/* The same of a dossier that is a draft; or only until it waits for the opinion. */
void bench_bring_to_decision(bench_t *self, const char *id);
void bench_bring_to_committee(bench_t *self, const char *id);

/* What the tests of one program share: one bench at a time, fresh for each test. */
extern bench_t bench;
int bench_setup(void **state);
int bench_teardown(void **state);

/* Makes a transition of the default path on `bench`, as a person with one role (a candidate is of
 * STRUCTURE); go fails the test if it is refused. */
pia_status_t move_as(
    const char *id, const char *person, uint32_t role, const char *transition, const char *data);
void go(
    const char *id, const char *person, uint32_t role, const char *transition, const char *data);
void assert_state(const char *id, const char *expected);

/* Runs a statement, a constant, that must change something. */
void bench_run(const char *sql);

#endif
