/* test_templates.c - the messages as people read them, from events as the services announce them.
 */
#include "pia_test.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "templates.h"
#include "view.h"

extern const char notifications_plan_default[];

#define NBSP "\xc2\xa0"
#define NNBSP "\xe2\x80\xaf"
#define SITE "https://pia.example.org"

static plan_t *plan;

static int load(void **state)
{
    (void)state;
    const char *text = notifications_plan_default;
    return plan_load(text, strlen(text), &plan, NULL) == PIA_OK ? 0 : -1;
}

static int unload(void **state)
{
    (void)state;
    plan_destroy(&plan);
    return 0;
}

static message_text_t render_in(
    language_t language, const char *name, const char *data, const char *link, uint32_t channel)
{
    json_t *event = json_pack("{s:s, s:o}", "type", "x.y", "data",
                              json_loads(data, JSON_REJECT_DUPLICATES, NULL));
    showing_t showing = {.link = link, .site = SITE, .channel = channel, .language = language};
    json_t *view = view_of(plan, event, &showing);
    if (channel == CHANNEL_EMAIL) {
        json_object_set_new(view, "unsubscribe", json_string(SITE "/desabonnement"));
    }
    message_text_t text = {0};
    pia_problem_t problem = {0};
    if (template_render(name, language, view, &text, &problem) != PIA_OK) {
        fail_msg("%s: %s", name, problem.detail);
    }
    json_decref(view);
    json_decref(event);
    return text;
}

static message_text_t render(const char *name, const char *data, const char *link, uint32_t channel)
{
    return render_in(LANGUAGE_FR, name, data, link, channel);
}

static void expect_in(const char *text, const char *part)
{
    if (!strstr(text, part)) {
        fail_msg("'%s' is not in '%s'", part, text);
    }
}

static void a_publication_is_told_with_all_it_says(void **state)
{
    (void)state;
    message_text_t text =
        render("publication_published",
               "{\"kind\": \"formation\", \"title\": \"Hygiène\", \"summary\": \"Deux jours.\","
               " \"themes\": [\"sante\", \"arts\"], \"starts_at\": \"2027-01-01T08:00:00Z\","
               " \"place\": \"Limoges\", \"capacity\": 12, \"url\": \"https://example.org/\"}",
               "/publications/1", CHANNEL_EMAIL);
    assert_string_equal(text.title, "Formation" NBSP ": «" NBSP "Hygiène" NBSP "»");
    expect_in(text.body, "Quand" NBSP ": 1er" NBSP "janvier" NBSP "2027 à 9" NBSP "h" NBSP "00\n");
    expect_in(text.body, "Où" NBSP ": Limoges\n");
    expect_in(text.body, "Places" NBSP ": 12\n");
    expect_in(text.body, "Thèmes" NBSP ": santé, métiers d’art\n");
    expect_in(text.body, "\nDeux jours.\n");
    expect_in(text.body, "https://example.org/\n");
    expect_in(text.body, SITE "/#publications\n");
    expect_in(text.body, "Un pôle du réseau publie");
    expect_in(text.body, "Ne plus recevoir ces messages" NBSP ": " SITE "/desabonnement\n");
    message_text_clear(&text);
}

static void english_readers_get_english(void **state)
{
    (void)state;
    message_text_t text =
        render_in(LANGUAGE_EN, "publication_published",
                  "{\"kind\": \"journee-technique\", \"title\": \"Hygiène\","
                  " \"themes\": [\"sante\"], \"starts_at\": \"2027-01-01T08:00:00Z\"}",
                  "/publications/1", CHANNEL_EMAIL);
    assert_string_equal(text.title, "Technical day: “Hygiène”");
    expect_in(text.body, "When: 1" NBSP "January" NBSP "2027 at 9:00\n");
    expect_in(text.body, "Themes: health\n");
    expect_in(text.body, "Receive no more of these messages: " SITE);
    message_text_clear(&text);
}

static void what_is_not_there_leaves_no_trace(void **state)
{
    (void)state;
    message_text_t text =
        render("publication_published", "{\"title\": \"Hygiène\"}", NULL, CHANNEL_INBOX);
    assert_string_equal(text.title, "«" NBSP "Hygiène" NBSP "»");
    assert_null(strstr(text.body, "Quand"));
    assert_null(strstr(text.body, "recevoir"));
    assert_null(strstr(text.body, "\n\n\n"));
    message_text_clear(&text);
}

static void a_label_says_from_and_until_when(void **state)
{
    (void)state;
    message_text_t text =
        render("label_awarded",
               "{\"pole\": {\"name\": \"Pôle bois\"}, \"from\": \"2026-11-26\", \"until\":"
               " \"2029-11-26\", \"demonstration\": true}",
               "/labels/1", CHANNEL_EMAIL);
    assert_string_equal(text.title, "Le label est accordé à Pôle bois");
    expect_in(text.body, "le 26" NBSP "novembre" NBSP "2026" NNBSP
                         "; le premier jour sans label est le 26" NBSP);
    expect_in(text.body, "fictifs");
    message_text_clear(&text);
}

static void the_data_cannot_set_what_is_ours(void **state)
{
    (void)state;
    json_t *event =
        json_pack("{s:s, s:{s:s, s:s, s:s, s:b}}", "type", "x.y", "data", "link", "/evil", "site",
                  "http://evil", "unsubscribe", "http://evil", "email", 1);
    showing_t showing = {.site = SITE, .channel = CHANNEL_INBOX};
    json_t *view = view_of(plan, event, &showing);
    assert_null(json_object_get(view, "link"));
    assert_string_equal(json_string_value(json_object_get(view, "site")), SITE);
    assert_null(json_object_get(view, "unsubscribe"));
    assert_true(json_is_false(json_object_get(view, "email")));
    json_decref(view);
    json_decref(event);
}

static void a_title_is_one_line_of_bounded_length(void **state)
{
    (void)state;
    char data[2048];
    (void)snprintf(data, sizeof data, "{\"title\": \"%01000d\\nBcc: x\"}", 0);
    message_text_t text = render("publication_changed", data, NULL, CHANNEL_EMAIL);
    assert_true(strlen(text.title) <= TITLE_MAX);
    assert_null(strchr(text.title, '\n'));
    message_text_clear(&text);
}

static void
expect_complete(language_t language, const char *name, const char *data, const char *greeting)
{
    message_text_t text = render_in(language, name, data, "/x", CHANNEL_EMAIL);
    assert_null(strstr(text.body, "{{"));
    expect_in(text.body, greeting);
    message_text_clear(&text);
    text = render_in(language, name, "{}", NULL, CHANNEL_INBOX);
    assert_null(strstr(text.body, "{{"));
    message_text_clear(&text);
}

/* Every template with everything there is: no section is left open, no tag is wrong. */
static void every_template_renders_with_everything(void **state)
{
    (void)state;
    static const char *const names[] = {
        "dossier_created",       "dossier_candidate",     "dossier_network",
        "review_assigned",       "review_filed",          "label_awarded",
        "label_transitioned",    "publication_published", "publication_changed",
        "publication_cancelled", "appel_transitioned",    "notice_action",
        "notice_decision",       "notice_reminder",       "review_transitioned",
        "session_transitioned",  "remedy_transitioned",   "office_transitioned",
    };
    static const char data[] =
        "{\"title\": \"T\", \"pole\": {\"name\": \"P\"}, "
        "\"transition_label\": \"TL\", \"to_label\": \"L\","
        " \"to\": \"x\", \"effective_at\": \"2026-11-26T06:30:55Z\", "
        "\"from\": \"2026-11-26\", \"until\":"
        " \"2029-11-26\", \"kind\": \"guide\", \"starts_at\": "
        "\"2026-11-26T06:30:55Z\", \"place\": \"x\","
        " \"capacity\": 1, \"themes\": [\"arts\"], \"summary\": \"s\", "
        "\"url\": \"u\", \"reason\": \"r\", \"day\": \"2026-12-10\", \"second\": true,"
        " \"demonstration\": true}";
    for (size_t i = 0; i < sizeof names / sizeof names[0]; i++) {
        assert_true(template_exists(names[i]));
        expect_complete(LANGUAGE_FR, names[i], data, "Bonjour,\n");
        expect_complete(LANGUAGE_EN, names[i], data, "Hello,\n");
    }
    assert_false(template_exists("none"));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_publication_is_told_with_all_it_says),
        cmocka_unit_test(english_readers_get_english),
        cmocka_unit_test(what_is_not_there_leaves_no_trace),
        cmocka_unit_test(a_label_says_from_and_until_when),
        cmocka_unit_test(the_data_cannot_set_what_is_ours),
        cmocka_unit_test(a_title_is_one_line_of_bounded_length),
        cmocka_unit_test(every_template_renders_with_everything),
    };
    return cmocka_run_group_tests(tests, load, unload);
}
