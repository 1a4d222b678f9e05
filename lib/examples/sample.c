// SPDX-License-Identifier: LGPL-2.1-or-later
/*
 * sample: each device keeps one message
 *
 * It answers as the kernel's sample_driver does. A write replaces the message (one longer
 * than the buffer gets EMSGSIZE), a read returns it, then end of file; ioctls are in
 * uapi/sample_driver.h. The message is in memory that survives this process: two
 * copies, and a number that says which counts, so that one that dies half way through
 * a write leaves the old message.
 *
 *	mkdir -p /sys/kernel/config/micro/micro_user.sample/properties/memory-size
 *	echo 16384 >.../properties/memory-size/u32
 *
 * Copyright (C) 2026 The microkernel authors
 */
#include <endian.h>
#include <errno.h>
#include <fcntl.h>
#include <micro.h>
#include <sample_driver.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

struct message {
	uint32_t len;
	char *text;
};

/**
 * struct memory - what survives
 * @now: the low bit says which message counts; 0 as long as there was none
 * @len: of both messages
 * @text: of both, size bytes each
 */
struct memory {
	_Atomic uint32_t now;
	uint32_t len[2];
	char text[];
};

/**
 * struct sample - a device
 * @memory: its memory
 * @size: bytes that a message may have
 */
struct sample {
	struct memory *memory;
	uint32_t size;
};

static struct message message(struct sample *s)
{
	int which = s->memory->now & 1;

	return (struct message){ s->memory->len[which], s->memory->text + which * s->size };
}

static void set_message(struct sample *s, const void *text, uint32_t len)
{
	uint32_t next = s->memory->now + 1;

	/* 0 would be: there was none */
	if (!next)
		next = 2;
	memcpy(s->memory->text + (next & 1) * s->size, text, len);
	s->memory->len[next & 1] = len;
	atomic_store_explicit(&s->memory->now, next, memory_order_release);
}

static struct sample *file_to_sample(struct micro_file *file)
{
	return micro_instance_data(micro_file_instance(file));
}

static ssize_t sample_read(struct micro_file *file, void *buf, size_t count, off_t pos)
{
	struct message m = message(file_to_sample(file));

	if (pos < 0)
		return -EINVAL;
	if (pos >= (off_t)m.len)
		return 0;
	if (count > m.len - (size_t)pos)
		count = m.len - pos;
	memcpy(buf, m.text + pos, count);
	return count;
}

static ssize_t sample_write(struct micro_file *file, const void *buf, size_t count, off_t pos)
{
	struct sample *s = file_to_sample(file);

	(void)pos;
	if (count > s->size)
		return -EMSGSIZE;
	set_message(s, buf, count);
	return count;
}

static off_t sample_llseek(struct micro_file *file, off_t offset, int whence)
{
	off_t len = message(file_to_sample(file)).len;

	/* SEEK_CUR is SEEK_SET when it comes here */
	if (whence == SEEK_END)
		offset += len;
	else if (whence != SEEK_SET)
		return -EINVAL;
	return offset < 0 || offset > len ? -EINVAL : offset;
}

static long sample_ioctl(struct micro_file *file, unsigned int cmd, void *arg, size_t size)
{
	struct sample *s = file_to_sample(file);
	uint32_t len = message(s).len;

	(void)size;	/* it is in cmd, too */
	switch (cmd) {
	case SAMPLE_IOC_CLEAR:
		if ((micro_file_flags(file) & O_ACCMODE) == O_RDONLY)
			return -EBADF;
		set_message(s, "", 0);
		return 0;
	case SAMPLE_IOC_LENGTH:
		memcpy(arg, &len, sizeof(len));
		return 0;
	default:
		return -ENOTTY;
	}
}

/* A property of the device as configfs or a device tree has it, or else @value */
static uint32_t property(const char *device, const char *name, uint32_t value)
{
	char path[256], text[16] = "";
	uint32_t cell;
	FILE *f;

	snprintf(path, sizeof(path), "/sys/kernel/config/micro/%s/properties/%s/u32", device, name);
	f = fopen(path, "r");
	if (f) {
		if (fgets(text, sizeof(text), f))
			value = strtoul(text, NULL, 0);
		fclose(f);
		return value;
	}
	snprintf(path, sizeof(path), "/sys/bus/micro_bus/devices/%s/of_node/%s", device, name);
	f = fopen(path, "r");
	if (f) {
		if (fread(&cell, sizeof(cell), 1, f) == 1)
			value = be32toh(cell);
		fclose(f);
	}
	return value;
}

static int sample_probe(struct micro_instance *inst)
{
	static const char first[] = "Sample driver data";
	uint32_t size = property(micro_instance_name(inst), "buffer-size", 4096);
	size_t room, len = sizeof(first) - 1;
	struct memory *memory = micro_memory(inst, &room);
	struct sample *s;

	if (!memory || !size || sizeof(*memory) + 2 * (uint64_t)size > room)
		return -EINVAL;
	s = malloc(sizeof(*s));
	if (!s)
		return -ENOMEM;
	s->memory = memory;
	s->size = size;
	if (!memory->now)
		set_message(s, first, len < size ? len : size);
	micro_instance_set_data(inst, s);
	return 0;
}

static void sample_remove(struct micro_instance *inst)
{
	free(micro_instance_data(inst));
}

int main(int argc, char **argv)
{
	static const struct micro_ops ops = {
		.probe = sample_probe,
		.remove = sample_remove,
		.read = sample_read,
		.write = sample_write,
		.llseek = sample_llseek,
		.ioctl = sample_ioctl,
	};
	int err = micro_serve(argc > 1 ? argv[1] : "sample", &ops);

	if (err)
		fprintf(stderr, "sample: %s\n", strerror(-err));
	return err != 0;
}
