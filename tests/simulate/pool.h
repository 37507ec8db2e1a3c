/* pool.h - memory for SQLite from free lists of our own, and no locks in it: under address
 * sanitizer its allocations were a third of a walk's time, and it is not what is tested. */
#ifndef POOL_H
#define POOL_H

/* Before anything else of SQLite. */
void pool_init(void);

#endif
