/* bench.c - the command line of the client programs, and their tools. */
#include "bench.h"

#include <errno.h>
#include <getopt.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/random.h>
#include <time.h>

/* What an event looks like; the zeros are filled in. Its type is nobody's but the benchmark's. */
static const char TEMPLATE[] =
    "{\"specversion\":\"1.0\",\"id\":\"00000000000000000000000000000000\","
    "\"source\":\"/poles/cnidep\",\"type\":\"bench.measured\",\"kind\":\"guide\","
    "\"themes\":\"habitat\",\"data\":{\"padding\":\"....................................\","
    "\"number\":\"0000000000000000\",\"time\":\"0000000000000000\"}}";
enum {
    ID_AT = sizeof "{\"specversion\":\"1.0\",\"id\":\"" - 1,
    TIME_AT = EVENT_SIZE - 3 - 16,
    NUMBER_AT = TIME_AT - 10 - 16,
};
_Static_assert(sizeof TEMPLATE - 1 == EVENT_SIZE, "the event has another size");

void die(const char *format, ...)
{
    char why[1024];
    va_list arguments;
    va_start(arguments, format);
    (void)vsnprintf(why, sizeof why, format, arguments);
    va_end(arguments);
    (void)fprintf(stderr, "bench: %s\n", why);
    exit(EXIT_FAILURE);
}

int64_t clock_ns(void)
{
    struct timespec now;
    (void)clock_gettime(CLOCK_MONOTONIC, &now);
    return (int64_t)now.tv_sec * 1000000000 + now.tv_nsec;
}

void wait_until(int64_t time_ns)
{
    struct timespec until = {.tv_sec = time_ns / 1000000000, .tv_nsec = time_ns % 1000000000};
    while (clock_nanosleep(CLOCK_MONOTONIC, TIMER_ABSTIME, &until, NULL) == EINTR)
        continue;
}

void generator_init(generator_t *generator, unsigned index)
{
    if (getrandom(generator->random, sizeof generator->random, 0) != sizeof generator->random)
        die("no random numbers: %s", strerror(errno));
    generator->random[0] ^= index;
}

/* splitmix64: ids need be different, not secret. */
static uint64_t next_random(uint64_t *state)
{
    uint64_t z = (*state += 0x9e3779b97f4a7c15);
    z = (z ^ (z >> 30)) * 0xbf58476d1ce4e5b9;
    z = (z ^ (z >> 27)) * 0x94d049bb133111eb;
    return z ^ (z >> 31);
}

static void write_hex(char *text, uint64_t value)
{
    for (int i = 15; i >= 0; i--, value >>= 4)
        text[i] = "0123456789abcdef"[value & 15];
}

static bool read_hex(const char *text, uint64_t *ret_value)
{
    uint64_t value = 0;
    for (int i = 0; i < 16; i++) {
        char c = text[i];
        unsigned digit = c <= '9' ? (unsigned)(c - '0') : (unsigned)(c - 'a' + 10);
        if (digit > 15)
            return false;
        value = value << 4 | digit;
    }
    *ret_value = value;
    return true;
}

void event_write(generator_t *generator, char *bytes, uint64_t number, int64_t time_ns)
{
    memcpy(bytes, TEMPLATE, EVENT_SIZE);
    write_hex(bytes + ID_AT, next_random(&generator->random[0]));
    write_hex(bytes + ID_AT + 16, next_random(&generator->random[1]));
    write_hex(bytes + NUMBER_AT, number);
    write_hex(bytes + TIME_AT, (uint64_t)time_ns);
}

bool event_read(const char *bytes, size_t size, uint64_t *ret_number, int64_t *ret_time_ns)
{
    uint64_t time = 0;
    if (size != EVENT_SIZE || !read_hex(bytes + NUMBER_AT, ret_number) ||
        !read_hex(bytes + TIME_AT, &time))
        return false;
    *ret_time_ns = (int64_t)time;
    return true;
}

void samples_add(samples_t *samples, int64_t value)
{
    if (samples->count == samples->room) {
        samples->room = samples->room ? 2 * samples->room : 1024;
        samples->value = realloc(samples->value, samples->room * sizeof *samples->value);
        if (!samples->value)
            die("out of memory");
    }
    samples->value[samples->count++] = value;
}

void samples_append(samples_t *samples, samples_t *more)
{
    for (size_t i = 0; i < more->count; i++)
        samples_add(samples, more->value[i]);
    samples_clear(more);
}

void samples_clear(samples_t *samples)
{
    free(samples->value);
    *samples = (samples_t){0};
}

static int compare(const void *a, const void *b)
{
    const int64_t *x = a, *y = b;
    return (*x > *y) - (*x < *y);
}

double samples_us(samples_t *samples, double share)
{
    if (samples->count == 0)
        return 0;
    qsort(samples->value, samples->count, sizeof *samples->value, compare);
    return (double)samples->value[(size_t)(share * (double)(samples->count - 1))] / 1000;
}

static const struct option flags[] = {
    {"endpoint", required_argument, NULL, 'e'},
    {"broker", required_argument, NULL, 'b'},
    {"key", required_argument, NULL, 'k'},
    {"cursor", required_argument, NULL, 'u'},
    {"publishers", required_argument, NULL, 'p'},
    {"window", required_argument, NULL, 'w'},
    {"followers", required_argument, NULL, 'f'},
    {"lead", required_argument, NULL, 'l'},
    {"count", required_argument, NULL, 'c'},
    {"seconds", required_argument, NULL, 's'},
    {"rate", required_argument, NULL, 'r'},
    {"subscriber", required_argument, NULL, 'S'},
    {NULL, 0, NULL, 0},
};

static double number_of(const char *text, double min, double max)
{
    char *end = NULL;
    double value = strtod(text, &end);
    if (end == text || *end != '\0' || !(value >= min && value <= max))
        die("'%s' is not a number from %g to %g", text, min, max);
    return value;
}

static void set_text(options_t *options, int flag)
{
    switch (flag) {
    case 'e':
        options->endpoint = optarg;
        break;
    case 'b':
        options->broker = optarg;
        break;
    case 'k':
        options->key = optarg;
        break;
    case 'u':
        options->cursor = optarg;
        break;
    case 'S':
        options->subscriber = optarg;
        break;
    default:
        die("unknown option (the source lists them)");
    }
}

static void set(options_t *options, int flag)
{
    switch (flag) {
    case 'p':
        options->publishers = (unsigned)number_of(optarg, 1, PUBLISHERS_MAX);
        break;
    case 'w':
        options->window = (unsigned)number_of(optarg, 1, 1 << 20);
        break;
    case 'f':
        options->followers = (unsigned)number_of(optarg, 1, FOLLOWERS_MAX);
        break;
    case 'l':
        options->lead = (unsigned)number_of(optarg, 1, 1 << 24);
        break;
    case 'c':
        options->count = (uint64_t)number_of(optarg, 1, 1e12);
        break;
    case 's':
        options->seconds = number_of(optarg, 0.001, 3600);
        break;
    case 'r':
        options->rate = number_of(optarg, 1, 1e7);
        break;
    default:
        set_text(options, flag);
    }
}

static const struct {
    const char *name;
    void (*run)(const system_t *system, const options_t *options);
} operations[] = {
    {"publish", operation_publish}, {"fanout", operation_fanout}, {"latency", operation_latency},
    {"replay", operation_replay},   {"match", operation_match},
};

int bench_main(const system_t *system, int argc, char **argv)
{
    options_t options = {.cursor = "",
                         .subscriber = "core",
                         .publishers = 1,
                         .window = 1024,
                         .followers = 1,
                         .lead = 16384,
                         .count = UINT64_MAX,
                         .seconds = 2,
                         .rate = 5000};
    int flag;
    while ((flag = getopt_long(argc, argv, "", flags, NULL)) != -1)
        set(&options, flag);
    if (optind != argc - 1 || !options.endpoint)
        die("usage: bench-%s publish|fanout|latency|replay|match --endpoint WHERE [--option "
            "VALUE…]",
            system->name);
    (void)prctl(PR_SET_TIMERSLACK,
                1UL); /* ns; the kernel's default of 50 us is felt in latencies */
    for (size_t i = 0; i < sizeof operations / sizeof *operations; i++) {
        if (strcmp(operations[i].name, argv[optind]) != 0)
            continue;
        if ((operations[i].run == operation_match) != (system->match != NULL))
            break;
        operations[i].run(system, &options);
        return EXIT_SUCCESS;
    }
    die("bench-%s does not know '%s'", system->name, argv[optind]);
}
