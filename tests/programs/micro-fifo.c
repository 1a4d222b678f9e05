// SPDX-License-Identifier: GPL-2.0-only
/*
 * micro-fifo: micro_fifo, used (usage: unplug.h; COMMAND takes the device away)
 *
 * Copyright (C) 2026 The microkernel authors
 */
#define _GNU_SOURCE
#include <sys/sendfile.h>
#include <sys/uio.h>

#include "unplug.h"

#define SIZE	65536
#define ATOMIC	4096	/* PIPE_BUF */

static char big[2 * SIZE];

static long do_read(int fd)
{
	char c;
	long ret = read(fd, &c, 1);

	return ret == 1 ? c : ret;
}

static long do_write_big(int fd)
{
	return write(fd, big, SIZE + 10000);
}

static long do_write_atomic(int fd)
{
	return write(fd, big, ATOMIC);
}

/* Bytes come out as they went in, in pieces as they are asked for */
static void test_order(void)
{
	int in = open_node(O_WRONLY);
	int out = open_node(O_RDONLY);
	char text[16] = "";

	check_is(write(in, "one", 3), 3);
	check_is(write(in, "", 0), 0);
	check_is(write(in, "two", 3), 3);
	check_is(read(out, text, 0), 0);
	check_is(read(out, text, 4), 4);
	check(!memcmp(text, "onet", 4));
	check_is(read(out, text, sizeof(text)), 2);
	check(!memcmp(text, "wo", 2));
	check_fails(read(in, text, 1), EBADF);
	check_fails(write(out, text, 1), EBADF);
	check_fails(lseek(out, 0, SEEK_SET), ESPIPE);
	check_fails(pread(out, text, 1, 0), ESPIPE);
	check_fails(pwrite(in, text, 1, 0), ESPIPE);
	check_fails(ioctl(out, 0), ENOTTY);
	check_fails(mmap(NULL, 4096, PROT_READ, MAP_SHARED, out, 0), ENODEV);
	/* what nobody read stays for the next who comes */
	check_is(write(in, "left", 4), 4);
	check_is(close(out), 0);
	check_is(close(in), 0);
	out = open_node(O_RDONLY);
	check_is(read(out, text, sizeof(text)), 4);
	check(!memcmp(text, "left", 4));
}

/* Readers sleep while it is empty, writers while it is full */
static void test_blocking(void)
{
	int fd = open_node(O_RDWR);
	int other = open_node(O_RDWR);
	struct call c;

	begin_call(&c, do_read, fd);
	check_is(write(other, "x", 1), 1);
	check_is(end_call(&c), 'x');

	begin_call(&c, do_write_big, fd);
	check_is(read(other, big, SIZE), SIZE);
	check_is(end_call(&c), SIZE + 10000);
	check_is(read(other, big, SIZE), 10000);
}

/* As pipe(7): writes up to PIPE_BUF bytes are made whole or not at all */
static void test_nonblock(void)
{
	int fd = open_node(O_RDWR | O_NONBLOCK);

	check_fails(read(fd, big, 1), EAGAIN);
	check_is(write(fd, big, SIZE + 1), SIZE);
	check_fails(write(fd, big, 1), EAGAIN);
	check_fails(write(fd, big, SIZE), EAGAIN);
	check_is(read(fd, big, ATOMIC - 1), ATOMIC - 1);
	check_fails(write(fd, big, ATOMIC), EAGAIN);
	check_is(write(fd, big, ATOMIC + 1), ATOMIC - 1);
	check_is(read(fd, big, 10), 10);
	check_is(write(fd, big, 9), 9);
	check_is(write(fd, big, 1), 1);
	check_fails(write(fd, big, 1), EAGAIN);
	check_is(read(fd, big, sizeof(big)), SIZE);
	check_fails(read(fd, big, 1), EAGAIN);
}

/* Writers that write blocks of one letter: no block is torn */
static long do_write_blocks(int fd)
{
	char block[ATOMIC];
	int i;

	memset(block, 'a' + gettid() % 26, sizeof(block));
	for (i = 0; i < 200; i++)
		if (write(fd, block, sizeof(block)) != sizeof(block))
			return -1;
	return 0;
}

static void test_atomic(void)
{
	enum { WRITERS = 4 };
	int fd = open_node(O_RDWR);
	struct call c[WRITERS];
	size_t total = 0;
	int i;

	for (i = 0; i < WRITERS; i++)
		begin_call_awake(&c[i], do_write_blocks, open_node(O_WRONLY));
	while (total < WRITERS * 200 * ATOMIC) {
		char block[ATOMIC];
		size_t len = 0;

		while (len < sizeof(block)) {
			/* odd sizes, so that the pieces wrap */
			size_t want = sizeof(block) - len < 1000 ? sizeof(block) - len : 1000;
			ssize_t ret = read(fd, block + len, want);

			check(ret > 0);
			len += ret;
		}
		for (i = 1; i < ATOMIC; i++)
			check(block[i] == block[0]);
		total += len;
	}
	for (i = 0; i < WRITERS; i++)
		check_is(end_call(&c[i]), 0);
}

static void on_signal(int sig)
{
	(void)sig;
}

/* A signal: what was written counts; with nothing done it is EINTR */
static void test_interrupted(void)
{
	struct sigaction action = { .sa_handler = on_signal };
	int fd = open_node(O_RDWR);
	struct call c;

	check(!sigaction(SIGUSR1, &action, NULL));
	begin_call(&c, do_read, fd);
	check(!pthread_kill(c.thread, SIGUSR1));
	check_fails(end_call(&c), EINTR);

	begin_call(&c, do_write_big, fd);
	check(!pthread_kill(c.thread, SIGUSR1));
	check_is(end_call(&c), SIZE);

	begin_call(&c, do_write_atomic, fd);
	check(!pthread_kill(c.thread, SIGUSR1));
	check_fails(end_call(&c), EINTR);
	check_is(read(fd, big, sizeof(big)), SIZE);

	action.sa_flags = SA_RESTART;
	check(!sigaction(SIGUSR1, &action, NULL));
	begin_call(&c, do_read, fd);
	check(!pthread_kill(c.thread, SIGUSR1));
	check_is(write(fd, "r", 1), 1);
	check_is(end_call(&c), 'r');
}

static void test_vectors(void)
{
	struct iovec out[] = { { "ab", 2 }, { "", 0 }, { "cde", 3 } };
	char one[1], two[8] = "";
	struct iovec in[] = { { one, 1 }, { two, sizeof(two) } };
	int fd = open_node(O_RDWR);

	check_is(writev(fd, out, 3), 5);
	check_is(readv(fd, in, 2), 5);
	check(one[0] == 'a' && !strcmp(two, "bcde"));
	/* RWF_NOWAIT is O_NONBLOCK for one call */
	check_fails(preadv2(fd, in, 2, -1, RWF_NOWAIT), EAGAIN);
	check_is(pwritev2(fd, out, 3, -1, RWF_NOWAIT), 5);
	check_is(preadv2(fd, in, 1, -1, RWF_NOWAIT), 1);
	check_is(read(fd, two, sizeof(two)), 4);
}

/* Between pipes and files, without a copy through the program */
static void test_splice(void)
{
	int fd = open_node(O_RDWR);
	int pipes[2], other[2], file;
	char text[16] = "";
	off_t offset = 1;

	check(!pipe(pipes) && !pipe(other));
	check_is(write(pipes[1], "hello", 5), 5);
	check_is(tee(pipes[0], other[1], 5, 0), 5);
	check_is(splice(pipes[0], NULL, fd, NULL, 5, 0), 5);
	check_is(splice(other[0], NULL, fd, NULL, 2, 0), 2);
	check_is(splice(fd, NULL, pipes[1], NULL, 3, 0), 3);
	check_is(read(pipes[0], text, sizeof(text)), 3);
	check(!memcmp(text, "hel", 3));
	check_is(read(fd, text, sizeof(text)), 4);
	check(!memcmp(text, "lohe", 4));

	file = open("/tmp", O_TMPFILE | O_RDWR, 0600);
	check(file >= 0);
	check_is(write(file, "contents", 8), 8);
	check_is(sendfile(fd, file, &offset, 7), 7);
	check_is(offset, 8);
	check_is(read(fd, text, sizeof(text)), 7);
	check(!memcmp(text, "ontents", 7));
	check_fails(splice(fd, &offset, pipes[1], NULL, 1, 0), EINVAL);

	/* who sleeps in there wakes, too */
	unplug();
	check_fails(splice(fd, NULL, pipes[1], NULL, 3, 0), ENODEV);
	check_is(write(pipes[1], "x", 1), 1);
	check_fails(splice(pipes[0], NULL, fd, NULL, 1, 0), ENODEV);
	offset = 0;
	check_fails(sendfile(fd, file, &offset, 1), ENODEV);
}

static int splice_pipe[2];

static long do_splice_out(int fd)
{
	return splice(fd, NULL, splice_pipe[1], NULL, 1, 0);
}

static long do_splice_in(int fd)
{
	return splice(splice_pipe[0], NULL, fd, NULL, 1, 0);
}

static void test_splice_asleep(void)
{
	int fd = open_node(O_RDWR);
	struct call c;

	check(!pipe(splice_pipe));
	begin_call(&c, do_splice_out, fd);
	unplug();
	check_fails(end_call(&c), ENODEV);
}

static void test_splice_asleep_full(void)
{
	int fd = open_node(O_RDWR);
	struct call c;

	check(!pipe(splice_pipe));
	check_is(write(fd, big, SIZE), SIZE);
	check_is(write(splice_pipe[1], "x", 1), 1);
	begin_call(&c, do_splice_in, fd);
	unplug();
	check_fails(end_call(&c), ENODEV);
}

/*
 * A bad address: nothing that was written, or not read, is lost. Of the bytes before it, some
 * machines copy only whole words or blocks of them.
 */
static void test_bad_address(void)
{
	long size = getpagesize(), n, got;
	char *page = mmap(NULL, 2 * size, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS,
			  -1, 0);
	enum { BEFORE = 256 };
	char text[BEFORE];
	int fd = open_node(O_RDWR);

	check(page != MAP_FAILED);
	check_is(munmap(page + size, size), 0);
	for (int i = 0; i < BEFORE; i++)
		text[i] = i * 7 + 1;
	memcpy(page + size - BEFORE, text, BEFORE);
	check_fails(write(fd, page + size, 5), EFAULT);
	n = write(fd, page + size - BEFORE, BEFORE + 7);
	check(n > BEFORE / 2 && n <= BEFORE);
	check_fails(read(fd, page + size, 3), EFAULT);
	memset(page + size - BEFORE / 2, 0, BEFORE / 2);
	got = read(fd, page + size - BEFORE / 2, n);
	check(got > 0 && got <= BEFORE / 2);
	check(!memcmp(page + size - BEFORE / 2, text, got));
	check_is(read(fd, page, BEFORE), n - got);
	check(!memcmp(page, text + got, n - got));
}

static int polled(int fd)
{
	struct pollfd p = { fd, POLLIN | POLLOUT, 0 };

	check(poll(&p, 1, 0) >= 0);
	return p.revents;
}

/* Writable means that PIPE_BUF bytes can be written without sleeping */
static void test_poll(void)
{
	int fd = open_node(O_RDWR | O_NONBLOCK);
	int in = open_node(O_WRONLY), out = open_node(O_RDONLY);

	check_is(polled(fd), POLLOUT);
	check_is(polled(out), 0);
	check_is(write(fd, big, SIZE - ATOMIC), SIZE - ATOMIC);
	check_is(polled(fd), POLLIN | POLLOUT);
	check_is(polled(in), POLLOUT);
	check_is(polled(out), POLLIN);
	check_is(write(fd, big, 1), 1);
	check_is(polled(fd), POLLIN);
	check_is(polled(in), 0);
	check_is(write(fd, big, SIZE), ATOMIC - 1);
	check_is(polled(fd), POLLIN);
	check_is(read(fd, big, ATOMIC), ATOMIC);
	check_is(polled(fd), POLLIN | POLLOUT);
	check_is(read(fd, big, SIZE), SIZE - ATOMIC);
	check_is(polled(fd), POLLOUT);
}

/* A lot, in odd sizes */
static long do_write_lot(int fd)
{
	unsigned int next = 0;
	size_t total = 0;

	while (total < 8 << 20) {
		unsigned char buf[7001];
		size_t len = 1 + total % sizeof(buf), done = 0, i;

		for (i = 0; i < len; i++)
			buf[i] = next++ % 251;
		while (done < len) {
			ssize_t ret = write(fd, buf + done, len - done);

			if (ret < 0)
				return -1;
			done += ret;
		}
		total += len;
	}
	close(fd);
	return total;
}

static void test_lot(void)
{
	int fd = open_node(O_RDONLY);
	unsigned int next = 0;
	size_t total = 0;
	struct call c;

	begin_call_awake(&c, do_write_lot, open_node(O_WRONLY));
	while (total < 8 << 20) {
		unsigned char buf[9973];
		ssize_t len = read(fd, buf, 1 + total % sizeof(buf)), i;

		check(len > 0);
		for (i = 0; i < len; i++)
			check(buf[i] == next++ % 251);
		total += len;
	}
	check(end_call(&c) >= 8 << 20);
}

/* Whatever its size is, somebody has filled it */
static void test_full(void)
{
	int fd = open_node(O_WRONLY | O_NONBLOCK);

	check_is(polled(fd), 0);
	check_fails(write(fd, "x", 1), EAGAIN);
}

static const struct test_case cases[] = {
	{ "order", test_order },
	{ "blocking", test_blocking },
	{ "nonblock", test_nonblock },
	{ "atomic", test_atomic },
	{ "interrupted", test_interrupted },
	{ "vectors", test_vectors },
	{ "splice", test_splice },
	{ "splice-asleep", test_splice_asleep },
	{ "splice-asleep-full", test_splice_asleep_full },
	{ "bad-address", test_bad_address },
	{ "poll", test_poll },
	{ "lot", test_lot },
	{ "full", test_full },
};

int main(int argc, char **argv)
{
	return run_case(argc, argv, cases, sizeof(cases) / sizeof(cases[0]));
}
