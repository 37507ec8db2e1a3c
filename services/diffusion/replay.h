/* replay.h - what the commit file (commit_file.h) holds beyond the database's end becomes rows,
 * when the journal is opened. Store thread. */
#ifndef DIFFUSION_REPLAY_H
#define DIFFUSION_REPLAY_H

#include "damage.h"

/* Takes every commit that follows on the journal's head by number, epoch, chain and turn, one after
 * the other, in a transaction of its own; the others are SQLite's already, of an older epoch, or
 * torn: such a one was never acknowledged.
 *
 * A whole commit beyond a hole, or of a later epoch or turn, is told to `damage`: then something
 * that was acknowledged is missing. What is whole and of an older epoch that ended before it was
 * lost when the present one began: the file gets another name then. Nothing is changed where damage
 * is known, and nothing in the file ever. PIA_OK if there is no file. */
pia_status_t
replay_commits(const char *path, pia_db_t *db, damage_t *damage, pia_problem_t *problem);

#endif
