/* main.c - pia-diffusion: the journal of what pôles publish and services announce. */
#include "diffusion.h"

int main(int argc, char **argv)
{
    diffusion_t diffusion = {0};
    pia_executor_hooks_t hooks;
    pia_service_t service;
    diffusion_service(&diffusion, &hooks, &service);
    return pia_service_main(&service, argc, argv);
}
