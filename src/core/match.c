// SPDX-License-Identifier: GPL-2.0-only
/*
 * Names and compatible strings: rules without state
 *
 * Copyright (C) 2026 The microkernel authors
 */
#include <linux/ctype.h>
#include <linux/err.h>
#include <linux/kernel.h>
#include <linux/slab.h>
#include <linux/string.h>

#include "compat.h"
#include "match.h"

/**
 * micro_name_valid() - is this a name for a device or a driver?
 * @name: the name
 *
 * Names end up in sysfs, in /dev and in uevents, so they are kept to 1 to 63
 * characters of [A-Za-z0-9._:@+-] and start with a letter or a digit.
 *
 * Context: any.
 */
bool micro_name_valid(const char *name)
{
	size_t len = strlen(name);
	size_t i;

	if (len > MICRO_NAME_MAX || !isascii(name[0]) || !isalnum(name[0]))
		return false;

	for (i = 1; i < len; i++)
		if (!isascii(name[i]) ||
		    (!isalnum(name[i]) && !strchr("._:@+-", name[i])))
			return false;
	return true;
}

/**
 * micro_device_name_valid() - is this a name for a device?
 * @name: the name
 *
 * The driver core links each device into its driver's directory in sysfs, which
 * has some files of its own. And /dev/micro/by-driver is the folder of udev's
 * links: a node of that name would keep them away, or not come itself.
 *
 * Context: any.
 */
bool micro_device_name_valid(const char *name)
{
	static const char * const reserved[] = {
		"bind", "by-driver", "module", "uevent", "unbind"
	};

	return micro_name_valid(name) &&
	       match_string(reserved, ARRAY_SIZE(reserved), name) < 0;
}

/**
 * micro_name_matches() - does a device without compatible strings match?
 * @device: its name
 * @driver: the name of the driver
 *
 * Context: any.
 * Return: true when @device up to its first dot is @driver.
 */
bool micro_name_matches(const char *device, const char *driver)
{
	size_t base = micro_base_length(device);

	return strlen(driver) == base && !memcmp(device, driver, base);
}

/**
 * micro_compat_parse() - make a list of compatible strings from text
 * @text: one string a line, most specific first; the last newline is optional
 * @len: its length in bytes
 *
 * Context: may sleep.
 * Return: the list, to be freed with kfree(); -EINVAL for a string that is
 * empty, longer than MICRO_COMPAT_LEN or not printable ASCII, and for more than
 * MICRO_COMPAT_MAX strings; -ENOMEM.
 */
struct micro_compat *micro_compat_parse(const char *text, size_t len)
{
	struct micro_compat *compat __free(kfree) = NULL;
	unsigned int count = 1;
	size_t start = 0;
	size_t i;

	if (len && text[len - 1] == '\n')
		len--;
	if (!len || len > MICRO_COMPAT_MAX * (MICRO_COMPAT_LEN + 1))
		return ERR_PTR(-EINVAL);

	compat = kzalloc(struct_size(compat, strings, len + 1), GFP_KERNEL);
	if (!compat)
		return ERR_PTR(-ENOMEM);
	compat->size = len + 1;

	for (i = 0; i <= len; i++) {
		if (i < len && text[i] != '\n') {
			if (!isascii(text[i]) || !isprint(text[i]))
				return ERR_PTR(-EINVAL);
			compat->strings[i] = text[i];
			continue;
		}
		if (i == start || i - start > MICRO_COMPAT_LEN)
			return ERR_PTR(-EINVAL);
		if (i < len && ++count > MICRO_COMPAT_MAX)
			return ERR_PTR(-EINVAL);
		start = i + 1;
	}
	return_ptr(compat);
}

/**
 * micro_string_match() - find a compatible string in a driver's table
 * @string: the string
 * @ids: the driver's table, ended by an entry in which nothing is set
 *
 * Case does not matter, as for the kernel's device-tree matching. An entry that asks
 * for a name or a type as well, or only for these, is for device-tree nodes: it ends
 * nothing, and matches none of our devices.
 *
 * Context: any.
 * Return: the entry, or NULL.
 */
const struct of_device_id *micro_string_match(const char *string,
					      const struct of_device_id *ids)
{
	for (; ids->compatible[0] || ids->name[0] || ids->type[0]; ids++)
		if (!ids->name[0] && !ids->type[0] && !strcasecmp(string, ids->compatible))
			return ids;
	return NULL;
}

/**
 * micro_compat_rank() - how well does a driver match by compatible string?
 * @compat: the device's strings
 * @ids: the driver's table; may be NULL
 *
 * Context: any.
 * Return: 0 for the best match, and so on; MICRO_NO_MATCH without one.
 */
int micro_compat_rank(const struct micro_compat *compat,
		      const struct of_device_id *ids)
{
	const char *s;
	int rank = 0;

	if (!ids)
		return MICRO_NO_MATCH;
	micro_compat_for_each(s, compat) {
		if (micro_string_match(s, ids))
			return rank;
		rank++;
	}
	return MICRO_NO_MATCH;
}
