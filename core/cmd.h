/* SPDX-License-Identifier: MIT
 * cmd.h - the command line: one table of subcommands. Level 4. */
#ifndef CMD_H
#define CMD_H

/* Exit status: 0 ok, 1 failure, 2 usage, 78 configuration error. */
int cmd_main(int argc, char **argv);

#endif
