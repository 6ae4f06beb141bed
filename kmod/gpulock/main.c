// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/*
 * gpulock: which agent has allocated what on which GPU, within which quota, and which DMA it may
 * do. From here:
 *
 *   ioctl.c      /dev/gpulock, by the table of gpulock_uapi.h
 *   proc.c       /proc/swarm/gpu: what is read; control.c: what is written
 *   operation.c  what both do
 *   check.c      the check, exported to drivers; grants.c: the tree that it walks
 *   agent.c, quota.c, allocation.c, device.c, stats.c: what there is
 *   readers.c    waiting for who still acts on what was taken back
 */
#include <linux/miscdevice.h>
#include <linux/module.h>

#include "agent.h"
#include "allocation.h"
#include "device.h"
#include "ioctl.h"
#include "log.h"
#include "parameters.h"
#include "proc.h"
#include "readers.h"

unsigned long default_quota = 16ul << 30;
module_param(default_quota, ulong, 0444);
MODULE_PARM_DESC(default_quota, "bytes that a new agent may allocate; 0: nothing [16 GiB]");

unsigned int max_allocations_per_agent = 65536;
module_param(max_allocations_per_agent, uint, 0444);
MODULE_PARM_DESC(max_allocations_per_agent,
		 "allocations that an agent may have at once, from 1 [65536]");

/* A free looks at the grants of every agent. */
#define AGENTS_MOST 65536
unsigned int max_agents = 1024;
module_param(max_agents, uint, 0444);
MODULE_PARM_DESC(max_agents, "agents that there may be at once, 1 to 65536 [1024]");

static char *devices = "auto";
module_param(devices, charp, 0444);
MODULE_PARM_DESC(devices, "auto: PCI display controllers; auto,N: or N virtual; N: virtual [auto]");

bool debug;
module_param(debug, bool, 0644);
MODULE_PARM_DESC(debug, "log each change [N]");

static struct miscdevice device_node = {
	.minor = MISC_DYNAMIC_MINOR,
	.name = KBUILD_MODNAME,
	.fops = &gpulock_file_operations,
	.mode = 0600,
};

static int check_parameters(void)
{
	if (max_allocations_per_agent && max_agents && max_agents <= AGENTS_MOST)
		return 0;
	pr_err("event=bad_parameter max_allocations_per_agent=%u max_agents=%u from=1 most_agents=%u\n",
	       max_allocations_per_agent, max_agents, AGENTS_MOST);
	return -EINVAL;
}

/* Frees may want indexes made; behind them there is nothing to be indexed. */
static void remove_all(void)
{
	mutex_lock(&gpulock_mutex);
	agents_remove();
	mutex_unlock(&gpulock_mutex);
	agents_index_stop();
	allocations_stop();
}

static int __init gpulock_init(void)
{
	int error = check_parameters();

	if (error)
		return error;
	readers_start();
	error = devices_start(devices);
	if (error)
		return error;
	error = proc_start();
	if (error)
		goto no_proc;
	error = misc_register(&device_node);
	if (error)
		goto no_device_node;
	return 0;

no_device_node:
	proc_stop();
no_proc:
	devices_stop();
	remove_all();
	return error;
}

/* No file of the device is open any more, and none of /proc's can be opened once it is gone. */
static void __exit gpulock_exit(void)
{
	misc_deregister(&device_node);
	proc_stop();
	devices_stop();
	remove_all();
}

module_init(gpulock_init);
module_exit(gpulock_exit);
MODULE_DESCRIPTION("GPU memory accounting and DMA permission");
MODULE_LICENSE("Dual BSD/GPL");
MODULE_VERSION("1");
