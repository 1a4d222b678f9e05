// SPDX-License-Identifier: GPL-2.0-only
/*
 * naive: a driver as books show it. Its read() sleeps until the hardware has data.
 *
 * It crashes the kernel: the removal frees the memory in which a reader sleeps.
 * safe.c is the same driver with the framework.
 */
#include <linux/miscdevice.h>
#include <linux/pci.h>

struct naive {
	struct miscdevice misc;
	wait_queue_head_t wait;
	bool data;
};

static ssize_t naive_read(struct file *filp, char __user *buf, size_t count, loff_t *offset)
{
	struct naive *n = container_of(filp->private_data, struct naive, misc);

	/* The interrupt handler, which is left out, would set "data" and wake us */
	return wait_event_interruptible(n->wait, n->data);
}

static const struct file_operations naive_fops = {
	.owner = THIS_MODULE,
	.read = naive_read,
};

static int naive_probe(struct pci_dev *pdev, const struct pci_device_id *id)
{
	struct naive *n = devm_kzalloc(&pdev->dev, sizeof(*n), GFP_KERNEL);

	if (!n)
		return -ENOMEM;
	init_waitqueue_head(&n->wait);
	n->misc.minor = MISC_DYNAMIC_MINOR;
	n->misc.name = "naive";
	n->misc.fops = &naive_fops;
	pci_set_drvdata(pdev, n);
	return misc_register(&n->misc);
}

static void naive_remove(struct pci_dev *pdev)
{
	struct naive *n = pci_get_drvdata(pdev);

	misc_deregister(&n->misc);
	/* Then devm frees n, and nobody has asked whether someone sleeps in it */
}

/* A function of QEMU's machine that needs no driver */
static const struct pci_device_id naive_ids[] = {
	{ PCI_DEVICE(PCI_VENDOR_ID_INTEL, PCI_DEVICE_ID_INTEL_82371SB_0) },
	{ }
};

static struct pci_driver naive_driver = {
	.name = "naive",
	.id_table = naive_ids,
	.probe = naive_probe,
	.remove = naive_remove,
};
module_pci_driver(naive_driver);

MODULE_DESCRIPTION("A reader sleeps in memory that the removal frees");
MODULE_LICENSE("GPL");
