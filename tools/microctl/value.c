// SPDX-License-Identifier: GPL-2.0-only
/*
 * Values of properties, typed as in configfs
 *
 * Copyright (C) 2026 The microkernel authors
 */
#define _GNU_SOURCE
#include <ctype.h>
#include <errno.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "memory.h"
#include "value.h"

static const char * const type_names[] = {
	[TYPE_BOOL] = "bool",
	[TYPE_U8] = "u8",
	[TYPE_U16] = "u16",
	[TYPE_U32] = "u32",
	[TYPE_U64] = "u64",
	[TYPE_STRING] = "string",
};

/* bytes in a number */
static size_t type_width(enum type type)
{
	return (size_t)1 << (type - TYPE_U8);
}

const char *type_name(enum type type)
{
	return type_names[type];
}

bool type_find(const char *name, enum type *type)
{
	for (int i = TYPE_BOOL; i <= TYPE_STRING; i++) {
		if (!strcmp(name, type_names[i])) {
			*type = i;
			return true;
		}
	}
	return false;
}

/* Printable and ended by NULs, without empty ones: as dtc and fdtdump tell strings */
static bool looks_like_strings(const char *bytes, size_t len)
{
	bool empty = true;

	if (!len || bytes[len - 1])
		return false;
	for (size_t i = 0; i < len; i++) {
		if (bytes[i] && !isprint((unsigned char)bytes[i]))
			return false;
		if (!bytes[i] && empty)
			return false;
		empty = !bytes[i];
	}
	return true;
}

/*
 * Bytes do not say what they are. Strings look like strings, most numbers have 32
 * bits. For two bytes a wrong guess is an error that the driver sees, while as
 * two u8 it would take the first for the number.
 */
enum type type_guess(const void *bytes, size_t len)
{
	if (!len)
		return TYPE_BOOL;
	if (looks_like_strings(bytes, len))
		return TYPE_STRING;
	if (len % 4 == 0)
		return TYPE_U32;
	return len == 2 ? TYPE_U16 : TYPE_U8;
}

bool value_same(const struct value *a, const struct value *b)
{
	if (a->type != b->type || a->count != b->count)
		return false;
	if (a->type == TYPE_BOOL)
		return true;
	if (a->type == TYPE_STRING)
		return a->size == b->size && !memcmp(a->strings, b->strings, a->size);
	return !memcmp(a->numbers, b->numbers, a->count * sizeof(*a->numbers));
}

static void strings_set(struct value *value, char *strings, size_t size)
{
	value->count = 0;
	value->strings = strings;
	value->size = size;
	for (size_t i = 0; i < size; i++)
		if (!strings[i])
			value->count++;
}

/* Of a device tree, big endian. Returns NULL, or what is wrong */
const char *value_from_bytes(struct value *value, enum type type, const void *bytes, size_t len)
{
	const unsigned char *b = bytes;
	size_t width;

	*value = (struct value){ .type = len ? type : TYPE_BOOL };
	if (!len)
		return NULL;

	if (type == TYPE_STRING) {
		if (b[len - 1])
			return "a string without an end (NUL)";
		strings_set(value, copy_bytes(bytes, len), len);
		return NULL;
	}

	width = type_width(type);
	if (type == TYPE_BOOL || len % width)
		return "its length does not fit its type";
	value->count = len / width;
	value->numbers = get_memory(value->count * sizeof(*value->numbers));
	for (size_t i = 0; i < len; i++)
		value->numbers[i / width] = value->numbers[i / width] << 8 | b[i];
	return NULL;
}

static const char *numbers_from_text(struct value *value, const char *text)
{
	size_t width = type_width(value->type);
	uint64_t n;
	char *end;

	for (;;) {
		text += strspn(text, " \t\n,");
		if (!*text)
			return value->count ? NULL : "it takes at least one number";
		/* strtoull() takes signs and turns them round */
		if (!isdigit((unsigned char)*text))
			return "not a number";
		errno = 0;
		n = strtoull(text, &end, 0);
		if (*end && !strchr(" \t\n,", *end))
			return "not a number";
		if (errno || (width < sizeof(n) && n >> (8 * width)))
			return "a number too large for its type";
		value->numbers = grow(value->numbers, value->count, sizeof(n));
		value->numbers[value->count++] = n;
		text = end;
	}
}

/*
 * As configfs reads and writes it: numbers with spaces between them (users may
 * have commas), strings one a line, the last newline optional. Returns NULL, or
 * what is wrong.
 */
const char *value_from_text(struct value *value, enum type type, const char *text, size_t len)
{
	char *strings;

	*value = (struct value){ .type = type };
	if (type == TYPE_BOOL)
		return len ? "a bool has no value" : NULL;
	if (type != TYPE_STRING)
		return numbers_from_text(value, text);

	if (len && text[len - 1] == '\n')
		len--;
	strings = copy_bytes(text, len);
	for (size_t i = 0; i < len; i++)
		if (strings[i] == '\n')
			strings[i] = '\0';
	strings_set(value, strings, len + 1);
	return NULL;
}

/* Returns the length, even if there is not so much room; nothing is written then */
static size_t strings_text(const struct value *value, char *text, size_t room)
{
	/* the last newline is optional, but not behind an empty string */
	size_t len = value->size - 1;

	if (!len || !value->strings[len - 1])
		len++;
	if (len >= room)
		return len;
	memcpy(text, value->strings, len);
	for (size_t i = 0; i < len; i++)
		if (!text[i])
			text[i] = '\n';
	text[len] = '\0';
	return len;
}

/* What to write to configfs. Returns the length, which may be more than @room */
size_t value_text(const struct value *value, char *text, size_t room)
{
	size_t len = 0;

	if (value->type == TYPE_BOOL)
		return 0;
	if (value->type == TYPE_STRING)
		return strings_text(value, text, room);

	for (size_t i = 0; i < value->count; i++)
		len += snprintf(len < room ? text + len : NULL, len < room ? room - len : 0,
				i ? " %" PRIu64 : "%" PRIu64, value->numbers[i]);
	return len;
}

/* Can configfs have it? Returns NULL, or why not */
const char *value_check(const struct value *value)
{
	char text[VALUE_TEXT_ROOM];
	size_t len;

	if (value->type == TYPE_STRING && memchr(value->strings, '\n', value->size))
		return "a string with a newline in it, which configfs cannot have";
	len = value_text(value, text, sizeof(text));
	/* the kernel prints a newline behind the numbers */
	if (value->type != TYPE_STRING)
		len++;
	if (len > VALUE_TEXT_MAX)
		return format("%zu bytes as text; configfs takes %d", len, VALUE_TEXT_MAX);
	return NULL;
}

static void string_print(FILE *out, const char *s)
{
	fputc('"', out);
	for (; *s; s++) {
		if (*s == '"' || *s == '\\')
			fprintf(out, "\\%c", *s);
		else if (isprint((unsigned char)*s))
			fputc(*s, out);
		else
			fprintf(out, "\\x%02x", (unsigned char)*s);
	}
	fputc('"', out);
}

/* As in the source of a device tree, which keeps the type; nothing for a bool */
void value_print(FILE *out, const struct value *value)
{
	const char *s;

	if (value->type == TYPE_BOOL)
		return;
	if (value->type == TYPE_STRING) {
		for_each_string(s, value->strings, value->strings + value->size) {
			if (s > value->strings)
				fputs(", ", out);
			string_print(out, s);
		}
		return;
	}
	if (value->type != TYPE_U32)
		fprintf(out, "/bits/ %zu ", 8 * type_width(value->type));
	for (size_t i = 0; i < value->count; i++)
		fprintf(out, "%c%" PRIu64, i ? ' ' : '<', value->numbers[i]);
	fputc('>', out);
}
