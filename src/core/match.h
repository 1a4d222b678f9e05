/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Names and compatible strings: rules without state
 *
 * Copyright (C) 2026 The microkernel authors
 */
#ifndef _MICRO_MATCH_H
#define _MICRO_MATCH_H

#include <linux/mod_devicetable.h>
#include <linux/rcupdate.h>
#include <linux/string.h>
#include <linux/types.h>
#include "compat.h"

#define MICRO_NAME_MAX		63	/* characters in a name */
#define MICRO_COMPAT_LEN	128	/* characters in a compatible string */
#define MICRO_COMPAT_MAX	16	/* strings of one device */
#define MICRO_NO_MATCH		INT_MAX

/**
 * struct micro_compat - compatible strings, most specific first
 * @rcu: matching reads without a lock
 * @size: bytes in @strings
 * @strings: the strings, each with its NUL, as in a device-tree property
 */
struct micro_compat {
	struct rcu_head rcu;
	size_t size;
	char strings[] __counted_by(size);
};

#define micro_compat_for_each(s, c)					\
	for ((s) = (c)->strings; (s) < (c)->strings + (c)->size;	\
	     (s) += strlen(s) + 1)

/**
 * micro_base_length() - how long is the part of a name that drivers match?
 * @name: the name of a device
 *
 * strcspn() takes three times as long.
 *
 * Context: any.
 * Return: the number of characters before the first dot.
 */
static inline size_t micro_base_length(const char *name)
{
	return strchrnul(name, '.') - name;
}

bool micro_name_valid(const char *name);
bool micro_device_name_valid(const char *name);
bool micro_name_matches(const char *device, const char *driver);
struct micro_compat *micro_compat_parse(const char *text, size_t len);
const struct of_device_id *micro_string_match(const char *string,
					      const struct of_device_id *ids);
int micro_compat_rank(const struct micro_compat *compat,
		      const struct of_device_id *ids);

#endif /* _MICRO_MATCH_H */
