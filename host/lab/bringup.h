/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* From a bare initramfs to the lab host's file systems; shared by the parts of the agent. */
#ifndef EXITLAB_LAB_BRINGUP_H
#define EXITLAB_LAB_BRINGUP_H

#include "wire.h"

/* In what the emulated hosts differ, seen from inside. The outer end's half is backend.h. */
struct lab_inside {
	const char *vendor;

	/* Mounts what the root is to be on DIRECTORY, read-only. */
	void (*mount_root)(const char *directory);

	/* Mounts the number-th --rw directory over DIRECTORY, which is there. */
	void (*mount_writable)(const char *directory, int number);

	/* Opens a channel when the kernel has it. Called once for each, in their order. */
	int (*open_channel)(enum lab_channel channel);

	/* Brings what CMD changed in the number-th --rw directory to the outer end. */
	void (*give_back)(const char *directory, int number);
};

extern const struct lab_inside lab_inside_amd, lab_inside_intel;

/*
 * Loads the modules of the initramfs, mounts the host's root with an overlay and makes it this
 * process's root, with every kernel file system in its place. Ends the lab where something fails.
 */
void bring_up(const struct lab_inside *inside);

/* Makes the modules in DIRECTORY those of this kernel in /lib/modules, if they are here. */
void bring_modules(const char *directory);

/* Makes DIRECTORY and mounts the number-th --rw directory over it. */
void bring_writable(const struct lab_inside *inside, const char *directory, int number);

/* Makes a directory and those it lies in, where they are not there. */
void make_directories(const char *path);

/* mount(2), or says what failed and ends the lab. */
void mount_or_fail(const char *source, const char *where, const char *type, unsigned long flags,
		   const char *options);

/* Says on the console why the lab cannot go on, the reason of errno included, and ends it. */
void fail(const char *what) __attribute__((noreturn));

#endif
