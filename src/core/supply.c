// SPDX-License-Identifier: GPL-2.0-only
/*
 * Supplies: what a firmware node says that its device needs before probe()
 *
 * Copyright (C) 2026 The microkernel authors
 */
#include <linux/acpi.h>
#include <linux/clk/clk-conf.h>
#include <linux/dma-mapping.h>
#include <linux/of.h>
#include <linux/of_device.h>
#include <linux/pm_domain.h>
#include <linux/property.h>

#include "device.h"

/**
 * DOC: Supplies
 *
 * On a platform device a driver finds DMA set up as the firmware says, its clocks at
 * their assigned rates and its power domain on. It finds the same on a device of this
 * bus, as far as a module can do that. These are the bus's duties, as the driver core
 * does not know where a bus keeps its firmware nodes. All of it is undone after
 * remove(), so never while an operation is inside; what devm_* functions got is freed
 * before the power goes.
 *
 * A device that has no node from firmware, as those of configfs, pays one branch.
 *
 * IOMMUs are what a module cannot attach. The kernel has a list of the buses whose
 * devices it releases from their IOMMU when they are removed, and the claim of a driver
 * on the group of its device (iommu_device_use_default_domain()) is not exported. A
 * device that is behind an IOMMU would do DMA to addresses that nobody maps, or, when
 * it is gone, be used by the IOMMU's code. So such a device is not bound, and the log
 * says why.
 */

/* Its own IOMMU, and one that is in use: else the kernel goes on without it as well */
static bool micro_supply_has_iommu(const struct device_node *np)
{
	struct of_phandle_args iommu;
	bool in_use;

	if (of_parse_phandle_with_args(np, "iommus", "#iommu-cells", 0, &iommu))
		return false;
	in_use = of_device_is_available(iommu.np);
	of_node_put(iommu.np);
	return in_use;
}

/**
 * micro_supply_dma() - set up DMA as the firmware says
 * @mi: the device, whose node is from firmware
 *
 * Context: may sleep; the device lock is held. The driver core undoes it.
 * Return: 0 or a negative errno; -EOPNOTSUPP for a device behind an IOMMU.
 */
int micro_supply_dma(struct micro_instance *mi)
{
	struct device *dev = &mi->mdev.dev;
	struct device_node *np = to_of_node(mi->fwnode);

	if (!np && !is_acpi_device_node(mi->fwnode))
		return 0;
	if (np && micro_supply_has_iommu(np)) {
		dev_err(dev, "%pfw has \"iommus\": an IOMMU cannot be attached to a device of this bus\n",
			mi->fwnode);
		return -EOPNOTSUPP;
	}

	/* What other buses begin with; a driver that can do more says so */
	if (!dev->dma_mask) {
		dev->coherent_dma_mask = DMA_BIT_MASK(32);
		dev->dma_mask = &dev->coherent_dma_mask;
	}
	if (np)
		return of_dma_configure(dev, np, true);
	return acpi_dma_configure(dev, device_get_dma_attr(dev));
}

/**
 * micro_supply_power() - set assigned clocks, switch the power domain on
 * @mi: the device, whose node is from firmware
 *
 * Context: may sleep; the device lock is held. The driver core undoes it.
 * Return: 0 or a negative errno; -EPROBE_DEFER while a provider is missing.
 */
int micro_supply_power(struct micro_instance *mi)
{
	struct device *dev = &mi->mdev.dev;
	int err;

	err = of_clk_set_defaults(to_of_node(mi->fwnode), false);
	if (err < 0)
		return err;
	return dev_pm_domain_attach(dev, PD_FLAG_ATTACH_POWER_ON | PD_FLAG_DETACH_POWER_OFF);
}
