/* fuzz_template.c - any template over any view: bounded, and no raw markup where it is escaped. */
#include "fuzz.h"

#include "mustache.h"
#include "pia/json.h"
#include "plan.h"

static void render(const char *text, const json_t *view, mustache_escape_t escape)
{
    char *rendered = NULL;
    pia_problem_t problem = {.detail = ""};
    if (mustache_render(text, view, escape, &rendered, &problem) == PIA_OK) {
        FUZZ_CHECK(strlen(rendered) <= MUSTACHE_OUTPUT_MAX);
        free(rendered);
    } else {
        FUZZ_CHECK(rendered == NULL && problem.detail[0] != '\0');
    }
}

/* Values in place of a variable never bring markup of their own. */
static void check_escape(const json_t *view)
{
    char *rendered = NULL;
    if (mustache_render("{{x}}", view, MUSTACHE_HTML, &rendered, NULL) == PIA_OK) {
        FUZZ_CHECK(strpbrk(rendered, "<>\"") == NULL);
        free(rendered);
    }
}

/* The size of the view, the view, the template (also read as a plan). */
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    fuzz_t fuzz = {data, size};
    size_t view_size = 0;
    uint8_t *bytes = fuzz_block(&fuzz, fuzz_word(&fuzz), &view_size);
    char *text = fuzz_text(&fuzz);
    json_t *view = NULL;
    plan_t *plan = NULL;
    if (pia_json_parse(bytes, view_size, &view, NULL) == PIA_OK) {
        render(text, view, MUSTACHE_PLAIN);
        render(text, view, MUSTACHE_HTML);
        check_escape(view);
        json_decref(view);
    }
    (void)plan_load(text, strlen(text), &plan, NULL);
    plan_destroy(&plan);
    free(bytes);
    free(text);
    return 0;
}
