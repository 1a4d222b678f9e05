// SPDX-License-Identifier: GPL-2.0-only
/*
 * micro_supply: a clock and a power domain, which say in the log what happens to them
 *
 * For a node with compatible = "microkernel,test-supply", #clock-cells = <0> and
 * #power-domain-cells = <0>. It is not loaded by itself, so a test can have its
 * consumers wait for it.
 *
 * Parameters:
 *	on	how many of its domains are on
 *
 * Copyright (C) 2026 The microkernel authors
 */
#include <linux/clk-provider.h>
#include <linux/kconfig.h>
#include <linux/module.h>
#include <linux/of.h>
#include <linux/platform_device.h>
#include <linux/pm_domain.h>

#if defined(CONFIG_COMMON_CLK) && defined(CONFIG_PM_GENERIC_DOMAINS_OF)

#include "../../src/core/compat.h"

static int on;
module_param(on, int, 0444);
MODULE_PARM_DESC(on, "how many domains are on");

/**
 * struct supply - a provider
 * @dev: for messages
 * @domain: the power domain
 * @hw: the clock
 * @rate: its rate
 */
struct supply {
	struct device *dev;
	struct generic_pm_domain domain;
	struct clk_hw hw;
	unsigned long rate;
};

static int supply_on(struct generic_pm_domain *domain)
{
	struct supply *s = container_of(domain, struct supply, domain);

	WRITE_ONCE(on, on + 1);
	dev_info(s->dev, "domain on\n");
	return 0;
}

static int supply_off(struct generic_pm_domain *domain)
{
	struct supply *s = container_of(domain, struct supply, domain);

	WRITE_ONCE(on, on - 1);
	dev_info(s->dev, "domain off\n");
	return 0;
}

static unsigned long supply_recalc_rate(struct clk_hw *hw, unsigned long parent)
{
	return container_of(hw, struct supply, hw)->rate;
}

static long supply_round_rate(struct clk_hw *hw, unsigned long rate, unsigned long *parent)
{
	return rate;
}

static int supply_set_rate(struct clk_hw *hw, unsigned long rate, unsigned long parent)
{
	struct supply *s = container_of(hw, struct supply, hw);

	s->rate = rate;
	dev_info(s->dev, "clock at %lu\n", rate);
	return 0;
}

static const struct clk_ops supply_clk_ops = {
	.recalc_rate = supply_recalc_rate,
	.round_rate = supply_round_rate,
	.set_rate = supply_set_rate,
};

static void supply_del_clk(void *data)
{
	of_clk_del_provider(data);
}

static void supply_del_domain(void *data)
{
	struct supply *s = data;

	of_genpd_del_provider(s->dev->of_node);
	pm_genpd_remove(&s->domain);
}

/* Late releases of 6.1 release the domain's device, and give it no function for that */
static void supply_release(struct device *dev)
{
}

static int supply_probe(struct platform_device *pdev)
{
	struct device *dev = &pdev->dev;
	struct clk_init_data init = { .ops = &supply_clk_ops, .name = dev_name(dev) };
	struct supply *s = devm_kzalloc(dev, sizeof(*s), GFP_KERNEL);
	int err;

	if (!s)
		return -ENOMEM;
	s->dev = dev;
	s->rate = 1000000;
	s->hw.init = &init;
	err = devm_clk_hw_register(dev, &s->hw);
	if (err)
		return err;
	err = of_clk_add_hw_provider(dev->of_node, of_clk_hw_simple_get, &s->hw);
	if (err)
		return err;
	err = devm_add_action_or_reset(dev, supply_del_clk, dev->of_node);
	if (err)
		return err;

	s->domain.name = dev_name(dev);
	s->domain.power_on = supply_on;
	s->domain.power_off = supply_off;
	s->domain.dev.release = supply_release;
	err = pm_genpd_init(&s->domain, NULL, true);
	if (err)
		return err;
	err = of_genpd_add_provider_simple(dev->of_node, &s->domain);
	if (err) {
		pm_genpd_remove(&s->domain);
		return err;
	}
	return devm_add_action_or_reset(dev, supply_del_domain, s);
}

static const struct of_device_id supply_of_match[] = {
	{ .compatible = "microkernel,test-supply" },
	{ }
};

static struct platform_driver supply_driver = {
	.probe = supply_probe,
	.driver = {
		.name = "micro_supply",
		.of_match_table = supply_of_match,
		/* Nobody asks the consumers before */
		.suppress_bind_attrs = true,
	},
};
module_platform_driver(supply_driver);
#else
static int __init supply_init(void)
{
	return -EOPNOTSUPP;
}
module_init(supply_init);
#endif

MODULE_AUTHOR("The microkernel authors");
MODULE_DESCRIPTION("A clock and a power domain for tests");
MODULE_LICENSE("GPL");
