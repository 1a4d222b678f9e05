// SPDX-License-Identifier: GPL-2.0-only
/*
 * All devices of the bus, whoever made them
 *
 * Copyright (C) 2026 The microkernel authors
 */
#define _GNU_SOURCE
#include <dirent.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "configfs.h"
#include "memory.h"
#include "path.h"
#include "server.h"
#include "sysfs.h"

/* Not the links of the bus: a device that is going loses its link before its driver lets go */
#define DEVICES		"/sys/devices/micro/instances"
#define DEBUGFS_DEVICES	"/sys/kernel/debug/micro/devices"
#define CLASS_DEVICES	"/sys/class/micro"

#define PROPERTY_ROOM	(64 * 1024)

bool sysfs_exists(const char *name)
{
	struct path path = { .len = 0 };

	path_add(&path, DEVICES "/");
	path_add(&path, name);
	return !access(path.text, F_OK);
}

/**
 * sysfs_is_going() - has its directory been removed, but it is still there?
 * @name: the device
 *
 * Its driver takes its time to let go of it. Only debugfs tells it from a device that
 * kernel code has made, and only root.
 */
bool sysfs_is_going(const char *name)
{
	const char *start = format("device=%s front=configfs ", name);
	char *line = NULL, live[8];
	bool found = false;
	size_t room = 0;
	FILE *file;

	if (configfs_read(format("%s/live", name), live, sizeof(live)) >= 0)
		return false;
	file = fopen(DEBUGFS_DEVICES, "re");
	while (file && !found && getline(&line, &room, file) > 0)
		found = !strncmp(line, start, strlen(start));
	free(line);
	if (file)
		fclose(file);
	return found;
}

static ssize_t read_file(const char *path, char *bytes, size_t room)
{
	int fd = open(path, O_RDONLY | O_CLOEXEC);
	ssize_t got = 0, len = 0;

	if (fd < 0)
		return -1;
	while ((size_t)len < room && (got = read(fd, bytes + len, room - len)) > 0)
		len += got;
	close(fd);
	return got < 0 ? -1 : len;
}

/* The first line of an attribute of a device; "" if there is none */
const char *sysfs_attribute(const char *device, const char *attribute)
{
	struct path path = { .len = 0 };
	char text[256];
	ssize_t len;

	path_add(&path, DEVICES "/");
	path_add(&path, device);
	path_add(&path, "/");
	path_add(&path, attribute);
	len = read_file(path.text, text, sizeof(text) - 1);
	if (len < 0)
		return "";
	text[len] = '\0';
	text[strcspn(text, "\n")] = '\0';
	return copy_string(text);
}

/* A node of the device tree, as the kernel shows it: its files are the properties */
static void read_of_node(struct path *path, struct node *node)
{
	DIR *dir = opendir(path->text);
	static char bytes[PROPERTY_ROOM];
	struct dirent *entry;
	struct property *p;
	ssize_t len;
	size_t end;

	if (!dir)
		return;
	while ((entry = readdir(dir))) {
		if (*entry->d_name == '.' || !strcmp(entry->d_name, "name") ||
		    !strcmp(entry->d_name, "phandle"))
			continue;
		end = path_add(path, "/");
		path_add(path, entry->d_name);
		if (entry->d_type == DT_DIR) {
			read_of_node(path, node_add_child(node, copy_string(entry->d_name)));
		} else if (entry->d_type == DT_REG) {
			len = read_file(path->text, bytes, sizeof(bytes));
			p = node_add_property(node, copy_string(entry->d_name));
			if (len < 0 ||
			    value_from_bytes(&p->value, type_guess(bytes, len), bytes, len))
				node->property_count--;
		}
		path_cut(path, end);
	}
	closedir(dir);
}

static void take_compatible(struct device *device)
{
	struct node *root = &device->root;

	for (size_t i = 0; i < root->property_count; i++) {
		if (strcmp(root->properties[i].name, "compatible"))
			continue;
		device->compatible = root->properties[i].value.strings;
		device->compatible_size = root->properties[i].value.size;
		root->properties[i] = root->properties[--root->property_count];
	}
}

/* KEY=... of a uevent file */
static const char *uevent_value(char *text, const char *key)
{
	size_t len = strlen(key);

	for (char *line = strtok(text, "\n"); line; line = strtok(NULL, "\n"))
		if (!strncmp(line, key, len) && line[len] == '=')
			return copy_string(line + len + 1);
	return "";
}

static void read_state(struct device *device)
{
	struct path path = { .len = 0 };
	char text[PATH_MAX];
	ssize_t len;
	size_t end;

	path_add(&path, DEVICES "/");
	path_add(&path, device->name);
	end = path_add(&path, "/driver");
	len = readlink(path.text, text, sizeof(text) - 1);
	device->driver = "";
	device->devnode = "";
	device->dev = "";
	if (len > 0) {
		text[len] = '\0';
		device->driver = copy_string(strrchr(text, '/') + 1);
	}
	path_cut(&path, end);

	path_add(&path, "/of_node");
	if (!access(path.text, F_OK)) {
		device->origin = ORIGIN_FIRMWARE;
		read_of_node(&path, &device->root);
		take_compatible(device);
	}
	path_cut(&path, end);
	path_add(&path, "/firmware_node");
	if (!access(path.text, F_OK))
		device->origin = ORIGIN_FIRMWARE;

	path_cut(&path, 0);
	path_add(&path, CLASS_DEVICES "/");
	path_add(&path, device->name);
	end = path_add(&path, "/uevent");
	len = read_file(path.text, text, sizeof(text) - 1);
	device->status = len < 0 ? "unbound" : "bound";
	if (len >= 0) {
		text[len] = '\0';
		device->devnode = uevent_value(text, "DEVNAME");
		path_cut(&path, end);
		path_add(&path, "/dev");
		len = read_file(path.text, text, sizeof(text) - 1);
		if (len > 0)
			device->dev = copy_bytes(text, text[len - 1] == '\n' ? len - 1 : len);
	}
}

static struct device *find_any_device(const char *name)
{
	struct device *device;

	/* names have no slash; "." and ".." are none, either, nor what is too long for a file */
	if (strchr(name, '/') || *name == '.' || !*name || strlen(name) > NAME_MAX)
		return NULL;
	device = configfs_device(name);
	if (device) {
		configfs_state(device);
		return device;
	}
	if (!sysfs_exists(name))
		return NULL;
	device = get_memory(sizeof(*device));
	device->name = copy_string(name);
	device->at.path = device->name;
	device->root.name = device->name;
	device->live = true;
	device->origin = ORIGIN_KERNEL;
	read_state(device);
	if (device->origin == ORIGIN_KERNEL && sysfs_is_going(name)) {
		device->origin = ORIGIN_CONFIGFS;
		device->live = false;
		device->status = "unbinding";
	}
	return device;
}

/* Returns NULL when there is none */
struct device *find_device(const char *name)
{
	struct device *device = find_any_device(name);

	if (device && !strcmp(device->driver, USER_DRIVER))
		device->server = server_of(name);
	return device;
}

/* Of the files in a folder */
void list_names(const char *path, struct devices *list)
{
	DIR *dir = opendir(path);
	struct dirent *entry;
	struct device *device;

	if (!dir)
		return;
	while ((entry = readdir(dir))) {
		if (*entry->d_name == '.')
			continue;
		device = get_memory(sizeof(*device));
		device->name = copy_string(entry->d_name);
		devices_add(list, device);
	}
	closedir(dir);
}

/* Only the names of all devices */
void sysfs_names(struct devices *list)
{
	list_names(DEVICES, list);
}

/* Of those that a driver has */
void sysfs_bound_names(struct devices *list)
{
	list_names(CLASS_DEVICES, list);
}

void find_all_devices(struct devices *list)
{
	struct devices names = { 0 };
	struct device *name, *device;

	sysfs_names(&names);
	for_each_device(name, &names) {
		device = find_device(name->name);
		if (device)
			devices_add(list, device);
	}
	devices_sort(list);
}
