/* main.c - pia-gateway: HTTP, server-sent events and the web page, in front of the services. */
#include <stdio.h>
#include <unistd.h>

#include "gateway.h"
#include "pia/log.h"

static int serve_from(const pia_config_t *config)
{
    const char *data = pia_config_text(config, "service", "data");
    if (chdir(data) != 0) {
        (void)fprintf(stderr, "pia-gateway: cannot enter the data directory %s\n", data);
        return 2;
    }
    gateway_t *gateway = NULL;
    pia_problem_t problem = {0};
    bool as_json = pia_config_text(config, "service", "log_format")[0] == 'j';
    char name[GATEWAY_NAME_SIZE];
    gateway_name(config, name);
    pia_log_init("gateway", name, pia_config_log_level(config), as_json);
    if (gateway_new(config, &gateway, &problem) != PIA_OK) {
        pia_log(PIA_LOG_ERROR, "%s", problem.detail);
        return 1;
    }
    gateway_run(gateway);
    gateway_destroy(&gateway);
    return 0;
}

int main(int argc, char **argv)
{
    static const pia_option_t *const tables[] = {pia_service_options, gateway_options, NULL};
    pia_config_t *config = NULL;
    pia_problem_t problem = {0};
    if (pia_config_load("pia-gateway", tables, argc, argv, &config, &problem) != PIA_OK) {
        (void)fprintf(stderr, "pia-gateway: %s\n", problem.detail);
        return 2;
    }
    if (config == NULL)
        return 0; /* --help, --version, --check-config */
    int code = serve_from(config);
    pia_config_destroy(&config);
    return code;
}
