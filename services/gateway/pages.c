/* pages.c - serves the web page's files with entity tags. */
#include "pages.h"

#include <string.h>

#include "reply.h"

extern const char gateway_web_index_html[];
extern const char gateway_web_app_js[];
extern const char gateway_web_style_css[];
extern const char gateway_web_unsubscribe_html[];
extern const char gateway_web_unsubscribe_js[];
extern const char gateway_web_icon_svg[];
extern const char gateway_web_preact_js[];

static const struct {
    const char *path, *content_type, *text;
} files[] = {
    {"/", "text/html; charset=utf-8", gateway_web_index_html},
    {"/app.js", "text/javascript; charset=utf-8", gateway_web_app_js},
    {"/style.css", "text/css; charset=utf-8", gateway_web_style_css},
    {"/desabonnement", "text/html; charset=utf-8", gateway_web_unsubscribe_html},
    {"/unsubscribe.js", "text/javascript; charset=utf-8", gateway_web_unsubscribe_js},
    {"/icon.svg", "image/svg+xml", gateway_web_icon_svg},
    {"/favicon.ico", "image/svg+xml", gateway_web_icon_svg},
    {"/vendor/htm-preact-standalone.js", "text/javascript; charset=utf-8", gateway_web_preact_js},
};

bool pages_serve(const char *path, http_request_t **request_p)
{
    const char *method = http_request_method(*request_p);
    for (size_t i = 0; i < sizeof files / sizeof *files; i++) {
        if (strcmp(files[i].path, path) != 0)
            continue;
        if (strcmp(method, "GET") != 0 && strcmp(method, "HEAD") != 0) {
            http_reply_header(*request_p, "Allow", "GET, HEAD");
            reply_problem(request_p, 405, "this can only be read", NULL, NULL);
            return true;
        }
        char tag[REPLY_TAG_SIZE];
        size_t size = strlen(files[i].text);
        reply_tag_of_bytes(tag, files[i].text, size);
        reply_t reply = {.status = 200,
                         .content_type = files[i].content_type,
                         .tag = tag,
                         .cache_control = "public, no-cache",
                         .body = files[i].text,
                         .size = size};
        reply_send(request_p, &reply);
        return true;
    }
    return false;
}
