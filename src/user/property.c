// SPDX-License-Identifier: GPL-2.0-only
/*
 * Properties of a user driver: read once, when its server node is bound
 *
 * Copyright (C) 2026 The microkernel authors
 */
#include <linux/property.h>
#include <linux/slab.h>

#include "user.h"

#define MU_OPERATIONS_MAX	16

static const char * const mu_operations[] = {
	"open", "release", "read", "write", "ioctl", "llseek", "poll",
};

/* Those that can be delivered twice */
static const char * const mu_again[] = {
	"open", "release", "read", "write", "ioctl", "llseek",
};

static const char * const mu_ways[] = { "call", "post" };
static const char * const mu_hangs[] = { "detach", "kill", "log" };

static int mu_read_number(struct device *dev, const char *name, u32 min, u32 max, u32 *value)
{
	if (!device_property_present(dev, name))
		return 0;
	if (!device_property_read_u32(dev, name, value) && *value >= min && *value <= max)
		return 0;
	dev_err(dev, "%s has to be a number from %u to %u\n", name, min, max);
	return -EINVAL;
}

static int mu_read_words(struct device *dev, const char *name, const char * const *words,
			 size_t nr_words, u32 *set)
{
	const char *strings[MU_OPERATIONS_MAX];
	int n, i, word;

	if (!device_property_present(dev, name))
		return 0;

	*set = 0;
	n = device_property_read_string_array(dev, name, NULL, 0);
	if (n > 0 && n <= MU_OPERATIONS_MAX)
		n = device_property_read_string_array(dev, name, strings, n);
	else
		n = -EINVAL;
	for (i = 0; i < n; i++) {
		word = match_string(words, nr_words, strings[i]);
		if (word < 0) {
			dev_err(dev, "%s has '%s', which is no operation that it may have\n",
				name, strings[i]);
			return -EINVAL;
		}
		*set |= BIT(word);
	}
	if (n >= 0)
		return 0;
	dev_err(dev, "%s has to be strings, each an operation\n", name);
	return -EINVAL;
}

static int mu_read_word(struct device *dev, const char *name, const char * const *words,
			size_t nr_words, u32 *index)
{
	const char *string;
	int word = -EINVAL;

	if (!device_property_present(dev, name))
		return 0;

	if (!device_property_read_string(dev, name, &string))
		word = match_string(words, nr_words, string);
	if (word < 0) {
		dev_err(dev, "%s has to be one of: %s %s %s\n", name, words[0], words[1],
			nr_words > 2 ? words[2] : "");
		return -EINVAL;
	}
	*index = word;
	return 0;
}

static int mu_read_name(struct micro_device *mdev, struct mu_properties *p)
{
	const char *dot = strchr(mdev->name, '.');
	struct device *dev = &mdev->dev;
	const char *name = dot ? dot + 1 : "";

	if (device_property_present(dev, "driver-name") &&
	    device_property_read_string(dev, "driver-name", &name)) {
		dev_err(dev, "driver-name has to be a string\n");
		return -EINVAL;
	}
	if (!name[0]) {
		dev_err(dev, "which driver? Call it micro_user.DRIVER, or set driver-name\n");
		return -EINVAL;
	}
	p->name = kstrdup(name, GFP_KERNEL);
	return p->name ? 0 : -ENOMEM;
}

static int mu_read_compatible(struct device *dev, struct mu_properties *p)
{
	const char **strings __free(kfree) = NULL;
	int n, i;

	if (!device_property_present(dev, "compatible-list"))
		return 0;

	n = device_property_read_string_array(dev, "compatible-list", NULL, 0);
	if (n <= 0)
		goto invalid;
	strings = kcalloc(n, sizeof(*strings), GFP_KERNEL);
	p->ids = kcalloc(n + 1, sizeof(*p->ids), GFP_KERNEL);
	if (!strings || !p->ids)
		return -ENOMEM;

	n = device_property_read_string_array(dev, "compatible-list", strings, n);
	for (i = 0; i < n; i++)
		if (!strings[i][0] || strscpy(p->ids[i].compatible, strings[i],
					      sizeof(p->ids[i].compatible)) < 0)
			goto invalid;
	if (n > 0)
		return 0;
invalid:
	dev_err(dev, "compatible-list has to be strings of 1 to %zu characters\n",
		sizeof(p->ids->compatible) - 1);
	return -EINVAL;
}

/**
 * mu_properties_read() - read and check all of them
 * @mdev: the server node's device
 * @p: written; to be freed with mu_properties_free(), also after an error
 *
 * Context: may sleep.
 * Return: 0; -EINVAL, and the log says which; -ENOMEM.
 */
int mu_properties_read(struct micro_device *mdev, struct mu_properties *p)
{
	struct device *dev = &mdev->dev;
	u32 open = 0, release = 1;
	int err;

	p->operations = GENMASK(ARRAY_SIZE(mu_operations) - 1, 0);
	p->mode = 0600;
	p->depth = 8;
	p->data_size = 65536;
	p->grace_ms = 30000;
	p->answer_ms = 30000;
	p->attempts = 3;

	err = mu_read_name(mdev, p) ?:
	      mu_read_compatible(dev, p) ?:
	      mu_read_words(dev, "operations", mu_operations, ARRAY_SIZE(mu_operations),
			    &p->operations) ?:
	      mu_read_words(dev, "again", mu_again, ARRAY_SIZE(mu_again), &p->again) ?:
	      mu_read_word(dev, "open", mu_ways, ARRAY_SIZE(mu_ways), &open) ?:
	      mu_read_word(dev, "release", mu_ways, ARRAY_SIZE(mu_ways), &release) ?:
	      mu_read_word(dev, "on-hang", mu_hangs, ARRAY_SIZE(mu_hangs), &p->on_hang) ?:
	      mu_read_number(dev, "mode", 0, 0777, &p->mode) ?:
	      mu_read_number(dev, "depth", 1, MU_SLOT_MAX, &p->depth) ?:
	      mu_read_number(dev, "data-size", 1, 1 << 20, &p->data_size) ?:
	      mu_read_number(dev, "memory-size", 0, MU_AREA_HALF, &p->memory_size) ?:
	      mu_read_number(dev, "grace-ms", 0, INT_MAX, &p->grace_ms) ?:
	      mu_read_number(dev, "answer-ms", 0, INT_MAX, &p->answer_ms) ?:
	      mu_read_number(dev, "attempts", 1, 1000, &p->attempts);
	if (err)
		return err;
	p->open_posted = open;
	p->release_posted = release;

	if (p->depth * PAGE_ALIGN((u64)p->data_size) > MU_AREA_HALF) {
		dev_err(dev, "depth times data-size is more than %lu bytes\n", MU_AREA_HALF);
		return -EINVAL;
	}
	if (device_property_present(dev, "unrestricted")) {
		dev_err(dev, "unrestricted is not there yet\n");
		return -EINVAL;
	}
	return 0;
}

/**
 * mu_properties_free() - free what was read
 * @p: the properties
 *
 * Context: any.
 */
void mu_properties_free(struct mu_properties *p)
{
	kfree(p->ids);
	kfree(p->name);
}
