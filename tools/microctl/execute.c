// SPDX-License-Identifier: GPL-2.0-only
/*
 * Execution: changes of one device
 *
 * The properties of a device cannot be changed while it is bound, and nobody
 * keeps a driver from arriving in between. So whoever meets EBUSY turns the
 * device off, goes on, and has it turned on in the end: then its driver sees
 * all of it. This way a device that is not bound needs no more calls than what
 * is set makes.
 *
 * Copyright (C) 2026 The microkernel authors
 */
#define _GNU_SOURCE
#include <errno.h>
#include <limits.h>
#include <string.h>

#include "configfs.h"
#include "devnode.h"
#include "execute.h"
#include "interrupt.h"
#include "path.h"
#include "settle.h"
#include "sysfs.h"
#include "udev.h"

/**
 * struct work - the device at hand
 * @at: where it is declared
 * @path: of the directory at hand
 * @device: length of the device's part of @path
 * @off: its live is 0
 */
struct work {
	const struct place *at;
	struct path path;
	size_t device;
	bool off;
};

static void work_start(struct work *w, const struct place *at, const char *name)
{
	w->at = at;
	w->off = false;
	w->path.len = 0;
	path_add(&w->path, name);
	w->device = w->path.len;
}

/* Writes a file of the device's own directory */
static int write_attribute(struct work *w, const char *name, const char *text, size_t len)
{
	struct path path = { .len = 0 };
	char saved = w->path.text[w->device];

	w->path.text[w->device] = '\0';
	path_add(&path, w->path.text);
	w->path.text[w->device] = saved;
	path_add(&path, "/");
	path_add(&path, name);
	return configfs_write(path.text, text, len);
}

/* Until a bind or unbind that goes on is over, or time is up: -1 then */
static int settled(struct work *w)
{
	char status[VALUE_TEXT_ROOM], name[NAME_MAX + 1] = "";

	strncat(name, w->path.text, w->device);
	settle_start();
	return settle_status(name, status, sizeof(status)) ? 0 : -1;
}

/* Writes a file that binds or unbinds; while that goes on already, it cannot be written */
static int write_order(struct work *w, const char *name, const char *text, size_t len)
{
	int err = write_attribute(w, name, text, len);

	if (err && errno == EBUSY && !settled(w))
		err = write_attribute(w, name, text, len);
	return err;
}

/* To be off, it is waited for; to be bound only in the end, when all devices are */
static int set_live(struct work *w, bool live)
{
	int err = write_order(w, "live", live ? "1" : "0", 1);

	if (err && errno == EINPROGRESS) {
		err = live ? 0 : settled(w);
		errno = EINPROGRESS;
	}
	if (!err || live)
		w->off = !live;
	return err;
}

/* After an error: is it that a driver is there? Then it has gone, and it is worth another try */
static bool driver_left(struct work *w)
{
	if (errno != EBUSY || w->off)
		return false;
	if (!set_live(w, false))
		return true;
	errno = EBUSY;
	return false;
}

static int make_directory(struct work *w)
{
	int err;

	do {
		err = configfs_mkdir(w->path.text);
	} while (err && driver_left(w));
	return err;
}

static int failed(struct work *w, const char *property, const char *doing)
{
	int err = errno;

	say_at(w->at, property, "cannot %s %s/%s: %s", doing, CONFIGFS_MICRO, w->path.text,
	       err == EINPROGRESS ? "its driver has not finished yet" : strerror(err));
	return -1;
}

/* The path is that of the property's directory */
static int write_value(struct work *w, const struct property *p)
{
	char text[VALUE_TEXT_ROOM];
	size_t len = value_text(&p->value, text, sizeof(text));
	size_t end = path_add(&w->path, "/");
	int err;

	path_add(&w->path, type_name(p->value.type));
	do {
		err = configfs_write(w->path.text, text, len);
	} while (err && driver_left(w));
	if (err)
		failed(w, p->name, "write");
	path_cut(&w->path, end);
	return err;
}

/* The path is that of the node's properties/, with a slash */
static int make_property(struct work *w, const struct property *p)
{
	size_t end = path_add(&w->path, p->name);
	int err = 0;

	if (make_directory(w) && errno != EEXIST)
		err = failed(w, p->name, "make");
	if (!err && p->value.type != TYPE_BOOL)
		err = write_value(w, p);
	path_cut(&w->path, end);
	return err;
}

/* The path is that of the node */
static int fill_node(struct work *w, const struct node *node)
{
	size_t end = w->path.len, child;
	int err = 0;

	if (node->property_count) {
		path_add(&w->path, "/properties/");
		for (size_t i = 0; i < node->property_count && !err; i++)
			err = make_property(w, &node->properties[i]);
		path_cut(&w->path, end);
	}
	if (node->child_count && !err) {
		path_add(&w->path, "/children/");
		for (size_t i = 0; i < node->child_count && !err; i++) {
			child = path_add(&w->path, node->children[i].name);
			if (make_directory(w) && errno != EEXIST)
				err = failed(w, NULL, "make");
			if (!err)
				err = fill_node(w, &node->children[i]);
			path_cut(&w->path, child);
		}
		path_cut(&w->path, end);
	}
	return err;
}

/*
 * Removes all that is in the node; its path is there. A directory that somebody
 * else has removed meanwhile is gone, too.
 */
static int empty_node(struct work *w)
{
	static const char *const folders[] = { "/properties", "/children" };
	size_t end = w->path.len, inner;
	struct names names;

	for (int i = 0; i < 2; i++) {
		path_add(&w->path, folders[i]);
		if (configfs_list(w->path.text, &names) && errno != ENOENT)
			return -1;
		for (size_t j = 0; j < names.count; j++) {
			inner = path_add(&w->path, "/");
			path_add(&w->path, names.all[j]);
			if (i && empty_node(w))
				return -1;
			if (configfs_rmdir(w->path.text) && errno != ENOENT)
				return -1;
			path_cut(&w->path, inner);
		}
		path_cut(&w->path, end);
	}
	return 0;
}

static int remove_device(struct work *w)
{
	if (!configfs_rmdir(w->path.text) || errno == ENOENT)
		return 0;
	if (errno != ENOTEMPTY)
		return -1;
	/* no driver is to see it in pieces */
	set_live(w, false);
	if (empty_node(w))
		return -1;
	return configfs_rmdir(w->path.text);
}

/* The device's status, "" if it has gone */
static void read_status(const char *name, char *text, size_t room)
{
	struct path path = { .len = 0 };

	path_add(&path, name);
	path_add(&path, "/status");
	if (configfs_read(path.text, text, room) < 0)
		*text = '\0';
}

/* After a write that binds: no error if the driver refuses the device, or not yet wants it */
static int bound(struct work *w, int err)
{
	char status[VALUE_TEXT_ROOM];
	int why = errno;

	/* one that goes on is looked at in the end */
	if (!err || errno == EINPROGRESS)
		return 0;
	read_status(w->path.text, status, sizeof(status));
	if (!strncmp(status, "failed ", strlen("failed ")))
		return 0;
	errno = why;
	return failed(w, NULL, "bind");
}

/*
 * As much of a device as has to be there before it is bound is there: the rest.
 * That a driver refuses it is found out later: execute_outcome().
 */
static int finish(struct work *w, const struct device *want, bool new_compatible, bool bind)
{
	char text[VALUE_TEXT_ROOM];
	int err;

	if (!want->live && !w->off && set_live(w, false))
		return failed(w, NULL, "turn off");
	if (new_compatible) {
		memcpy(text, want->compatible, want->compatible_size);
		for (size_t i = 0; i < want->compatible_size; i++)
			if (!text[i])
				text[i] = '\n';
		err = write_order(w, "compatible", text, want->compatible_size);
		/* off, it is not bound now, so that would be about the strings */
		if (err && w->off)
			return failed(w, "compatible", "write to");
		if (bound(w, err))
			return -1;
		bind = w->off;
	}
	if (want->live && (bind || w->off))
		return bound(w, set_live(w, true));
	return 0;
}

/*
 * A driver is asked anew: the kernel makes the node then, and takes it away one day,
 * which it does with no node that we would make
 */
static int mend(const struct device *want)
{
	struct work w;

	udev_expect(want->name);
	work_start(&w, &want->at, want->name);
	if (set_live(&w, false))
		return failed(&w, NULL, "turn off");
	if (devnode_clear(want->name, &want->at)) {
		bound(&w, set_live(&w, true));
		return -1;
	}
	return bound(&w, set_live(&w, true));
}

/* Who opens the node is to get the device. What was in the way of a new node is moved away */
static enum outcome look_at_node(const struct device *want)
{
	char text[VALUE_TEXT_ROOM];
	struct device have = { .name = want->name };
	const char *fault;

	configfs_state(&have);
	if (!devnode_fault(&have))
		return OUTCOME_BOUND;
	if (mend(want))
		return OUTCOME_NO_NODE;
	settle_status(want->name, text, sizeof(text));
	configfs_state(&have);
	fault = devnode_fault(&have);
	if (!fault)
		return OUTCOME_BOUND;
	say_at(&want->at, NULL, "it is bound, but its node /dev/%s %s", have.devnode, fault);
	return OUTCOME_NO_NODE;
}

/**
 * execute_outcome() - has it found a driver?
 * @want: the device; live
 *
 * Waits for a driver that takes its time, no longer than settle_start() allows.
 */
enum outcome execute_outcome(const struct device *want)
{
	char text[VALUE_TEXT_ROOM];

	if (!settle_status(want->name, text, sizeof(text))) {
		if (interrupt_pending())
			say_at(&want->at, NULL, "interrupted; the device is %s", text);
		else
			say_at(&want->at, NULL,
			       "the device is still %s after %g s, and the work continues; \"microctl wait\" waits for it",
			       text, settle_limit());
		return OUTCOME_BUSY;
	}
	if (!strcmp(text, "bound"))
		return look_at_node(want);
	if (!strcmp(text, "off"))
		return OUTCOME_BOUND;
	if (!status_is_refusal(text))
		return OUTCOME_UNBOUND;
	say_at(&want->at, NULL, "the driver refuses it: %s; the kernel log (dmesg) may say why",
	       text + strlen("failed "));
	return OUTCOME_REFUSED;
}

/* On failure nothing is left of it, but a device that its driver refuses stays */
int execute_create(const struct device *want)
{
	bool has_node = want->root.property_count || want->root.child_count;
	struct work w;
	int err;

	udev_expect(want->name);
	work_start(&w, &want->at, want->name);
	err = configfs_mkdir(w.path.text);
	if (err && errno == EBUSY) {
		/* a device of this name is on its way out */
		settle_start();
		do {
			if (!settle_gone(want->name)) {
				say_at(&want->at, NULL,
				       "the last device of this name is still being removed: its driver has not finished");
				return -1;
			}
			err = configfs_mkdir(w.path.text);
			/* it leaves sysfs a moment before its name is free */
		} while (err && errno == EBUSY && settle_later());
	}
	if (err)
		return failed(&w, NULL, "make");
	err = has_node ? fill_node(&w, &want->root) : 0;
	path_cut(&w.path, w.device);
	if (!err)
		err = finish(&w, want, want->compatible, has_node && !want->compatible);
	if (err && remove_device(&w))
		failed(&w, NULL, "remove what was made of it, in");
	return err;
}

/* The path is that of the node. Takes away what is not wanted, or is of the wrong kind */
static int prune_node(struct work *w, const struct node *want, const struct node *have)
{
	size_t end = w->path.len, in_order = node_in_order(want, have), inner;
	const struct property *p;
	const struct node *child;
	int err = 0;

	path_add(&w->path, "/properties/");
	for (size_t i = 0; i < have->property_count && !err; i++) {
		p = node_property(want, have->properties[i].name);
		/* a value cannot be taken back, only replaced */
		if (p && (p->value.type != TYPE_BOOL ||
			  have->properties[i].value.type == TYPE_BOOL))
			continue;
		inner = path_add(&w->path, have->properties[i].name);
		if (configfs_rmdir(w->path.text) && errno != ENOENT)
			err = failed(w, have->properties[i].name, "remove");
		path_cut(&w->path, inner);
	}
	path_cut(&w->path, end);

	path_add(&w->path, "/children/");
	for (size_t i = 0; i < have->child_count && !err; i++) {
		inner = path_add(&w->path, have->children[i].name);
		child = node_staying(want, in_order, have->children[i].name);
		if (child)
			err = prune_node(w, child, &have->children[i]);
		else if (empty_node(w) || (configfs_rmdir(w->path.text) && errno != ENOENT))
			err = failed(w, NULL, "remove");
		path_cut(&w->path, inner);
	}
	path_cut(&w->path, end);
	return err;
}

/* The path is that of the node. Makes what is missing, writes what is different */
static int update_node(struct work *w, const struct node *want, const struct node *have)
{
	size_t end = w->path.len, in_order = node_in_order(want, have), inner;
	const struct property *p, *old;
	int err = 0;

	path_add(&w->path, "/properties/");
	for (size_t i = 0; i < want->property_count && !err; i++) {
		p = &want->properties[i];
		old = node_property(have, p->name);
		if (!old || !value_same(&p->value, &old->value))
			err = make_property(w, p);
	}
	path_cut(&w->path, end);

	path_add(&w->path, "/children/");
	for (size_t i = 0; i < want->child_count && !err; i++) {
		inner = path_add(&w->path, want->children[i].name);
		if (i < in_order) {
			err = update_node(w, &want->children[i],
					  node_child(have, want->children[i].name));
		} else {
			if (make_directory(w) && errno != EEXIST)
				err = failed(w, NULL, "make");
			if (!err)
				err = fill_node(w, &want->children[i]);
		}
		path_cut(&w->path, inner);
	}
	path_cut(&w->path, end);
	return err;
}

static bool same_strings(const struct device *a, const struct device *b)
{
	return a->compatible_size == b->compatible_size &&
	       (!a->compatible_size || !memcmp(a->compatible, b->compatible, a->compatible_size));
}

static int change(const struct device *want, const struct device *have)
{
	struct device rest = *want;
	bool new_node, new_compatible = !same_strings(want, have);
	struct work w;

	/* compatible strings can be replaced, but not taken away */
	if (!want->compatible && have->compatible)
		return execute_remove(have->name, &want->at) ?: execute_create(want);

	udev_expect(want->name);
	work_start(&w, &want->at, want->name);
	w.off = !have->live;
	rest.compatible = have->compatible;
	rest.compatible_size = have->compatible_size;
	rest.live = have->live;
	new_node = device_difference(&rest, have);
	if (new_node) {
		if (!w.off && set_live(&w, false))
			return failed(&w, NULL, "turn off");
		if (prune_node(&w, &want->root, &have->root) ||
		    update_node(&w, &want->root, &have->root)) {
			say_at(&want->at, NULL,
			       "the device '%s' has only a part of the changes, and is off; apply the file again",
			       want->name);
			return -1;
		}
		path_cut(&w.path, w.device);
	}
	return finish(&w, want, new_compatible, new_node);
}

static int bind(const struct device *want)
{
	struct work w;

	udev_expect(want->name);
	work_start(&w, &want->at, want->name);
	return bound(&w, set_live(&w, true));
}

/**
 * execute_remove() - remove a device
 * @name: its name
 * @at: where it is declared
 *
 * Nothing is done if it is gone already.
 *
 * Return: 0, or -1 if it is still there, which was said.
 */
int execute_remove(const char *name, const struct place *at)
{
	struct work w;

	work_start(&w, at, name);
	if (remove_device(&w))
		return failed(&w, NULL, "remove");
	settle_start();
	if (settle_gone(name))
		return 0;
	if (interrupt_pending())
		say_at(at, NULL, "interrupted; the driver has not finished the removal");
	else
		say_at(at, NULL,
		       "the device is being removed, but its driver has not finished after %g s",
		       settle_limit());
	return -1;
}

int execute_step(const struct step *step)
{
	switch (step->kind) {
	case STEP_REMOVE:
		return execute_remove(step->have->name, &step->have->at);
	case STEP_CHANGE:
		return change(step->want, step->have);
	case STEP_CREATE:
		return execute_create(step->want);
	case STEP_BIND:
		return bind(step->want);
	case STEP_MEND:
		return mend(step->want);
	}
	return -1;
}
