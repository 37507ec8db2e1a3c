/* options.c - reading the command line. */
#include "options.h"

#include <errno.h>
#include <getopt.h>
#include <stdio.h>
#include <stdlib.h>

static void usage(FILE *out)
{
    (void)fputs(
        "usage: simulate [--seeds N] [--from S] [--workers N] [--length STEPS] [--definition "
        "FILE]…\n"
        "                [--covered]        many walks; prints which transitions were made\n"
        "       simulate --seed S [--trace] [--steps 0,3,…] [--fault NAME]\n"
        "       simulate --control          each broken variant must be found\n",
        out);
}

static bool read_steps(const char *text, options_t *options)
{
    while (*text && options->step_count < STEPS_MAX) {
        char *end;
        errno = 0;
        options->steps[options->step_count++] = (int)strtol(text, &end, 10);
        if (errno != 0 || end == text || (*end != ',' && *end != '\0'))
            return false;
        text = *end == ',' ? end + 1 : end;
    }
    return true;
}

static bool read_option(int option, options_t *options)
{
    switch (option) {
    case 'n':
        options->count = strtoull(optarg, NULL, 10);
        return true;
    case 'f':
        options->first = strtoull(optarg, NULL, 10);
        return true;
    case 'w':
        options->workers = (int)strtol(optarg, NULL, 10);
        return options->workers > 0 && options->workers <= WORKERS_MAX;
    case 'l':
        options->length = strtoull(optarg, NULL, 10);
        return options->length <= STEPS_MAX;
    case 's':
        options->first = strtoull(optarg, NULL, 10);
        options->count = 0;
        return true;
    case 't':
        options->trace = true;
        return true;
    case 'x':
        return read_steps(optarg, options);
    case 'b':
        options->fault = fault_parse(optarg);
        return options->fault != FAULT_COUNT;
    case 'c':
        options->control = true;
        return true;
    case 'v':
        options->covered = true;
        return true;
    case 'd':
        if (options->file_count < FILES_MAX)
            options->files[options->file_count++] = optarg;
        return true;
    default:
        return false;
    }
}

static const struct option known[] = {
    {"seeds", required_argument, NULL, 'n'},
    {"from", required_argument, NULL, 'f'},
    {"workers", required_argument, NULL, 'w'},
    {"length", required_argument, NULL, 'l'},
    {"seed", required_argument, NULL, 's'},
    {"trace", no_argument, NULL, 't'},
    {"steps", required_argument, NULL, 'x'},
    {"fault", required_argument, NULL, 'b'},
    {"control", no_argument, NULL, 'c'},
    {"covered", no_argument, NULL, 'v'},
    {"definition", required_argument, NULL, 'd'},
    {"help", no_argument, NULL, 'h'},
    {NULL, 0, NULL, 0},
};

void options_read(options_t *options, int argc, char **argv)
{
    int option;
    while ((option = getopt_long(argc, argv, "", known, NULL)) != -1) {
        if (option == 'h') {
            usage(stdout);
            exit(EXIT_SUCCESS);
        }
        if (!read_option(option, options)) {
            usage(stderr);
            exit(2);
        }
    }
}
