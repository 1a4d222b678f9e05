// SPDX-License-Identifier: GPL-2.0-only
/*
 * Files as a whole, and what dtc makes of them
 *
 * Copyright (C) 2026 The microkernel authors
 */
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <spawn.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/utsname.h>
#include <sys/wait.h>
#include <unistd.h>

#include "file.h"
#include "interrupt.h"
#include "memory.h"
#include "message.h"
#include "retry.h"

#define FILE_MAX	(256 << 20)	/* bytes; no device tree has so many */

static bool read_all(int fd, struct content *content)
{
	size_t room = 0;
	ssize_t got;

	*content = (struct content){ 0 };
	do {
		if (content->size == room) {
			room = room ? 2 * room : 64 * 1024;
			content->bytes = realloc(content->bytes, room + 1);
			if (!content->bytes)
				die(STATUS_SYSTEM, "out of memory");
		}
		while ((got = read(fd, content->bytes + content->size, room - content->size)) < 0 &&
		       errno == EINTR)
			interrupt_check();
		if (got > 0)
			content->size += got;
	} while (got > 0 && content->size <= FILE_MAX);
	content->bytes[content->size] = '\0';
	if (got > 0)
		errno = EFBIG;
	return !got;
}

/* "-" is the standard input. Says what is wrong, and returns false then */
bool file_read(const char *file, struct content *content)
{
	const struct place at = { .file = file };
	int fd = STDIN_FILENO;
	struct stat st;
	bool good;
	int err;

	if (strcmp(file, "-")) {
		while ((fd = open(file, O_RDONLY | O_CLOEXEC)) < 0 && errno == EINTR)
			interrupt_check();
		if (fd < 0) {
			say_at(&at, NULL, "cannot read it: %s", strerror(errno));
			return false;
		}
	}
	good = read_all(fd, content);
	err = errno;
	content->in_memory = fstat(fd, &st) || !S_ISREG(st.st_mode);
	if (fd != STDIN_FILENO)
		close(fd);
	if (!good)
		say_at(&at, NULL, "cannot read it: %s", strerror(err));
	return good;
}

extern char **environ;

/* Its status, as wait() has it, or -1 with errno */
static int run(const char *const argv[], int in, int out)
{
	posix_spawn_file_actions_t actions;
	int status, err;
	pid_t pid;

	posix_spawn_file_actions_init(&actions);
	posix_spawn_file_actions_adddup2(&actions, in, STDIN_FILENO);
	posix_spawn_file_actions_adddup2(&actions, out, STDOUT_FILENO);
	err = posix_spawnp(&pid, argv[0], &actions, NULL, (char *const *)argv, environ);
	posix_spawn_file_actions_destroy(&actions);
	if (err) {
		errno = err;
		return -1;
	}
	if (retry_interrupted(waitpid(pid, &status, 0)) < 0)
		return -1;
	interrupt_check();
	return status;
}

/* An argument that is no option */
static const char *operand(const char *file)
{
	return *file == '-' && file[1] ? format("./%s", file) : file;
}

/* Where the file is */
static const char *folder_of(const char *file)
{
	const char *slash = strrchr(file, '/');

	if (!slash)
		return ".";
	return slash == file ? "/" : copy_bytes(file, slash - file);
}

#define INCLUDE_MAX	16	/* folders */

static const char *include_folders[INCLUDE_MAX];
static int include_count;

/* Has dtc and the preprocessor look there for what a file includes */
void file_include(const char *folder)
{
	if (include_count == INCLUDE_MAX)
		die(STATUS_USAGE, "more than %d folders for --include", INCLUDE_MAX);
	include_folders[include_count++] = folder;
}

/* Without a check that compares each node with all of its siblings, only to warn */
static int run_dtc(const char *file, bool from_input, int in, int out, const char *output)
{
	const char *argv[16 + 2 * INCLUDE_MAX] = {
		"dtc", "-@", "-q", "-W", "no-unique_unit_address", "-I", "dts", "-O", output,
		"-o", "-", "-i", folder_of(file)
	};
	int n = 13;

	for (int i = 0; i < include_count; i++) {
		argv[n++] = "-i";
		argv[n++] = include_folders[i];
	}
	argv[n++] = from_input ? "-" : operand(file);
	argv[n] = NULL;
	return run(argv, in, out);
}

static int memory_file(const struct content *content)
{
	int fd = memfd_create("microctl", MFD_CLOEXEC);

	if (fd < 0)
		die(STATUS_SYSTEM, "no temporary files: %s", strerror(errno));
	if (!content)
		return fd;
	if (write(fd, content->bytes, content->size) != (ssize_t)content->size)
		die(STATUS_SYSTEM, "no room for temporary files");
	lseek(fd, 0, SEEK_SET);
	return fd;
}

/* Has a line a directive of C's? "#address-cells" and the like are properties */
static bool has_directive(const char *text)
{
	static const char *const names[] = {
		"include", "define", "undef", "if", "ifdef", "ifndef"
	};
	size_t len;

	for (; *text; text += strcspn(text, "\n"), text += !!*text) {
		text += strspn(text, " \t");
		if (*text != '#')
			continue;
		text++;
		text += strspn(text, " \t");
		len = strspn(text, "abcdefghijklmnopqrstuvwxyz-");
		for (size_t i = 0; i < sizeof(names) / sizeof(*names); i++)
			if (len == strlen(names[i]) && !strncmp(text, names[i], len))
				return true;
	}
	return false;
}

/* As the kernel's build has it. The files of <dt-bindings/...> come with its headers */
static int run_cpp(const char *const program[], const char *file, bool from_input, int in, int out)
{
	const char *argv[32 + 2 * INCLUDE_MAX];
	static struct utsname kernel;
	int n = 0;

	for (; *program; program++)
		argv[n++] = *program;
	argv[n++] = "-nostdinc";
	argv[n++] = "-undef";
	argv[n++] = "-D__DTS__";
	argv[n++] = "-x";
	argv[n++] = "assembler-with-cpp";
	argv[n++] = "-I";
	argv[n++] = folder_of(file);
	for (int i = 0; i < include_count; i++) {
		argv[n++] = "-I";
		argv[n++] = include_folders[i];
	}
	uname(&kernel);
	argv[n++] = "-I";
	argv[n++] = format("/lib/modules/%s/source/include", kernel.release);
	argv[n++] = "-I";
	argv[n++] = format("/lib/modules/%s/build/include", kernel.release);
	argv[n++] = from_input ? "-" : operand(file);
	argv[n] = NULL;
	return run(argv, in, out);
}

/**
 * file_preprocess() - run the C preprocessor, if a source needs it
 * @file: its name
 * @source: what is in it; what came of it
 *
 * Return: false when that was not possible, and what is wrong was said.
 */
bool file_preprocess(const char *file, struct content *source)
{
	static const char *const programs[][3] = { { "cpp" }, { "gcc", "-E" }, { "clang", "-E" } };
	const struct place at = { .file = file };
	int in, out, status = -1;

	if (!has_directive(source->bytes))
		return true;
	in = memory_file(source);
	out = memory_file(NULL);
	errno = ENOENT;
	for (size_t i = 0; i < sizeof(programs) / sizeof(*programs); i++) {
		status = run_cpp(programs[i], file, source->in_memory, in, out);
		if (status >= 0 || errno != ENOENT)
			break;
	}
	if (status < 0 && errno == ENOENT) {
		say_at(&at, NULL,
		       "it has lines such as #include, which take the C preprocessor: install the package cpp, or run \"cpp -nostdinc -undef -x assembler-with-cpp\" elsewhere");
	} else if (status < 0) {
		say_at(&at, NULL, "cannot run the C preprocessor: %s", strerror(errno));
	} else if (status) {
		say_at(&at, NULL,
		       "the C preprocessor's messages are above; --include says where included files are, and <dt-bindings/...> are in the kernel's headers");
	} else {
		lseek(out, 0, SEEK_SET);
		if (!read_all(out, source)) {
			say_at(&at, NULL, "cannot read the output of the C preprocessor: %s",
			       strerror(errno));
			status = 1;
		}
		source->in_memory = true;
	}
	close(in);
	close(out);
	return !status;
}

/**
 * compile_source() - compile the source of a device tree
 * @file: its name; the files that it includes are looked for beside it
 * @source: what is in it, for one from the standard input
 * @format: "dtb" or "dts", as of dtc's -O
 * @result: what came of it
 *
 * Return: false when that was not possible, and what is wrong was said.
 */
bool compile_source(const char *file, const struct content *source, const char *format,
		    struct content *result)
{
	const struct place at = { .file = file };
	int in = memory_file(source);
	int out = memory_file(NULL);
	bool good = false;
	int status;

	status = run_dtc(file, source->in_memory, in, out, format);
	if (status < 0 && errno == ENOENT) {
		say_at(&at, NULL,
		       "dtc, which compiles sources, is not installed: install the package device-tree-compiler, or compile the file elsewhere with \"dtc -@\"");
	} else if (status < 0) {
		say_at(&at, NULL, "cannot run dtc: %s", strerror(errno));
	} else if (status) {
		say_at(&at, NULL, "dtc cannot compile it; its messages are above");
	} else {
		lseek(out, 0, SEEK_SET);
		good = read_all(out, result);
		if (!good)
			say_at(&at, NULL, "cannot read the output of dtc: %s", strerror(errno));
	}
	close(in);
	close(out);
	return good;
}
