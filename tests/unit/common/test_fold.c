/* test_fold.c - what readers of French do not mind does not count. */
#include "pia_test.h"

#include <stdlib.h>
#include <string.h>

#include "pia/commune.h"
#include "pia/fold.h"
#include "pia/format.h"

static void words(const char *text, const char *expected)
{
    const char *texts[] = {text, NULL};
    char *found = pia_fold_words(texts);
    assert_string_equal(found, expected);
    free(found);
}

static void same(const char *one, const char *other)
{
    const char *texts[] = {one, NULL};
    char *expected = pia_fold_words(texts);
    assert_true(*expected);
    words(other, expected);
    free(expected);
}

static void accents_case_and_ligatures_do_not_count(void **state)
{
    (void)state;
    same("fidélité", "FIDELITE");
    same("Œuvre", "oeuvre");
    same("cœur", "COEUR");
    same("garçon", "Garcon");
    same("E\xcc\x81"
         "conomie",
         "économie");
    same("Noël", "noel");
}

static void plurals_do_not_count(void **state)
{
    (void)state;
    static const char *const pairs[][2] = {
        {"chaudière", "chaudières"},
        {"boulanger", "boulangers"},
        {"cheval", "chevaux"},
        {"métal", "métaux"},
        {"travail", "travaux"},
        {"vitrail", "vitraux"},
        {"émail", "émaux"},
        {"bateau", "bateaux"},
        {"tuyau", "tuyaux"},
        {"jeu", "jeux"},
        {"vœu", "vœux"},
        {"bijou", "bijoux"},
        {"pneu", "pneus"},
        {"isolée", "isolées"},
        {"régional", "régionaux"},
        {"foyer", "foyers"},
        {"œuvre", "œuvres"},
        {"fenêtre", "fenêtres"},
        {"artisan", "artisans"},
        {"lieu", "lieux"},
        {"noyau", "noyaux"},
    };
    for (size_t i = 0; i < sizeof pairs / sizeof *pairs; i++)
        same(pairs[i][0], pairs[i][1]);
}

static void apostrophes_and_hyphens_part_words_and_articles_are_none(void **state)
{
    (void)state;
    same("l'isolation", "isolation");
    same("L’ISOLATION", "isolation");
    same("qu'une œuvre d'art", "art oeuvre une");
    same("porte-fenêtre", "portes fenêtres");
    words("vitamine C", "c vitamin"); /* only an apostrophe makes an article of a letter */
    words("l' d’", "");
}

static void words_are_sorted_each_once(void **state)
{
    (void)state;
    words("", "");
    words(" -- ! ", "");
    words("le bois, le Bois et le béton : bétons", "beton boi et le");
    const char *texts[] = {"Isoler", "", "un toit", NULL};
    char *found = pia_fold_words(texts);
    assert_string_equal(found, "isol toit un");
    free(found);
}

static void other_scripts_and_bytes_that_are_no_text_do_no_harm(void **state)
{
    (void)state;
    words("漢字 テスト", "テスト 漢字");
    words("\xff\xfe", "");
    words("2024 n° 12", "12 2024 n");
    char key[8];
    assert_int_equal(pia_fold_text("\xff", key, sizeof key), 0);
    assert_int_equal(pia_fold_text("Évry-Courcouronnes", key, sizeof key), 7);
    assert_string_equal(key, "evry co");
}

static void communes_know_their_epci(void **state)
{
    (void)state;
    assert_string_equal(pia_commune_epci("54395"), "245400676");
    assert_null(pia_commune_epci("13201")); /* an arrondissement */
    assert_null(pia_commune_epci("99999"));
    assert_null(pia_commune_epci("543951"));
    assert_null(pia_commune_epci(""));
    const char *first = pia_epci_next_departement("200070738", NULL);
    assert_string_equal(first, "54");
    const char *second = pia_epci_next_departement("200070738", first);
    assert_string_equal(second, "57");
    assert_null(pia_epci_next_departement("200070738", second));
    assert_null(pia_epci_next_departement("000000000", NULL));
}

static void territories_are_levels_with_codes(void **state)
{
    (void)state;
    assert_true(pia_format_check("territory", "commune:2A004"));
    assert_true(pia_format_check("territory", "epci:245400676"));
    assert_true(pia_format_check("territory", "departement:974"));
    assert_true(pia_format_check("territory", "region:44"));
    static const char *const bad[] = {
        "54",        "commune:",       "commune:99999", "epci:245400677",
        "region:54", "département:54", "region:44 ",    ""};
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++)
        assert_false(pia_format_check("territory", bad[i]));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(accents_case_and_ligatures_do_not_count),
        cmocka_unit_test(plurals_do_not_count),
        cmocka_unit_test(apostrophes_and_hyphens_part_words_and_articles_are_none),
        cmocka_unit_test(words_are_sorted_each_once),
        cmocka_unit_test(other_scripts_and_bytes_that_are_no_text_do_no_harm),
        cmocka_unit_test(communes_know_their_epci),
        cmocka_unit_test(territories_are_levels_with_codes),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
