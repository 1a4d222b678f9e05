// SPDX-License-Identifier: GPL-2.0-only
/*
 * Property values as text
 *
 * Copyright (C) 2026 The microkernel authors
 */
#include <linux/ctype.h>
#include <linux/err.h>
#include <linux/kernel.h>
#include <linux/kstrtox.h>
#include <linux/log2.h>
#include <linux/slab.h>
#include <linux/string.h>

#include "compat.h"
#include "property.h"

static const char * const micro_prop_types[] = {
	[MICRO_PROP_BOOL] = "bool",
	[MICRO_PROP_U8] = "u8",
	[MICRO_PROP_U16] = "u16",
	[MICRO_PROP_U32] = "u32",
	[MICRO_PROP_U64] = "u64",
	[MICRO_PROP_STRING] = "string",
};

/* bytes in a number of a type */
static unsigned int micro_prop_width(enum micro_prop_type type)
{
	return 1 << (type - MICRO_PROP_U8);
}

/**
 * micro_prop_type_name() - what a type is called
 * @type: the type
 *
 * Context: any.
 */
const char *micro_prop_type_name(enum micro_prop_type type)
{
	return micro_prop_types[type];
}

/**
 * micro_prop_name_valid() - could a device tree have a property or node so named?
 * @name: the name
 *
 * Context: any.
 */
bool micro_prop_name_valid(const char *name)
{
	size_t len = strlen(name);
	size_t i;

	if (!len || len > MICRO_PROP_NAME_MAX)
		return false;

	for (i = 0; i < len; i++)
		if (!isascii(name[i]) ||
		    (!isalnum(name[i]) && !strchr(",._+?#@-", name[i])))
			return false;
	return true;
}

static u64 micro_number_get(const void *data, enum micro_prop_type type, size_t i)
{
	switch (type) {
	case MICRO_PROP_U8:
		return ((const u8 *)data)[i];
	case MICRO_PROP_U16:
		return ((const u16 *)data)[i];
	case MICRO_PROP_U32:
		return ((const u32 *)data)[i];
	default:
		return ((const u64 *)data)[i];
	}
}

static int micro_number_put(void *data, unsigned int width, size_t i, u64 n)
{
	if (!is_power_of_2(width))
		return -ENXIO;
	if (width < sizeof(n) && n >> (8 * width))
		return -ERANGE;

	switch (width) {
	case sizeof(u8):
		((u8 *)data)[i] = n;
		return 0;
	case sizeof(u16):
		((u16 *)data)[i] = n;
		return 0;
	case sizeof(u32):
		((u32 *)data)[i] = n;
		return 0;
	case sizeof(u64):
		((u64 *)data)[i] = n;
		return 0;
	}
	return -ENXIO;
}

static int micro_numbers_parse(struct micro_value *value, const char *text, size_t len)
{
	void *copy __free(kfree) = kmemdup_nul(text, len, GFP_KERNEL);
	/* every number takes a digit and a separator */
	void *data __free(kfree) = kcalloc(len / 2 + 1, micro_prop_width(value->type),
					   GFP_KERNEL);
	char *rest = copy;
	char *word;
	u64 n;
	int err;

	if (!copy || !data)
		return -ENOMEM;

	while ((word = strsep(&rest, " \t\n"))) {
		if (!*word)
			continue;
		err = kstrtoull(word, 0, &n);
		if (!err)
			err = micro_number_put(data, micro_prop_width(value->type),
					       value->count, n);
		if (err)
			return err;
		value->count++;
	}
	if (!value->count)
		return -EINVAL;
	value->data = no_free_ptr(data);
	return 0;
}

static int micro_strings_parse(struct micro_value *value, const char *text, size_t len)
{
	char *data = kmemdup_nul(text, len, GFP_KERNEL);
	size_t i;

	if (!data)
		return -ENOMEM;

	value->count = 1;
	for (i = 0; i < len; i++) {
		if (data[i] == '\n') {
			data[i] = '\0';
			value->count++;
		}
	}
	value->data = data;
	return 0;
}

/**
 * micro_value_parse() - make a value from text
 * @value: the value; its data is to be freed with kfree()
 * @type: what to make: numbers in the notations of C, separated by white space,
 *	or strings, one a line; the last newline is optional
 * @text: the text
 * @len: its length in bytes
 *
 * Context: may sleep.
 * Return: 0; -EINVAL for what is not a number, no number at all and for NULs;
 * -ERANGE for a number that does not fit the type; -E2BIG for text over
 * MICRO_PROP_TEXT_MAX, or numbers that are so when printed; -ENOMEM.
 */
int micro_value_parse(struct micro_value *value, enum micro_prop_type type,
		      const char *text, size_t len)
{
	char *page __free(kfree) = NULL;
	int err;

	if (len > MICRO_PROP_TEXT_MAX)
		return -E2BIG;
	if (memchr(text, '\0', len))
		return -EINVAL;
	if (len && text[len - 1] == '\n')
		len--;

	value->type = type;
	value->count = 0;
	value->data = NULL;
	if (type == MICRO_PROP_STRING)
		return micro_strings_parse(value, text, len);

	page = kmalloc(PAGE_SIZE, GFP_KERNEL);
	if (!page)
		return -ENOMEM;
	err = micro_numbers_parse(value, text, len);
	if (err)
		return err;
	/* What can be written can be read: decimal may be longer than what was given */
	if (micro_value_format(value, page) > MICRO_PROP_TEXT_MAX) {
		kfree(value->data);
		return -E2BIG;
	}
	return 0;
}

/**
 * micro_value_copy() - copy a value
 * @to: where to; its data is to be freed with kfree()
 * @from: the value
 *
 * Context: may sleep.
 * Return: 0 or -ENOMEM.
 */
int micro_value_copy(struct micro_value *to, const struct micro_value *from)
{
	const char *s = from->data;
	size_t size = 0;
	size_t i;

	*to = *from;
	to->data = NULL;
	if (from->type == MICRO_PROP_BOOL)
		return 0;

	if (from->type == MICRO_PROP_STRING)
		for (i = 0; i < from->count; i++)
			size += strlen(s + size) + 1;
	else
		size = from->count * micro_prop_width(from->type);

	to->data = kmemdup(from->data, size, GFP_KERNEL);
	return to->data ? 0 : -ENOMEM;
}

/**
 * micro_value_read() - get numbers
 * @value: the value, numbers
 * @width: bytes of a number in @to
 * @to: where to
 * @count: how many; @value has as many
 *
 * Context: any.
 * Return: 0; -EOVERFLOW for a number that does not fit; -ENXIO for a @width that
 * is not 1, 2, 4 or 8.
 */
int micro_value_read(const struct micro_value *value, unsigned int width,
		     void *to, size_t count)
{
	size_t i;
	int err;

	for (i = 0; i < count; i++) {
		err = micro_number_put(to, width, i,
				       micro_number_get(value->data, value->type, i));
		if (err)
			return err == -ERANGE ? -EOVERFLOW : err;
	}
	return 0;
}

/**
 * micro_value_format() - print a value
 * @value: the value, not a bool
 * @page: where to, PAGE_SIZE bytes
 *
 * Context: any.
 * Return: the length in bytes; PAGE_SIZE - 1 if it was cut.
 */
ssize_t micro_value_format(const struct micro_value *value, char *page)
{
	const char *s = value->data;
	ssize_t len = 0;
	size_t i;

	for (i = 0; i < value->count; i++) {
		if (value->type == MICRO_PROP_STRING) {
			len += scnprintf(page + len, PAGE_SIZE - len, "%s\n", s);
			s += strlen(s) + 1;
		} else {
			len += scnprintf(page + len, PAGE_SIZE - len, "%llu%c",
					 micro_number_get(value->data, value->type, i),
					 i + 1 < value->count ? ' ' : '\n');
		}
	}
	return len;
}
