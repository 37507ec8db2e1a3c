/* templates.c - the list of templates, and title and text from one. */
#include "templates.h"

#include <assert.h>
#include <stdlib.h>
#include <string.h>

#include "mustache.h"
#include "pia/memory.h"

/* Name of templates/<name>.fr.mustache and .en.mustache; CMakeLists.txt embeds the same ones. */
#define TEMPLATE_MAP(X)                                                                            \
    X(dossier_created)                                                                             \
    X(dossier_candidate)                                                                           \
    X(dossier_message)                                                                             \
    X(dossier_network)                                                                             \
    X(review_assigned)                                                                             \
    X(review_filed)                                                                                \
    X(label_awarded)                                                                               \
    X(label_transitioned)                                                                          \
    X(notice_action)                                                                               \
    X(notice_decision)                                                                             \
    X(notice_reminder)                                                                             \
    X(appel_transitioned)                                                                          \
    X(review_transitioned)                                                                         \
    X(session_transitioned)                                                                        \
    X(remedy_transitioned)                                                                         \
    X(office_transitioned)                                                                         \
    X(publication_published)                                                                       \
    X(publication_changed)                                                                         \
    X(publication_cancelled)

#define X(name) extern const char template_##name##_fr[], template_##name##_en[];
TEMPLATE_MAP(X)
#undef X

typedef struct {
    const char *name;
    const char *texts[LANGUAGE_COUNT];
} template_t;

static const template_t templates[] = {
#define X(name) {#name, {template_##name##_fr, template_##name##_en}},
    TEMPLATE_MAP(X)
#undef X
};

static const template_t *find(const char *name)
{
    for (size_t i = 0; i < sizeof templates / sizeof templates[0]; i++) {
        if (strcmp(templates[i].name, name) == 0) {
            return &templates[i];
        }
    }
    return NULL;
}

bool template_exists(const char *name)
{
    return find(name) != NULL;
}

/* Cuts at a character's beginning. */
static void cut(char *text, size_t max)
{
    if (strlen(text) > max) {
        while (max > 0 && ((unsigned char)text[max] & 0xC0) == 0x80) {
            max--;
        }
        text[max] = '\0';
    }
}

pia_status_t template_render(const char *name,
                             language_t language,
                             const json_t *view,
                             message_text_t *ret_text,
                             pia_problem_t *problem)
{
    const template_t *found = find(name);
    assert(found);
    char *whole = NULL;
    pia_status_t status =
        mustache_render(found->texts[language], view, MUSTACHE_PLAIN, &whole, problem);
    if (status != PIA_OK) {
        return status;
    }
    size_t title = strcspn(whole, "\n");
    size_t body = title + strspn(whole + title, "\n");
    if (title > 0) {
        ret_text->title = pia_strndup(whole, title);
        cut(ret_text->title, TITLE_MAX);
        ret_text->body = pia_strdup(whole + body);
    } else {
        status = pia_problem_set(problem, PIA_INVALID, "", "Template %s has no title.", name);
    }
    free(whole);
    return status;
}

void message_text_clear(message_text_t *text)
{
    free(text->title);
    free(text->body);
    *text = (message_text_t){0};
}
