/* main.c - pia-diffusion: the journal of what pôles publish and services announce. */
#include "diffusion.h"
#include "pia/memory.h"
#include "tool.h"

int main(int argc, char **argv)
{
    diffusion_t diffusion = {0};
    pia_executor_hooks_t hooks;
    pia_service_t service;
    diffusion_service(&diffusion, &hooks, &service);
    if (tool_is_meant(argc, argv))
        return tool_main(service.options, argc, argv);
    pia_memory_keep();
    return pia_service_main(&service, argc, argv);
}
