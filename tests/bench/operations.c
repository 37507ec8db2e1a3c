/* operations.c - what is measured, the same for every system. */
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>

#include "bench.h"

enum { CHUNK = 1000 }; /* events made at once */

/* One connection that publishes, its thread, and what it measured. */
typedef struct {
    const system_t *system;
    const options_t *options;
    pthread_barrier_t *start;
    followers_t *followers; /* NULL: nobody listens */
    unsigned index;
    uint64_t count; /* events to send at most */
    generator_t generator;
    void *connection;
    uint64_t sent, acknowledged;
    int64_t began_ns, deadline_ns, end_ns;
    samples_t latency; /* of acknowledgements, with one in flight */
} publisher_t;

/* CPU time of this process in seconds. */
static double cpu_seconds(void)
{
    struct rusage usage;
    (void)getrusage(RUSAGE_SELF, &usage);
    return (double)(usage.ru_utime.tv_sec + usage.ru_stime.tv_sec) +
           (double)(usage.ru_utime.tv_usec + usage.ru_stime.tv_usec) / 1e6;
}

/* How many events may be sent now: window, count, deadline, and how far the followers are. */
static size_t room(const publisher_t *publisher)
{
    uint64_t window = publisher->options->window - (publisher->sent - publisher->acknowledged);
    uint64_t left = publisher->count - publisher->sent;
    if (clock_ns() >= publisher->deadline_ns)
        return 0;
    if (publisher->followers) {
        uint64_t ahead = publisher->sent - followers_slowest(publisher->followers);
        uint64_t lead = publisher->options->lead;
        uint64_t allowed = ahead < lead ? lead - ahead : 0;
        left = left < allowed ? left : allowed;
    }
    uint64_t events = left < window ? left : window;
    return events < CHUNK ? (size_t)events : CHUNK;
}

static bool finished(const publisher_t *publisher)
{
    return publisher->sent == publisher->count || clock_ns() >= publisher->deadline_ns;
}

static void send_some(publisher_t *publisher, size_t count)
{
    static _Thread_local char bytes[CHUNK * EVENT_SIZE];
    int64_t now = clock_ns();
    for (size_t i = 0; i < count; i++)
        event_write(&publisher->generator, bytes + i * EVENT_SIZE, publisher->sent + i, now);
    publisher->system->publisher_send(publisher->connection, bytes, count);
    publisher->sent += count;
}

/* With a full window waits for acknowledgements; with followers too slow, for these. */
static void collect(publisher_t *publisher, bool full)
{
    uint64_t waiting = publisher->sent - publisher->acknowledged;
    if (waiting == 0 && full) {
        wait_until(clock_ns() + 20000);
        return;
    }
    publisher->acknowledged +=
        publisher->system->publisher_acknowledged(publisher->connection, full);
}

static void publish_window(publisher_t *publisher)
{
    while (!finished(publisher)) {
        size_t count = room(publisher);
        if (count > 0)
            send_some(publisher, count);
        collect(publisher, count == 0);
    }
    publisher->acknowledged += publisher->system->publisher_drain(publisher->connection);
}

static void publish_one_by_one(publisher_t *publisher)
{
    while (!finished(publisher)) {
        int64_t began = clock_ns();
        send_some(publisher, 1);
        uint64_t acknowledged = 0;
        while (acknowledged == 0)
            acknowledged = publisher->system->publisher_acknowledged(publisher->connection, true);
        samples_add(&publisher->latency, clock_ns() - began);
        publisher->acknowledged += acknowledged;
    }
}

static void *publisher_main(void *arg)
{
    publisher_t *publisher = arg;
    generator_init(&publisher->generator, publisher->index);
    publisher->connection = publisher->system->publisher_new(publisher->options, publisher->index);
    (void)pthread_barrier_wait(publisher->start); /* all connected */
    publisher->began_ns = clock_ns();
    publisher->deadline_ns = publisher->began_ns + (int64_t)(publisher->options->seconds * 1e9);
    if (publisher->options->window == 1 && !publisher->followers)
        publish_one_by_one(publisher);
    else
        publish_window(publisher);
    publisher->end_ns = clock_ns();
    if (publisher->acknowledged != publisher->sent)
        die("%llu events sent, %llu acknowledged", (unsigned long long)publisher->sent,
            (unsigned long long)publisher->acknowledged);
    publisher->system->publisher_destroy(publisher->connection);
    return NULL;
}

static void start_thread(pthread_t *thread, void *(*run)(void *), void *arg)
{
    if (pthread_create(thread, NULL, run, arg) != 0)
        die("no thread");
}

void operation_publish(const system_t *system, const options_t *options)
{
    static publisher_t publishers[PUBLISHERS_MAX];
    pthread_t threads[PUBLISHERS_MAX];
    pthread_barrier_t start;
    if (system->prepare)
        system->prepare(options);
    (void)pthread_barrier_init(&start, NULL, options->publishers + 1);
    for (unsigned i = 0; i < options->publishers; i++) {
        publishers[i] = (publisher_t){.system = system,
                                      .options = options,
                                      .start = &start,
                                      .index = i,
                                      .count = options->count / options->publishers};
        start_thread(&threads[i], publisher_main, &publishers[i]);
    }
    (void)pthread_barrier_wait(&start);
    int64_t began = INT64_MAX, end = 0; /* of the first and of the last */
    double cpu = cpu_seconds();
    samples_t latency = {0};
    uint64_t events = 0;
    for (unsigned i = 0; i < options->publishers; i++) {
        (void)pthread_join(threads[i], NULL);
        samples_append(&latency, &publishers[i].latency);
        events += publishers[i].acknowledged;
        began = publishers[i].began_ns < began ? publishers[i].began_ns : began;
        end = publishers[i].end_ns > end ? publishers[i].end_ns : end;
    }
    double seconds = (double)(end - began) / 1e9;
    (void)printf("{\"events\":%llu,\"seconds\":%.6f,\"rate\":%.1f,\"p50_us\":%.1f,\"p99_us\":%.1f,"
                 "\"client_cpu_s\":%.3f}\n",
                 (unsigned long long)events, seconds, (double)events / seconds,
                 samples_us(&latency, 0.5), samples_us(&latency, 0.99), cpu_seconds() - cpu);
    samples_clear(&latency);
    (void)pthread_barrier_destroy(&start);
}

typedef struct {
    const system_t *system;
    followers_t *followers;
} follow_t;

static void *follow_main(void *arg)
{
    const follow_t *follow = arg;
    follow->system->follow(follow->followers);
    return NULL;
}

/* The followers' thread; returns when they are ready. */
static void start_following(follow_t *follow, pthread_t *thread)
{
    start_thread(thread, follow_main, follow);
    int64_t until = clock_ns() + PATIENCE_NS;
    while (!atomic_load(&follow->followers->ready)) {
        if (clock_ns() > until)
            die("the followers are not ready");
        wait_until(clock_ns() + 1000000);
    }
}

static void followers_init(followers_t *followers, const options_t *options, bool timed)
{
    followers->options = options;
    followers->count = options->followers;
    followers->timed = timed;
    atomic_store(&followers->target, UINT64_MAX);
    followers->last_ns = clock_ns();
}

void operation_fanout(const system_t *system, const options_t *options)
{
    static followers_t followers;
    pthread_t thread;
    pthread_barrier_t start;
    if (system->prepare)
        system->prepare(options);
    followers_init(&followers, options, false);
    follow_t follow = {.system = system, .followers = &followers};
    start_following(&follow, &thread);
    (void)pthread_barrier_init(&start, NULL, 1);
    publisher_t publisher = {.system = system,
                             .options = options,
                             .start = &start,
                             .followers = &followers,
                             .count = options->count};
    double cpu = cpu_seconds();
    (void)publisher_main(&publisher);
    atomic_store(&followers.target, publisher.sent);
    (void)pthread_join(thread, NULL);
    double seconds = (double)(followers.last_ns - publisher.began_ns) / 1e9;
    double deliveries = (double)publisher.sent * options->followers;
    (void)printf("{\"events\":%llu,\"deliveries\":%.0f,\"seconds\":%.6f,\"rate\":%.1f,"
                 "\"client_cpu_s\":%.3f}\n",
                 (unsigned long long)publisher.sent, deliveries, seconds, deliveries / seconds,
                 cpu_seconds() - cpu);
    (void)pthread_barrier_destroy(&start);
}

/* Each event at its time, whatever became of the others: a late one counts from when it was due. */
static uint64_t publish_paced(const system_t *system, const options_t *options)
{
    generator_t generator;
    generator_init(&generator, 0);
    void *connection = system->publisher_new(options, 0);
    uint64_t sent = 0, acknowledged = 0;
    int64_t began = clock_ns() + 1000000;
    uint64_t count = (uint64_t)(options->seconds * options->rate);
    for (; sent < count && sent < options->count; sent++) {
        char bytes[EVENT_SIZE];
        int64_t due = began + (int64_t)((double)sent * 1e9 / options->rate);
        wait_until(due);
        event_write(&generator, bytes, sent, due);
        system->publisher_send(connection, bytes, 1);
        acknowledged += system->publisher_acknowledged(connection, false);
    }
    acknowledged += system->publisher_drain(connection);
    if (acknowledged != sent)
        die("events were not acknowledged");
    system->publisher_destroy(connection);
    return sent;
}

void operation_latency(const system_t *system, const options_t *options)
{
    static followers_t followers;
    pthread_t thread;
    if (system->prepare)
        system->prepare(options);
    followers_init(&followers, options, true);
    follow_t follow = {.system = system, .followers = &followers};
    start_following(&follow, &thread);
    double cpu = cpu_seconds();
    uint64_t sent = publish_paced(system, options);
    atomic_store(&followers.target, sent);
    (void)pthread_join(thread, NULL);
    (void)printf("{\"events\":%llu,\"p50_us\":%.1f,\"p90_us\":%.1f,\"p99_us\":%.1f,"
                 "\"max_us\":%.1f,\"client_cpu_s\":%.3f}\n",
                 (unsigned long long)sent, samples_us(&followers.latency, 0.5),
                 samples_us(&followers.latency, 0.9), samples_us(&followers.latency, 0.99),
                 samples_us(&followers.latency, 1), cpu_seconds() - cpu);
    samples_clear(&followers.latency);
}

/* What one publisher has published before, from number 0. */
void operation_replay(const system_t *system, const options_t *options)
{
    static followers_t followers;
    followers_init(&followers, options, false);
    atomic_store(&followers.target, options->count);
    double cpu = cpu_seconds();
    int64_t began = clock_ns();
    system->follow(&followers);
    double seconds = (double)(followers.last_ns - began) / 1e9;
    (void)printf("{\"events\":%llu,\"seconds\":%.6f,\"rate\":%.1f,\"client_cpu_s\":%.3f}\n",
                 (unsigned long long)options->count, seconds, (double)options->count / seconds,
                 cpu_seconds() - cpu);
}

void operation_match(const system_t *system, const options_t *options)
{
    system->match(options);
}
