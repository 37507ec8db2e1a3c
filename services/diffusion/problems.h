/* problems.h - pointers of problems, seen from further out. */
#ifndef DIFFUSION_PROBLEMS_H
#define DIFFUSION_PROBLEMS_H

#include <stddef.h>

#include "pia/problem.h"

/* The problem's pointer P becomes "/INDEX" P. */
void problem_under(pia_problem_t *problem, size_t index);

/* The problem's pointer P becomes "/MEMBER" P. */
void problem_under_member(pia_problem_t *problem, const char *member);

#endif
