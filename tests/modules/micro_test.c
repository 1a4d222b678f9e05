// SPDX-License-Identifier: GPL-2.0-only
/*
 * micro_test: drivers and devices on command, with counters
 *
 * In /sys/kernel/debug/micro_test:
 *
 *	register	KEY [OPTION]...		micro_register_driver()
 *	unregister	KEY			micro_unregister_driver()
 *	create		NAME [NUMBER]		micro_create_device(NAME, NUMBER)
 *	destroy		NAME			micro_destroy_device()
 *
 * Writing returns what the framework returns. KEY is the driver's name, unless
 * an OPTION says else:
 *
 *	name=NAME, unnamed		its name, which may be a bad one; or NULL
 *	compatible=STRING		for of_match_table, up to four times
 *	mode=OCTAL			permissions of the node
 *	probe=N, init=N, open=N		what these return: 0, or a positive errno
 *	noprobe				no probe() and remove(), the oldest style
 *	nofile, noread			no file operations; no read()
 *	llseek, compat_ioctl, read_iter, write_iter	these operations too
 *	groups				dev_groups with an attribute "test"
 *	async				asks for asynchronous probing
 *	makes=NAME			init() makes that device, exit() destroys it
 *	size=N, abi=N			built with another microkernel.h, it says
 *
 * KEY/ has counters of the calls (probes, removes ...), which stay after the
 * driver has gone, and probe, init, open to be changed later. "late" counts
 * calls for an instance that was removed already.
 *
 * Copyright (C) 2026 The microkernel authors
 */
#include <linux/ctype.h>
#include <linux/debugfs.h>
#include <linux/list.h>
#include <linux/mutex.h>
#include <linux/slab.h>
#include <linux/string.h>
#include <linux/uaccess.h>
#include <linux/uio.h>

#include <microkernel.h>

#define MAX_IDS		4
#define MAX_COMMAND	1024

struct test_driver {
	struct micro_driver drv;
	struct list_head node;
	const struct of_device_id ids[MAX_IDS + 1];	/* const to whoever matches */
	char key[128];
	char name[128];
	bool registered;

	/* what the calls return, as positive errnos */
	u32 probe, init, open;
	/* what a driver built with another header would say of itself */
	u32 size, abi;
	/* what init() makes */
	char makes[64];
	struct micro_device *made;
	/* number of calls */
	atomic_t inits, exits, probes, removes, unplugs, opens, releases, devms, late;
	u32 init_data;
};

struct test_device {
	struct micro_device *mdev;
	struct list_head node;
};

static LIST_HEAD(test_drivers);
static LIST_HEAD(test_devices);
static DEFINE_MUTEX(test_lock);
static struct dentry *test_dir;

static struct test_driver *to_test(struct micro_driver *drv)
{
	return container_of(drv, struct test_driver, drv);
}

static int test_init(struct micro_driver *drv, void *data)
{
	struct test_driver *t = to_test(drv);

	if (t->init)
		return -(int)t->init;
	if (t->makes[0]) {
		t->made = micro_create_device(t->makes, NULL);
		if (IS_ERR(t->made))
			return PTR_ERR(t->made);
	}
	t->init_data = (unsigned long)data;
	atomic_inc(&t->inits);
	return 0;
}

static void test_exit(struct micro_driver *drv)
{
	struct test_driver *t = to_test(drv);

	if (t->makes[0])
		micro_destroy_device(t->made);
	atomic_inc(&t->exits);
}

/* Before exit(), which may end what this needs */
static void test_devm(void *data)
{
	struct test_driver *t = data;

	if (atomic_read(&t->exits) == atomic_read(&t->inits))
		atomic_inc(&t->late);
	atomic_inc(&t->devms);
}

static int test_probe(struct micro_device *mdev)
{
	struct test_driver *t = to_test(mdev->driver);
	int err = devm_add_action(&mdev->dev, test_devm, t);

	if (err)
		return err;
	if (t->probe)
		return -(int)t->probe;
	micro_set_drvdata(mdev, t);
	atomic_inc(&t->probes);
	return 0;
}

static void test_remove(struct micro_device *mdev)
{
	struct test_driver *t = to_test(mdev->driver);

	micro_set_drvdata(mdev, NULL);
	atomic_inc(&t->removes);
}

static void test_unplug(struct micro_device *mdev)
{
	atomic_inc(&to_test(mdev->driver)->unplugs);
}

/* Each call for an open file passes here. */
static struct micro_device *test_called(struct micro_driver *drv, struct file *filp)
{
	struct micro_device *mdev = micro_file_device(filp);

	if (drv->probe && micro_get_drvdata(mdev) != to_test(drv))
		atomic_inc(&to_test(drv)->late);
	return mdev;
}

static int test_open(struct micro_driver *drv, struct file *filp)
{
	struct test_driver *t = to_test(drv);

	test_called(drv, filp);
	if (t->open)
		return -(int)t->open;
	atomic_inc(&t->opens);
	return 0;
}

static int test_release(struct micro_driver *drv, struct file *filp)
{
	test_called(drv, filp);
	atomic_inc(&to_test(drv)->releases);
	return 0;
}

/* Who serves whom: "DRIVER DEVICE" */
static ssize_t test_read(struct micro_driver *drv, struct file *filp,
			 char __user *buf, size_t count, loff_t *offset)
{
	struct micro_device *mdev = test_called(drv, filp);
	char text[160];
	int len = scnprintf(text, sizeof(text), "%s %s", drv->name, mdev->name);

	return simple_read_from_buffer(buf, count, offset, text, len);
}

static ssize_t test_write(struct micro_driver *drv, struct file *filp,
			  const char __user *buf, size_t count, loff_t *offset)
{
	test_called(drv, filp);
	return count;
}

static ssize_t test_read_iter(struct micro_driver *drv, struct kiocb *iocb,
			      struct iov_iter *to)
{
	test_called(drv, iocb->ki_filp);
	return copy_to_iter("iter", 4, to);
}

static ssize_t test_write_iter(struct micro_driver *drv, struct kiocb *iocb,
			       struct iov_iter *from)
{
	test_called(drv, iocb->ki_filp);
	return iov_iter_count(from);
}

static long test_ioctl(struct micro_driver *drv, struct file *filp,
		       unsigned int cmd, unsigned long arg)
{
	test_called(drv, filp);
	return 64;
}

static long test_compat_ioctl(struct micro_driver *drv, struct file *filp,
			      unsigned int cmd, unsigned long arg)
{
	test_called(drv, filp);
	return 32;
}

static loff_t test_llseek(struct micro_driver *drv, struct file *filp,
			  loff_t offset, int whence)
{
	test_called(drv, filp);
	return fixed_size_llseek(filp, offset, whence, 1000);
}

static ssize_t test_show(struct device *dev, struct device_attribute *attr, char *buf)
{
	return sysfs_emit(buf, "here\n");
}
static DEVICE_ATTR_RO(test);

static struct attribute *test_attrs[] = {
	&dev_attr_test.attr,
	NULL
};
ATTRIBUTE_GROUPS(test);

static const struct micro_driver test_template = {
	.init = test_init,
	.exit = test_exit,
	.probe = test_probe,
	.remove = test_remove,
	.unplug = test_unplug,
	.open = test_open,
	.release = test_release,
	.read = test_read,
	.write = test_write,
	.ioctl = test_ioctl,
};

static int test_flag(struct micro_driver *drv, const char *flag)
{
	if (!strcmp(flag, "unnamed")) {
		drv->name = NULL;
	} else if (!strcmp(flag, "noprobe")) {
		drv->probe = NULL;
		drv->remove = NULL;
		drv->unplug = NULL;
	} else if (!strcmp(flag, "nofile")) {
		drv->open = NULL;
		drv->release = NULL;
		drv->read = NULL;
		drv->write = NULL;
		drv->ioctl = NULL;
	} else if (!strcmp(flag, "noread")) {
		drv->read = NULL;
	} else if (!strcmp(flag, "llseek")) {
		drv->llseek = test_llseek;
	} else if (!strcmp(flag, "compat_ioctl")) {
		drv->compat_ioctl = test_compat_ioctl;
	} else if (!strcmp(flag, "read_iter")) {
		drv->read_iter = test_read_iter;
	} else if (!strcmp(flag, "write_iter")) {
		drv->write_iter = test_write_iter;
	} else if (!strcmp(flag, "async")) {
		drv->driver.probe_type = PROBE_PREFER_ASYNCHRONOUS;
	} else if (!strcmp(flag, "groups")) {
		drv->driver.dev_groups = test_groups;
	} else {
		return -ENOENT;
	}
	return 0;
}

static int test_setting(struct test_driver *t, const char *name, const char *value)
{
	unsigned int i = 0;

	if (!strcmp(name, "name")) {
		strscpy(t->name, value, sizeof(t->name));
		return 0;
	}
	if (!strcmp(name, "compatible")) {
		while (i < MAX_IDS && t->ids[i].compatible[0])
			i++;
		if (i == MAX_IDS || strlen(value) >= sizeof(t->ids[i].compatible))
			return -E2BIG;
		strscpy((char *)t->ids[i].compatible, value, sizeof(t->ids[i].compatible));
		return 0;
	}
	if (!strcmp(name, "mode"))
		return kstrtou16(value, 8, &t->drv.mode);
	if (!strcmp(name, "probe"))
		return kstrtou32(value, 0, &t->probe);
	if (!strcmp(name, "init"))
		return kstrtou32(value, 0, &t->init);
	if (!strcmp(name, "open"))
		return kstrtou32(value, 0, &t->open);
	if (!strcmp(name, "size"))
		return kstrtou32(value, 0, &t->size);
	if (!strcmp(name, "abi"))
		return kstrtou32(value, 0, &t->abi);
	if (!strcmp(name, "makes"))
		return strscpy(t->makes, value, sizeof(t->makes)) < 0 ? -E2BIG : 0;
	return -ENOENT;
}

static int test_configure(struct test_driver *t, char *options)
{
	char *word;
	int err;

	t->drv = test_template;
	t->drv.name = t->name;
	t->drv.driver.of_match_table = t->ids;
	strscpy(t->name, t->key, sizeof(t->name));
	memset((void *)t->ids, 0, sizeof(t->ids));
	t->probe = 0;
	t->init = 0;
	t->open = 0;
	t->makes[0] = '\0';
	t->size = sizeof(t->drv);
	t->abi = MICRO_DRIVER_ABI;

	while ((word = strsep(&options, " "))) {
		char *value = strchr(word, '=');

		if (value)
			*value++ = '\0';
		err = value ? test_setting(t, word, value) : test_flag(&t->drv, word);
		if (err)
			return err;
	}
	return 0;
}

static struct test_driver *test_find(const char *key)
{
	struct test_driver *t;

	list_for_each_entry(t, &test_drivers, node)
		if (!strcmp(t->key, key))
			return t;
	return NULL;
}

static struct test_driver *test_new(const char *key)
{
	struct test_driver *t = kzalloc(sizeof(*t), GFP_KERNEL);
	struct dentry *dir;

	if (!t)
		return NULL;

	strscpy(t->key, key, sizeof(t->key));
	list_add(&t->node, &test_drivers);

	dir = debugfs_create_dir(key, test_dir);
	debugfs_create_u32("probe", 0600, dir, &t->probe);
	debugfs_create_u32("init", 0600, dir, &t->init);
	debugfs_create_u32("open", 0600, dir, &t->open);
	debugfs_create_u32("init_data", 0400, dir, &t->init_data);
	debugfs_create_atomic_t("inits", 0400, dir, &t->inits);
	debugfs_create_atomic_t("exits", 0400, dir, &t->exits);
	debugfs_create_atomic_t("probes", 0400, dir, &t->probes);
	debugfs_create_atomic_t("removes", 0400, dir, &t->removes);
	debugfs_create_atomic_t("unplugs", 0400, dir, &t->unplugs);
	debugfs_create_atomic_t("opens", 0400, dir, &t->opens);
	debugfs_create_atomic_t("releases", 0400, dir, &t->releases);
	debugfs_create_atomic_t("devms", 0400, dir, &t->devms);
	debugfs_create_atomic_t("late", 0400, dir, &t->late);
	return t;
}

static int test_do_register(char *key, char *options)
{
	struct test_driver *t = test_find(key) ?: test_new(key);
	int err;

	if (!t)
		return -ENOMEM;
	/* a second time: the very same driver again, which is to be refused */
	if (!t->registered) {
		err = test_configure(t, options);
		if (err)
			return err;
	}
	err = __micro_register_driver(&t->drv, THIS_MODULE, KBUILD_MODNAME, t->size, t->abi);
	if (!err)
		t->registered = true;
	return err;
}

static int test_do_unregister(char *key, char *options)
{
	struct test_driver *t = test_find(key);

	if (!t || !t->registered)
		return -ENOENT;
	micro_unregister_driver(&t->drv);
	t->registered = false;
	return 0;
}

static int test_do_create(char *name, char *options)
{
	struct test_device *d;
	unsigned long data = 0;

	if (options && kstrtoul(options, 0, &data))
		return -EINVAL;

	d = kzalloc(sizeof(*d), GFP_KERNEL);
	if (!d)
		return -ENOMEM;

	d->mdev = micro_create_device(name, (void *)data);
	if (IS_ERR(d->mdev)) {
		int err = PTR_ERR(d->mdev);

		kfree(d);
		return err;
	}
	list_add(&d->node, &test_devices);
	return 0;
}

static void test_destroy(struct test_device *d)
{
	list_del(&d->node);
	micro_destroy_device(d->mdev);
	kfree(d);
}

static int test_do_destroy(char *name, char *options)
{
	struct test_device *d;

	list_for_each_entry(d, &test_devices, node) {
		if (!strcmp(d->mdev->name, name)) {
			test_destroy(d);
			return 0;
		}
	}
	return -ENOENT;
}

static ssize_t test_command(struct file *filp, const char __user *buf, size_t count,
			    int (*execute)(char *name, char *options))
{
	char *text, *options, *name;
	int err;

	if (count > MAX_COMMAND)
		return -E2BIG;
	text = memdup_user_nul(buf, count);
	if (IS_ERR(text))
		return PTR_ERR(text);

	options = strim(text);
	name = strsep(&options, " ");
	mutex_lock(&test_lock);
	err = execute(name, options);
	mutex_unlock(&test_lock);
	kfree(text);
	return err ?: count;
}

#define TEST_COMMAND(command)							\
static ssize_t test_##command##_write(struct file *filp, const char __user *buf,\
				      size_t count, loff_t *offset)		\
{										\
	return test_command(filp, buf, count, test_do_##command);		\
}										\
										\
static const struct file_operations test_##command##_fops = {			\
	.owner = THIS_MODULE,							\
	.open = nonseekable_open,						\
	.write = test_##command##_write,					\
}

TEST_COMMAND(register);
TEST_COMMAND(unregister);
TEST_COMMAND(create);
TEST_COMMAND(destroy);

static int __init micro_test_init(void)
{
	test_dir = debugfs_create_dir("micro_test", NULL);
	debugfs_create_file("register", 0200, test_dir, NULL, &test_register_fops);
	debugfs_create_file("unregister", 0200, test_dir, NULL, &test_unregister_fops);
	debugfs_create_file("create", 0200, test_dir, NULL, &test_create_fops);
	debugfs_create_file("destroy", 0200, test_dir, NULL, &test_destroy_fops);
	return 0;
}
module_init(micro_test_init);

static void __exit micro_test_exit(void)
{
	struct test_driver *t, *next_driver;
	struct test_device *d, *next_device;

	debugfs_remove(test_dir);
	list_for_each_entry_safe(d, next_device, &test_devices, node)
		test_destroy(d);
	list_for_each_entry_safe(t, next_driver, &test_drivers, node) {
		if (t->registered)
			micro_unregister_driver(&t->drv);
		kfree(t);
	}
}
module_exit(micro_test_exit);

MODULE_AUTHOR("The microkernel authors");
MODULE_DESCRIPTION("Drivers and devices on command, for tests");
MODULE_LICENSE("GPL");
