// SPDX-License-Identifier: GPL-2.0-only
/*
 * micro-hold: keeps files open while a test goes on, and uses them
 *
 *	micro-hold start			micro-hold end
 *	micro-hold open NAME r|w|rw PATH	micro-hold close NAME
 *	micro-hold read NAME [COUNT]		micro-hold write NAME TEXT
 *	micro-hold seek NAME set|cur|end OFFSET
 *	micro-hold ioctl NAME COMMAND		micro-hold ioctl32 NAME COMMAND
 *	micro-hold fault NAME read|write|ioctl	micro-hold poll NAME
 *
 * "start" leaves a server behind, in which the others act on the file called
 * NAME. They print "ok", a number, what was read, "EOF", or the name of the
 * errno. COMMAND is "clear" or "length" of sample_driver, "deaf" or "hold" of micro_evil,
 * or a number; ioctl32 calls it as 32-bit programs do. "fault" passes a bad address.
 * "poll" waits until there is something to read ("in"), or nothing ever ("hup"). Each command
 * has a thread of its own, so one may sleep in the kernel while others go on.
 *
 * Copyright (C) 2026 The microkernel authors
 */
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <pthread.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include <uapi/sample_driver.h>

#include "../modules/micro_evil.h"

#define MAX_FILES	64
#define MAX_TEXT	8192
#define MAX_WORDS	6

struct held {
	char name[64];
	int fd;
};

/* One test speaks at a time; whoever sleeps has looked its file up before. */
static struct held files[MAX_FILES];

static const struct sockaddr_un address = {
	.sun_family = AF_UNIX,
	.sun_path = "\0micro-hold",
};

static const socklen_t address_size = offsetof(struct sockaddr_un, sun_path) +
				      sizeof("\0micro-hold") - 1;

static void die(const char *what)
{
	perror(what);
	exit(2);
}

static struct held *find(const char *name)
{
	for (int i = 0; i < MAX_FILES; i++)
		if (!strcmp(files[i].name, name))
			return &files[i];
	return NULL;
}

static void say_result(FILE *out, long result)
{
	if (result < 0)
		fprintf(out, "%s\n", strerrorname_np(errno) ?: "unknown errno");
	else
		fprintf(out, "%ld\n", result);
}

static void say_ok(FILE *out, long result)
{
	if (result < 0)
		say_result(out, result);
	else
		fputs("ok\n", out);
}

static void do_open(FILE *out, const char *name, const char *mode, const char *path)
{
	int flags = !strcmp(mode, "rw") ? O_RDWR : *mode == 'w' ? O_WRONLY : O_RDONLY;
	struct held *slot = find("");
	int fd;

	if (!slot || find(name)) {
		fputs("no room, or there is a file of this name\n", out);
		return;
	}
	fd = open(path, flags);
	if (fd >= 0) {
		slot->fd = fd;
		snprintf(slot->name, sizeof(slot->name), "%s", name);
	}
	say_ok(out, fd);
}

static void do_read(FILE *out, int fd, const char *count)
{
	char text[MAX_TEXT];
	size_t size = count ? strtoul(count, NULL, 0) : sizeof(text);
	ssize_t got = read(fd, text, size < sizeof(text) ? size : sizeof(text));

	if (got > 0)
		fwrite(text, got, 1, out);
	else if (!got)
		fputs("EOF\n", out);
	else
		say_result(out, got);
}

static void do_seek(FILE *out, int fd, const char *whence, const char *offset)
{
	say_result(out, lseek(fd, strtol(offset, NULL, 0),
			      !strcmp(whence, "set") ? SEEK_SET :
			      !strcmp(whence, "cur") ? SEEK_CUR : SEEK_END));
}

#ifdef __x86_64__
static long compat_ioctl(int fd, unsigned int cmd, __u32 *arg)
{
	long result = 54;	/* ioctl(2) of 32-bit programs */

	asm volatile("int $0x80"
		     : "+a" (result)
		     : "b" ((long)fd), "c" ((long)cmd), "d" (arg)
		     : "memory", "r8", "r9", "r10", "r11");
	if (result >= 0)
		return result;
	errno = -result;
	return -1;
}
#else
/* Here only a 32-bit program can do it; it inherits the file */
static long compat_ioctl(int fd, unsigned int cmd, __u32 *arg)
{
	char command[64];
	long result = -1;
	FILE *p;

	snprintf(command, sizeof(command), "exec micro-ioctl32 %d %u", fd, cmd);
	p = popen(command, "r");
	if (!p || fscanf(p, "%ld %d %u", &result, &errno, arg) != 3)
		errno = ENOEXEC;
	if (p)
		pclose(p);
	return result;
}
#endif

static void do_ioctl(FILE *out, int fd, const char *command, int compat)
{
	static __u32 length;	/* not on the stack: 32-bit pointers reach it */
	void *arg = &length;
	unsigned int cmd;
	long result;

	if (!strcmp(command, "clear"))
		cmd = SAMPLE_IOC_CLEAR;
	else if (!strcmp(command, "length"))
		cmd = SAMPLE_IOC_LENGTH;
	else if (!strcmp(command, "deaf"))
		cmd = EVIL_IOC_DEAF;
	else if (!strcmp(command, "hold"))
		cmd = EVIL_IOC_HOLD;
	else
		cmd = strtoul(command, NULL, 0);

	/* its release() will wait for "let 1" */
	if (cmd == EVIL_IOC_HOLD)
		arg = (void *)1;

	result = compat ? compat_ioctl(fd, cmd, &length) : ioctl(fd, cmd, arg);
	say_result(out, !result && cmd == SAMPLE_IOC_LENGTH ? (long)length : result);
}

static void do_fault(FILE *out, int fd, const char *op)
{
	void *bad = mmap(NULL, 4096, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

	if (!strcmp(op, "read"))
		say_result(out, read(fd, bad, 16));
	else if (!strcmp(op, "write"))
		say_result(out, write(fd, bad, 16));
	else
		say_result(out, ioctl(fd, SAMPLE_IOC_LENGTH, bad));
	munmap(bad, 4096);
}

static void do_poll(FILE *out, int fd)
{
	struct pollfd p = { .fd = fd, .events = POLLIN };

	if (poll(&p, 1, -1) != 1)
		say_result(out, -1);
	else
		fputs(p.revents & POLLHUP ? "hup\n" : "in\n", out);
}

static void execute(FILE *out, int argc, char **argv)
{
	const char *op = argv[0];
	struct held *file;

	if (!strcmp(op, "open") && argc == 4) {
		do_open(out, argv[1], argv[2], argv[3]);
		return;
	}
	file = argc > 1 ? find(argv[1]) : NULL;
	if (!file) {
		fputs("no such file\n", out);
	} else if (!strcmp(op, "read")) {
		do_read(out, file->fd, argc > 2 ? argv[2] : NULL);
	} else if (!strcmp(op, "write") && argc == 3) {
		say_result(out, write(file->fd, argv[2], strlen(argv[2])));
	} else if (!strcmp(op, "seek") && argc == 4) {
		do_seek(out, file->fd, argv[2], argv[3]);
	} else if (!strcmp(op, "ioctl") && argc == 3) {
		do_ioctl(out, file->fd, argv[2], 0);
	} else if (!strcmp(op, "ioctl32") && argc == 3) {
		do_ioctl(out, file->fd, argv[2], 1);
	} else if (!strcmp(op, "poll") && argc == 2) {
		do_poll(out, file->fd);
	} else if (!strcmp(op, "fault") && argc == 3) {
		do_fault(out, file->fd, argv[2]);
	} else if (!strcmp(op, "close")) {
		file->name[0] = '\0';
		say_ok(out, close(file->fd));
	} else {
		fputs("no such command\n", out);
	}
}

/* All files are closed when the caller hears that we are gone. */
static void end(void)
{
	for (int i = 0; i < MAX_FILES; i++)
		if (files[i].name[0])
			close(files[i].fd);
	exit(0);
}

/* A request is the words, each with its NUL; the answer is text until the end. */
static void *serve(void *arg)
{
	char request[MAX_TEXT + 256], *words[MAX_WORDS];
	FILE *out = fdopen((long)arg, "w");
	size_t size = 0;
	int count = 0;
	ssize_t got;

	while ((got = read((long)arg, request + size, sizeof(request) - 1 - size)) > 0)
		size += got;
	request[size] = '\0';
	for (char *p = request; p < request + size && count < MAX_WORDS; p += strlen(p) + 1)
		words[count++] = p;

	if (count && !strcmp(words[0], "end"))
		end();
	if (count)
		execute(out, count, words);
	fclose(out);
	return NULL;
}

static int start(void)
{
	int sock = socket(AF_UNIX, SOCK_STREAM, 0);
	pthread_t thread;
	long client;

	if (sock < 0 || bind(sock, (struct sockaddr *)&address, address_size) ||
	    listen(sock, 16))
		die("micro-hold: is there a server already?");
	/* The caller goes on when commands can come; it may wait for our output. */
	if (daemon(1, 0))
		die("micro-hold: daemon");
	while ((client = accept(sock, NULL, NULL)) >= 0) {
		if (pthread_create(&thread, NULL, serve, (void *)client))
			die("micro-hold: pthread_create");
		pthread_detach(thread);
	}
	return 1;
}

int main(int argc, char **argv)
{
	int sock;
	char reply[MAX_TEXT];
	ssize_t got;

	if (argc < 2) {
		fprintf(stderr, "usage: micro-hold start | end | COMMAND NAME ARGUMENT...\n");
		return 2;
	}
	if (!strcmp(argv[1], "start"))
		return start();

	sock = socket(AF_UNIX, SOCK_STREAM, 0);
	if (sock < 0 || connect(sock, (struct sockaddr *)&address, address_size))
		die("micro-hold: there is no server, run micro-hold start");
	for (int i = 1; i < argc; i++)
		if (write(sock, argv[i], strlen(argv[i]) + 1) < 0)
			die("micro-hold: write");
	shutdown(sock, SHUT_WR);
	while ((got = read(sock, reply, sizeof(reply))) > 0)
		if (write(STDOUT_FILENO, reply, got) < 0)
			die("micro-hold: write");
	return 0;
}
