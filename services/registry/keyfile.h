/* keyfile.h - a secret in a file of mode 0600: there whole, or not at all. */
#ifndef REGISTRY_KEYFILE_H
#define REGISTRY_KEYFILE_H

#include "apikey.h"
#include "pia/problem.h"

/* Reads a key's text, without what follows its first line. PIA_NOT_FOUND: there is no file, or no
 * key in it. PIA_UNAVAILABLE: it cannot be read. */
pia_status_t
keyfile_read(const char *path, char ret_text[APIKEY_TEXT_SIZE], pia_problem_t *problem);

/* Puts `text` there durably: a file with ".new" behind its name, fsync, rename, fsync of the
 * directory. One process at a time; what a killed one left behind is replaced. */
pia_status_t keyfile_write(const char *path, const char *text, pia_problem_t *problem);

/* Makes a directory of mode 0700 unless it is there. */
pia_status_t keyfile_make_directory(const char *path, pia_problem_t *problem);

#endif
