/* SPDX-License-Identifier: MIT
 * main.c - alees: see cmd.c for its commands, pipeline.c for the way of a request. */
#include "cmd.h"

int main(int argc, char **argv) {
    return cmd_main(argc, argv);
}
