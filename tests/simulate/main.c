/* main.c - many seeds in several processes; a failing one is made short and told. */
#include <signal.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "pool.h"
#include "shorten.h"

enum {
    STEPS = 10,
    CONTROL_SEEDS = 400,
    COVERED_SEEDS = 5000,
    COVERED_MIN = 96 /* % of those of the definitions */
};

/* What no walk can make, and why; the rest of the definitions is there to be made. */
static const struct {
    const char *definition, *machine, *transition, *why;
} never[] = {
    {"label-pia", "dossier", "accorder_implicitement",
     "its only cause, the timer silence_accord, is switched off: silence rejects"},
};

/* What the workers share. */
typedef struct {
    coverage_t coverage;
    atomic_bool stop;
    atomic_uint_fast64_t done, entries;
} shared_t;

/* Address sanitizer's own costs were half of a walk: no stacks of allocations, and freed memory is
 * watched for less long (measured: 26 ms a seed, 18 with these). */
const char *__asan_default_options(void);
const char *__asan_default_options(void)
{
    return "malloc_context_size=0:quarantine_size_mb=1:max_malloc_fill_size=0";
}

/* Said of the seed that is walked if an assertion ends the process. */
static struct {
    char text[64];
    size_t size;
} present;

static void note_seed(uint64_t seed)
{
    present.size =
        (size_t)snprintf(present.text, sizeof present.text,
                         "simulate: seed %llu ended the process\n", (unsigned long long)seed);
}

static void say_seed(int signal_number)
{
    (void)!write(STDERR_FILENO, present.text, present.size);
    (void)signal(signal_number, SIG_DFL);
    (void)raise(signal_number);
}

/* Walks one seed; false: it failed, and that was told if `tell`. */
static bool
walk_seed(place_t *place, const options_t *options, shared_t *shared, uint64_t seed, bool tell)
{
    static int steps[STEPS_MAX];
    size_t count = options->step_count > 0 ? options->step_count : options->length;
    for (size_t i = 0; i < count; i++)
        steps[i] = options->step_count > 0 ? options->steps[i] : (int)i;
    walk_t walk = shorten_walk(place, options, seed);
    walk.trace = options->trace;
    walk.coverage = shared ? &shared->coverage : NULL;
    note_seed(seed);
    bool good = walk_run(&walk, steps, count);
    if (shared)
        (void)atomic_fetch_add(&shared->done, 1);
    if (!good && tell)
        shorten_tell(place, options, &walk, steps, count);
    return good;
}

static place_t *new_place(const options_t *options)
{
    static place_t place;
    pool_init();
    seams_set_time(INT64_C(1767225600000)); /* 2026-01-01 */
    seams_set_random(0, 0);
    world_init(&place.world, options->files, options->file_count);
    starts_find(&place.starts, &place.world);
    return &place;
}

static void end_place(place_t *place)
{
    starts_clear(&place->starts);
    world_clear(&place->world);
}

static int work(place_t *place, const options_t *options, shared_t *shared, int index)
{
    int status = EXIT_SUCCESS;
    (void)signal(SIGABRT, say_seed);
    (void)signal(SIGSEGV, say_seed);
    world_move(&place->world);
    for (uint64_t i = (uint64_t)index; i < options->count && !atomic_load(&shared->stop);
         i += (uint64_t)options->workers)
        if (!walk_seed(place, options, shared, options->first + i, true)) {
            atomic_store(&shared->stop, true);
            status = EXIT_FAILURE;
        }
    end_place(place);
    return status;
}

/* Waits for all workers; false: one failed. */
static bool wait_all(int workers)
{
    bool good = true;
    for (int i = 0; i < workers; i++) {
        int status;
        if (wait(&status) < 0 || !WIFEXITED(status) || WEXITSTATUS(status) != EXIT_SUCCESS)
            good = false;
    }
    return good;
}

/* Transitions that can be made, and that were. */
typedef struct {
    size_t all, made;
} covered_t;

/* NULL: it can be made. */
static const char *why_never(const char *definition, const char *machine, const char *transition)
{
    for (size_t i = 0; i < sizeof never / sizeof never[0]; i++)
        if (strcmp(never[i].definition, definition) == 0 &&
            strcmp(never[i].machine, machine) == 0 && strcmp(never[i].transition, transition) == 0)
            return never[i].why;
    return NULL;
}

static void tell_machine(const machine_t *machine,
                         const char *definition,
                         const uint32_t made[TRANSITIONS_MAX],
                         bool tell_all,
                         covered_t *covered)
{
    for (size_t i = 0; i < machine->transition_count && i < TRANSITIONS_MAX; i++) {
        const char *name = machine->transitions[i].name;
        const char *why = made[i] > 0 ? NULL : why_never(definition, machine->name, name);
        covered->all += !why;
        covered->made += made[i] > 0;
        if (tell_all || made[i] == 0)
            (void)printf("%8u  %s %s %s%s%s\n", made[i], definition, machine->name, name,
                         why ? ": " : "", why ? why : "");
    }
}

/* Which transitions were made, or only those that were not; how many of all, in percent. */
static size_t tell_coverage(world_t *world, const options_t *options, shared_t *shared)
{
    covered_t covered = {0, 0};
    world_open(world, NULL, 0, INT64_C(1767225600000));
    for (size_t i = 0; i < world->definition_count; i++) {
        const definition_t *definition = NULL;
        if (library_find(world->service.library, world->service.db, world->definitions[i], 0,
                         &definition, NULL) != PIA_OK)
            continue;
        for (int kind = 0; kind < MACHINE_COUNT; kind++)
            tell_machine(&definition->machines[kind], definition->name, shared->coverage[i][kind],
                         options->covered, &covered);
    }
    world_close(world);
    (void)printf("%zu of %zu transitions that can be made were\n", covered.made, covered.all);
    return covered.all == 0 ? 0 : 100 * covered.made / covered.all;
}

static double seconds(void)
{
    struct timespec now;
    seams_set_time(0);
    (void)clock_gettime(CLOCK_MONOTONIC, &now);
    return (double)now.tv_sec + (double)now.tv_nsec / 1e9;
}

static shared_t *share(void)
{
    shared_t *shared =
        mmap(NULL, sizeof *shared, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
    if (shared == MAP_FAILED) {
        perror("simulate");
        exit(2);
    }
    return shared;
}

static bool run_all(const options_t *options)
{
    shared_t *shared = share();
    double began = seconds();
    place_t *place = new_place(options);
    (void)fflush(stdout);
    for (int i = 0; i < options->workers; i++) {
        pid_t child = fork();
        if (child == 0)
            exit(work(place, options, shared, i));
        if (child < 0)
            exit(2);
    }
    bool good = wait_all(options->workers);
    (void)printf("%llu seeds from %llu, from %zu starts, %.1f s\n",
                 (unsigned long long)atomic_load(&shared->done), (unsigned long long)options->first,
                 place->starts.count, seconds() - began);
    size_t covered = good ? tell_coverage(&place->world, options, shared) : 0;
    end_place(place);
    if (good && options->count >= COVERED_SEEDS && covered < COVERED_MIN) {
        (void)printf("too few transitions: the walks do not explore the procedure\n");
        good = false;
    }
    (void)munmap(shared, sizeof *shared);
    return good;
}

/* Each broken variant must be found by some seed, and the same one then fails alone. */
static bool run_control(options_t *options)
{
    bool good = true;
    place_t *place = new_place(options);
    for (int fault = FAULT_NONE + 1; fault < FAULT_COUNT; fault++) {
        options->fault = (fault_t)fault;
        uint64_t seed = options->first, until = options->first + CONTROL_SEEDS;
        while (seed < until && walk_seed(place, options, NULL, seed, false))
            seed++;
        (void)printf("%-10s %s: %s", fault_name(options->fault), fault_what(options->fault),
                     seed < until ? "found" : "NOT FOUND");
        if (seed < until)
            (void)printf(" by seed %llu", (unsigned long long)seed);
        (void)printf("\n");
        good = good && seed < until;
    }
    end_place(place);
    return good;
}

int main(int argc, char **argv)
{
    static options_t options = {.count = 1000, .workers = 2, .length = STEPS};
    options_read(&options, argc, argv);
    if (options.control)
        return run_control(&options) ? EXIT_SUCCESS : EXIT_FAILURE;
    if (options.count > 0)
        return run_all(&options) ? EXIT_SUCCESS : EXIT_FAILURE;
    place_t *place = new_place(&options);
    bool good = walk_seed(place, &options, NULL, options.first, true);
    (void)printf("seed %llu %s\n", (unsigned long long)options.first, good ? "holds" : "fails");
    end_place(place);
    return good ? EXIT_SUCCESS : EXIT_FAILURE;
}
