/* main.c - pia-registry: who is who, who may what, what is called how. */
#include "registry.h"

int main(int argc, char **argv)
{
    registry_t registry = {.context = NULL};
    pia_service_t service = registry_service(&registry);
    int result = pia_service_main(&service, argc, argv);
    registry_close(&registry);
    return result;
}
