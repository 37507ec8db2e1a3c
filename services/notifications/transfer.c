/* transfer.c - how a webhook and an e-mail are sent with libcurl. */
#include "transfer.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "pia/clock.h"
#include "pia/memory.h"
#include "plan.h"
#include "webhook.h"

enum {
    ANSWER_MAX = 64 * 1024, /* of a receiver's answer, which is not looked at */
    HEADER_SIZE = 256,
    ADDRESS_SIZE = 300,
};

struct transfer {
    const sender_options_t *options;
    outgoing_t *outgoing;
    CURL *easy;
    struct curl_slist *headers, *recipients;
    char *text; /* e-mail: with CRLF line ends */
    size_t text_size, text_sent;
    size_t received;
    bool private; /* the address was refused */
};

CURL *transfer_easy(const transfer_t *transfer)
{
    return transfer->easy;
}

// NOLINTNEXTLINE(readability-non-const-parameter): the type is libcurl's
static size_t ignore_answer(char *bytes, size_t size, size_t count, void *arg)
{
    (void)bytes;
    transfer_t *self = arg;
    self->received += size * count;
    return self->received > ANSWER_MAX ? 0 : size * count;
}

/* Called with the address that was resolved, so that a name cannot lead us inside. */
static curl_socket_t open_socket(void *arg, curlsocktype purpose, struct curl_sockaddr *address)
{
    transfer_t *self = arg;
    (void)purpose;
    if (!self->options->allow_private && !webhook_is_public(&address->addr)) {
        self->private = true;
        return CURL_SOCKET_BAD;
    }
    return socket(address->family, address->socktype | SOCK_CLOEXEC, address->protocol);
}

static void add_header(transfer_t *self, const char *name, const char *value)
{
    char header[HEADER_SIZE];
    (void)snprintf(header, sizeof header, "%s: %s", name, value);
    self->headers = curl_slist_append(self->headers, header);
}

static void prepare_webhook(transfer_t *self)
{
    const outgoing_t *outgoing = self->outgoing;
    char when[32], signature[WEBHOOK_SIGNATURE_SIZE];
    webhook_message_t message = {.id = outgoing->delivery,
                                 .timestamp = pia_clock_wall() / 1000,
                                 .body = outgoing->content,
                                 .size = outgoing->size};
    webhook_sign(outgoing->secret, sizeof outgoing->secret, &message, signature);
    (void)snprintf(when, sizeof when, "%" PRId64, message.timestamp);
    add_header(self, "Content-Type", "application/cloudevents+json");
    add_header(self, "webhook-id", outgoing->delivery);
    add_header(self, "webhook-timestamp", when);
    add_header(self, "webhook-signature", signature);
    add_header(self, "Expect", "");
    curl_easy_setopt(self->easy, CURLOPT_URL, outgoing->address);
    curl_easy_setopt(self->easy, CURLOPT_PROTOCOLS_STR, "http,https");
    curl_easy_setopt(self->easy, CURLOPT_POSTFIELDS, outgoing->content);
    curl_easy_setopt(self->easy, CURLOPT_POSTFIELDSIZE_LARGE, (curl_off_t)outgoing->size);
    curl_easy_setopt(self->easy, CURLOPT_HTTPHEADER, self->headers);
    curl_easy_setopt(self->easy, CURLOPT_USERAGENT, "pia-notifications/" PIA_VERSION);
    curl_easy_setopt(self->easy, CURLOPT_OPENSOCKETFUNCTION, open_socket);
    curl_easy_setopt(self->easy, CURLOPT_OPENSOCKETDATA, self);
}

static size_t read_text(char *bytes, size_t size, size_t count, void *arg)
{
    transfer_t *self = arg;
    size_t left = self->text_size - self->text_sent;
    size_t part = size * count < left ? size * count : left;
    memcpy(bytes, self->text + self->text_sent, part);
    self->text_sent += part;
    return part;
}

/* SMTP wants CRLF; lines end with LF in the composed message. */
static void convert_lines(transfer_t *self)
{
    const outgoing_t *outgoing = self->outgoing;
    self->text = pia_alloc(2 * outgoing->size + 1);
    for (size_t i = 0; i < outgoing->size; i++) {
        if (outgoing->content[i] == '\n') {
            self->text[self->text_size++] = '\r';
        }
        self->text[self->text_size++] = outgoing->content[i];
    }
}

static void prepare_mail(transfer_t *self)
{
    const sender_options_t *options = self->options;
    char address[ADDRESS_SIZE];
    convert_lines(self);
    (void)snprintf(address, sizeof address, "<%s>", self->outgoing->address);
    self->recipients = curl_slist_append(NULL, address);
    (void)snprintf(address, sizeof address, "<%s>", options->from);
    curl_easy_setopt(self->easy, CURLOPT_URL, options->smtp_url);
    curl_easy_setopt(self->easy, CURLOPT_PROTOCOLS_STR, "smtp,smtps");
    curl_easy_setopt(self->easy, CURLOPT_MAIL_FROM, address);
    curl_easy_setopt(self->easy, CURLOPT_MAIL_RCPT, self->recipients);
    curl_easy_setopt(self->easy, CURLOPT_UPLOAD, 1L);
    curl_easy_setopt(self->easy, CURLOPT_READFUNCTION, read_text);
    curl_easy_setopt(self->easy, CURLOPT_READDATA, self);
    curl_easy_setopt(self->easy, CURLOPT_INFILESIZE_LARGE, (curl_off_t)self->text_size);
    if (options->smtp_user[0]) {
        curl_easy_setopt(self->easy, CURLOPT_USE_SSL, (long)CURLUSESSL_ALL);
        curl_easy_setopt(self->easy, CURLOPT_USERNAME, options->smtp_user);
        curl_easy_setopt(self->easy, CURLOPT_PASSWORD, options->smtp_password);
    } else {
        curl_easy_setopt(self->easy, CURLOPT_USE_SSL, (long)CURLUSESSL_TRY);
    }
}

transfer_t *transfer_new(const sender_options_t *options, outgoing_t **outgoing_p)
{
    transfer_t *self = pia_alloc(sizeof *self);
    self->options = options;
    self->outgoing = *outgoing_p;
    *outgoing_p = NULL;
    self->easy = curl_easy_init();
    if (!self->easy) {
        abort(); /* out of memory: as pia_alloc */
    }
    curl_easy_setopt(self->easy, CURLOPT_PRIVATE, self);
    curl_easy_setopt(self->easy, CURLOPT_NOSIGNAL, 1L);
    /* a name that is still being looked up at the deadline is left to its thread, which ends by
     * itself: otherwise libcurl waits for it, and all other transfers with it */
    curl_easy_setopt(self->easy, CURLOPT_QUICK_EXIT, 1L);
    curl_easy_setopt(self->easy, CURLOPT_PROXY, ""); /* the address check would see the proxy's */
    curl_easy_setopt(self->easy, CURLOPT_FOLLOWLOCATION, 0L);
    curl_easy_setopt(self->easy, CURLOPT_TIMEOUT_MS, (long)options->timeout_ms);
    curl_easy_setopt(self->easy, CURLOPT_CONNECTTIMEOUT_MS, (long)options->timeout_ms);
    curl_easy_setopt(self->easy, CURLOPT_WRITEFUNCTION, ignore_answer);
    curl_easy_setopt(self->easy, CURLOPT_WRITEDATA, self);
    if (self->outgoing->channel == CHANNEL_WEBHOOK) {
        prepare_webhook(self);
    } else {
        prepare_mail(self);
    }
    return self;
}

/* The receiver's word: 2xx has it, 410 wants no more, anything else may be better later. */
static void judge_webhook(const transfer_t *self, CURLcode result, long code)
{
    outgoing_t *outgoing = self->outgoing;
    bool answered = code > 0 && (result == CURLE_OK || result == CURLE_WRITE_ERROR);
    if (answered && code >= 200 && code < 300) {
        outgoing_end(outgoing, OUTGOING_SENT, "%s", "");
    } else if (answered && code == 410) {
        outgoing_end(outgoing, OUTGOING_GONE, "HTTP 410");
    } else if (answered) {
        outgoing_end(outgoing, OUTGOING_FAILED, "HTTP %ld", code);
    } else if (self->private) {
        outgoing_end(outgoing, OUTGOING_REFUSED, "The address is not a public one.");
    } else {
        outgoing_end(outgoing, OUTGOING_FAILED, "%s", curl_easy_strerror(result));
    }
}

/* 5xx is for good (RFC 5321, 4.2.1), unless it is about ourselves. */
static void judge_mail(const transfer_t *self, CURLcode result, long code)
{
    outgoing_t *outgoing = self->outgoing;
    if (result == CURLE_OK) {
        outgoing_end(outgoing, OUTGOING_SENT, "%s", "");
    } else if (code >= 500 && code < 600 && result != CURLE_LOGIN_DENIED) {
        outgoing_end(outgoing, OUTGOING_REFUSED, "SMTP %ld", code);
    } else {
        outgoing_end(outgoing, OUTGOING_FAILED, "%s", curl_easy_strerror(result));
    }
}

outgoing_t *transfer_end(transfer_t **transfer_p, CURLcode result)
{
    transfer_t *self = *transfer_p;
    *transfer_p = NULL;
    outgoing_t *outgoing = self->outgoing;
    long code = 0;
    curl_easy_getinfo(self->easy, CURLINFO_RESPONSE_CODE, &code);
    if (outgoing->channel == CHANNEL_WEBHOOK) {
        judge_webhook(self, result, code);
    } else {
        judge_mail(self, result, code);
    }
    curl_easy_cleanup(self->easy);
    curl_slist_free_all(self->headers);
    curl_slist_free_all(self->recipients);
    free(self->text);
    free(self);
    return outgoing;
}
