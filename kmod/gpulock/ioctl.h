/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
#ifndef GPULOCK_IOCTL_H
#define GPULOCK_IOCTL_H

#include <linux/fs.h>

extern const struct file_operations gpulock_file_operations;

#endif
