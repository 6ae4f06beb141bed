/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* Devices of the host on their way to a guest and back, and what QEMU is told of them. */
#ifndef EXITLAB_PASS_H
#define EXITLAB_PASS_H

#include <jansson.h>

#include "vfio.h"
#include "words.h"

#define PASS_MOST 32 /* devices of one guest */

struct pass {
	struct vfio_taken taken[PASS_MOST]; /* one for each device that was asked for */
	size_t taken_n;
	struct pass_device {
		struct vfio_device pci;
		struct vfio_bar bars[VFIO_BARS];
		size_t bar_n;
		unsigned int port, function; /* where the guest finds it: a root port each slot */
	} device[PASS_MOST];
	size_t n;
	int node;	 /* of NUMA, the first device's; -1: see vfio_memory_node() */
	bool iommufd;	 /* else VFIO's type1 container */
	uint64_t window; /* bytes that the guest's bus gets above 4 GiB */
};

/* Are the names such as pass_take() has, or NULL? EXIT_OK, or EXIT_USAGE with one line on stderr.
 */
int pass_check(const char *names);

/*
 * Takes the devices, BDF or VENDOR:DEVICE, separated by commas, and those functions of their slots
 * that are bound along with them: a GPU's audio function. Returns an exit code of util.h; but for
 * EXIT_OK all is as it was.
 */
int pass_take(struct pass *pass, const char *names);

/* Once QEMU has ended. EXIT_OK, or EXIT_FAILED where one is not back; twice is harmless. */
int pass_give_back(struct pass *pass);

/*
 * Have the devices room beside so much memory? Sets the window. EXIT_OK, or EXIT_CANNOT with one
 * line on stderr.
 */
int pass_fit(struct pass *pass, unsigned int memory_mib);

/*
 * May QEMU lock so much memory of a guest, and its own? EXIT_OK, or EXIT_CANNOT with one line on
 * stderr.
 */
int pass_may_lock(unsigned int memory_mib);

/*
 * Appends what this QEMU is told of them, and settles pass->iommufd by what it knows. EXIT_OK, or
 * EXIT_FAILED with one line on stderr where a signal came to the signalfd meanwhile.
 */
int pass_arguments(struct pass *pass, const char *qemu, int signals, struct words *words);

/* For env.json: each device with its BARs, and how the guest has it; a new reference. */
json_t *pass_json(const struct pass *pass);

#endif
