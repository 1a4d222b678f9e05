// SPDX-License-Identifier: GPL-2.0-only
/*
 * micro-store: serves devices that keep what is written to them, for programs that test storage
 *
 *	micro-store DRIVER
 *
 * The user driver's memory-size is their size. It does not matter how often a read or write is
 * done, so all operations may be named in "again".
 *
 * Copyright (C) 2026 The microkernel authors
 */
#include <errno.h>
#include <micro.h>
#include <stdio.h>
#include <string.h>

static ssize_t store_read(struct micro_file *file, void *buf, size_t count, off_t pos)
{
	size_t size;
	const char *memory = micro_memory(micro_file_instance(file), &size);

	if (pos < 0)
		return -EINVAL;
	if ((size_t)pos >= size)
		return 0;
	if (count > size - pos)
		count = size - pos;
	memcpy(buf, memory + pos, count);
	return count;
}

static ssize_t store_write(struct micro_file *file, const void *buf, size_t count, off_t pos)
{
	size_t size;
	char *memory = micro_memory(micro_file_instance(file), &size);

	if (pos < 0)
		return -EINVAL;
	if ((size_t)pos >= size)
		return -ENOSPC;
	if (count > size - pos)
		count = size - pos;
	memcpy(memory + pos, buf, count);
	return count;
}

static off_t store_llseek(struct micro_file *file, off_t offset, int whence)
{
	size_t size;

	micro_memory(micro_file_instance(file), &size);
	if (whence == SEEK_END)
		offset += size;
	return offset < 0 ? -EINVAL : offset;
}

int main(int argc, char **argv)
{
	static const struct micro_ops ops = {
		.read = store_read,
		.write = store_write,
		.llseek = store_llseek,
	};

	return argc > 1 ? -micro_serve(argv[1], &ops) : 2;
}
