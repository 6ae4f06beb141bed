// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/* See device.h. */
#include <linux/errno.h>
#include <linux/kernel.h>
#include <linux/notifier.h>
#include <linux/string.h>

#include "agent.h"
#include "allocation.h"
#include "device.h"
#include "log.h"

struct device_slot device_slots[GPULOCK_DEVICES_MOST];
static bool watching;

/*
 * The slot that the device had, so that it keeps its number when it comes back; else the first free
 * one.
 */
static struct device_slot *slot_for(const char *name)
{
	struct device_slot *unused = NULL;

	for (u32 i = GPULOCK_DEVICES_MOST; i--;) {
		if (!strcmp(device_slots[i].name, name))
			return &device_slots[i];
		if (!device_slots[i].name[0])
			unused = &device_slots[i];
	}
	return unused;
}

static void add_pci(struct pci_dev *device)
{
	struct device_slot *slot = slot_for(pci_name(device));

	if (!slot) {
		log_notice("device_ignored name=%s most=%u", pci_name(device),
			   GPULOCK_DEVICES_MOST);
		return;
	}
	if (slot->present)
		return;
	strscpy(slot->name, pci_name(device), sizeof(slot->name));
	slot->vendor = device->vendor;
	slot->product = device->device;
	slot->present = true;
	log_notice("device_added device=%u name=%s id=%04x:%04x", (u32)(slot - device_slots),
		   slot->name, slot->vendor, slot->product);
}

/* The memory is gone with the device: what was allocated on it is nobody's any more. */
static void remove_pci(struct pci_dev *device)
{
	struct device_slot *slot = slot_for(pci_name(device));

	if (!slot || !slot->present)
		return;
	slot->present = false;
	log_notice("device_removed device=%u name=%s used=%llu", (u32)(slot - device_slots),
		   slot->name, slot->used);
	allocation_free_list(&slot->allocations, ALLOCATIONS_OF_DEVICE);
}

static bool is_display(const struct pci_dev *device)
{
	return device->class >> 16 == PCI_BASE_CLASS_DISPLAY;
}

/*
 * Once it is removed, not when it is to be: until then find_pci() may find it, and no event would
 * follow.
 */
static int on_bus_event(struct notifier_block *block, unsigned long event, void *data)
{
	struct pci_dev *device = to_pci_dev(data);

	if (!is_display(device))
		return NOTIFY_DONE;
	mutex_lock(&gpulock_mutex);
	if (event == BUS_NOTIFY_ADD_DEVICE)
		add_pci(device);
	else if (event == BUS_NOTIFY_REMOVED_DEVICE)
		remove_pci(device);
	mutex_unlock(&gpulock_mutex);
	return NOTIFY_OK;
}

static struct notifier_block bus_events = {.notifier_call = on_bus_event};

static u32 find_pci(void)
{
	static const u32 classes[] = {PCI_CLASS_DISPLAY_VGA, PCI_CLASS_DISPLAY_XGA,
				      PCI_CLASS_DISPLAY_3D, PCI_CLASS_DISPLAY_OTHER};
	struct pci_dev *device = NULL;
	u32 found = 0;

	for (u32 i = 0; i < ARRAY_SIZE(classes); i++)
		while ((device = pci_get_class(classes[i] << 8, device))) {
			add_pci(device);
			found++;
		}
	return found;
}

static void add_virtual(u32 count)
{
	for (u32 i = 0; i < count; i++) {
		struct device_slot *slot = &device_slots[i];

		strscpy(slot->name, "virtual", sizeof(slot->name));
		slot->virtual = true;
		slot->present = true;
	}
}

/* "auto", "auto,N" or "N", N from 1 to GPULOCK_DEVICES_MOST. */
static int parse(const char *how, bool *look, u32 *count)
{
	int error;

	*count = 1;
	*look = !strncmp(how, "auto", 4);
	if (*look && !how[4])
		return 0;
	if (*look && how[4] != ',')
		return -EINVAL;
	error = kstrtou32(*look ? how + 5 : how, 10, count);
	if (error)
		return error;
	return *count && *count <= GPULOCK_DEVICES_MOST ? 0 : -EINVAL;
}

int devices_start(const char *how)
{
	bool look;
	u32 count, i;
	int error = parse(how, &look, &count);

	if (error) {
		pr_err("event=bad_parameter devices=%s wants=auto|auto,N|N most=%u\n", how,
		       GPULOCK_DEVICES_MOST);
		return error;
	}
	for (i = 0; i < GPULOCK_DEVICES_MOST; i++)
		INIT_LIST_HEAD(&device_slots[i].allocations);
	/* Watched before looked for, so that none comes in between. */
	if (look) {
		error = bus_register_notifier(&pci_bus_type, &bus_events);
		if (error)
			return error;
		watching = true;
	}
	mutex_lock(&gpulock_mutex);
	if (!look || !find_pci())
		add_virtual(count);
	mutex_unlock(&gpulock_mutex);
	return 0;
}

void devices_stop(void)
{
	if (watching)
		bus_unregister_notifier(&pci_bus_type, &bus_events);
}
