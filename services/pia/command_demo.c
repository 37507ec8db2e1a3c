/* command_demo.c - pia demo: the story. */
#include <stdio.h>
#include <stdlib.h>

#include "ask.h"
#include "commands.h"
#include "demo.h"

const flag_t demo_flags[] = {
    {"port", "N", "the gateway's port on loopback (default 8080)"},
    {"web", "URL", "the gateway's address, instead of --port"},
    {NULL, NULL, NULL},
};

enum { KEY_MAX = 512, PORT_MAX = 65535 };

static bool read_port(const char *text, long *ret_port)
{
    char *end = NULL;
    *ret_port = strtol(text, &end, 10);
    return *text && *end == '\0' && *ret_port > 0 && *ret_port <= PORT_MAX;
}

int command_demo(cli_t *cli, const command_t *command, const arguments_t *arguments)
{
    (void)command;
    const char *port_text = arguments_get(arguments, "port");
    const char *web = arguments_get(arguments, "web");
    long port = 0;
    if (!read_port(port_text ? port_text : "8080", &port)) {
        (void)fprintf(stderr, "pia: --port is not 1 to %d\n", PORT_MAX);
        return EXIT_USAGE;
    }
    char url[64];
    (void)snprintf(url, sizeof url, "http://127.0.0.1:%ld", port);
    pia_problem_t problem = {.status = PIA_OK};
    char *key = NULL;
    if (ask_key(cli, &key, &problem) != PIA_OK)
        return ask_say(&problem);
    demo_options_t options = {
        .zmq = cli->zmq,
        .broker = cli->broker,
        .diffusion = cli->diffusion,
        .web = web ? web : url,
        .data = ".",
        .admin_key = key,
        .out = stdout,
    };
    bool right = demo_play(&options);
    free(key);
    return right ? EXIT_DONE : EXIT_REFUSED;
}
