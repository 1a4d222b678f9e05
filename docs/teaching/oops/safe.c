// SPDX-License-Identifier: GPL-2.0-only
/*
 * safe: the driver of naive.c with the framework. A reader that sleeps gets ENODEV.
 */
#include <linux/pci.h>
#include <microkernel.h>

struct safe {
	wait_queue_head_t wait;
	bool data;
};

static int safe_micro_probe(struct micro_device *mdev)
{
	struct safe *s = devm_kzalloc(&mdev->dev, sizeof(*s), GFP_KERNEL);

	if (!s)
		return -ENOMEM;
	init_waitqueue_head(&s->wait);
	micro_set_drvdata(mdev, s);
	return 0;
}

static ssize_t safe_read(struct micro_driver *drv, struct file *filp,
			 char __user *buf, size_t count, loff_t *offset)
{
	struct safe *s = micro_get_drvdata(micro_file_device(filp));

	return micro_wait_event_interruptible(filp, s->wait, s->data);
}

static struct micro_driver safe_micro_driver = {
	.name = "safe",
	.probe = safe_micro_probe,
	.read = safe_read,
};

static int safe_probe(struct pci_dev *pdev, const struct pci_device_id *id)
{
	struct micro_device *mdev = micro_create_device("safe", NULL);

	pci_set_drvdata(pdev, mdev);
	return PTR_ERR_OR_ZERO(mdev);
}

static void safe_remove(struct pci_dev *pdev)
{
	micro_destroy_device(pci_get_drvdata(pdev));
}

/* A function of QEMU's machine that needs no driver */
static const struct pci_device_id safe_ids[] = {
	{ PCI_DEVICE(PCI_VENDOR_ID_INTEL, PCI_DEVICE_ID_INTEL_82371SB_0) },
	{ }
};

static struct pci_driver safe_driver = {
	.name = "safe",
	.id_table = safe_ids,
	.probe = safe_probe,
	.remove = safe_remove,
};

static int __init safe_init(void)
{
	int err = micro_register_driver(&safe_micro_driver);

	if (err)
		return err;
	err = pci_register_driver(&safe_driver);
	if (err)
		micro_unregister_driver(&safe_micro_driver);
	return err;
}
module_init(safe_init);

static void __exit safe_exit(void)
{
	pci_unregister_driver(&safe_driver);
	micro_unregister_driver(&safe_micro_driver);
}
module_exit(safe_exit);

MODULE_DESCRIPTION("A reader that sleeps gets ENODEV when its device goes");
MODULE_LICENSE("GPL");
