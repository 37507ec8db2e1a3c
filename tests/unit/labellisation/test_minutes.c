/* test_minutes.c - on both engines: what the minutes say, word for word, and what becomes of them
 * where a text in them is erased. */
#include "pia_test.h"

#include <sodium.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "labelled.h"
#include "minutes.h"
#include "pdf.h"
#include "pdf_words.h"
#include "pia/json.h"
#include "seated.h"
#include "verify.h"

static pia_signing_key_t key;

static int setup(void **state)
{
    int failed = seated_setup(state);
    crypto_sign_keypair(key.public_key, key.secret);
    bench.key = &key;
    return failed;
}

/* The file and its text, the caller's to free. */
static char *read_minutes(char ret_sha256[FILE_HASH_SIZE])
{
    file_t file;
    assert_int_equal(minutes_file(bench.db, session, &file), PIA_OK);
    char *text = pdf_words(file.bytes, file.size);
    file_hash(file.bytes, file.size, ret_sha256);
    assert_string_equal(ret_sha256, file.sha256);
    free(file.bytes);
    return text;
}

/* A meeting whose chair withdraws from its one question: the second presides, the third dissents.
 */
static void hold(void)
{
    assert_int_equal(appoint_member(FIRST, "Fonction A", "'president': true, 'du': '2026-01-01'"),
                     PIA_OK);
    assert_int_equal(appoint_member(SECOND, "Fonction B", "'du': '2026-01-01'"), PIA_OK);
    assert_int_equal(appoint_member(THIRD, "Fonction C", "'du': '2026-01-01'"), PIA_OK);
    prepare_session(session);
    assert_int_equal(meet("inscrire_question", "{'objet': 'Une question'}"), PIA_OK);
    assert_int_equal(meet("convoquer", "{}"), PIA_OK);
    at("2026-12-10T10:00:00Z");
    assert_int_equal(meet("ouvrir", ALL_PRESENT), PIA_OK);
    assert_int_equal(meet_as(FIRST, "declarer_interet", "{'point': 1, 'lien': 'autre'}"), PIA_OK);
    assert_int_equal(
        meet("mettre_aux_voix",
             "{'point': 1, 'proposition': 'favorable', 'texte': 'Le texte de l’avis.', 'voix': "
             "[{'member': 2, 'vote': 'for'}, {'member': 3, 'vote': 'against'}]}"),
        PIA_OK);
    assert_int_equal(meet_as(THIRD, "exprimer_desaccord", "{'point': 1, 'motifs': 'Ses raisons.'}"),
                     PIA_OK);
    assert_int_equal(meet("lever", NULL), PIA_OK);
    assert_int_equal(meet("signer_proces_verbal", NULL), PIA_OK);
}

#define BEFORE_NAMES                                                                                 \
    "Réseau des pôles d’innovation pour l’artisanat Procès-verbal Comité Réunion Code des " \
    "relations entre le public et l’administration, articles R133-3 à R133-13 Réunion du 10 "    \
    "décembre 2026 Convocation, avec l’ordre du jour et les documents, envoyée le 26 novembre "  \
    "2026, reçue le 26 novembre 2026. Présidence : Fonction A. – Fonction A (représentant, "    \
    "président du comité) : présent – "
#define BEFORE_OPINION                                                                                       \
    " (représentant) : présent – Fonction C (représentant) : présent 1. Une question Fonction A "      \
    "n’a pas pris part à la délibération (autre lien d’intérêt ; article R133-12). Présidence de " \
    "ce point : "
#define OPINION                                                                                        \
    ", Fonction A n’y prenant pas part. Proposition : avis favorable. Vote : 1 pour, 1 contre, 0 "   \
    "abstention. Adoptée par la voix prépondérante du président de séance. Contre : Fonction C. " \
    "2 membres sur 3 ont pris part à ce point. Le comité donne l’avis : avis favorable. "
#define DISSENT                                                                                    \
    "À sa demande, il est fait mention du désaccord de Fonction C avec l’avis rendu : Ses "    \
    "raisons. Signature Établi le 10 décembre 2026 par "
#define END                                                                                         \
    "Ce fichier est signé par le service (Ed25519) ; sa signature et la clé se lisent avec lui. " \
    "Procès-verbal, réunion "

/* What may be erased, as the minutes have it, and what they say of the erasure. */
typedef struct {
    const char *second, *opinion, *signatory, *erasure;
} wording_t;

static void assert_minutes(const wording_t *wording, char ret_sha256[FILE_HASH_SIZE])
{
    char expected[4096], *text = read_minutes(ret_sha256);
    snprintf(expected, sizeof expected, "%s%s%s%s%s%s%s%s. %s%s%s – page 1", BEFORE_NAMES,
             wording->second, BEFORE_OPINION, wording->second, OPINION, wording->opinion, DISSENT,
             wording->signatory, wording->erasure, END, session);
    assert_string_equal(text, expected);
    free(text);
}

static const wording_t whole = {"Fonction B", "Le texte de l’avis. ", "Signataire 1, Fonction 1",
                                ""};

static void minutes_say_what_the_law_asks_for(void **state)
{
    (void)state;
    char sha256[FILE_HASH_SIZE];
    hold();
    assert_minutes(&whole, sha256);
}

/* Whether the meeting's history is good; the text `name` of entry `number` must be told as erased
 * (0: nothing is). */
static bool verify(int64_t number, const char *name)
{
    matter_t matter;
    json_t *proof = NULL;
    bool told = number == 0;
    bench_load(&bench, MACHINE_SESSION, session, &matter);
    assert_int_equal(verify_matter(bench.db, &matter, &proof), PIA_OK);
    const json_t *erasures = json_object_get(proof, "erasures");
    for (size_t i = 0; i < json_array_size(erasures); i++) {
        const json_t *erasure = json_array_get(erasures, i);
        told = told || (pia_json_integer(erasure, "number") == number &&
                        strcmp(pia_json_text(erasure, "name"), name) == 0 &&
                        pia_json_text(erasure, "erased_at") != NULL);
    }
    assert_true(told);
    assert_true(number != 0 || json_array_size(erasures) == 0);
    bool valid = json_is_true(json_object_get(proof, "valid"));
    json_decref(proof);
    matter_clear(&matter);
    return valid;
}

/* They are signed anew, and say what was signed first. */
static void assert_renewed(const char *sha256, const char *first)
{
    json_t *view = NULL;
    uint8_t signature[crypto_sign_BYTES];
    assert_int_equal(minutes_view(bench.db, session, &view), PIA_OK);
    const char *statement = pia_json_text(view, "statement");
    assert_string_equal(pia_json_text(view, "sha256"), sha256);
    assert_string_equal(pia_json_text(view, "first_sha256"), first);
    assert_non_null(strstr(statement, sha256));
    assert_non_null(pia_json_text(view, "erased_at"));
    assert_int_equal(sodium_hex2bin(signature, sizeof signature, pia_json_text(view, "signature"),
                                    2 * sizeof signature, NULL, NULL, NULL),
                     0);
    assert_int_equal(crypto_sign_verify_detached(signature, (const unsigned char *)statement,
                                                 strlen(statement), key.public_key),
                     0);
    json_decref(view);
}

enum { SIGNED = 11 }; /* the entry of the meeting's history by which they were signed first */

static void an_erased_name_leaves_the_minutes(void **state)
{
    (void)state;
    static const char erase[] = "{'etape': 3, 'fondement': 'demande_de_la_personne'}";
    char first[FILE_HASH_SIZE], sha256[FILE_HASH_SIZE], erasure[400];
    hold();
    assert_minutes(&whole, first);
    assert_true(verify(0, NULL));
    at("2027-02-01T10:00:00Z");
    assert_int_equal(move_committee("effacer_textes", erase), PIA_OK);
    snprintf(erasure, sizeof erasure,
             "Des textes ont été effacés le 1er février 2027 (RGPD, article 17) ; ce fichier "
             "remplace celui qui avait été signé et dont l’empreinte SHA-256 était %s. ",
             first);
    wording_t wording = whole;
    wording.second = "(nom effacé)";
    wording.erasure = erasure;
    assert_minutes(&wording, sha256);
    assert_renewed(sha256, first);
    assert_true(verify(SIGNED, "minutes"));
    /* another one, of the meeting itself: what was signed first stays what it was */
    assert_int_equal(meet("effacer_textes", "{'etape': 8, 'fondement': 'donnee_non_necessaire'}"),
                     PIA_OK);
    wording.opinion = "";
    assert_minutes(&wording, sha256);
    assert_renewed(sha256, first);
    assert_true(verify(SIGNED + 1, "minutes"));
}

static void who_established_them_may_be_erased_too(void **state)
{
    (void)state;
    char first[FILE_HASH_SIZE], sha256[FILE_HASH_SIZE], erasure[400], id[PIA_UUID_TEXT_SIZE];
    const pia_principal_t asker = bench_person(ISM, PIA_ROLE_SECRETARIAT, NULL);
    bench_authorize(&bench, &(bench_authority_t){ISM, "ism", "2020-01-01", NULL}, id);
    hold();
    assert_minutes(&whole, first);
    assert_int_equal(bench_move_kind(&bench, MACHINE_AUTHORITY, id, &asker, "effacer_textes",
                                     "{'etape': 1, 'fondement': 'demande_de_la_personne'}"),
                     PIA_OK);
    snprintf(erasure, sizeof erasure,
             "Des textes ont été effacés le 10 décembre 2026 (RGPD, article 17) ; ce fichier "
             "remplace celui qui avait été signé et dont l’empreinte SHA-256 était %s. ",
             first);
    wording_t wording = whole;
    wording.signatory = "Fonction 1";
    wording.erasure = erasure;
    assert_minutes(&wording, sha256);
    assert_renewed(sha256, first);
    assert_true(verify(SIGNED, "minutes"));
}

/* What stands in no minutes changes none. */
static void another_erasure_leaves_them_as_they_are(void **state)
{
    (void)state;
    char first[FILE_HASH_SIZE], sha256[FILE_HASH_SIZE];
    static const char fourth[] = "0190a000-0000-7000-8000-0000000000a4";
    bench_add_person(&bench, fourth, "committee", OTHER_STRUCTURE);
    hold();
    assert_minutes(&whole, first);
    assert_int_equal(appoint_member(fourth, "Fonction D", "'du': '2027-01-01'"), PIA_OK);
    assert_int_equal(
        move_committee("effacer_textes", "{'etape': 5, 'fondement': 'demande_de_la_personne'}"),
        PIA_OK);
    assert_minutes(&whole, sha256);
    assert_string_equal(sha256, first);
    assert_true(verify(0, NULL));
}

static void other_minutes_than_those_signed_are_found(void **state)
{
    (void)state;
    hold();
    bench_run("UPDATE minutes SET pdf = public_key");
    assert_false(verify(0, NULL));
}

/* The minutes, with so many votes against by members of long names. */
static char *draw_votes(size_t votes, const char *label)
{
    matter_t matter;
    uint8_t *bytes = NULL;
    size_t size = 0;
    json_t *list = json_array(), *seats = json_array();
    bench_load(&bench, MACHINE_SESSION, session, &matter);
    for (size_t i = 1; i <= votes; i++) {
        json_t *name = json_sprintf("%s %zu", label, i);
        json_array_append_new(list,
                              json_pack("{s:I, s:s}", "member", (json_int_t)i, "vote", "against"));
        json_array_append_new(seats, json_pack("{s:I, s:o, s:s, s:s}", "member", (json_int_t)i,
                                               "name", name, "capacity", "x", "mode", "absent"));
    }
    json_t *items =
        json_pack("[{s:i, s:s, s:s, s:[{s:s, s:o}]}]", "number", 1, "title", "Une question",
                  "status", "postponed", "ballots", "proposition", "favorable", "votes", list);
    json_t *sittings = json_pack("[{s:s, s:o}]", "day", "2026-12-10", "seats", seats);
    const minutes_source_t source = {
        .session = &matter, .committee = "Comité", .items = items, .sittings = sittings};
    assert_int_equal(minutes_draw(&source, &bytes, &size), PIA_OK);
    char *text = pdf_words(bytes, size);
    free(bytes);
    json_decref(items);
    json_decref(sittings);
    matter_clear(&matter);
    return text;
}

/* Whether the text begins with the expected one; where a page ends its foot stands between. */
static void assert_votes(const char *text, const char *expected)
{
    static const char foot[] = "Procès-verbal, réunion ";
    while (*expected != '\0') {
        if (strncmp(text, foot, sizeof foot - 1) == 0) {
            text = strstr(text, " – page ");
            assert_non_null(text);
            text += strlen(" – page ");
            text += strspn(text, "0123456789");
            text += *text == ' ';
        }
        if (*text != *expected)
            fail_msg("not \"%.60s\" but \"%.60s\"", expected, text);
        text++;
        expected++;
    }
}

static void minutes_name_everybody_who_voted(void **state)
{
    (void)state;
    enum { VOTES = 60 };
    static const char letters[] = "abc defghij klmnop qrs tuvw xyz";
    char label[301], expected[VOTES * 320] = "Contre : ";
    for (size_t i = 0; i < sizeof label - 1; i++)
        label[i] = letters[i * 7919 % (sizeof letters - 1)];
    label[sizeof label - 1] = '\0';
    convene_session("Membre");
    char *text = draw_votes(VOTES, label);
    for (size_t i = 1, used = strlen(expected); i <= VOTES; i++)
        used += (size_t)snprintf(expected + used, sizeof expected - used, "%s%s %zu",
                                 i > 1 ? " ; " : "", label, i);
    const char *found = strstr(text, "Contre : ");
    assert_non_null(found);
    assert_votes(found, expected);
    free(text);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, bench_teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(minutes_say_what_the_law_asks_for),
        TEST(an_erased_name_leaves_the_minutes),
        TEST(who_established_them_may_be_erased_too),
        TEST(another_erasure_leaves_them_as_they_are),
        TEST(other_minutes_than_those_signed_are_found),
        TEST(minutes_name_everybody_who_voted),
    };
    int failed = cmocka_run_group_tests(tests, NULL, NULL);
    pdf_forget_fonts();
    return failed;
}
