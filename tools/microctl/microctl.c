// SPDX-License-Identifier: GPL-2.0-only
/*
 * microctl: devices of microkernel, as files describe them
 *
 * Copyright (C) 2026 The microkernel authors
 */
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "commands.h"
#include "message.h"
#include "similar.h"

#include "../../include/microkernel_version.h"

/**
 * struct command - a command
 * @name: its name
 * @run: what it does
 * @arguments: for its line of usage
 * @help: the options and what it does
 */
struct command {
	const char *name;
	int (*run)(int argc, char **argv);
	const char *arguments;
	const char *help;
};

static const struct command commands[] = {
	{ "list", command_list, "[--json | --names]",
	  "  All devices, one a line.\n"
	  "  --json              as JSON, with the whole state of each device\n"
	  "  --names             only the names\n" },
	{ "show", command_show, "[--json] NAME...",
	  "  The whole state of these devices.\n"
	  "  --json              as JSON\n" },
	{ "tree", command_tree, "[--json] [NAME...]",
	  "  All devices, or these, with their properties and child nodes.\n"
	  "  --json              as JSON\n" },
	{ "create", command_create, "[OPTION]... NAME",
	  "  Makes a device. If that fails, or its driver refuses it, removes the device again.\n"
	  "  -c, --compatible C  a compatible string; most specific first\n"
	  "  -s, --set [CHILD/...]PROPERTY[=TYPE:VALUE]\n"
	  "                      a property: u8, u16, u32, u64: numbers with spaces or\n"
	  "                      commas between them; string: strings, one a line;\n"
	  "                      without type and value, a boolean that is true\n"
	  "      --child PATH    a child node, e.g. channel@0, or channel@0/deeper\n"
	  "      --off           do not bind it\n"
	  "  -t, --timeout S     wait at most S seconds for a slow driver; the default is 10\n"
	  "      --no-wait       fail if another microctl is changing devices\n" },
	{ "remove", command_remove, "[OPTION]... NAME...",
	  "  Removes devices; files that are open on them answer ENODEV from then on.\n"
	  "  -t, --timeout S     wait at most S seconds for a slow driver; the default is 10\n"
	  "      --no-wait       fail if another microctl is changing devices\n" },
	{ "apply", command_apply, "[OPTION]... FILE...",
	  "  Makes the devices that device trees (.dts, .dtso, .dtb, .dtbo, or - for the\n"
	  "  standard input) declare below nodes that are compatible with\n"
	  "  \"microkernel,bus\". It does not touch devices that are right already. A\n"
	  "  folder stands for the device-tree files in it.\n"
	  "  -p, --prune         remove devices that the files do not declare\n"
	  "  -n, --dry-run       change nothing, print the changes\n"
	  "  -I, --include DIR   look there, too, for the files that a source includes\n"
	  "      --record RECORD keep a record of the declared devices; then --prune removes\n"
	  "                      only devices in the record\n"
	  "  -k, --keep-going    leave out files with errors, apply the others\n"
	  "  -v, --verbose       print each change\n"
	  "  -q, --quiet         print only errors\n"
	  "  -t, --timeout S     wait at most S seconds for a slow driver; the default is 10\n"
	  "      --no-wait       fail if another microctl is changing devices\n" },
	{ "diff", command_diff, "[OPTION]... FILE...",
	  "  The changes that apply would make, as a diff. Exit status 1 if there are any.\n"
	  "  -p, --prune, -k, --keep-going, --record RECORD, -I, --include DIR\n"
	  "                      as for apply\n" },
	{ "check", command_check, "[OPTION]... FILE...",
	  "  Checks device-tree files, on any machine and as any user. Prints the errors that\n"
	  "  apply would find, and likely typing errors (exit status 1).\n"
	  "  -q, --quiet         print nothing else\n"
	  "  -I, --include DIR   as for apply\n" },
	{ "save", command_save, "[NAME...]",
	  "  Prints the devices of configfs, or these, as the source of an overlay.\n" },
	{ "watch", command_watch, "[--json] [NAME...]",
	  "  Prints the events of all devices, or of these: add, remove, bind, unbind, change.\n"
	  "  --json              as JSON, one object a line\n" },
	{ "wait", command_wait, "[--timeout SECONDS] NAME...",
	  "  Waits until these devices exist and are bound.\n"
	  "  -t, --timeout S     wait at most S seconds; exit status 1 after that\n" },
};

#define for_each_command(c) \
	for ((c) = commands; (c) < commands + sizeof(commands) / sizeof(*commands); (c)++)

static const struct command *find_command(const char *name)
{
	const struct command *c;

	for_each_command(c)
		if (!strcmp(c->name, name))
			return c;
	return NULL;
}

static void print_help(FILE *out, const char *only)
{
	const struct command *c;

	if (!only)
		fputs("Usage: microctl COMMAND [ARGUMENT]...\n\n"
		      "Devices of microkernel, as device-tree files describe them.\n"
		      "\"microctl --version\" prints the version.\n", out);
	for_each_command(c)
		if (!only || !strcmp(c->name, only))
			fprintf(out, "%smicroctl %s %s\n%s", only ? "Usage: " : "\n", c->name,
				c->arguments, c->help);
	if (!only)
		fputs("\nThe manual page, microctl(8), has the rest.\n", out);
}

void usage_error(const char *command, const char *format, ...)
{
	va_list args;

	fflush(stdout);
	fprintf(stderr, "microctl: %s: ", command);
	va_start(args, format);
	vfprintf(stderr, format, args);
	va_end(args);
	fputc('\n', stderr);
	print_help(stderr, command);
	exit(STATUS_USAGE);
}

static void __attribute__((noreturn)) no_option(const char *command, const char *typed,
						const struct option *options)
{
	for (; options->name; options++)
		if (!strncmp(typed, "--", 2) && similar(typed + 2, options->name))
			usage_error(command, "there is no option %s; did you mean --%s?", typed,
				    options->name);
	usage_error(command, "there is no option %s", typed);
}

/* --option=value of an option that has none; getopt_long() says only which one it is */
static bool has_value(const char *typed, const struct option *options)
{
	size_t len = strcspn(typed, "=");

	if (strncmp(typed, "--", 2) || !typed[len])
		return false;
	for (; options->name; options++)
		if (options->val == optopt && options->has_arg == no_argument &&
		    !strncmp(typed + 2, options->name, len - 2))
			return true;
	return false;
}

/* The status, unless the output could not be written */
static int finish(int status)
{
	if (fflush(stdout))
		die(STATUS_SYSTEM, "cannot write the output: %s", strerror(errno));
	/* long ago: why is not known any more */
	if (ferror(stdout))
		die(STATUS_SYSTEM, "cannot write the output");
	return status;
}

int next_option(int argc, char **argv, const char *short_options, const struct option *options)
{
	int option;

	opterr = 0;
	option = getopt_long(argc, argv, short_options, options, NULL);
	if (option == 'h') {
		print_help(stdout, argv[0]);
		exit(finish(STATUS_OK));
	}
	if (option == ':')
		usage_error(argv[0], "%s needs a value", argv[optind - 1]);
	if (option == '?' && has_value(argv[optind - 1], options))
		usage_error(argv[0], "%.*s takes no value", (int)strcspn(argv[optind - 1], "="),
			    argv[optind - 1]);
	if (option == '?' && optopt && optopt < 256)
		usage_error(argv[0], "there is no option -%c", optopt);
	if (option == '?')
		no_option(argv[0], argv[optind - 1], options);
	return option;
}

static void __attribute__((noreturn)) no_command(const char *name)
{
	const struct command *c;

	for_each_command(c)
		if (similar(name, c->name))
			die(STATUS_USAGE,
			    "there is no command '%s'; did you mean '%s'? See microctl --help",
			    name, c->name);
	die(STATUS_USAGE, "there is no command '%s', see microctl --help", name);
}

/*
 * One of these that is closed would be the number of the next file that is opened, and
 * messages would go there. It stays of no use: to read or to write it is an error.
 */
static void reserve_standard_files(void)
{
	for (int fd = STDIN_FILENO; fd <= STDERR_FILENO; fd++)
		if (fcntl(fd, F_GETFD) < 0 &&
		    open("/dev/null", fd == STDIN_FILENO ? O_WRONLY : O_RDONLY) < 0)
			return;
}

int main(int argc, char **argv)
{
	const struct command *c;

	reserve_standard_files();
	if (argc < 2) {
		print_help(stderr, NULL);
		return STATUS_USAGE;
	}
	if (!strcmp(argv[1], "--help") || !strcmp(argv[1], "-h") || !strcmp(argv[1], "help")) {
		if (argc > 2 && !find_command(argv[2]))
			no_command(argv[2]);
		print_help(stdout, argc > 2 ? argv[2] : NULL);
		return finish(STATUS_OK);
	}
	if (!strcmp(argv[1], "--version") || !strcmp(argv[1], "-V")) {
		puts("microctl " MICRO_VERSION);
		return finish(STATUS_OK);
	}
	c = find_command(argv[1]);
	if (!c)
		no_command(argv[1]);

	return finish(c->run(argc - 1, argv + 1));
}
