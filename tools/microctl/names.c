// SPDX-License-Identifier: GPL-2.0-only
/*
 * Names: the rules of the kernel module
 *
 * Copyright (C) 2026 The microkernel authors
 */
#define _GNU_SOURCE
#include <ctype.h>
#include <string.h>

#include "memory.h"
#include "names.h"
#include "value.h"

#define DEVICE_NAME_MAX	63
#define PART_NAME_MAX	31	/* of a property or child node in configfs */

#define LETTERS_DIGITS	"abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789"

/* Returns NULL, or why there can be no device of this name */
const char *device_name_check(const char *name)
{
	static const char *const reserved[] = { "bind", "by-driver", "module", "uevent", "unbind" };
	size_t len = strlen(name);

	if (!len)
		return "a device has to have a name";
	if (len > DEVICE_NAME_MAX)
		return format("the name has %zu characters; a device's has up to %d", len,
			      DEVICE_NAME_MAX);
	if (name[strspn(name, LETTERS_DIGITS "._:@+-")] || !isalnum((unsigned char)*name))
		return format("a device's name is made of %s, with a letter or digit first",
			      "A-Z, a-z, 0-9 and ._:@+-");
	for (size_t i = 0; i < sizeof(reserved) / sizeof(*reserved); i++)
		if (!strcmp(name, reserved[i]))
			return "the name is needed in sysfs or /dev/micro; choose another one";
	return NULL;
}

/* Of a property or a child node; returns NULL, or what is wrong */
const char *part_name_check(const char *name)
{
	size_t len = strlen(name);

	if (!len || len > PART_NAME_MAX)
		return format("the name has %zu characters; in configfs it has 1 to %d", len,
			      PART_NAME_MAX);
	if (!strcmp(name, ".") || !strcmp(name, ".."))
		return "in configfs this is the name of another directory";
	if (name[strspn(name, LETTERS_DIGITS ",._+?#@-")])
		return "in configfs a name is made of A-Z, a-z, 0-9 and ,._+?#@-";
	return NULL;
}

/* Compatible strings, each with its NUL; returns NULL, or what is wrong */
const char *compatible_check(const char *strings, size_t size)
{
	size_t count = 0;
	const char *s;

	for_each_string(s, strings, strings + size) {
		if (!*s)
			return "an empty string";
		if (strlen(s) > COMPATIBLE_MAX)
			return format("a string of %zu characters; up to %d are possible",
				      strlen(s), COMPATIBLE_MAX);
		for (const char *c = s; *c; c++)
			if (!isascii((unsigned char)*c) || !isprint((unsigned char)*c))
				return "a string with other characters than printable ASCII";
		count++;
	}
	if (count > COMPATIBLE_COUNT_MAX)
		return format("%zu strings; up to %d are possible", count, COMPATIBLE_COUNT_MAX);
	return NULL;
}
