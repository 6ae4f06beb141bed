// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#include <glob.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "pass.h"
#include "util.h"

#define SLOT_LENGTH(bdf) (strrchr(bdf, '.') - (bdf))

static bool same_slot(const char *a, const char *b)
{
	return SLOT_LENGTH(a) == SLOT_LENGTH(b) && !strncmp(a, b, SLOT_LENGTH(a));
}

static bool has(const struct pass *pass, const char *bdf)
{
	for (size_t i = 0; i < pass->n; i++)
		if (!strcmp(pass->device[i].pci.bdf, bdf))
			return true;
	return false;
}

/* What was taken with the device goes along where it is a function of the same slot. */
static int add_taken(struct pass *pass, const struct vfio_taken *taken)
{
	for (size_t i = 0; i < taken->n; i++) {
		struct pass_device *device = &pass->device[pass->n];
		const char *bdf = taken->device[i].bdf;

		if (!same_slot(bdf, taken->device[0].bdf) || has(pass, bdf))
			continue;
		if (pass->n == PASS_MOST) {
			pr_err("a guest gets %d devices at most", PASS_MOST);
			return EXIT_USAGE;
		}
		if (vfio_device_read(&vfio_this_host, bdf, &device->pci)) {
			pr_err("%s is gone from the bus; `dmesg` says why", bdf);
			return EXIT_FAILED;
		}
		device->bar_n = vfio_bars(&vfio_this_host, bdf, device->bars);
		pass->n++;
	}
	return EXIT_OK;
}

static int compare_bdf(const void *a, const void *b)
{
	const struct pass_device *left = a, *right = b;

	return strcmp(left->pci.bdf, right->pci.bdf);
}

/* A root port for each slot; within it the functions are counted from 0, which must be there. */
static void place(struct pass *pass)
{
	unsigned int port = 0, function = 0;

	qsort(pass->device, pass->n, sizeof(*pass->device), compare_bdf);
	for (size_t i = 0; i < pass->n; i++) {
		if (i && !same_slot(pass->device[i - 1].pci.bdf, pass->device[i].pci.bdf)) {
			port++;
			function = 0;
		}
		pass->device[i].port = port;
		pass->device[i].function = function++;
	}
	pass->node = vfio_memory_node(&vfio_this_host, &pass->device[0].pci);
}

static int take_one(struct pass *pass, const char *bdf)
{
	struct vfio_taken *taken = &pass->taken[pass->taken_n];
	int status;

	if (has(pass, bdf))
		return EXIT_OK;
	if (pass->taken_n == PASS_MOST) {
		pr_err("a guest gets %d devices at most", PASS_MOST);
		return EXIT_USAGE;
	}
	status = vfio_take(&vfio_this_host, bdf, taken);
	if (status != EXIT_OK)
		return status;
	pass->taken_n++;
	return add_taken(pass, taken);
}

/* All devices of a vendor's kind, which is no address. */
static int take_kind(struct pass *pass, unsigned int vendor, unsigned int kind)
{
	int status = EXIT_CANNOT;
	bool found = false;
	glob_t devices;

	if (glob("/sys/bus/pci/devices/*", 0, NULL, &devices))
		devices.gl_pathc = 0;
	for (size_t i = 0; i < devices.gl_pathc; i++) {
		const char *bdf = strrchr(devices.gl_pathv[i], '/') + 1;
		struct vfio_device device;

		if (vfio_device_read(&vfio_this_host, bdf, &device) || device.vendor != vendor ||
		    device.device != kind)
			continue;
		found = true;
		status = take_one(pass, bdf);
		if (status != EXIT_OK)
			break;
	}
	globfree(&devices);
	if (!found)
		pr_err("this host has no PCI device %04x:%04x; `exitlab vfio status` lists them",
		       vendor, kind);
	return status;
}

/* Is it an address, or else a VENDOR:DEVICE? Then bdf is "". */
static bool parse_name(const char *text, char bdf[VFIO_BDF_SIZE], unsigned int *vendor,
		       unsigned int *kind)
{
	int length = 0;

	if (vfio_parse_bdf(text, bdf))
		return true;
	bdf[0] = '\0';
	return sscanf(text, "%4x:%4x%n", vendor, kind, &length) == 2 && length == 9 && !text[9];
}

int pass_check(const char *names)
{
	char *list = strdup(names ?: ""), *rest = list, *name, bdf[VFIO_BDF_SIZE];
	unsigned int vendor, kind;
	int status = EXIT_OK;

	if (!list)
		die("no memory for a list of devices");
	while (names && status == EXIT_OK && (name = strsep(&rest, ",")))
		if (!parse_name(name, bdf, &vendor, &kind)) {
			pr_err("\"%s\" is no PCI address such as 0000:65:00.0, nor a VENDOR:DEVICE such "
			       "as 10de:2335; `exitlab vfio status` lists them",
			       name);
			status = EXIT_USAGE;
		}
	free(list);
	return status;
}

int pass_take(struct pass *pass, const char *names)
{
	char *list = strdup(names), *rest = list, *name, bdf[VFIO_BDF_SIZE], path[64];
	int status = pass_check(names);
	unsigned int vendor, kind;

	/* Ctrl-C ends a `tee` that reads what we say, too, and what is taken must go back. */
	signal(SIGPIPE, SIG_IGN);
	*pass = (struct pass){.iommufd = true};
	if (!list)
		die("no memory for a list of devices");
	while (status == EXIT_OK && (name = strsep(&rest, ",")) &&
	       parse_name(name, bdf, &vendor, &kind))
		status = *bdf ? take_one(pass, bdf) : take_kind(pass, vendor, kind);
	free(list);
	if (status == EXIT_OK && !pass->n) {
		pr_err("no device is left for the guest");
		status = EXIT_CANNOT;
	}
	if (status != EXIT_OK) {
		pass_give_back(pass);
		return status;
	}
	place(pass);
	for (size_t i = 0; i < pass->n; i++)
		if (!vfio_iommufd(&vfio_this_host, pass->device[i].pci.bdf, path, sizeof(path)))
			pass->iommufd = false;
	return EXIT_OK;
}

int pass_give_back(struct pass *pass)
{
	int status = EXIT_OK;

	while (pass->taken_n)
		if (vfio_give_back(&vfio_this_host, &pass->taken[--pass->taken_n]) != EXIT_OK)
			status = EXIT_FAILED;
	return status;
}
