// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/*
 * The made-up driver's nvidia.ko: one GPU that is none, with the node, the file in /proc and the
 * firmware of the real one.
 */
#include <linux/firmware.h>
#include <linux/fs.h>
#include <linux/module.h>
#include <linux/proc_fs.h>
#include <linux/seq_file.h>

#define MAJOR_NUMBER 195
#define GPU	     "driver/nvidia/gpus/0000:01:00.0"
#define FIRMWARE     "nvidia/" NV_VERSION_STRING "/gsp_ga10x.bin"

static int NVreg_ModifyDeviceFiles = 1;
module_param(NVreg_ModifyDeviceFiles, int, 0);
static int NVreg_OpenRmEnableUnsupportedGpus;
module_param(NVreg_OpenRmEnableUnsupportedGpus, int, 0);

int nvidia_made_up(void);

/* What nvidia-uvm links to. */
int nvidia_made_up(void)
{
	return 0;
}
EXPORT_SYMBOL(nvidia_made_up);

static int nvidia_open(struct inode *inode, struct file *file)
{
	const struct firmware *firmware;
	int error = request_firmware(&firmware, FIRMWARE, NULL);

	if (error)
		return error;
	pr_warn("nvidia: " FIRMWARE ": %zu bytes\n", firmware->size);
	release_firmware(firmware);
	return 0;
}

static const struct file_operations operations = {.owner = THIS_MODULE, .open = nvidia_open};

static int information_show(struct seq_file *file, void *unused)
{
	seq_puts(file, "Model: \t\t Made up\nIRQ:   \t\t 16\nDevice Minor: \t 0\n");
	return 0;
}

static int __init nvidia_init(void)
{
	int error = register_chrdev(MAJOR_NUMBER, "nvidia", &operations);

	if (error)
		return error;
	proc_mkdir("driver/nvidia", NULL);
	proc_mkdir("driver/nvidia/gpus", NULL);
	proc_mkdir(GPU, NULL);
	proc_create_single(GPU "/information", 0444, NULL, information_show);
	pr_warn("nvidia: parameters %d %d\n", NVreg_ModifyDeviceFiles,
		NVreg_OpenRmEnableUnsupportedGpus);
	return 0;
}
module_init(nvidia_init);

MODULE_DESCRIPTION("A driver of nothing, in the form of NVIDIA's");
MODULE_LICENSE("Dual MIT/GPL");
MODULE_VERSION(NV_VERSION_STRING);
MODULE_FIRMWARE(FIRMWARE);
