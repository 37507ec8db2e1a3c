/* mqtt.c - mosquitto through libmosquitto: QoS 1 to publish with an acknowledgement (which says
 * that the broker has it in memory), QoS 0 to followers. */
#include <mosquitto.h>
#include <poll.h>
#include <stdlib.h>
#include <string.h>

#include "bench.h"

typedef struct {
    struct mosquitto *client;
    int qos;
    uint64_t waiting, fresh; /* events without an acknowledgement; acknowledged and not told */
} publisher_t;

static void check(int result, const char *what)
{
    if (result != MOSQ_ERR_SUCCESS)
        die("mosquitto, %s: %s", what, mosquitto_strerror(result));
}

static struct mosquitto *connect_mqtt(const options_t *options, void *arg)
{
    struct mosquitto *client = mosquitto_new(NULL, true, arg);
    if (!client)
        die("out of memory");
    (void)mosquitto_int_option(client, MOSQ_OPT_SEND_MAXIMUM, 65535);
    check(mosquitto_connect(client, options->endpoint, 0, 60), "connect");
    return client;
}

static void on_publish(struct mosquitto *client, void *arg, int id)
{
    (void)client, (void)id;
    publisher_t *publisher = arg;
    publisher->waiting--;
    publisher->fresh++;
}

static void *publisher_new(const options_t *options, unsigned index)
{
    (void)index;
    publisher_t *publisher = calloc(1, sizeof *publisher);
    if (!publisher)
        die("out of memory");
    publisher->qos = strcmp(options->subscriber, "stream") == 0 ? 1 : 0;
    publisher->client = connect_mqtt(options, publisher);
    mosquitto_publish_callback_set(publisher->client, on_publish);
    return publisher;
}

static void publisher_send(void *arg, const char *bytes, size_t count)
{
    publisher_t *publisher = arg;
    publisher->waiting += count;
    for (size_t i = 0; i < count; i++)
        check(mosquitto_publish(publisher->client, NULL, "events", EVENT_SIZE,
                                bytes + i * EVENT_SIZE, publisher->qos, false),
              "publish");
}

static uint64_t publisher_acknowledged(void *arg, bool block)
{
    publisher_t *publisher = arg;
    do {
        check(mosquitto_loop(publisher->client, block && !publisher->fresh ? 1000 : 0, 1), "loop");
    } while (block && publisher->fresh == 0);
    uint64_t fresh = publisher->fresh;
    publisher->fresh = 0;
    return fresh;
}

static uint64_t publisher_drain(void *arg)
{
    publisher_t *publisher = arg;
    uint64_t count = publisher->fresh;
    publisher->fresh = 0;
    while (publisher->waiting > 0)
        count += publisher_acknowledged(publisher, true);
    return count + publisher_acknowledged(publisher, false);
}

static void publisher_destroy(void *arg)
{
    publisher_t *publisher = arg;
    (void)mosquitto_disconnect(publisher->client);
    mosquitto_destroy(publisher->client);
    free(publisher);
}

typedef struct {
    followers_t *followers;
    struct mosquitto *client;
    unsigned index;
    bool subscribed;
} follower_t;

static void on_event(struct mosquitto *client, void *arg, const struct mosquitto_message *message)
{
    (void)client;
    const follower_t *follower = arg;
    followers_event(follower->followers, follower->index, message->payload,
                    (size_t)message->payloadlen);
}

static void
on_subscribed(struct mosquitto *client, void *arg, int id, int count, const int *granted)
{
    (void)client, (void)id, (void)count, (void)granted;
    follower_t *follower = arg;
    follower->subscribed = true;
}

static void subscribe(follower_t *follower, const options_t *options)
{
    follower->client = connect_mqtt(options, follower);
    mosquitto_message_callback_set(follower->client, on_event);
    mosquitto_subscribe_callback_set(follower->client, on_subscribed);
    check(mosquitto_subscribe(follower->client, NULL, "events", 0), "subscribe");
    while (!follower->subscribed)
        check(mosquitto_loop(follower->client, 1000, 1), "loop");
}

static void follow(followers_t *followers)
{
    static follower_t follower[FOLLOWERS_MAX];
    struct pollfd entries[FOLLOWERS_MAX];
    for (unsigned i = 0; i < followers->count; i++) {
        follower[i] = (follower_t){.followers = followers, .index = i};
        subscribe(&follower[i], followers->options);
        entries[i] = (struct pollfd){.fd = mosquitto_socket(follower[i].client), .events = POLLIN};
    }
    atomic_store(&followers->ready, true);
    while (!followers_done(followers)) {
        if (poll(entries, followers->count, 50) <= 0)
            continue;
        for (unsigned i = 0; i < followers->count; i++)
            if (entries[i].revents)
                check(mosquitto_loop_read(follower[i].client, 1000), "read");
    }
    for (unsigned i = 0; i < followers->count; i++) {
        (void)mosquitto_disconnect(follower[i].client);
        mosquitto_destroy(follower[i].client);
    }
}

int main(int argc, char **argv)
{
    static const system_t system = {.name = "mqtt",
                                    .publisher_new = publisher_new,
                                    .publisher_send = publisher_send,
                                    .publisher_acknowledged = publisher_acknowledged,
                                    .publisher_drain = publisher_drain,
                                    .publisher_destroy = publisher_destroy,
                                    .follow = follow};
    (void)mosquitto_lib_init();
    return bench_main(&system, argc, argv);
}
