// SPDX-License-Identifier: GPL-2.0-only
/*
 * Devices, as they are or as they are wanted
 *
 * Copyright (C) 2026 The microkernel authors
 */
#define _GNU_SOURCE
#include <search.h>
#include <stdlib.h>
#include <string.h>

#include "device.h"
#include "memory.h"

/* Of a driver. A probe that asks for later (EPROBE_DEFER) is repeated by the kernel */
bool status_is_refusal(const char *status)
{
	return !strncmp(status, "failed ", strlen("failed ")) &&
	       strcmp(status, "failed EPROBE_DEFER");
}

/* The array may move: what was returned before is good only until the next one */
struct property *node_add_property(struct node *node, const char *name)
{
	struct property *p;

	node->properties = grow(node->properties, node->property_count, sizeof(*p));
	p = &node->properties[node->property_count++];
	p->name = name;
	return p;
}

/* Likewise */
struct node *node_add_child(struct node *node, const char *name)
{
	struct node *child;

	node->children = grow(node->children, node->child_count, sizeof(*child));
	child = &node->children[node->child_count++];
	child->name = name;
	return child;
}

const struct property *node_property(const struct node *node, const char *name)
{
	for (size_t i = 0; i < node->property_count; i++)
		if (!strcmp(node->properties[i].name, name))
			return &node->properties[i];
	return NULL;
}

const struct node *node_child(const struct node *node, const char *name)
{
	for (size_t i = 0; i < node->child_count; i++)
		if (!strcmp(node->children[i].name, name))
			return &node->children[i];
	return NULL;
}

/**
 * node_in_order() - how many child nodes can stay
 * @want: the node as it is wanted
 * @have: as it is
 *
 * A new child node comes after all others. So those from the first one on that has
 * others before it have to be made anew.
 *
 * Return: so many of the first child nodes of @want are in this order in @have,
 * when those that are not wanted are gone.
 */
size_t node_in_order(const struct node *want, const struct node *have)
{
	size_t count = 0;

	for (size_t i = 0; i < have->child_count && count < want->child_count; i++) {
		if (!node_child(want, have->children[i].name))
			continue;
		if (strcmp(want->children[count].name, have->children[i].name))
			break;
		count++;
	}
	return count;
}

/* What is wanted of a child node that can stay; NULL if it has to go */
const struct node *node_staying(const struct node *want, size_t in_order, const char *child)
{
	const struct node *wanted = node_child(want, child);

	return wanted && (size_t)(wanted - want->children) < in_order ? wanted : NULL;
}

/* A node says its device's name again if it has to; that is no setting of the device */
static bool is_name(const struct property *p, const char *device)
{
	return device && !strcmp(p->name, "label") && p->value.type == TYPE_STRING &&
	       p->value.count == 1 && !strcmp(p->value.strings, device);
}

/* @device: the name, for the device's own node */
static const char *node_difference(const struct node *want, const struct node *have,
				   const char *device)
{
	const struct property *p;
	const struct node *child;
	const char *difference;
	size_t i;

	for (i = 0; i < want->property_count; i++) {
		p = node_property(have, want->properties[i].name);
		if (!p && is_name(&want->properties[i], device))
			continue;
		if (!p || !value_same(&p->value, &want->properties[i].value))
			return format("property '%s'", want->properties[i].name);
	}
	for (i = 0; i < have->property_count; i++)
		if (!node_property(want, have->properties[i].name))
			return format("property '%s'", have->properties[i].name);

	for (i = 0; i < want->child_count; i++) {
		child = node_child(have, want->children[i].name);
		if (!child)
			return format("child node '%s'", want->children[i].name);
		difference = node_difference(&want->children[i], child, NULL);
		if (difference)
			return format("%s: %s", child->name, difference);
	}
	for (i = 0; i < have->child_count; i++)
		if (!node_child(want, have->children[i].name))
			return format("child node '%s'", have->children[i].name);
	i = node_in_order(want, have);
	if (i < want->child_count)
		return format("order of child nodes, from '%s' on", want->children[i].name);
	return NULL;
}

/* What of @have is not as in @want; NULL when all is */
const char *device_difference(const struct device *want, const struct device *have)
{
	if (want->compatible_size != have->compatible_size ||
	    (want->compatible_size &&
	     memcmp(want->compatible, have->compatible, want->compatible_size)))
		return "property 'compatible'";
	if (want->live != have->live)
		return want->live ? "it is off" : "it is not off";
	return node_difference(&want->root, &have->root, want->name);
}

static int compare_names(const void *a, const void *b)
{
	return strcmp(((const struct device *)a)->name, ((const struct device *)b)->name);
}

struct device *devices_find(const struct devices *list, const char *name)
{
	struct device key = { .name = name };
	struct device **found = tfind(&key, &list->by_name, compare_names);

	return found ? *found : NULL;
}

/* Returns @device, or the one of this name that is there already */
struct device *devices_add(struct devices *list, struct device *device)
{
	struct device **found = tsearch(device, &list->by_name, compare_names);

	if (!found)
		die(STATUS_SYSTEM, "out of memory");
	if (*found != device)
		return *found;
	list->all = grow(list->all, list->count, sizeof(*list->all));
	list->all[list->count++] = device;
	return device;
}

static int compare_for_people(const void *a, const void *b)
{
	const struct device *one = *(struct device *const *)a;
	const struct device *other = *(struct device *const *)b;

	/* fifo.2 before fifo.10 */
	return strverscmp(one->name, other->name);
}

void devices_sort(struct devices *list)
{
	if (list->count)
		qsort(list->all, list->count, sizeof(*list->all), compare_for_people);
}

const char *origin_name(enum origin origin)
{
	static const char * const names[] = {
		[ORIGIN_CONFIGFS] = "configfs",
		[ORIGIN_FIRMWARE] = "firmware",
		[ORIGIN_KERNEL] = "kernel",
	};

	return names[origin];
}
