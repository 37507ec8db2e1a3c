/* test_fold.c - sort keys of French names. */
#include "pia_test.h"

#include <string.h>

#include "fold.h"

static void folds(const char *text, const char *expected)
{
    char key[FOLD_MAX + 1];
    size_t length = fold_text(text, key);
    assert_string_equal(key, expected);
    assert_int_equal(length, strlen(expected));
}

static void accents_and_case_do_not_count(void **state)
{
    (void)state;
    folds("Évry", "evry");
    folds("EVRY", "evry");
    folds("L'Haÿ-les-Roses", "l hay les roses");
    folds("Vannes-le-Châtel", "vannes le chatel");
    folds("GARÇON", "garcon");
}

static void ligatures_are_two_letters(void **state)
{
    (void)state;
    folds("Œuvre d’art", "oeuvre d art");
    folds("œil", "oeil");
    folds("Ægypte", "aegypte");
    folds("ﬁlière", "filiere");
}

static void decomposed_text_folds_alike(void **state)
{
    (void)state;
    folds("E\xcc\x81vry", "evry");
}

static void what_is_no_word_is_one_space_inside_and_none_outside(void **state)
{
    (void)state;
    folds("  --Saint -- Étienne!! ", "saint etienne");
    folds("!!", "");
    folds("", "");
    folds("n° 1", "n 1");
}

static void long_names_are_cut_between_characters(void **state)
{
    (void)state;
    char text[2 + 3 * FOLD_MAX] = "a";
    for (size_t i = 0; i < 3 * (size_t)FOLD_MAX; i++) {
        text[1 + i] = "\xe6\xbc\xa2"[i % 3]; /* three bytes that stay three */
    }
    char key[FOLD_MAX + 1];
    size_t length = fold_text(text, key);
    assert_in_range(length, FOLD_MAX - 3, FOLD_MAX);
    assert_int_equal(length % 3, 1);
}

static void invalid_utf8_has_no_key(void **state)
{
    (void)state;
    folds("\xff\xfe", "");
}

static void a_code_is_made_of_a_label(void **state)
{
    (void)state;
    char code[FOLD_MAX + 1];
    (void)fold_code("Établissement d'enseignement supérieur", code);
    assert_string_equal(code, "etablissement-d-enseignement-superieur");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(accents_and_case_do_not_count),
        cmocka_unit_test(ligatures_are_two_letters),
        cmocka_unit_test(decomposed_text_folds_alike),
        cmocka_unit_test(what_is_no_word_is_one_space_inside_and_none_outside),
        cmocka_unit_test(long_names_are_cut_between_characters),
        cmocka_unit_test(invalid_utf8_has_no_key),
        cmocka_unit_test(a_code_is_made_of_a_label),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
