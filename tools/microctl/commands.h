/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Commands
 *
 * Copyright (C) 2026 The microkernel authors
 */
#ifndef _MICROCTL_COMMANDS_H
#define _MICROCTL_COMMANDS_H

#include <getopt.h>
#include <stdbool.h>

/* Each returns the exit status; argv[0] is the name of the command */
int command_apply(int argc, char **argv);
int command_check(int argc, char **argv);
int command_create(int argc, char **argv);
int command_diff(int argc, char **argv);
int command_list(int argc, char **argv);
int command_remove(int argc, char **argv);
int command_save(int argc, char **argv);
int command_show(int argc, char **argv);
int command_tree(int argc, char **argv);
int command_wait(int argc, char **argv);
int command_watch(int argc, char **argv);

/* As getopt_long(3), and knows --help; ends the run for options that are not there */
int next_option(int argc, char **argv, const char *short_options, const struct option *options);
void usage_error(const char *command, const char *format, ...)
	__attribute__((format(printf, 2, 3), noreturn));

#endif /* _MICROCTL_COMMANDS_H */
