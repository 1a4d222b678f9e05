/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The names of the copies that a test has of the core's functions. The core may be in
 * the same kernel image, and so may other tests. OWN is what a name begins with.
 *
 * Copyright (C) 2026 The microkernel authors
 */
#include <linux/kernel.h>

#define micro_name_valid	CONCATENATE(OWN, micro_name_valid)
#define micro_device_name_valid	CONCATENATE(OWN, micro_device_name_valid)
#define micro_name_matches	CONCATENATE(OWN, micro_name_matches)
#define micro_compat_parse	CONCATENATE(OWN, micro_compat_parse)
#define micro_string_match	CONCATENATE(OWN, micro_string_match)
#define micro_compat_rank	CONCATENATE(OWN, micro_compat_rank)
#define micro_fwnode_create	CONCATENATE(OWN, micro_fwnode_create)
#define micro_prop_type_name	CONCATENATE(OWN, micro_prop_type_name)
#define micro_prop_name_valid	CONCATENATE(OWN, micro_prop_name_valid)
#define micro_value_parse	CONCATENATE(OWN, micro_value_parse)
#define micro_value_copy	CONCATENATE(OWN, micro_value_copy)
#define micro_value_read	CONCATENATE(OWN, micro_value_read)
#define micro_value_format	CONCATENATE(OWN, micro_value_format)
