/* test_db.h - the conformance suite, called by the test program of each engine. */
#ifndef PIA_TEST_DB_H
#define PIA_TEST_DB_H

/* Returns the number of failures. */
int test_db_run(void);

#endif
