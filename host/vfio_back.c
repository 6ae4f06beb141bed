// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/* Giving devices back to the drivers that they had. */
#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "util.h"
#include "vfio_bind.h"
#include "vfio_files.h"

const char *vfio_outcome_name(enum vfio_outcome outcome)
{
	static const char *const names[] = {"back", "gone", "not back"};

	return names[outcome];
}

/* Has a guest, or another program, the device or its group? Said on stderr. */
static bool is_in_use(const struct vfio_host *host, const struct vfio_device *device)
{
	struct vfio_uses uses = {0};
	struct vfio_opens opens;

	vfio_opens_read(host, &opens);
	vfio_programs_find(host, device, &opens, &uses);
	vfio_opens_free(&opens);
	if (uses.n)
		pr_err("vfio: %s %s: %s; then exitlab vfio restore", device->bdf, uses.use[0].what,
		       uses.use[0].fix);
	return uses.n;
}

/* driver_override and d3cold_allowed, where they are ours. */
static bool put_settings(const struct vfio_host *host, const struct vfio_held *held,
			 const struct vfio_device *device)
{
	char path[128], text[VFIO_NAME_SIZE + 1], line[8];

	snprintf(path, sizeof(path), VFIO_DEVICES "/%s/driver_override", held->bdf);
	snprintf(text, sizeof(text), "%s\n", held->override);
	if (strcmp(device->override, held->override) && !vfio_step(host, held->bdf, text, path))
		return false;
	snprintf(path, sizeof(path), VFIO_DEVICES "/%s/d3cold_allowed", held->bdf);
	snprintf(text, sizeof(text), "%s\n", held->d3cold);
	return !*held->d3cold || !vfio_line(host, line, sizeof(line), "%s", path) ||
	       !strcmp(line, held->d3cold) || vfio_step(host, held->bdf, text, path);
}

static bool has_former(const struct vfio_host *host, const struct vfio_held *held)
{
	struct vfio_device device;

	return !vfio_device_read(host, held->bdf, &device) && !strcmp(device.driver, held->driver);
}

/* By its own name, since another driver may claim the device, too. */
static bool bind_former(const struct vfio_host *host, const struct vfio_held *held)
{
	char path[128];

	if (has_former(host, held))
		return true;
	snprintf(path, sizeof(path), VFIO_DRIVERS "/%s/bind", held->driver);
	if (!vfio_exists(host, "%s", path) && *held->module)
		vfio_load(host, held->module);
	if (vfio_exists(host, "%s", path)) /* loading it may have bound it */
		return has_former(host, held) || vfio_step(host, held->bdf, held->bdf, path);
	pr_err("vfio: %s: its driver %s is not loaded: modprobe %s; then exitlab vfio restore",
	       held->bdf, held->driver, *held->module ? held->module : held->driver);
	return false;
}

/* All but the verification. The driver of now is vfio-pci, the former one, or none. */
static bool give_back(const struct vfio_host *host, const struct vfio_held *held,
		      const struct vfio_device *device)
{
	char path[128];

	snprintf(path, sizeof(path), VFIO_DEVICES "/%s/driver/unbind", held->bdf);
	if (!strcmp(device->driver, VFIO_DRIVER) &&
	    (is_in_use(host, device) || !vfio_step(host, held->bdf, held->bdf, path)))
		return false;
	return put_settings(host, held, device) && (!*held->driver || bind_former(host, held));
}

static bool is_back(const struct vfio_host *host, const struct vfio_held *held)
{
	struct vfio_device now;

	if (vfio_device_read(host, held->bdf, &now))
		return true;
	if (!strcmp(now.driver, held->driver) && !strcmp(now.override, held->override))
		return true;
	pr_err("vfio: %s: has driver \"%s\" and override \"%s\", not \"%s\" and \"%s\"; dmesg says why",
	       held->bdf, now.driver, now.override, held->driver, held->override);
	return false;
}

enum vfio_outcome vfio_put_back(struct vfio_journal *journal, struct vfio_held *held)
{
	const struct vfio_host *host = journal->host;
	enum vfio_outcome outcome = VFIO_BACK;
	struct vfio_device device;

	if (vfio_device_read(host, held->bdf, &device)) {
		outcome = VFIO_GONE;
	} else if (*device.driver && strcmp(device.driver, VFIO_DRIVER) &&
		   strcmp(device.driver, held->driver)) {
		pr_err("vfio: %s was bound to %s by another since: left there", held->bdf,
		       device.driver);
		snprintf(held->driver, sizeof(held->driver), "%s", device.driver);
	}
	if (outcome == VFIO_BACK && (!give_back(host, held, &device) || !is_back(host, held)))
		return VFIO_KEPT;
	vfio_journal_drop(journal, held);
	return outcome;
}

int vfio_give_back(const struct vfio_host *host, struct vfio_taken *taken)
{
	static struct vfio_journal journal;
	bool failed = false, changed = false;
	struct vfio_held *held;
	sigset_t signals;

	if (!taken->n)
		return EXIT_OK;
	vfio_signals_wait(&signals);
	failed = vfio_journal_open(host, &journal) != EXIT_OK;
	for (size_t i = failed ? 0 : taken->n; i > 0; i--) {
		held = taken->device[i - 1].ours
			       ? vfio_journal_find(&journal, taken->device[i - 1].bdf)
			       : NULL;
		if (!held || held->pid != getpid())
			continue;
		if (vfio_put_back(&journal, held) == VFIO_KEPT)
			failed = true;
		else
			changed = true;
	}
	if (changed && vfio_journal_write(&journal))
		failed = true;
	vfio_journal_close(&journal);
	vfio_signals_back(&signals);
	if (!failed)
		taken->n = 0;
	return failed ? EXIT_FAILED : EXIT_OK;
}
