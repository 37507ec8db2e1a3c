/* mmi.c - questions to the broker itself. */
#include "mmi.h"

#include <assert.h>
#include <string.h>

#include "pia/json.h"
#include "services.h"

static const char PREFIX[] = "mmi.";

bool mmi_owns(const void *service, size_t size)
{
    return size >= sizeof PREFIX - 1 && memcmp(service, PREFIX, sizeof PREFIX - 1) == 0;
}

static bool has_workers(const broker_t *broker, const void *name, size_t size)
{
    const service_t *service = service_find(broker, name, size);
    return service && service->workers > 0;
}

/* Of ours: header, token, {"service": "…"}. */
static void answer_service_json(broker_t *broker,
                                const requester_t *to,
                                const pia_frames_t *message,
                                size_t last)
{
    json_t *json = NULL;
    pia_problem_t problem = {.status = PIA_OK};
    pia_json_parse(pia_frames_data(message, last), pia_frames_size(message, last), &json, &problem);
    const char *name = pia_json_text(json, "service");
    if (!name) {
        answer_problem(broker, to, PIA_INVALID, "the body is not {\"service\": \"…\"}");
    } else if (has_workers(broker, name, strlen(name))) {
        json_t *empty = json_object();
        answer_json(broker, to, empty);
        json_decref(empty);
    } else {
        answer_problem(broker, to, PIA_NOT_FOUND, "no worker serves it");
    }
    json_decref(json);
}

static void
answer_service(broker_t *broker, const requester_t *to, const pia_frames_t *message, size_t body)
{
    size_t last = message->count - 1;
    if (to->header) {
        answer_service_json(broker, to, message, last);
        return;
    }
    bool served =
        has_workers(broker, pia_frames_data(message, body), pia_frames_size(message, body));
    answer_text(broker, to, served ? "200" : "404");
}

static void
answer_services(broker_t *broker, const requester_t *to, const pia_frames_t *message, size_t body)
{
    (void)message;
    (void)body;
    json_t *json = broker_services_json(broker);
    answer_json(broker, to, json);
    json_decref(json);
}

static void
answer_stats(broker_t *broker, const requester_t *to, const pia_frames_t *message, size_t body)
{
    (void)message;
    (void)body;
    json_t *json = broker_stats_json(broker);
    answer_json(broker, to, json);
    json_decref(json);
}

static const struct {
    const char *name;
    void (*answer)(broker_t *, const requester_t *, const pia_frames_t *, size_t);
} QUESTIONS[] = {
    {"mmi.service", answer_service},
    {"mmi.services", answer_services},
    {"mmi.stats", answer_stats},
};

void mmi_answer(broker_t *broker, const requester_t *to, const pia_frames_t *message, size_t body)
{
    for (size_t i = 0; i < sizeof QUESTIONS / sizeof QUESTIONS[0]; i++) {
        if (strlen(QUESTIONS[i].name) == to->service_size &&
            memcmp(QUESTIONS[i].name, to->service, to->service_size) == 0) {
            QUESTIONS[i].answer(broker, to, message, body);
            return;
        }
    }
    if (to->header)
        answer_problem(broker, to, PIA_NOT_FOUND, "the broker does not answer this");
    else
        answer_text(broker, to, "501");
}

/* Adds what the workers of each service are to its entry in `entries` (by name). */
static void add_workers(const broker_t *broker, json_t *entries)
{
    for (const worker_t *worker = broker->all_workers; worker; worker = worker->next) {
        if (worker->state == WORKER_GONE)
            continue;
        json_t *entry = json_object_get(entries, worker->service->name);
        json_int_t window = pia_json_integer(entry, "window");
        json_object_set_new(entry, "window", json_integer(window + worker->window));
        if (worker->version[0])
            json_array_append_new(json_object_get(entry, "versions"), json_string(worker->version));
    }
}

static bool is_control(const service_t *service)
{
    return strchr(service->name, '#') != NULL;
}

json_t *broker_services_json(const broker_t *broker)
{
    json_t *entries = json_object();
    json_t *control = json_array();
    for (const service_t *service = broker->all_services; service; service = service->next) {
        json_object_set_new(entries, service->name,
                            json_pack("{s:s, s:I, s:i, s:I, s:I, s:[]}", "service", service->name,
                                      "workers", (json_int_t)service->workers, "window", 0,
                                      "in_flight", (json_int_t)service->in_flight, "queued",
                                      (json_int_t)service->queue.count, "versions"));
        if (is_control(service) && service->workers > 0)
            json_array_append_new(control, json_string(service->name));
    }
    add_workers(broker, entries);
    json_t *services = json_array();
    const char *name = NULL;
    json_t *entry = NULL;
    json_object_foreach(entries, name, entry)
    {
        if (!strchr(name, '#'))
            json_array_append(services, entry);
    }
    json_decref(entries);
    return json_pack("{s:o, s:o}", "services", services, "control", control);
}

json_t *broker_stats_json(const broker_t *broker)
{
    size_t queued = 0;
    for (const service_t *service = broker->all_services; service; service = service->next)
        queued += service->queue.count;
    json_t *json = json_pack(
        "{s:s, s:s, s:s, s:I, s:I, s:I, s:I, s:I}", "instance", broker->options.instance, "version",
        PIA_VERSION, "state", broker->draining ? "draining" : "active", "uptime_ms",
        (json_int_t)(broker->now_ms - broker->started_ms), "workers",
        (json_int_t)broker->workers_ready, "queued", (json_int_t)queued, "in_flight",
        (json_int_t)(broker->held - queued), "held_bytes", (json_int_t)broker->held_bytes);
    assert(json);
    stats_json(&broker->stats, json);
    return json;
}
