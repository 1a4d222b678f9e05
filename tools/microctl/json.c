// SPDX-License-Identifier: GPL-2.0-only
/*
 * Devices as JSON
 *
 * Copyright (C) 2026 The microkernel authors
 */
#define _GNU_SOURCE
#include <json-c/json.h>
#include <string.h>

#include "devnode.h"
#include "json.h"
#include "memory.h"

/* NULL for what there is not */
static struct json_object *text(const char *s)
{
	return s && *s ? json_object_new_string(s) : NULL;
}

/* Bytes of the UTF-8 character at @s; 0 if there is none */
static size_t utf8_length(const char *s)
{
	unsigned char first = s[0], second = s[1];
	size_t len;

	if (first < 0x80)
		return 1;
	if (first < 0xc2 || first > 0xf4)
		return 0;
	len = first < 0xe0 ? 2 : first < 0xf0 ? 3 : 4;
	/* too long for what it says, half of a pair, or beyond the last */
	if ((first == 0xe0 && second < 0xa0) || (first == 0xed && second > 0x9f) ||
	    (first == 0xf0 && second < 0x90) || (first == 0xf4 && second > 0x8f))
		return 0;
	for (size_t i = 1; i < len; i++)
		if ((s[i] & 0xc0) != 0x80)
			return 0;
	return len;
}

/* A string of a device tree is bytes, one of JSON is characters */
static struct json_object *characters(const char *s)
{
	static const char replacement[] = "\xef\xbf\xbd";	/* U+FFFD */
	char *all = get_memory(strlen(s) * strlen(replacement) + 1);
	size_t len, size = 0;

	for (; *s; s += len ?: 1) {
		len = utf8_length(s);
		memcpy(all + size, len ? s : replacement, len ?: strlen(replacement));
		size += len ?: strlen(replacement);
	}
	return json_object_new_string_len(all, size);
}

static struct json_object *strings(const char *all, size_t size)
{
	struct json_object *array = json_object_new_array();
	const char *s;

	for_each_string(s, all, all + size)
		json_object_array_add(array, characters(s));
	return array;
}

static struct json_object *numbers(const struct value *value)
{
	struct json_object *array = json_object_new_array();

	for (size_t i = 0; i < value->count; i++)
		json_object_array_add(array, json_object_new_uint64(value->numbers[i]));
	return array;
}

static struct json_object *property(const struct value *value)
{
	struct json_object *object = json_object_new_object();
	struct json_object *content;

	if (value->type == TYPE_BOOL)
		content = json_object_new_boolean(true);
	else if (value->type == TYPE_STRING)
		content = strings(value->strings, value->size);
	else
		content = numbers(value);
	json_object_object_add(object, "type", text(type_name(value->type)));
	json_object_object_add(object, "value", content);
	return object;
}

static void add_node(struct json_object *object, const struct node *node)
{
	struct json_object *properties = json_object_new_object();
	struct json_object *children = json_object_new_array();
	struct json_object *child;

	for (size_t i = 0; i < node->property_count; i++)
		json_object_object_add(properties, node->properties[i].name,
				       property(&node->properties[i].value));
	for (size_t i = 0; i < node->child_count; i++) {
		child = json_object_new_object();
		json_object_object_add(child, "name", text(node->children[i].name));
		add_node(child, &node->children[i]);
		json_object_array_add(children, child);
	}
	json_object_object_add(object, "properties", properties);
	json_object_object_add(object, "children", children);
}

/* "failed EINVAL" is a status and an error */
static void add_status(struct json_object *object, const char *status)
{
	const char *blank = strchr(status, ' ');
	int len = blank ? blank - status : (int)strlen(status);

	json_object_object_add(object, "status", json_object_new_string_len(status, len));
	json_object_object_add(object, "error", blank ? text(blank + 1) : NULL);
}

static struct json_object *server(const struct server *s)
{
	struct json_object *object = json_object_new_object();

	json_object_object_add(object, "state", text(s->state));
	json_object_object_add(object, "pid", s->pid ? json_object_new_int(s->pid) : NULL);
	json_object_object_add(object, "sessions", json_object_new_int64(s->sessions));
	json_object_object_add(object, "lost", json_object_new_int64(s->lost));
	return object;
}

static struct json_object *device(const struct device *d)
{
	struct json_object *object = json_object_new_object();
	char path[256];

	json_object_object_add(object, "name", text(d->name));
	json_object_object_add(object, "origin", text(origin_name(d->origin)));
	add_status(object, d->status);
	json_object_object_add(object, "live", json_object_new_boolean(d->live));
	json_object_object_add(object, "driver", text(d->driver));
	snprintf(path, sizeof(path), "/dev/%s", d->devnode);
	json_object_object_add(object, "node", *d->devnode ? text(path) : NULL);
	json_object_object_add(object, "dev", text(d->dev));
	json_object_object_add(object, "node_fault", text(devnode_fault(d)));
	json_object_object_add(object, "compatible", strings(d->compatible, d->compatible_size));
	if (d->server)
		json_object_object_add(object, "server", server(d->server));
	add_node(object, &d->root);
	return object;
}

/* --json was given: true, as this build can do it */
bool json_option(const char *command)
{
	(void)command;
	return true;
}

void json_print_devices(const struct devices *devices)
{
	struct json_object *array = json_object_new_array();
	struct device *d;

	for_each_device(d, devices)
		json_object_array_add(array, device(d));
	puts(json_object_to_json_string_ext(array, JSON_C_TO_STRING_PRETTY |
					    JSON_C_TO_STRING_NOSLASHESCAPE));
	json_object_put(array);
}

void json_print_event(const char *event, const char *name, const char *driver,
		      const char *devnode)
{
	struct json_object *object = json_object_new_object();

	json_object_object_add(object, "event", text(event));
	json_object_object_add(object, "name", text(name));
	json_object_object_add(object, "driver", text(driver));
	json_object_object_add(object, "node", text(devnode));
	puts(json_object_to_json_string_ext(object, JSON_C_TO_STRING_PLAIN |
					    JSON_C_TO_STRING_NOSLASHESCAPE));
	json_object_put(object);
}
