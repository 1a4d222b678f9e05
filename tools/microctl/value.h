/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Values of properties, typed as in configfs
 *
 * Copyright (C) 2026 The microkernel authors
 */
#ifndef _MICROCTL_VALUE_H
#define _MICROCTL_VALUE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

/* What configfs takes and gives in one write or read */
#define VALUE_TEXT_MAX	4094
#define VALUE_TEXT_ROOM	4097

/**
 * enum type - of a property; also the name of its file in configfs
 * @TYPE_BOOL: nothing: it is there, or not
 * @TYPE_U8: numbers
 * @TYPE_U16: numbers
 * @TYPE_U32: numbers
 * @TYPE_U64: numbers
 * @TYPE_STRING: strings
 */
enum type {
	TYPE_BOOL,
	TYPE_U8,
	TYPE_U16,
	TYPE_U32,
	TYPE_U64,
	TYPE_STRING,
};

/**
 * struct value - a value
 * @type: its type
 * @count: how many numbers or strings
 * @numbers: the numbers
 * @strings: the strings, each with its NUL
 * @size: bytes in @strings
 */
struct value {
	enum type type;
	size_t count;
	uint64_t *numbers;
	char *strings;
	size_t size;
};

/* Each string of a value or of compatible strings; @end is behind the last NUL */
#define for_each_string(s, strings, end) \
	for ((s) = (strings); (s) < (end); (s) += strlen(s) + 1)

const char *type_name(enum type type);
bool type_find(const char *name, enum type *type);
enum type type_guess(const void *bytes, size_t len);

bool value_same(const struct value *a, const struct value *b);
const char *value_from_bytes(struct value *value, enum type type, const void *bytes, size_t len);
const char *value_from_text(struct value *value, enum type type, const char *text, size_t len);
size_t value_text(const struct value *value, char *text, size_t room);
const char *value_check(const struct value *value);
void value_print(FILE *out, const struct value *value);

#endif /* _MICROCTL_VALUE_H */
