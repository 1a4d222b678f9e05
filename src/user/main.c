// SPDX-License-Identifier: GPL-2.0-only
/*
 * micro_user: drivers that are processes
 *
 * Copyright (C) 2026 The microkernel authors
 */
#include <linux/build_bug.h>
#include <microkernel_version.h>

#include "user.h"

/**
 * DOC: Drivers that are processes
 *
 * micro_user is a driver as any other. An instance of it is a user driver: a process
 * opens its node, attaches, and serves the devices of a driver of that name. How the
 * two sides speak is in docs/user-protocol.md, what it is good for in
 * docs/user-drivers.md. The rules that the code follows:
 *
 * - A request lives in the client's thread. When the server is lost, the client
 *   submits again, from its own buffers.
 * - Nothing that the core waits for waits for a process: not probe(), remove(), release() of
 *   a revoked file, mmap() nor a page fault.
 * - What the server can write is never trusted: indices and states are the kernel's own,
 *   answers are copied once and then checked.
 */

static const struct of_device_id mu_of_match[] = {
	{ .compatible = "microkernel,user-driver" },
	{ }
};
MODULE_DEVICE_TABLE(of, mu_of_match);

static struct micro_driver mu_micro_driver = {
	.name = "micro_user",
	.probe = mu_driver_probe,
	.unplug = mu_driver_unplug,
	.remove = mu_driver_remove,
	.open = mu_server_open,
	.release = mu_server_release,
	.read = mu_server_read,
	.write = mu_server_write,
	.ioctl = mu_server_ioctl,
	.compat_ioctl = mu_server_compat_ioctl,
	.poll = mu_server_poll,
	.mmap = mu_server_mmap,
	.driver = {
		.of_match_table = mu_of_match,
		.dev_groups = mu_driver_groups,
	},
};

static int __init mu_init(void)
{
	BUILD_BUG_ON(sizeof(struct micro_user_attach) != 88);
	BUILD_BUG_ON(sizeof(struct micro_user_record) != 184);
	BUILD_BUG_ON(sizeof(struct micro_user_reply) != 72);
	BUILD_BUG_ON(sizeof(struct micro_user_notify) != 32);
	BUILD_BUG_ON(sizeof(struct micro_user_next) != 56);
	BUILD_BUG_ON(sizeof(struct micro_user_save) != 56);
	return micro_register_driver(&mu_micro_driver);
}
module_init(mu_init);

static void __exit mu_exit(void)
{
	micro_unregister_driver(&mu_micro_driver);
}
module_exit(mu_exit);

MODULE_ALIAS_MICRO("micro_user");
MODULE_AUTHOR("The microkernel authors");
MODULE_DESCRIPTION("Drivers that are processes");
MODULE_VERSION(MICRO_VERSION);
MODULE_LICENSE("GPL");
