// SPDX-License-Identifier: GPL-2.0-only
/*
 * micro-mutate: writes damaged copies of overlays to micro_overlay
 *
 *	micro-mutate SEED COUNT FILE BLOB...
 *
 * COUNT times: takes a BLOB, changes some bytes, writes it to FILE (an overlay's
 * "dtbo") and, if that was accepted, removes it through the "status" next to FILE.
 * Without a BLOB: writes random bytes. Prints what came of it. Fails when an
 * overlay stays applied, or when the answer is not one that a blob can get. The
 * same SEED does the same.
 *
 * Copyright (C) 2026 The microkernel authors
 */
#include <errno.h>
#include <fcntl.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define BLOB_MAX	(64 * 1024)

struct blob {
	size_t size;
	uint8_t bytes[BLOB_MAX];
};

static uint64_t seed;

/* xorshift64* */
static uint32_t any(uint32_t below)
{
	seed ^= seed >> 12;
	seed ^= seed << 25;
	seed ^= seed >> 27;
	return (seed * 0x2545f4914f6cdd1dull >> 32) % below;
}

static void die(const char *what)
{
	perror(what);
	exit(2);
}

static void load(struct blob *blob, const char *path)
{
	int fd = open(path, O_RDONLY);
	ssize_t size = fd < 0 ? -1 : read(fd, blob->bytes, sizeof(blob->bytes));

	if (size < 64)
		die(path);
	blob->size = size;
	close(fd);
}

static uint32_t get_u32(const struct blob *blob, size_t at)
{
	uint32_t v;

	memcpy(&v, blob->bytes + at, sizeof(v));
	return __builtin_bswap32(v);
}

static void put_u32(struct blob *blob, size_t at, uint32_t value)
{
	value = __builtin_bswap32(value);
	memcpy(blob->bytes + at, &value, sizeof(value));
}

/* A place in one of the three parts that matter; most of a blob is padding */
static size_t place(const struct blob *blob)
{
	uint32_t start = 0, size = 40;

	switch (any(8)) {
	case 0:
		break;
	case 1:
	case 2:
		start = get_u32(blob, 12);
		size = get_u32(blob, 32);
		break;
	default:
		start = get_u32(blob, 8);
		size = get_u32(blob, 36);
	}
	if (!size || start >= blob->size || size > blob->size - start)
		return any(blob->size);
	return start + any(size);
}

static void mutate(struct blob *blob)
{
	static const uint32_t numbers[] = {
		0, 1, 2, 3, 4, 9, 0x7fffffff, 0x80000000, 0xfffffffc, 0xffffffff, 0xdeadbeef
	};
	size_t at = place(blob), from, len;

	switch (any(6)) {
	case 0:
		blob->bytes[at] ^= 1 << any(8);
		break;
	case 1:
		blob->bytes[at] = any(256);
		break;
	case 2:
		/* tokens, lengths and offsets are aligned */
		if (at + 4 <= blob->size)
			put_u32(blob, at & ~3, numbers[any(sizeof(numbers) / sizeof(numbers[0]))]);
		break;
	case 3:
		if (at + 4 <= blob->size)
			put_u32(blob, at & ~3, get_u32(blob, at & ~3) + any(17) - 8);
		break;
	case 4:
		/* a piece of it again at another place: nodes and properties twice */
		from = place(blob) & ~3;
		len = 4 + 4 * any(16);
		at &= ~3;
		if (at + len <= blob->size && from + len <= blob->size)
			memmove(blob->bytes + at, blob->bytes + from, len);
		break;
	case 5:
		/* a piece is gone: the header still tells the old sizes */
		len = 4 + 4 * any(8);
		at &= ~3;
		if (at + len <= blob->size)
			memmove(blob->bytes + at, blob->bytes + at + len, blob->size - at - len);
	}
}

static void random_bytes(struct blob *blob)
{
	size_t i;

	blob->size = 1 + any(any(2) ? 8192 : 64);
	for (i = 0; i < blob->size; i++)
		blob->bytes[i] = any(256);
	/* half of them get further than to the first four bytes */
	if (any(2) && blob->size >= 8) {
		put_u32(blob, 0, 0xd00dfeed);
		put_u32(blob, 4, blob->size);
	}
}

/* Returns 0 or an errno */
static int put(const char *path, const void *bytes, size_t size)
{
	int fd = open(path, O_WRONLY);
	ssize_t done = 0;
	size_t at;

	if (fd < 0)
		die(path);
	for (at = 0; at < size && done >= 0; at += done)
		done = write(fd, (const uint8_t *)bytes + at, size - at);
	at = done < 0 ? errno : 0;
	close(fd);
	return at;
}

static int is_applied(const char *status)
{
	char text[16] = "";
	int fd = open(status, O_RDONLY);

	if (fd < 0 || read(fd, text, sizeof(text) - 1) < 0)
		die(status);
	close(fd);
	return !strcmp(text, "applied\n");
}

int main(int argc, char **argv)
{
	unsigned int count, i, j, was_applied = 0, incomplete = 0, refused[3] = { 0 };
	static const int answers[] = { EINVAL, ENOENT, EFBIG };
	static struct blob blobs[16], blob;
	char status[4096], *slash;
	int err;

	if (argc < 4 || argc > 4 + 16) {
		fprintf(stderr, "usage: micro-mutate SEED COUNT FILE BLOB...\n");
		return 2;
	}
	seed = strtoull(argv[1], NULL, 0) * 2 + 1;
	count = strtoul(argv[2], NULL, 0);
	snprintf(status, sizeof(status), "%s", argv[3]);
	slash = strrchr(status, '/');
	if (!slash)
		die(status);
	strcpy(slash, "/status");
	for (i = 4; i < (unsigned int)argc; i++)
		load(&blobs[i - 4], argv[i]);

	for (i = 0; i < count; i++) {
		if (argc > 4) {
			blob = blobs[any(argc - 4)];
			for (j = 1 + any(3); j; j--)
				mutate(&blob);
		} else {
			random_bytes(&blob);
		}

		err = put(argv[3], blob.bytes, blob.size);
		for (j = 0; err && j < 3 && err != answers[j]; j++)
			;
		if (j == 3) {
			printf("blob %u: unexpected answer: %s\n", i, strerror(err));
			return 1;
		}
		if (err)
			refused[j]++;
		if (!err && !is_applied(status))
			incomplete++;
		if (is_applied(status)) {
			was_applied++;
			err = put(status, "0", 1);
			if (err || is_applied(status)) {
				printf("blob %u: cannot be removed: %s\n", i, strerror(err));
				return 1;
			}
		}
	}
	printf("%u blobs: %u applied and removed, EINVAL %u, ENOENT %u, EFBIG %u, incomplete %u\n",
	       count, was_applied, refused[0], refused[1], refused[2], incomplete);
	return 0;
}
