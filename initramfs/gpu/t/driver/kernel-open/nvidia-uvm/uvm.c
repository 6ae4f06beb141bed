// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/* The made-up driver's nvidia-uvm.ko, which links to nvidia.ko and takes a major that is free. */
#include <linux/fs.h>
#include <linux/module.h>

int nvidia_made_up(void);

static dev_t first;

static int __init uvm_init(void)
{
	return alloc_chrdev_region(&first, 0, 2, "nvidia-uvm") ?: nvidia_made_up();
}
module_init(uvm_init);

MODULE_DESCRIPTION("Unified memory of nothing");
MODULE_LICENSE("Dual MIT/GPL");
MODULE_VERSION(NV_VERSION_STRING);
