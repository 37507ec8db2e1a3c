/* pia_test.h - cmocka with the includes that it needs, in the order that it needs them. */
#ifndef PIA_TEST_H
#define PIA_TEST_H

/* clang-format off */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
/* clang-format on */

#endif
