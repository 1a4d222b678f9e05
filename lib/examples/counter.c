// SPDX-License-Identifier: LGPL-2.1-or-later
/* counter: each read gives the next number. Copyright (C) 2026 The microkernel authors */
#include <errno.h>
#include <micro.h>
#include <stdio.h>
#include <string.h>

static ssize_t counter_read(struct micro_file *file, void *buf, size_t count, off_t pos)
{
	/* memory-size bytes that survive this process: one after kill -9 counts on */
	unsigned long *n = micro_memory(micro_file_instance(file), NULL);
	char text[24];
	size_t len = n ? snprintf(text, sizeof(text), "%lu\n", *n + 1) : 0;

	(void)pos;
	if (!n || count < len)
		return -EINVAL;
	memcpy(buf, text, len);
	++*n;
	return len;
}

int main(void)
{
	static const struct micro_ops ops = { .read = counter_read };
	int err = micro_serve("counter", &ops);

	if (err)
		fprintf(stderr, "counter: %s\n", strerror(-err));
	return err != 0;
}
