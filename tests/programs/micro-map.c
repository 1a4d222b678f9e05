// SPDX-License-Identifier: GPL-2.0-only
/*
 * micro-map: mappings of a file whose device goes (usage: unplug.h)
 *
 * Copyright (C) 2026 The microkernel authors
 */
#define _GNU_SOURCE
#include <setjmp.h>
#include <sys/uio.h>

#include "unplug.h"

#define PAGE	((long)getpagesize())

/* A touch that raises SIGBUS comes back here */
static __thread sigjmp_buf bus_return;
static __thread volatile sig_atomic_t touching;

static void on_bus(int sig, siginfo_t *info, void *context)
{
	(void)sig;
	(void)context;
	if (!touching || info->si_code != BUS_ADRERR)
		fail(__FILE__, __LINE__, "SIGBUS where none should be, or code %d",
		     info->si_code);
	siglongjmp(bus_return, 1);
}

static void catch_bus(void)
{
	struct sigaction action = { .sa_sigaction = on_bus, .sa_flags = SA_SIGINFO };

	check(!sigaction(SIGBUS, &action, NULL));
}

#define BUS	(-1)

/* The byte that is there, or BUS */
static int peek(volatile unsigned char *p)
{
	int value = BUS;

	touching = 1;
	if (!sigsetjmp(bus_return, 1))
		value = *p;
	touching = 0;
	return value;
}

/* 0, or BUS */
static int poke(volatile unsigned char *p, unsigned char value)
{
	int ret = BUS;

	touching = 1;
	if (!sigsetjmp(bus_return, 1)) {
		*p = value;
		ret = 0;
	}
	touching = 0;
	return ret;
}

static off_t kind_offset(int kind)
{
	return kind * EVIL_PAGES * PAGE;
}

static unsigned char *map(int fd, int kind, int pages, int flags)
{
	void *p = mmap(NULL, pages * PAGE, PROT_READ | PROT_WRITE, flags, fd,
		       kind_offset(kind));

	if (p == MAP_FAILED)
		fail(__FILE__, __LINE__, "mmap, kind %d: %s", kind, strerror(errno));
	return p;
}

/* What is in page @page of a new device */
static int fresh(int page)
{
	return node_is("micro_ram") ? 0 : 'a' + page;
}

static void check_dead_map(unsigned char *p, int pages)
{
	int i;

	for (i = 0; i < pages; i++) {
		check_is(peek(p + i * PAGE), BUS);
		check_is(poke(p + i * PAGE, 1), BUS);
	}
}

/*
 * Shared, private, untouched, read, written: all of them work before, see each
 * other's bytes as they should, and are dead afterwards.
 */
static void test_kind(int kind)
{
	int fd = open_node(O_RDWR);
	unsigned char *shared = map(fd, kind, 4, MAP_SHARED);
	unsigned char *other = map(fd, kind, 4, MAP_SHARED);
	unsigned char *private = NULL, *copied = NULL;
	int pipes[2];

	catch_bus();
	check(!pipe(pipes));
	if (kind == EVIL_MAP_EMPTY) {
		check_dead_map(shared, 4);
		unplug();
		check_dead_map(shared, 4);
		return;
	}

	check_is(peek(shared), fresh(0));
	check_is(peek(shared + PAGE), fresh(1));
	check_is(poke(shared + 1, 'S'), 0);
	check_is(peek(other + 1), 'S');
	check_is(poke(other + 2 * PAGE, 'O'), 0);
	check_is(peek(shared + 2 * PAGE), 'O');

	if (kind == EVIL_MAP_PFN_FAULT) {
		check(mmap(NULL, PAGE, PROT_READ, MAP_PRIVATE, fd,
			   kind_offset(kind)) == MAP_FAILED);
	} else {
		private = map(fd, kind, 4, MAP_PRIVATE);
		copied = map(fd, kind, 4, MAP_PRIVATE);
		check_is(peek(private + 1), 'S');
		/* written before it was read, and after */
		check_is(poke(copied + PAGE + 1, 'C'), 0);
		check_is(peek(copied + 2 * PAGE), 'O');
		check_is(poke(copied + 2 * PAGE, 'C'), 0);
		check_is(peek(copied + PAGE + 1), 'C');
		check_is(peek(copied + 2 * PAGE), 'C');
		check_is(peek(copied + PAGE), fresh(1));
		check_is(peek(shared + PAGE + 1), fresh(1));
		check_is(peek(shared + 2 * PAGE), 'O');
		/* a private page that nobody wrote to follows the device's */
		check_is(poke(shared + 1, 's'), 0);
		check_is(peek(private + 1), 's');
		check_is(poke(shared + PAGE + 1, 's'), 0);
		check_is(peek(copied + PAGE + 1), 'C');
	}
	check_is(write(pipes[1], shared, 1), 1);

	unplug();
	check_dead_map(shared, 4);
	check_dead_map(other, 4);
	if (private) {
		check_dead_map(private, 4);
		check_dead_map(copied, 4);
		check_is(munmap(copied, 4 * PAGE), 0);
	}
	/* nor does the kernel find anything there on behalf of the process */
	check_fails(write(pipes[1], shared, 1), EFAULT);
	check_is(munmap(shared, PAGE), 0);
	check_dead_map(shared + PAGE, 3);
	check_fails(mmap(NULL, PAGE, PROT_READ, MAP_SHARED, fd, kind_offset(kind)), ENODEV);
	check_is(close(fd), 0);
	check_dead_map(other, 4);
}

static void test_fault(void)
{
	test_kind(EVIL_MAP_FAULT);
}

static void test_mkwrite(void)
{
	test_kind(EVIL_MAP_MKWRITE);
}

static void test_pfn_fault(void)
{
	test_kind(EVIL_MAP_PFN_FAULT);
}

static void test_remap(void)
{
	test_kind(EVIL_MAP_REMAP);
}

static void test_vmalloc(void)
{
	test_kind(EVIL_MAP_VMALLOC);
}

static void test_insert(void)
{
	test_kind(EVIL_MAP_INSERT);
}

static void test_empty(void)
{
	test_kind(EVIL_MAP_EMPTY);
}

/* The kinds that other tests go through */
static const int kinds[] = {
	EVIL_MAP_FAULT, EVIL_MAP_MKWRITE, EVIL_MAP_REMAP, EVIL_MAP_VMALLOC, EVIL_MAP_INSERT,
};

#define KINDS	((int)(sizeof(kinds) / sizeof(kinds[0])))

/* A mapping is a user of the file as good as a file descriptor */
static void test_outlives_close(void)
{
	long releases = counter("releases");
	unsigned char *p[KINDS], *early;
	int fd, i;

	catch_bus();
	for (i = 0; i < KINDS; i++) {
		fd = open_node(O_RDWR);
		p[i] = map(fd, kinds[i], 2, i % 2 ? MAP_PRIVATE : MAP_SHARED);
		check_is(close(fd), 0);
		check_is(peek(p[i]), 'a');
		check_is(poke(p[i] + PAGE, 'a'), 0);
	}
	fd = open_node(O_RDWR);
	early = map(fd, EVIL_MAP_INSERT, 2, MAP_SHARED);
	check_is(close(fd), 0);
	check_is(counter("releases"), releases);
	check_is(munmap(early, 2 * PAGE), 0);
	check_is(counter("releases"), releases + 1);

	unplug();
	check_is(counter("releases"), releases + 1 + KINDS);
	for (i = 0; i < KINDS; i++) {
		check_dead_map(p[i], 2);
		check_is(munmap(p[i], 2 * PAGE), 0);
	}
	check_is(counter("releases"), releases + 1 + KINDS);
}

/* Processes that inherited the mapping: before the end, and after it */
static void test_fork(void)
{
	unsigned char *shared[KINDS], *private[KINDS];
	int go[2], ready[2];
	int fd = open_node(O_RDWR);
	pid_t child, late;
	int i;

	catch_bus();
	check(!pipe(go) && !pipe(ready));
	for (i = 0; i < KINDS; i++) {
		shared[i] = map(fd, kinds[i], 2, MAP_SHARED);
		private[i] = map(fd, kinds[i], 2, MAP_PRIVATE);
		/* also the first, which x86 used to look for when it forks */
		check_is(poke(private[i], 'P'), 0);
		check_is(poke(private[i] + PAGE, 'P'), 0);
		check_is(poke(shared[i] + 1, 'S'), 0);
	}
	child = fork();
	check(child >= 0);
	if (!child) {
		alarm(TIME_LIMIT_S);
		check_is(close(fd), 0);
		for (i = 0; i < KINDS; i++) {
			check_is(peek(shared[i] + 1), 'S');
			check_is(peek(private[i] + PAGE), 'P');
			/* this process has a copy of the copy */
			check_is(poke(private[i] + PAGE, 'Q'), 0);
		}
		tell(ready[1]);
		hear(go[0]);
		for (i = 0; i < KINDS; i++) {
			check_dead_map(shared[i], 2);
			check_dead_map(private[i], 2);
		}
		check_is(munmap(shared[0], 2 * PAGE), 0);
		_exit(0);
	}
	hear(ready[0]);
	for (i = 0; i < KINDS; i++)
		check_is(peek(private[i] + PAGE), 'P');

	unplug();
	tell(go[1]);
	end_child(child);

	late = fork();
	check(late >= 0);
	if (!late) {
		alarm(TIME_LIMIT_S);
		for (i = 0; i < KINDS; i++) {
			check_dead_map(shared[i], 2);
			check_dead_map(private[i], 2);
		}
		_exit(0);
	}
	end_child(late);
	for (i = 0; i < KINDS; i++)
		check_dead_map(private[i], 2);
}

/* Moved, split, protected and locked, before and after */
/* micro_evil's vm_ops allow no execution */
static bool has_vm_ops(int kind)
{
	return !node_is("micro_ram") &&
	       (kind == EVIL_MAP_FAULT || kind == EVIL_MAP_MKWRITE || kind == EVIL_MAP_PFN_FAULT);
}

static void test_moved(void)
{
	int fd = open_node(O_RDWR);
	unsigned char *p[KINDS], *q[KINDS];
	int i;

	catch_bus();
	for (i = 0; i < KINDS; i++) {
		unsigned char *to = mmap(NULL, 4 * PAGE, PROT_NONE,
					 MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

		check(to != MAP_FAILED);
		p[i] = map(fd, kinds[i], 4, i % 2 ? MAP_PRIVATE : MAP_SHARED);
		check_is(poke(p[i] + PAGE, 'M'), 0);
		p[i] = mremap(p[i], 4 * PAGE, 4 * PAGE, MREMAP_MAYMOVE | MREMAP_FIXED, to);
		check(p[i] == to);
		check_is(peek(p[i] + PAGE), 'M');
		check_is(munmap(p[i] + 2 * PAGE, PAGE), 0);
		check_is(mprotect(p[i] + 3 * PAGE, PAGE, PROT_READ), 0);
		check_is(peek(p[i] + 3 * PAGE), 'd');
		check_is(mprotect(p[i] + 3 * PAGE, PAGE, PROT_READ | PROT_EXEC),
			 has_vm_ops(kinds[i]) ? -1 : 0);
		check_is(mprotect(p[i] + 3 * PAGE, PAGE, PROT_READ), 0);
		q[i] = map(fd, kinds[i], 2, i % 2 ? MAP_SHARED : MAP_PRIVATE);
		check_is(poke(q[i] + PAGE, 'Q'), 0);
	}

	unplug();
	for (i = 0; i < KINDS; i++) {
		void *to;

		check_dead_map(p[i], 2);
		check_is(peek(p[i] + 3 * PAGE), BUS);
		check_is(mprotect(p[i] + 3 * PAGE, PAGE, PROT_READ | PROT_WRITE), 0);
		check_dead_map(p[i] + 3 * PAGE, 1);
		/* advice: what is forbidden for this kind of mapping may stay so */
		madvise(q[i], 2 * PAGE, MADV_DONTNEED);
		madvise(q[i], 2 * PAGE, MADV_WILLNEED);
		check_dead_map(q[i], 2);
		to = mremap(q[i], 2 * PAGE, PAGE, 0);
		check(to == q[i]);
		to = mmap(NULL, PAGE, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
		check(to != MAP_FAILED);
		to = mremap(q[i], PAGE, PAGE, MREMAP_MAYMOVE | MREMAP_FIXED, to);
		check(to != MAP_FAILED);
		check_dead_map(to, 1);
		mlock(to, PAGE);
		check_dead_map(to, 1);
	}
}

/* The driver's vm_operations: as always before, never after */
static void test_vm_ops(void)
{
	long opens = counter("vm_opens"), closes = counter("vm_closes");
	long faults = counter("faults"), mkwrites = counter("mkwrites");
	int fd = open_node(O_RDWR);
	unsigned char *p, *q, *r;
	pid_t child;

	catch_bus();
	p = map(fd, EVIL_MAP_MKWRITE, 4, MAP_SHARED);
	q = map(fd, EVIL_MAP_MKWRITE, 4, MAP_PRIVATE);
	r = map(fd, EVIL_MAP_FAULT, 4, MAP_SHARED);

	/* a fault for each page, and a question for each that is written to */
	check_is(peek(p), 'a');
	check_is(counter("faults"), faults + 1);
	check_is(counter("mkwrites"), mkwrites);
	check_is(poke(p, 'a'), 0);
	check_is(poke(p + 1, 'a'), 0);
	check_is(counter("faults"), faults + 1);
	check_is(counter("mkwrites"), mkwrites + 1);
	check_is(poke(p + PAGE, 'b'), 0);
	check_is(counter("faults"), faults + 2);
	check_is(counter("mkwrites"), mkwrites + 2);
	/* private copies are none of the driver's business */
	check_is(poke(q, 'q'), 0);
	check_is(counter("faults"), faults + 3);
	check_is(counter("mkwrites"), mkwrites + 2);
	check_is(poke(r, 'a'), 0);
	check_is(counter("mkwrites"), mkwrites + 2);

	/* a hole in it: two mappings, where there was one; then one again */
	check_is(counter("vm_opens"), opens);
	check_is(munmap(r + PAGE, PAGE), 0);
	check(counter("vm_opens") > opens);
	check_is(counter("vm_opens") - counter("vm_closes"), opens - closes + 1);
	check_is(munmap(r + 2 * PAGE, 2 * PAGE), 0);
	check_is(counter("vm_opens") - counter("vm_closes"), opens - closes);

	/* a child has three, for a while */
	opens = counter("vm_opens");
	closes = counter("vm_closes");
	child = fork();
	check(child >= 0);
	if (!child)
		_exit(0);
	end_child(child);
	check_is(counter("vm_opens"), opens + 3);
	check_is(counter("vm_closes"), closes + 3);

	unplug();
	opens = counter("vm_opens");
	closes = counter("vm_closes");
	faults = counter("faults");
	mkwrites = counter("mkwrites");
	check_dead_map(p, 4);
	check_dead_map(q, 4);
	child = fork();
	check(child >= 0);
	if (!child)
		_exit(0);
	end_child(child);
	check_is(munmap(p + PAGE, PAGE), 0);
	check_is(munmap(p, PAGE), 0);
	check_is(munmap(q, 4 * PAGE), 0);
	check_is(munmap(r, PAGE), 0);
	check_is(close(fd), 0);
	check_is(counter("vm_opens"), opens);
	check_is(counter("vm_closes"), closes);
	check_is(counter("faults"), faults);
	check_is(counter("mkwrites"), mkwrites);
}

/* Uses memory, as much as there is on the lists of free pages of this CPU */
static void use_memory(void)
{
	const size_t size = 64 << 20;
	unsigned char *p = mmap(NULL, size, PROT_READ | PROT_WRITE,
				MAP_PRIVATE | MAP_ANONYMOUS | MAP_POPULATE, -1, 0);

	check(p != MAP_FAILED);
	memset(p, 0x5a, size);
	check_is(munmap(p, size), 0);
}

/* A page that is on its way through a pipe stays what it is */
static void pinned(int kind)
{
	int fd = open_node(O_RDWR);
	unsigned char *p = map(fd, kind, 2, MAP_SHARED);
	struct iovec iov = { p, 2 * PAGE };
	unsigned char *got = malloc(2 * PAGE);
	int pipes[2], i;

	catch_bus();
	check(got && !pipe(pipes));
	for (i = 0; i < 2 * PAGE; i++)
		p[i] = i % 251;
	check_is(vmsplice(pipes[1], &iov, 1, 0), 2 * PAGE);
	unplug();
	check_dead_map(p, 2);
	check_is(close(fd), 0);
	check_is(munmap(p, 2 * PAGE), 0);
	use_memory();
	check_is(read(pipes[0], got, 2 * PAGE), 2 * PAGE);
	for (i = 0; i < 2 * PAGE; i++)
		check_is(got[i], i % 251);
}

static void test_pinned_fault(void)
{
	pinned(EVIL_MAP_FAULT);
}

static void test_pinned_insert(void)
{
	pinned(EVIL_MAP_INSERT);
}

static void test_pinned_vmalloc(void)
{
	pinned(EVIL_MAP_VMALLOC);
}

/* Other ways into the memory of a process */
static void test_remote(void)
{
	int fd = open_node(O_RDWR);
	unsigned char *p = map(fd, EVIL_MAP_FAULT, 2, MAP_SHARED);
	unsigned char *q = map(fd, EVIL_MAP_INSERT, 2, MAP_SHARED);
	char byte;
	struct iovec local = { &byte, 1 };
	struct iovec remote = { p, 1 };
	int mem = open("/proc/self/mem", O_RDWR);
	bool vm;

	catch_bus();
	check(mem >= 0);
	check_is(pread(mem, &byte, 1, (off_t)(uintptr_t)p), 1);
	check_is(byte, fresh(0));
	check_is(pread(mem, &byte, 1, (off_t)(uintptr_t)(q + PAGE)), 1);
	check_is(byte, fresh(1));
	/* a system call that the debug kernel does not have */
	vm = process_vm_readv(getpid(), &local, 1, &local, 1, 0) == 1;
	check(vm || errno == ENOSYS);
	if (vm)
		check_is(process_vm_readv(getpid(), &local, 1, &remote, 1, 0), 1);
	unplug();
	if (vm) {
		check_fails(process_vm_readv(getpid(), &local, 1, &remote, 1, 0), EFAULT);
		check_fails(process_vm_writev(getpid(), &local, 1, &remote, 1, 0), EFAULT);
	}
	check_fails(pread(mem, &byte, 1, (off_t)(uintptr_t)p), EIO);
	check_fails(pread(mem, &byte, 1, (off_t)(uintptr_t)(q + PAGE)), EIO);
	check_fails(pwrite(mem, &byte, 1, (off_t)(uintptr_t)p), EIO);
	check_dead_map(p, 2);
	check_dead_map(q, 2);
}

/* Filled, and locked, from the start */
static void test_populated(void)
{
	int fd = open_node(O_RDWR);
	unsigned char *p[2 * KINDS];
	int i;

	catch_bus();
	for (i = 0; i < 2 * KINDS; i++) {
		p[i] = map(fd, kinds[i / 2], 4,
			   MAP_POPULATE | MAP_LOCKED | (i % 2 ? MAP_PRIVATE : MAP_SHARED));
		check_is(peek(p[i]), 'a');
	}
	unplug();
	for (i = 0; i < 2 * KINDS; i++) {
		check_dead_map(p[i], 4);
		check_is(munmap(p[i], 4 * PAGE), 0);
	}
}

/* mmap() that fails when it has done half of its work */
static void test_half(void)
{
	long releases = counter("releases");
	int fd = open_node(O_RDWR);
	int other = open_node(O_RDWR);
	unsigned char *p;
	int i;

	catch_bus();
	for (i = 0; i < 10; i++)
		check_fails(mmap(NULL, 4 * PAGE, PROT_READ, i % 2 ? MAP_SHARED : MAP_PRIVATE,
				 fd, kind_offset(EVIL_MAP_HALF)), ENOBUFS);
	p = map(other, EVIL_MAP_INSERT, 4, MAP_SHARED);
	check_is(peek(p), 'a');
	check_fails(mmap(NULL, 4 * PAGE, PROT_READ, MAP_SHARED, other,
			 kind_offset(EVIL_MAP_HALF)), ENOBUFS);
	check_is(close(fd), 0);
	check_is(counter("releases"), releases + 1);
	unplug();
	check_dead_map(p, 4);
	check_is(counter("releases"), releases + 2);
}

/*
 * Threads that map, touch and fork while the device goes. What a mmap() gave
 * that did not fail is dead too, however late it was.
 */
#define KEPT	64

static atomic_int mappers;
static atomic_int map_serial;

static long race_map(int fd)
{
	unsigned char *kept[KEPT] = {};
	const int kind = kinds[map_serial++ % KINDS];
	const int flags = map_serial % 2 ? MAP_SHARED : MAP_SHARED | MAP_POPULATE;
	unsigned int n = 0;
	int i;

	for (;;) {
		unsigned char *p = mmap(NULL, 4 * PAGE, PROT_READ | PROT_WRITE, flags, fd,
					kind_offset(kind));

		if (p == MAP_FAILED)
			break;
		if (kept[n % KEPT])
			check_is(munmap(kept[n % KEPT], 4 * PAGE), 0);
		kept[n++ % KEPT] = p;
		if (n == 2)
			mappers++;
	}
	if (errno != ENODEV)
		return -1;
	/* the first ENODEV may come long before the zap: wait for the end */
	wait_until(mappers < 0);
	for (i = 0; i < KEPT; i++)
		if (kept[i])
			check_dead_map(kept[i], 4);
	return n;
}

static long race_half(int fd)
{
	mappers++;
	while (mmap(NULL, 4 * PAGE, PROT_READ, MAP_SHARED, fd,
		    kind_offset(EVIL_MAP_HALF)) == MAP_FAILED && errno == ENOBUFS)
		;
	check(errno == ENODEV);
	return 2;
}

static long race_touch(int fd)
{
	unsigned char *p = map(fd, kinds[map_serial++ % KINDS], 4, MAP_SHARED);
	unsigned char *q = map(fd, kinds[map_serial % KINDS], 4, MAP_PRIVATE);

	mappers++;
	while (peek(p) != BUS && poke(p + PAGE, 'b') != BUS && poke(q + PAGE, 'q') != BUS &&
	       peek(q) != BUS)
		madvise(q, 4 * PAGE, MADV_DONTNEED);
	wait_until(mappers < 0);
	check_dead_map(p, 4);
	check_dead_map(q, 4);
	return 2;
}

static void test_race(void)
{
	enum { RACERS = 8 };
	struct call c[RACERS];
	int i;

	catch_bus();
	for (i = 0; i < RACERS; i++)
		begin_call_awake(&c[i], i < 4 ? race_map : i < 5 ? race_half : race_touch,
				 open_node(O_RDWR));
	wait_until(mappers == RACERS);
	unplug_end(unplug_begin());
	mappers = -1000;
	for (i = 0; i < RACERS; i++)
		check(end_call(&c[i]) >= 2);
}

/* Processes that fork all the time: no copy of a page table is forgotten */
static void test_race_fork(void)
{
	int fd = open_node(O_RDWR);
	unsigned char *shared[KINDS], *private[KINDS];
	enum { PARENTS = 3, FORKS = 1000 };
	int go[2], ready[2];
	pid_t pids[PARENTS];
	int i, j;

	catch_bus();
	check(!pipe(go) && !pipe(ready));
	for (i = 0; i < KINDS; i++) {
		shared[i] = map(fd, kinds[i], 2, MAP_SHARED);
		private[i] = map(fd, kinds[i], 2, MAP_PRIVATE);
		check_is(poke(shared[i], 's'), 0);
		check_is(poke(private[i] + PAGE, 'p'), 0);
	}
	for (i = 0; i < PARENTS; i++) {
		pids[i] = fork();
		check(pids[i] >= 0);
		if (pids[i])
			continue;
		alarm(TIME_LIMIT_S);
		tell(ready[1]);
		for (j = 0; j < FORKS && read(fd, (char[1]) {}, 0) == 0; j++) {
			pid_t pid = fork();

			check(pid >= 0);
			/* the line of generations goes on in the child */
			if (pid) {
				end_child(pid);
				_exit(0);
			}
			alarm(TIME_LIMIT_S);
		}
		hear(go[0]);
		for (j = 0; j < KINDS; j++) {
			check_dead_map(shared[j], 2);
			check_dead_map(private[j], 2);
		}
		_exit(0);
	}
	for (i = 0; i < PARENTS; i++)
		hear(ready[0]);
	unplug_end(unplug_begin());
	for (i = 0; i < PARENTS; i++)
		tell(go[1]);
	for (i = 0; i < PARENTS; i++)
		end_child(pids[i]);
}

static const struct test_case cases[] = {
	{ "fault", test_fault },
	{ "mkwrite", test_mkwrite },
	{ "pfn-fault", test_pfn_fault },
	{ "remap", test_remap },
	{ "vmalloc", test_vmalloc },
	{ "insert", test_insert },
	{ "empty", test_empty },
	{ "outlives-close", test_outlives_close },
	{ "fork", test_fork },
	{ "moved", test_moved },
	{ "vm-ops", test_vm_ops },
	{ "pinned-fault", test_pinned_fault },
	{ "pinned-insert", test_pinned_insert },
	{ "pinned-vmalloc", test_pinned_vmalloc },
	{ "remote", test_remote },
	{ "populated", test_populated },
	{ "half", test_half },
	{ "race", test_race },
	{ "race-fork", test_race_fork },
};

int main(int argc, char **argv)
{
	return run_case(argc, argv, cases, sizeof(cases) / sizeof(cases[0]));
}
