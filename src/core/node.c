// SPDX-License-Identifier: GPL-2.0-only
/*
 * Nodes: is the file in /dev the one that a device should have?
 *
 * Copyright (C) 2026 The microkernel authors
 */
#include <linux/err.h>
#include <linux/fs.h>
#include <linux/kdev_t.h>
#include <linux/mount.h>
#include <linux/namei.h>
#include <linux/path.h>

#include "compat.h"
#include "node.h"

/**
 * DOC: Nodes
 *
 * devtmpfs makes the nodes, and keeps it to itself when it could not, because a
 * file of that name is there: the node of another subsystem, a directory, or what
 * a user's "> /dev/micro/x" has made. So this looks into devtmpfs, into the one
 * there is, as the caller's /dev may be the /dev of a container.
 */

/* NULL in a kernel without devtmpfs: nobody makes nodes there, and all names are free */
static struct vfsmount *micro_devtmpfs;

static int micro_node_lookup(const char *name, struct path *path)
{
	if (!micro_devtmpfs)
		return -ENOENT;
	return vfs_path_lookup(micro_devtmpfs->mnt_root, micro_devtmpfs, name, 0, path);
}

/**
 * micro_node_taken() - is there a file?
 * @name: its path below /dev
 *
 * Context: may sleep.
 */
bool micro_node_taken(const char *name)
{
	struct path path;

	if (micro_node_lookup(name, &path))
		return false;
	path_put(&path);
	return true;
}

/**
 * micro_node_missing() - does a device lack its node?
 * @name: the node's path below /dev
 * @devt: the device's number
 *
 * Context: may sleep.
 * Return: true when there is no such file, or another one.
 */
bool micro_node_missing(const char *name, dev_t devt)
{
	struct inode *inode;
	struct path path;
	bool missing;

	if (!micro_devtmpfs)
		return false;
	if (micro_node_lookup(name, &path))
		return true;
	inode = d_backing_inode(path.dentry);
	missing = !S_ISCHR(inode->i_mode) || inode->i_rdev != devt;
	path_put(&path);
	return missing;
}

int micro_nodes_init(void)
{
	struct file_system_type *type = get_fs_type("devtmpfs");
	struct vfsmount *mnt;

	if (!type)
		return 0;
	mnt = kern_mount(type);
	if (IS_ERR(mnt))
		return PTR_ERR(mnt);
	micro_devtmpfs = mnt;
	return 0;
}

void micro_nodes_exit(void)
{
	if (micro_devtmpfs)
		kern_unmount(micro_devtmpfs);
}
