/* main.c - pia-broker: who works for what, and requests in flight; nothing durable. */
#include "process.h"

int main(int argc, char **argv)
{
    return process_run(argc, argv);
}
