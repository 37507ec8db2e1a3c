/* fuzz_config.c - a settings file of any bytes. */
#include "fuzz.h"

#include <stdio.h>
#include <sys/mman.h>
#include <unistd.h>

#include "pia/config.h"

static const pia_option_t own_options[] = {
    {"mail", "host", PIA_OPTION_TEXT, "localhost", 0, 0, "server"},
    {"mail", "port", PIA_OPTION_INTEGER, "25", 1, 65535, "port"},
    {"mail", "secure", PIA_OPTION_BOOLEAN, "false", 0, 0, "use TLS"},
    {NULL, NULL, PIA_OPTION_TEXT, NULL, 0, 0, NULL},
};
static const pia_option_t *const tables[] = {pia_service_options, own_options, NULL};

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    char program[] = "pia-fuzz";
    char flag[] = "--config";
    char path[64];
    char *argv[] = {program, flag, path, NULL};
    int file = memfd_create("config", MFD_CLOEXEC);
    FUZZ_CHECK(file >= 0 && write(file, data, size) == (ssize_t)size);
    FUZZ_CHECK(lseek(file, 0, SEEK_SET) == 0);
    (void)snprintf(path, sizeof path, "/proc/self/fd/%d", file);
    pia_config_t *config = NULL;
    pia_problem_t problem = {.detail = ""};
    pia_status_t status = pia_config_load("pia-fuzz", tables, 3, argv, &config, &problem);
    if (status == PIA_OK) {
        int64_t port = pia_config_integer(config, "mail", "port");
        FUZZ_CHECK(port >= 1 && port <= 65535);
        FUZZ_CHECK(pia_config_text(config, "mail", "host") != NULL);
    } else {
        FUZZ_CHECK(config == NULL && strstr(problem.detail, path) != NULL);
    }
    pia_config_destroy(&config);
    (void)close(file);
    return 0;
}
