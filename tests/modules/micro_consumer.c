// SPDX-License-Identifier: GPL-2.0-only
/*
 * micro_consumer: says in the log what it finds set up when it is probed
 *
 * That is the rate of its clock, whether it has a power domain, and an address that
 * is good for DMA: as the CPU and as the device see it. With a property "populates" it
 * makes platform devices of its child nodes, such as a bus of this framework.
 *
 * Copyright (C) 2026 The microkernel authors
 */
#include <linux/clk.h>
#include <linux/delay.h>
#include <linux/dma-mapping.h>
#include <linux/module.h>
#include <linux/of.h>
#include <linux/of_platform.h>

#include <microkernel.h>

/* How far apart what CPU and device see is; -1 when there is no memory for DMA */
static long long consumer_dma_offset(struct device *dev)
{
	dma_addr_t addr;
	void *cpu;
	long long offset;

	/* The kernel warns of those who ask without */
	if (!dev->coherent_dma_mask)
		return -1;
	cpu = dma_alloc_coherent(dev, PAGE_SIZE, &addr, GFP_KERNEL);
	if (!cpu)
		return -1;
	offset = is_vmalloc_addr(cpu) ? page_to_phys(vmalloc_to_page(cpu)) : virt_to_phys(cpu);
	offset -= addr;
	dma_free_coherent(dev, PAGE_SIZE, cpu, addr);
	return offset;
}

static int consumer_probe(struct micro_device *mdev)
{
	struct device *dev = &mdev->dev;
	struct clk *clk = devm_clk_get_optional(dev, NULL);

	if (IS_ERR(clk))
		return PTR_ERR(clk);
	dev_info(dev, "probe: clock at %lu, domain %s, DMA offset %#llx\n", clk_get_rate(clk),
		 dev->pm_domain ? "yes" : "no", consumer_dma_offset(dev));
	if (device_property_read_bool(dev, "probe-fails"))
		return -EIO;
	if (device_property_read_bool(dev, "populates"))
		return of_platform_populate(dev->of_node, NULL, NULL, dev);
	return 0;
}

static void consumer_remove(struct micro_device *mdev)
{
	of_platform_depopulate(&mdev->dev);
	dev_info(&mdev->dev, "remove\n");
}

/* Until unplug() */
static bool consumer_gone;
static DECLARE_WAIT_QUEUE_HEAD(consumer_wq);

static ssize_t consumer_read(struct micro_driver *drv, struct file *filp,
			     char __user *buf, size_t count, loff_t *offset)
{
	struct device *dev = &micro_file_device(filp)->dev;

	wait_event(consumer_wq, READ_ONCE(consumer_gone));
	/* The last moment in which somebody could ask why the power is gone */
	msleep(200);
	dev_info(dev, "read ends, domain %s\n", dev->pm_domain ? "yes" : "no");
	return -ENODEV;
}

static int consumer_open(struct micro_driver *drv, struct file *filp)
{
	WRITE_ONCE(consumer_gone, false);
	return 0;
}

static void consumer_unplug(struct micro_device *mdev)
{
	WRITE_ONCE(consumer_gone, true);
	wake_up_all(&consumer_wq);
}

static const struct of_device_id consumer_of_match[] = {
	{ .compatible = "microkernel,test-consumer" },
	{ }
};
MODULE_DEVICE_TABLE(of, consumer_of_match);

static struct micro_driver consumer_driver = {
	.name = "micro_consumer",
	.probe = consumer_probe,
	.remove = consumer_remove,
	.unplug = consumer_unplug,
	.open = consumer_open,
	.read = consumer_read,
	.driver.of_match_table = consumer_of_match,
};
module_micro_driver(consumer_driver);

MODULE_ALIAS_MICRO("micro_consumer");
MODULE_AUTHOR("The microkernel authors");
MODULE_DESCRIPTION("Test driver that says what it finds set up");
MODULE_LICENSE("GPL");
