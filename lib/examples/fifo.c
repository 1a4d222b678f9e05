// SPDX-License-Identifier: LGPL-2.1-or-later
/*
 * fifo: each device is a pipe, and no byte of it is lost or repeated, at whichever
 * instruction this process dies
 *
 * The user driver has these properties:
 *	memory-size	at least 300000: the journal, and what is in the pipe
 *	again		"read", "write"
 *
 * The journal pattern
 * -------------------
 * All that has to survive is in the device's memory, which the kernel keeps. Two
 * rules make that exact:
 *
 * 1. A change becomes valid with one store. There are two copies of what counts (struct
 *    commit), and "now" says which one is valid. The other one is filled in, and
 *    then "now" is increased. A process that dies before this store has done
 *    nothing, one that dies after it has done all.
 *
 * 2. The answer to a request is a part of the change. When a process dies with a
 *    request in hand, the kernel delivers it again to the next one, with the
 *    same number, as the property "again" asks for. The change may have been made
 *    or not; the kernel cannot know, but the journal does: an entry has the number
 *    of the request and the answer, with the bytes that a read returned. If the
 *    request is in there, it was done: the answer is given once more. Otherwise it
 *    was not, and is done now.
 *
 * How many entries? One has to stay until the kernel has taken the answer. A device has
 * "depth" requests with its server at a time, 8 unless the property says else, so
 * twice as many are enough.
 *
 * What this cannot do: bytes that a reader had in its hands when that was killed itself are
 * put back only if nobody has read after it.
 *
 * Copyright (C) 2026 The microkernel authors
 */
#include <errno.h>
#include <micro.h>
#include <stdatomic.h>
#include <stdio.h>
#include <string.h>

#define ENTRIES		64
#define ENTRY_BYTES	4096	/* what one read returns at most */

/**
 * struct commit - what counts
 * @head: bytes that were read since the device was made
 * @tail: bytes that were written
 * @entries: entries that were made in the journal
 * @last_read: number of the last request that read something, which may be put back
 */
struct commit {
	uint64_t head;
	uint64_t tail;
	uint64_t entries;
	uint64_t last_read;
};

/**
 * struct entry - a request that was done
 * @id: its number
 * @result: the answer
 * @bytes: what a read returned
 */
struct entry {
	uint64_t id;
	int64_t result;
	char bytes[ENTRY_BYTES];
};

/**
 * struct fifo - the device's memory; all zeros is an empty pipe
 * @now: its low bit says which commit is valid
 * @commit: one of them is
 * @journal: entry n is at n modulo ENTRIES
 * @data: byte n is at n modulo its size
 */
struct fifo {
	_Atomic uint32_t now;
	struct commit commit[2];
	struct entry journal[ENTRIES];
	char data[];
};

static struct fifo *fifo_get(struct micro_instance *inst, uint64_t *size)
{
	size_t all;
	struct fifo *f = micro_memory(inst, &all);

	*size = all - sizeof(*f);
	return f;
}

static const struct commit *fifo_now(const struct fifo *f)
{
	return &f->commit[f->now & 1];
}

/* Rule 1: before the last line nothing has happened, after it everything has */
static void fifo_commit(struct fifo *f, const struct commit *next)
{
	uint32_t now = f->now + 1;

	f->commit[now & 1] = *next;
	atomic_store_explicit(&f->now, now, memory_order_release);
	/* and no store of the next change comes before it */
	atomic_thread_fence(memory_order_seq_cst);
}

/* The next entry of the journal, which counts from the commit on that has one more */
static struct entry *entry_new(struct fifo *f, struct commit *next, int64_t result)
{
	struct entry *entry = &f->journal[next->entries++ % ENTRIES];

	entry->id = micro_request_id();
	entry->result = result;
	return entry;
}

/* Rule 2: was the request of this moment done by an earlier server? */
static struct entry *entry_find(struct fifo *f)
{
	const struct commit *now = fifo_now(f);
	uint64_t first = now->entries < ENTRIES ? 0 : now->entries - ENTRIES + 1;

	if (!micro_request_attempt())
		return NULL;
	for (uint64_t n = first; n < now->entries; n++)
		if (f->journal[n % ENTRIES].id == micro_request_id())
			return &f->journal[n % ENTRIES];
	return NULL;
}

/* One that dies before it says this has it said by the next one's probe() */
static void fifo_notify(struct micro_instance *inst)
{
	uint64_t size;
	const struct commit *now = fifo_now(fifo_get(inst, &size));
	uint64_t used = now->tail - now->head;

	micro_notify_instance(inst, (used ? EPOLLIN : 0) | (used < size ? EPOLLOUT : 0));
}

static ssize_t fifo_read(struct micro_file *file, void *buf, size_t count, off_t pos)
{
	struct micro_instance *inst = micro_file_instance(file);
	uint64_t size, from, first;
	struct fifo *f = fifo_get(inst, &size);
	struct entry *entry = entry_find(f);
	struct commit next = *fifo_now(f);

	(void)pos;
	if (entry) {
		/* a program cannot ask for less the second time */
		memcpy(buf, entry->bytes, entry->result);
		return entry->result;
	}
	if (next.head == next.tail)
		return count ? -EAGAIN : 0;
	if (count > ENTRY_BYTES)
		count = ENTRY_BYTES;
	if (count > next.tail - next.head)
		count = next.tail - next.head;

	entry = entry_new(f, &next, count);
	from = next.head % size;
	first = count < size - from ? count : size - from;
	memcpy(entry->bytes, f->data + from, first);
	memcpy(entry->bytes + first, f->data, count - first);
	memcpy(buf, entry->bytes, count);
	next.head += count;
	next.last_read = entry->id;
	fifo_commit(f, &next);
	fifo_notify(inst);
	return count;
}

static ssize_t fifo_write(struct micro_file *file, const void *buf, size_t count, off_t pos)
{
	struct micro_instance *inst = micro_file_instance(file);
	uint64_t size, to, first;
	struct fifo *f = fifo_get(inst, &size);
	struct entry *entry = entry_find(f);
	struct commit next = *fifo_now(f);

	(void)pos;
	if (entry)
		return entry->result;
	if (next.tail - next.head == size)
		return count ? -EAGAIN : 0;
	if (count > size - (next.tail - next.head))
		count = size - (next.tail - next.head);

	entry_new(f, &next, count);
	to = next.tail % size;
	first = count < size - to ? count : size - to;
	/* beyond the tail, where nobody reads before the commit */
	memcpy(f->data + to, buf, first);
	memcpy(f->data, (const char *)buf + first, count - first);
	next.tail += count;
	fifo_commit(f, &next);
	fifo_notify(inst);
	return count;
}

/* A reader was killed before it had all its bytes */
static void fifo_undelivered(struct micro_file *file, int type, uint64_t id, int64_t result,
			     int64_t taken)
{
	struct micro_instance *inst = micro_file_instance(file);
	uint64_t size;
	struct fifo *f = fifo_get(inst, &size);
	struct commit next = *fifo_now(f);

	/* There has to be room, as somebody may have written meanwhile */
	if (type != 'r' || next.last_read != id ||
	    next.tail - next.head + (result - taken) > size)
		return;
	next.head -= result - taken;
	next.last_read = 0;
	/* The place of these bytes may have others in it by now, but the journal has them */
	for (uint64_t n = 0; n < ENTRIES; n++) {
		struct entry *entry = &f->journal[n];

		if (entry->id != id)
			continue;
		for (int64_t i = 0; i < result - taken; i++)
			f->data[(next.head + i) % size] = entry->bytes[taken + i];
		fifo_commit(f, &next);
		fifo_notify(inst);
		return;
	}
}

static int fifo_probe(struct micro_instance *inst)
{
	size_t size;

	if (!micro_memory(inst, &size) || size <= sizeof(struct fifo))
		return -EINVAL;
	fifo_notify(inst);
	return 0;
}

int main(int argc, char **argv)
{
	static const struct micro_ops ops = {
		.probe = fifo_probe,
		.read = fifo_read,
		.write = fifo_write,
		.undelivered = fifo_undelivered,
	};
	int err = micro_serve(argc > 1 ? argv[1] : "fifo", &ops);

	if (err)
		fprintf(stderr, "fifo: %s\n", strerror(-err));
	return err != 0;
}
