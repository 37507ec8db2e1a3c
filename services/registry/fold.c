/* fold.c - sort and search keys, of a bounded length. */
#include "fold.h"

#include "pia/fold.h"

size_t fold_text(const char *text, char ret_key[FOLD_MAX + 1])
{
    return pia_fold_text(text, ret_key, FOLD_MAX + 1);
}

size_t fold_code(const char *text, char ret_code[FOLD_MAX + 1])
{
    size_t length = fold_text(text, ret_code);
    for (size_t i = 0; i < length; i++) {
        if (ret_code[i] == ' ') {
            ret_code[i] = '-';
        }
    }
    return length;
}
