// SPDX-License-Identifier: GPL-2.0-only
/*
 * Declarations: the devices that files ask for
 *
 * The rules are those of the kernel module for devices of a device tree: what
 * a driver sees of a device must not depend on who made it. What a tree can say
 * and configfs cannot is an error, of which all are told at once.
 *
 * Copyright (C) 2026 The microkernel authors
 */
#define _GNU_SOURCE
#include <string.h>

#include "declare.h"
#include "folder.h"
#include "fragments.h"
#include "input.h"
#include "memory.h"
#include "names.h"
#include "path.h"

/**
 * struct declaration - the file at hand
 * @file: its name
 * @devices: what was found in it
 * @path: of the node at hand
 * @buses: how many
 * @errors: how many
 */
struct declaration {
	const char *file;
	struct devices *devices;
	struct path path;
	unsigned int buses;
	unsigned int errors;
};

#define bad(d, property, ...) do {					\
	const struct place _at = { (d)->file, (d)->path.text };		\
									\
	say_at(&_at, property, __VA_ARGS__);				\
	(d)->errors++;							\
} while (0)

/* Nodes that stand for a label have no slash before their name */
static size_t enter(struct declaration *d, const struct tree_node *node)
{
	size_t before = d->path.len;

	if (before || *node->name != '&')
		path_add(&d->path, "/");
	path_add(&d->path, node->name);
	return before;
}

/* False, and says so, if the path would get longer than one can be */
static bool fits(struct declaration *d, const struct tree_node *node)
{
	size_t len = strlen(node->name);

	if (d->path.len + len + 1 < sizeof(d->path.text))
		return true;
	bad(d, NULL, "the name of a node in it is too long: %zu characters", len);
	return false;
}

static bool has_string(const struct tree_property *p, const char *string)
{
	const char *s;

	if (!p || !p->len || p->bytes[p->len - 1])
		return false;
	for_each_string(s, p->bytes, p->bytes + p->len)
		if (!strcmp(s, string))
			return true;
	return false;
}

static bool is_available(const struct tree_node *node)
{
	const struct tree_property *status = tree_property(node, "status");

	return !status || has_string(status, "okay") || has_string(status, "ok");
}

static bool is_internal(const char *name)
{
	return !strcmp(name, "phandle") || !strcmp(name, "linux,phandle") || !strcmp(name, "name");
}

/* The one type that a source has for all of a value */
static bool known_type(const struct tree_property *p, enum type *type)
{
	for (int t = TYPE_BOOL; t <= TYPE_STRING; t++) {
		if (p->types == 1U << t) {
			*type = t;
			return true;
		}
	}
	return false;
}

static const char *convert(const struct tree_property *p, struct value *value)
{
	enum type type = type_guess(p->bytes, p->len);
	const char *wrong;

	if (p->reference)
		return format("it refers to %s%s (a phandle), which configfs cannot have; %s",
			      *p->reference ? "the node " : "another node", p->reference,
			      "take it out, or have the boot loader apply this file");
	if (p->types && p->len && !known_type(p, &type))
		return "its parts are of several types; configfs has one for all of a property";
	wrong = value_from_bytes(value, type, p->bytes, p->len);
	return wrong ?: value_check(value);
}

static void take_property(struct declaration *d, const struct tree_property *p, struct node *node)
{
	struct property *property;
	const char *wrong;

	if (node_property(node, p->name)) {
		bad(d, p->name, "it is declared twice");
		return;
	}
	wrong = part_name_check(p->name);
	if (wrong) {
		bad(d, p->name, "%s; rename it, or have the boot loader apply this file", wrong);
		return;
	}
	property = node_add_property(node, p->name);
	wrong = convert(p, &property->value);
	if (wrong)
		bad(d, p->name, "%s", wrong);
}

static void take_children(struct declaration *d, const struct tree_node *from, struct node *to,
			  unsigned int depth)
{
	const struct tree_node *child;
	struct node *node;
	const char *wrong;
	size_t before;

	for (size_t i = 0; i < from->child_count; i++) {
		child = from->children[i];
		/* drivers do not see those that are disabled */
		if (!is_available(child) || !fits(d, child))
			continue;
		before = enter(d, child);
		wrong = part_name_check(child->name);
		if (wrong)
			bad(d, NULL, "%s; rename the node, or have the boot loader apply this file",
			    wrong);
		else if (node_child(to, child->name))
			bad(d, NULL, "the node is declared twice");
		if (depth == DEPTH_MAX) {
			bad(d, NULL, "child nodes are nested more than %d levels deep", DEPTH_MAX);
		} else {
			node = node_add_child(to, child->name);
			for (size_t j = 0; j < child->property_count; j++)
				if (!is_internal(child->properties[j].name))
					take_property(d, &child->properties[j], node);
			take_children(d, child, node, depth + 1);
		}
		path_cut(&d->path, before);
	}
}

static void take_compatible(struct declaration *d, const struct tree_property *p,
			    struct device *device)
{
	const char *wrong = NULL;
	enum type type;

	if (p->types && (!known_type(p, &type) || type != TYPE_STRING))
		wrong = "compatible strings are strings";
	else if (!p->len || p->bytes[p->len - 1])
		wrong = "it takes at least one string";
	else
		wrong = compatible_check(p->bytes, p->len);
	if (wrong) {
		bad(d, p->name, "%s", wrong);
		return;
	}
	device->compatible = p->bytes;
	device->compatible_size = p->len;
}

/* The label, or the node's name with '@' as '.' */
static const char *take_name(struct declaration *d, const struct tree_node *node)
{
	const struct tree_property *label = tree_property(node, "label");
	const char *name, *wrong;
	char *copy, *at;

	if (label) {
		name = tree_string(node, "label");
		wrong = name ? device_name_check(name) : "a device's label is a string";
	} else {
		copy = copy_string(node->name);
		while ((at = strchr(copy, '@')))
			*at = '.';
		name = copy;
		wrong = device_name_check(name);
	}
	if (!wrong)
		return name;
	if (label)
		bad(d, "label", "'%s': %s", name ?: "", wrong);
	else
		bad(d, NULL, "'%s': %s; a property 'label' gives it another name", name, wrong);
	return NULL;
}

static void add_device(struct declaration *d, struct device *device)
{
	struct device *other = devices_add(d->devices, device);
	const char *difference;

	if (other == device)
		return;
	difference = device_difference(device, other);
	if (difference)
		bad(d, NULL, "%s declares the device '%s' too, but differently (%s): take one out",
		    other->at.path, device->name, difference);
}

static void take_device(struct declaration *d, const struct tree_node *node)
{
	bool off = tree_property(node, OFF_PROPERTY);
	unsigned int errors = d->errors;
	const struct tree_property *p;
	struct device *device;
	size_t before;

	if ((!is_available(node) && !off) || !fits(d, node))
		return;

	before = enter(d, node);
	device = get_memory(sizeof(*device));
	device->at.file = d->file;
	device->at.path = copy_string(d->path.text);
	device->live = !off;
	device->name = take_name(d, node);
	device->root.name = device->name;
	for (size_t i = 0; i < node->property_count; i++) {
		p = &node->properties[i];
		if (!strcmp(p->name, "compatible"))
			take_compatible(d, p, device);
		else if (off && (!strcmp(p->name, "status") || !strcmp(p->name, OFF_PROPERTY)))
			continue;
		else if (!is_internal(p->name))
			take_property(d, p, &device->root);
	}
	take_children(d, node, &device->root, 0);
	if (errors == d->errors)
		add_device(d, device);
	path_cut(&d->path, before);
}

static void find_buses(struct declaration *d, const struct tree_node *node)
{
	size_t before;

	if (!is_available(node))
		return;
	if (has_string(tree_property(node, "compatible"), BUS_COMPATIBLE)) {
		d->buses++;
		/* in the root there are also __symbols__ and the like, which are dtc's */
		for (size_t i = 0; i < node->child_count; i++)
			if (d->path.len || strncmp(node->children[i]->name, "__", 2))
				take_device(d, node->children[i]);
		return;
	}
	for (size_t i = 0; i < node->child_count; i++) {
		if (!fits(d, node->children[i]))
			continue;
		before = enter(d, node->children[i]);
		find_buses(d, node->children[i]);
		path_cut(&d->path, before);
	}
}

/* All devices of a file. Says what is wrong, and returns false then */
bool declare_file(const char *file, struct devices *devices)
{
	struct tree_node *root = get_memory(sizeof(*root));
	struct tree_node *merged = get_memory(sizeof(*merged));
	struct declaration *d = get_memory(sizeof(*d));

	d->file = file;
	d->devices = devices;
	if (!input_read(file, root) || !fragments_apply(file, root, merged))
		return false;
	find_buses(d, merged);
	if (!d->buses) {
		path_cut(&d->path, 0);
		say_at(&(struct place){ .file = file }, NULL,
		       "it declares no devices: no node (that is not disabled) has compatible = \"%s\"",
		       BUS_COMPATIBLE);
		return false;
	}
	return !d->errors;
}

/* Adds those of one file to those of the others. False, and says why, if they contradict */
static bool add_devices(struct devices *all, const struct devices *more)
{
	const struct device *other;
	const char *difference;
	struct device *d;
	bool good = true;

	for_each_device(d, more) {
		other = devices_find(all, d->name);
		difference = other ? device_difference(d, other) : NULL;
		if (!difference)
			continue;
		say_at(&d->at, NULL,
		       "%s: %s declares the device '%s' too, but differently (%s): take one out",
		       other->at.file, other->at.path, d->name, difference);
		good = false;
	}
	if (good)
		for_each_device(d, more)
			devices_add(all, d);
	return good;
}

/**
 * declare_files() - all devices of files and folders
 * @all: gets them
 * @count: how many @names there are
 * @names: of files, folders, or "-"
 * @keep_going: leave out files with errors
 *
 * Return: false if there were errors, which were said.
 */
bool declare_files(struct devices *all, int count, char **names, bool keep_going)
{
	struct files files = { 0 };
	bool good = true;

	for (int i = 0; i < count; i++)
		files_add(&files, names[i]);
	for (size_t i = 0; i < files.count; i++) {
		struct devices devices = { 0 };
		bool one = declare_file(files.all[i], &devices);

		one = (one || !keep_going) && add_devices(all, &devices) && one;
		if (!one && keep_going)
			say_at(&(struct place){ .file = files.all[i] }, NULL,
			       "nothing of this file is applied");
		good = good && one;
	}
	return good;
}
