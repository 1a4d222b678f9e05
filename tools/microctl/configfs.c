// SPDX-License-Identifier: GPL-2.0-only
/*
 * Our directory in configfs
 *
 * Copyright (C) 2026 The microkernel authors
 */
#define _GNU_SOURCE
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/vfs.h>
#include <unistd.h>

#include "configfs.h"
#include "memory.h"
#include "path.h"
#include "retry.h"

/* <linux/magic.h> has it not */
#define CONFIGFS_MAGIC	0x62656570

/* All paths are relative to this: a path of its own for each device would be walked each time */
static int configfs_fd = -1;

/* False where the module is not loaded, or configfs not mounted; not if it is forbidden */
bool configfs_is_there(void)
{
	return !access(CONFIGFS_MICRO, F_OK) || errno != ENOENT;
}

/**
 * configfs_open() - has to come before everything else here
 * @to_change: shall devices be made or changed?
 *
 * Ends the run when the system is not ready, and says what to do about that.
 */
void configfs_open(bool to_change)
{
	struct statfs fs;

	/* only the path: configfs would have us wait for a mkdir that others are making */
	configfs_fd = open(CONFIGFS_MICRO, O_PATH | O_DIRECTORY | O_CLOEXEC);
	if (configfs_fd < 0) {
		if (errno == EACCES)
			die(STATUS_SYSTEM,
			    "no permission to look at %s: run it as root",
			    CONFIGFS_MICRO);
		if (statfs(CONFIGFS, &fs))
			die(STATUS_SYSTEM,
			    "the kernel has no configfs yet: run \"modprobe configfs\" and \"mount -t configfs none %s\"",
			    CONFIGFS);
		if (fs.f_type != CONFIGFS_MAGIC)
			die(STATUS_SYSTEM,
			    "configfs is not mounted: run \"mount -t configfs none %s\"",
			    CONFIGFS);
		die(STATUS_SYSTEM, "there is no %s: run \"modprobe microkernel\"", CONFIGFS_MICRO);
	}
	if (to_change && faccessat(configfs_fd, ".", W_OK, AT_EACCESS))
		die(STATUS_SYSTEM,
		    "no permission to change devices in %s: run it as root",
		    CONFIGFS_MICRO);
}

int configfs_mkdir(const char *path)
{
	return mkdirat(configfs_fd, path, 0755);
}

int configfs_rmdir(const char *path)
{
	return unlinkat(configfs_fd, path, AT_REMOVEDIR);
}

/* In one write(2): each is an order of its own to the kernel */
int configfs_write(const char *path, const char *text, size_t len)
{
	int fd = openat(configfs_fd, path, O_WRONLY | O_CLOEXEC);
	ssize_t written;
	int err;

	if (fd < 0)
		return -1;
	written = retry_interrupted(write(fd, text, len));
	err = written < 0 ? errno : (size_t)written == len ? 0 : E2BIG;
	close(fd);
	errno = err;
	return err ? -1 : 0;
}

ssize_t configfs_read(const char *path, char *text, size_t room)
{
	int fd = openat(configfs_fd, path, O_RDONLY | O_CLOEXEC);
	size_t len = 0;
	ssize_t got;
	int err;

	if (fd < 0)
		return -1;
	while ((got = retry_interrupted(read(fd, text + len, room - 1 - len))) > 0)
		len += got;
	err = errno;
	close(fd);
	if (got < 0) {
		errno = err;
		return -1;
	}
	if (len && text[len - 1] == '\n')
		len--;
	text[len] = '\0';
	return len;
}

static void turn_round(struct names *names)
{
	const char *name;

	for (size_t i = 0, j = names->count; i + 1 < j; i++) {
		name = names->all[i];
		names->all[i] = names->all[--j];
		names->all[j] = name;
	}
}

/* In the kernel's order; 0, or -1 with errno */
static int list_raw(const char *path, struct names *names)
{
	int fd = openat(configfs_fd, path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	struct dirent *entry;
	DIR *dir;

	*names = (struct names){ 0 };
	dir = fd < 0 ? NULL : fdopendir(fd);
	if (!dir)
		return -1;
	while ((entry = readdir(dir))) {
		if (entry->d_type != DT_DIR || !strcmp(entry->d_name, ".") ||
		    !strcmp(entry->d_name, ".."))
			continue;
		names->all = grow(names->all, names->count, sizeof(*names->all));
		names->all[names->count++] = copy_string(entry->d_name);
	}
	closedir(dir);
	return 0;
}

/*
 * Old kernels list what is new first, 7.3 last. A device's properties/ is made
 * before its children/, so any device shows which it is.
 */
static bool newest_first(void)
{
	static enum { UNKNOWN, NO, YES } answer;
	struct names devices, parts;

	if (answer != UNKNOWN || list_raw(".", &devices))
		return answer == YES;
	for (size_t i = 0; answer == UNKNOWN && i < devices.count; i++)
		if (!list_raw(devices.all[i], &parts) && parts.count)
			answer = strcmp(parts.all[0], "properties") ? YES : NO;
	return answer == YES;
}

/* 0, or -1 with errno */
int configfs_list(const char *path, struct names *names)
{
	if (list_raw(path, names))
		return -1;
	if (newest_first())
		turn_round(names);
	return 0;
}

/* What vanishes while it is read is as good as never there; -1 then */
static int read_property(struct path *path, struct property *p)
{
	char text[VALUE_TEXT_ROOM];
	size_t end = path_add(path, "/type");
	enum type type;
	ssize_t len;

	len = configfs_read(path->text, text, sizeof(text));
	path_cut(path, end);
	if (len < 0 || !type_find(text, &type))
		return -1;

	len = 0;
	if (type != TYPE_BOOL) {
		path_add(path, "/");
		path_add(path, type_name(type));
		len = configfs_read(path->text, text, sizeof(text));
		path_cut(path, end);
		if (len < 0)
			return -1;
		/* the newline that configfs_read() took may have been an empty string's */
		if (type == TYPE_STRING)
			text[len++] = '\n';
	}
	return value_from_text(&p->value, type, text, len) ? -1 : 0;
}

static int compare_properties(const void *a, const void *b)
{
	return strcmp(((const struct property *)a)->name, ((const struct property *)b)->name);
}

static void read_node(struct path *path, struct node *node)
{
	struct names names;
	size_t end, inner;

	end = path_add(path, "/properties");
	configfs_list(path->text, &names);
	for (size_t i = 0; i < names.count; i++) {
		inner = path_add(path, "/");
		path_add(path, names.all[i]);
		if (read_property(path, node_add_property(node, names.all[i])))
			node->property_count--;
		path_cut(path, inner);
	}
	path_cut(path, end);
	/* their order means nothing */
	if (node->property_count)
		qsort(node->properties, node->property_count, sizeof(*node->properties),
		      compare_properties);

	path_add(path, "/children");
	configfs_list(path->text, &names);
	for (size_t i = 0; i < names.count; i++) {
		inner = path_add(path, "/");
		path_add(path, names.all[i]);
		read_node(path, node_add_child(node, names.all[i]));
		path_cut(path, inner);
	}
	path_cut(path, end);
}

static ssize_t read_attribute(const char *name, const char *attribute, char *text, size_t room)
{
	struct path path = { .len = 0 };

	path_add(&path, name);
	path_add(&path, "/");
	path_add(&path, attribute);
	return configfs_read(path.text, text, room);
}

/* What a device was told to be; NULL when there is none */
struct device *configfs_device(const char *name)
{
	struct device *device;
	char text[VALUE_TEXT_ROOM];
	struct path path = { .len = 0 };
	ssize_t len;

	if (read_attribute(name, "live", text, sizeof(text)) < 0)
		return NULL;
	device = get_memory(sizeof(*device));
	device->name = copy_string(name);
	device->at.path = device->name;
	device->live = *text == '1';
	device->root.name = device->name;

	len = read_attribute(name, "compatible", text, sizeof(text));
	if (len > 0) {
		for (ssize_t i = 0; i < len; i++)
			if (text[i] == '\n')
				text[i] = '\0';
		device->compatible = copy_bytes(text, len);
		device->compatible_size = len + 1;
	}
	path_add(&path, name);
	read_node(&path, &device->root);
	return device;
}

static const char *state(const char *name, const char *attribute)
{
	char text[VALUE_TEXT_ROOM];

	return read_attribute(name, attribute, text, sizeof(text)) > 0 ? copy_string(text) : "";
}

/* What has become of it */
void configfs_state(struct device *device)
{
	device->status = state(device->name, "status");
	device->driver = state(device->name, "driver");
	device->devnode = state(device->name, "devnode");
	device->dev = state(device->name, "dev");
}
