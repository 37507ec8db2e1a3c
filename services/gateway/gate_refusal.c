/* gate_refusal.c - says why a connection is refused, and that it ends. */
#include "gate_refusal.h"

#include <stdio.h>
#include <sys/socket.h>

static const struct {
    int status;
    const char *phrase;
} phrases[] = {
    {200, "OK"},
    {201, "Created"},
    {206, "Partial Content"},
    {202, "Accepted"},
    {204, "No Content"},
    {304, "Not Modified"},
    {400, "Bad Request"},
    {401, "Unauthorized"},
    {403, "Forbidden"},
    {404, "Not Found"},
    {405, "Method Not Allowed"},
    {406, "Not Acceptable"},
    {408, "Request Timeout"},
    {409, "Conflict"},
    {410, "Gone"},
    {412, "Precondition Failed"},
    {413, "Content Too Large"},
    {414, "URI Too Long"},
    {415, "Unsupported Media Type"},
    {417, "Expectation Failed"},
    {428, "Precondition Required"},
    {429, "Too Many Requests"},
    {431, "Request Header Fields Too Large"},
    {500, "Internal Server Error"},
    {501, "Not Implemented"},
    {503, "Service Unavailable"},
    {504, "Gateway Timeout"},
    {505, "HTTP Version Not Supported"},
};

const char *gate_phrase(int status)
{
    for (size_t i = 0; i < sizeof phrases / sizeof *phrases; i++)
        if (phrases[i].status == status)
            return phrases[i].phrase;
    return "Error";
}

void gate_refusal_send(int descriptor, int status, const char *reason, bool head)
{
    char body[256], answer[768];
    int size =
        snprintf(body, sizeof body,
                 "{\"type\":\"about:blank\",\"title\":\"%s\",\"status\":%d,\"detail\":\"%s.\"}\n",
                 gate_phrase(status), status, reason);
    int total =
        snprintf(answer, sizeof answer,
                 "HTTP/1.1 %d %s\r\nContent-Type: application/problem+json\r\n"
                 "Content-Length: %d\r\nCache-Control: no-store\r\n"
                 "X-Content-Type-Options: nosniff\r\n%sConnection: close\r\n\r\n%s",
                 status, gate_phrase(status), size,
                 status == 405 ? "Allow: GET, HEAD, POST, PUT, PATCH, DELETE, OPTIONS\r\n" : "",
                 head ? "" : body);
    if (total > 0 && (size_t)total < sizeof answer)
        (void)send(descriptor, answer, (size_t)total, MSG_NOSIGNAL | MSG_DONTWAIT);
    (void)shutdown(descriptor, SHUT_WR);
}
