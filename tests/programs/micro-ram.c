// SPDX-License-Identifier: GPL-2.0-only
/*
 * micro-ram: micro_ram, used (usage: unplug.h; COMMAND takes the device away)
 *
 * Copyright (C) 2026 The microkernel authors
 */
#define _GNU_SOURCE
#include <setjmp.h>
#include <sys/sendfile.h>
#include <sys/uio.h>

#include "userfault.h"

#define SIZE	(1024 * 1024L)
#define PAGE	((long)getpagesize())

static char buf[2 * SIZE];

static unsigned char *map(int fd, off_t offset, size_t size, int flags)
{
	void *p = mmap(NULL, size, PROT_READ | PROT_WRITE, flags, fd, offset);

	check(p != MAP_FAILED);
	return p;
}

/* Where it ends, and what happens there */
static void test_end(void)
{
	int fd = open_node(O_RDWR);

	check_is(lseek(fd, 0, SEEK_END), SIZE);
	check_is(read(fd, buf, 1), 0);
	check_fails(write(fd, buf, 1), ENOSPC);
	check_is(write(fd, buf, 0), 0);
	check_is(lseek(fd, -3, SEEK_CUR), SIZE - 3);
	check_is(write(fd, "12345", 5), 3);
	check_is(lseek(fd, 0, SEEK_CUR), SIZE);
	check_is(lseek(fd, -2, SEEK_END), SIZE - 2);
	check_is(read(fd, buf, 5), 2);
	check(!memcmp(buf, "23", 2));
	check_fails(lseek(fd, 1, SEEK_END), EINVAL);
	check_fails(lseek(fd, -1, SEEK_SET), EINVAL);
	check_is(pread(fd, buf, 5, SIZE + 5), 0);
	check_fails(pwrite(fd, buf, 5, SIZE), ENOSPC);
	check_fails(pwrite(fd, buf, 5, 1LL << 40), ENOSPC);
	check_fails(pread(fd, buf, 5, -1), EINVAL);
	check_is(pwrite(fd, buf, sizeof(buf), 0), SIZE);
	check_is(pread(fd, buf, sizeof(buf), 1), SIZE - 1);
}

/* What was never written is zero; the rest is where it was put */
static void test_holes(void)
{
	int fd = open_node(O_RDWR);
	int other = open_node(O_RDWR);
	struct iovec out[] = { { "ab", 2 }, { "cde", 3 } };
	char one[1], two[4];
	struct iovec in[] = { { one, 1 }, { two, 4 } };
	long i;

	check_is(pwrite(fd, "xyz", 3, 5 * PAGE - 1), 3);
	memset(buf, 1, sizeof(buf));
	check_is(read(other, buf, sizeof(buf)), SIZE);
	for (i = 0; i < SIZE; i++)
		check_is(buf[i], i >= 5 * PAGE - 1 && i < 5 * PAGE + 2 ?
			 "xyz"[i - 5 * PAGE + 1] : 0);
	/* each opener has a place of its own */
	check_is(lseek(fd, 0, SEEK_CUR), 0);
	check_is(lseek(other, 0, SEEK_CUR), SIZE);
	check_is(lseek(other, 7 * PAGE - 2, SEEK_SET), 7 * PAGE - 2);
	check_is(writev(other, out, 2), 5);
	check_is(lseek(fd, 7 * PAGE - 2, SEEK_SET), 7 * PAGE - 2);
	check_is(readv(fd, in, 2), 5);
	check(one[0] == 'a' && !memcmp(two, "bcde", 4));
	check_is(preadv(fd, in, 2, 7 * PAGE - 2), 5);
}

static __thread sigjmp_buf bus_return;

static void on_bus(int sig)
{
	(void)sig;
	siglongjmp(bus_return, 1);
}

static bool raises_bus(volatile unsigned char *p)
{
	if (sigsetjmp(bus_return, 1))
		return true;
	(void)*p;
	return false;
}

/* The same memory, however one gets at it */
static void test_map(void)
{
	int fd = open_node(O_RDWR);
	unsigned char *p = map(fd, 0, SIZE, MAP_SHARED);
	unsigned char *q = map(fd, 3 * PAGE, 2 * PAGE, MAP_SHARED);
	unsigned char *private = map(fd, 0, 2 * PAGE, MAP_PRIVATE);
	unsigned char *end = map(fd, SIZE - PAGE, 2 * PAGE, MAP_SHARED);

	check_is(pwrite(fd, "w", 1, 3 * PAGE), 1);
	check_is(p[3 * PAGE], 'w');
	check_is(q[0], 'w');
	q[PAGE] = 'm';
	check_is(pread(fd, buf, 1, 4 * PAGE), 1);
	check_is(buf[0], 'm');
	check_is(p[4 * PAGE], 'm');
	/* a page that is first mapped, then written */
	check_is(p[9 * PAGE], 0);
	check_is(pwrite(fd, "n", 1, 9 * PAGE), 1);
	check_is(p[9 * PAGE], 'n');

	private[0] = 'p';
	check_is(p[0], 0);
	p[PAGE] = 's';
	check_is(private[PAGE], 's');

	signal(SIGBUS, on_bus);
	check(!raises_bus(end));
	check(raises_bus(end + PAGE));
	check_is(close(fd), 0);
	fd = open_node(O_RDONLY);
	check_fails(mmap(NULL, PAGE, PROT_WRITE, MAP_SHARED, fd, 0), EACCES);
}

/* Its own mapping as the buffer: the copy faults while the driver is at work */
static void test_self(void)
{
	int fd = open_node(O_RDWR);
	unsigned char *p = map(fd, 64 * PAGE, 4 * PAGE, MAP_SHARED);

	check_is(pwrite(fd, "self", 4, 0), 4);
	check_is(pread(fd, p, 2 * PAGE, 0), 2 * PAGE);
	check(!memcmp(p, "self", 4));
	check_is(pwrite(fd, p + 2 * PAGE, 2 * PAGE, 0), 2 * PAGE);
	check_is(pread(fd, buf, 4, 0), 4);
	check_is(buf[0], 0);
	check(!memcmp(p, "self", 4));
}

/* Of the bytes before a bad address, some machines copy only whole words or blocks of them */
static void test_bad_address(void)
{
	char *page = mmap(NULL, 2 * PAGE, PROT_READ | PROT_WRITE,
			  MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	enum { BEFORE = 256 };
	int fd = open_node(O_RDWR);
	long n, got;
	char *text;

	check(page != MAP_FAILED);
	check_is(munmap(page + PAGE, PAGE), 0);
	text = page + PAGE - BEFORE;
	for (int i = 0; i < BEFORE; i++)
		text[i] = i * 7 + 1;
	check_fails(write(fd, page + PAGE, 1), EFAULT);
	n = write(fd, text, BEFORE + 7);
	check(n > BEFORE / 2 && n <= BEFORE);
	check_is(lseek(fd, 0, SEEK_CUR), n);
	check_is(pread(fd, page, n, 0), n);
	check(!memcmp(page, text, n));
	check_fails(pread(fd, page + PAGE, 1, 0), EFAULT);
	memset(text + BEFORE / 2, 0, BEFORE / 2);
	got = pread(fd, text + BEFORE / 2, n, 0);
	check(got > 0 && got <= BEFORE / 2);
	check(!memcmp(text + BEFORE / 2, page, got));
}

static void test_splice(void)
{
	int fd = open_node(O_RDWR);
	int pipes[2], i;
	off_t offset = 10;
	loff_t place = 3 * PAGE - 2;

	check(!pipe(pipes));
	check_is(pwrite(fd, "spliced", 7, 10), 7);
	check_is(sendfile(pipes[1], fd, &offset, 7), 7);
	check_is(offset, 17);
	/* what has left does not change with the device */
	check_is(pwrite(fd, "SPLICED", 7, 10), 7);
	check_is(splice(pipes[0], NULL, fd, &place, 7, 0), 7);
	check_is(pread(fd, buf, 7, 3 * PAGE - 2), 7);
	check(!memcmp(buf, "spliced", 7));

	for (i = 0; i < 8; i++)
		buf[i * PAGE] = i;
	check_is(pwrite(fd, buf, 8 * PAGE, 0), 8 * PAGE);
	place = 0;
	check_is(splice(fd, &place, pipes[1], NULL, 8 * PAGE, 0), 8 * PAGE);
	unplug();
	memset(buf, 0xff, sizeof(buf));
	check_is(read(pipes[0], buf, sizeof(buf)), 8 * PAGE);
	for (i = 0; i < 8; i++)
		check_is(buf[i * PAGE], i);
	check_fails(splice(fd, &place, pipes[1], NULL, 1, 0), ENODEV);
}

/* What one opener writes within a page is seen whole, or not at all */
enum { LETTERS = 4096 - 100 };

static long do_write_letters(int fd)
{
	static char letters[2][LETTERS];
	int i;

	memset(letters[0], 'a', sizeof(letters[0]));
	memset(letters[1], 'b', sizeof(letters[1]));
	for (i = 0; i < 2000; i++)
		if (pwrite(fd, letters[i % 2], sizeof(letters[0]), 100) != sizeof(letters[0]))
			return -1;
	close(fd);
	return 0;
}

static void test_atomic(void)
{
	int fd = open_node(O_RDWR);
	struct call c;
	int i, j;

	memset(buf, 'a', LETTERS);
	check_is(pwrite(fd, buf, LETTERS, 100), LETTERS);
	begin_call_awake(&c, do_write_letters, open_node(O_RDWR));
	for (i = 0; i < 500; i++) {
		check_is(pread(fd, buf, LETTERS, 100), LETTERS);
		for (j = 1; j < LETTERS; j++)
			check(buf[j] == buf[0]);
	}
	check_is(end_call(&c), 0);
}

/*
 * A long read or write ends early when the device goes. It is held up in its first
 * page until it has begun to go, so that all the others are for after that.
 */
static struct absent first_page;

static long do_long_read(int fd)
{
	struct iovec v[] = { { first_page.at, PAGE }, { buf, SIZE - PAGE } };

	return preadv(fd, v, 2, 0);
}

static long do_long_write(int fd)
{
	struct iovec v[] = { { first_page.at, PAGE }, { buf, SIZE - PAGE } };

	return pwritev(fd, v, 2, 0);
}

static void unplug_during(long (*fn)(int fd))
{
	int other = open_node(O_RDWR);
	struct call c;
	pid_t pid;

	first_page = absent_new(1);
	begin_call_awake(&c, fn, open_node(O_RDWR));
	absent_wanted(&first_page);
	pid = unplug_begin();
	wait_until(pread(other, buf, 1, 0) < 0 && errno == ENODEV);
	absent_bring(&first_page);
	check_is(end_call(&c), PAGE);
	unplug_end(pid);
}

static void test_unplug_read(void)
{
	unplug_during(do_long_read);
}

static void test_unplug_write(void)
{
	unplug_during(do_long_write);
}

/*
 * A long read ends early when its process is killed: its last page is not reached.
 * It may be through before the signal comes, but not each time.
 */
static void test_killed(void)
{
	volatile char *shared = mmap(NULL, SIZE, PROT_READ | PROT_WRITE,
				     MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	struct iovec v[1024];
	int fd = open_node(O_RDWR);
	int i, status;

	check(shared != MAP_FAILED);
	/* all but the first page and the last byte are read again and again to one place */
	for (i = 0; i < 1024; i++)
		v[i] = (struct iovec){ (char *)shared + PAGE, SIZE / 1024 };
	v[0].iov_base = (char *)shared;
	v[1023].iov_base = (char *)shared + SIZE - PAGE;
	for (i = 0; i < 1000; i++) {
		pid_t pid;

		shared[0] = 1;
		shared[SIZE - PAGE] = 1;
		pid = fork();
		check(pid >= 0);
		if (!pid) {
			preadv(fd, v, 1024, 0);
			pause();
		}
		while (shared[0])
			;
		check(!kill(pid, SIGKILL));
		check_is(waitpid(pid, &status, 0), pid);
		if (shared[SIZE - PAGE])
			break;
	}
	check(i < 1000);
}

static const struct test_case cases[] = {
	{ "end", test_end },
	{ "holes", test_holes },
	{ "map", test_map },
	{ "self", test_self },
	{ "bad-address", test_bad_address },
	{ "splice", test_splice },
	{ "atomic", test_atomic },
	{ "unplug-read", test_unplug_read },
	{ "unplug-write", test_unplug_write },
	{ "killed", test_killed },
};

int main(int argc, char **argv)
{
	return run_case(argc, argv, cases, sizeof(cases) / sizeof(cases[0]));
}
