/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* From a bare initramfs to the lab host's file systems; shared by the two halves of the agent. */
#ifndef EXITLAB_LAB_BRINGUP_H
#define EXITLAB_LAB_BRINGUP_H

#include "wire.h"

/*
 * Loads the modules of the initramfs, mounts the host's root with an overlay and makes it this
 * process's root, with every kernel file system in its place. Ends the lab where something fails.
 */
void bring_up(void);

/* Makes the modules of this kernel, DIRECTORY on the host, those of /lib/modules. */
void bring_modules(const char *directory);

/* Mounts the number-th --rw share over DIRECTORY. Ends the lab where it fails. */
void bring_writable(const char *directory, int number);

/* Opens the virtio port of that name, waiting until the kernel has it. */
int open_port(const char *name);

/* Says on the console why the lab cannot go on, the reason of errno included, and ends it. */
void fail(const char *what) __attribute__((noreturn));

#endif
