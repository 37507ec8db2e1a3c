/* test_typography.c - French typography of what people typed. */
#include "pia_test.h"

#include <stdlib.h>

#include "typography.h"

#define NBSP "\u00a0"
#define NARROW "\u202f"

static void assert_set(const char *typed, const char *expected)
{
    char *set = typography_french(typed);
    assert_string_equal(set, expected);
    free(set);
}

static void apostrophes_and_points_are_the_right_ones(void **state)
{
    (void)state;
    assert_set("L'essai d'hier...", "L’essai d’hier…");
    assert_set("....", "….");
    assert_set("", "");
}

static void marks_are_bound_to_the_word_before(void **state)
{
    (void)state;
    assert_set("Objet : essai", "Objet" NBSP ": essai");
    assert_set("Oui ; non ! Ah ?", "Oui" NARROW "; non" NARROW "! Ah" NARROW "?");
    assert_set("à 12:30, https://x", "à 12:30, https://x");
    assert_set(" : seul", ": seul");
    assert_set("déjà" NBSP ": là", "déjà" NBSP ": là");
}

static void quotes_become_guillemets_with_their_spaces(void **state)
{
    (void)state;
    assert_set("le \"label\" dit", "le «" NBSP "label" NBSP "» dit");
    assert_set("le « label » dit", "le «" NBSP "label" NBSP "» dit");
    assert_set("le «label» dit", "le «" NBSP "label" NBSP "» dit");
    assert_set("«" NBSP "bon" NBSP "»", "«" NBSP "bon" NBSP "»");
    assert_set("\"", "«" NBSP);
}

static void other_letters_stay(void **state)
{
    (void)state;
    assert_set("Œuvre à l’été\nÇa\t–", "Œuvre à l’été\nÇa\t–");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(apostrophes_and_points_are_the_right_ones),
        cmocka_unit_test(marks_are_bound_to_the_word_before),
        cmocka_unit_test(quotes_become_guillemets_with_their_spaces),
        cmocka_unit_test(other_letters_stay),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
