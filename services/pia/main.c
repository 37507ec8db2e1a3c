/* main.c - pia: the network from a terminal, for pôles and operators. */
#include "cli.h"

int main(int argc, char **argv)
{
    return cli_main(argc, argv);
}
