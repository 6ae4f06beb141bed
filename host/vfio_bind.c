// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/* Taking devices from their drivers for vfio-pci, step by step, each written down before. */
#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "stop_signals.h"
#include "util.h"
#include "vfio_bind.h"
#include "vfio_files.h"

void vfio_signals_wait(sigset_t *before)
{
	sigset_t ends;

	stop_signals_set(&ends);
	sigaddset(&ends, SIGPIPE);
	pthread_sigmask(SIG_BLOCK, &ends, before);
}

void vfio_signals_back(const sigset_t *before)
{
	pthread_sigmask(SIG_SETMASK, before, NULL);
}

/* Everything that stands in the way, one line each. True where nothing does. */
static bool is_free(const struct vfio_plan *plan)
{
	const struct vfio_uses *obstacles = &plan->obstacles;

	for (size_t i = 0; i < obstacles->n; i++) {
		const char *bdf = obstacles->use[i].bdf;
		bool along = strcmp(bdf, plan->take[0].bdf);

		pr_err("vfio: %s %s: %s%s%s", bdf, obstacles->use[i].what, obstacles->use[i].fix,
		       along ? "; it is of the group of " : "", along ? plan->take[0].bdf : "");
	}
	return !obstacles->n;
}

/* What there is of the device now, to be put back. */
static void write_down(const struct vfio_host *host, const struct vfio_device *device,
		       struct vfio_held *held)
{
	snprintf(held->driver, sizeof(held->driver), "%s", device->driver);
	held->module[0] = '\0';
	if (*device->driver)
		vfio_link(host, held->module, sizeof(held->module), VFIO_DRIVERS "/%s/module",
			  device->driver);
	snprintf(held->override, sizeof(held->override), "%s", device->override);
	vfio_line(host, held->d3cold, sizeof(held->d3cold), VFIO_DEVICES "/%s/d3cold_allowed",
		  device->bdf);
}

/* Adds the device to the journal, or finds it there. False where it is not to be had. */
static bool hold(struct vfio_journal *journal, const struct vfio_device *device, const char *asked,
		 bool keep, bool *ours)
{
	struct vfio_held *held = vfio_journal_find(journal, device->bdf);

	*ours = false;
	if (!held && !strcmp(device->driver, VFIO_DRIVER))
		return true; /* another's doing, and not ours to undo */
	if (held && vfio_owner_lives(held) && held->pid != getpid()) {
		pr_err("vfio: %s is taken by exitlab (pid %d): wait until that ends", device->bdf,
		       held->pid);
		return false;
	}
	if (!held && journal->n == VFIO_HELD_MOST) {
		pr_err("vfio: %d devices are taken: exitlab vfio restore", VFIO_HELD_MOST);
		return false;
	}
	if (!held) {
		held = &journal->held[journal->n++];
		*held = (struct vfio_held){0};
		snprintf(held->bdf, sizeof(held->bdf), "%s", device->bdf);
		snprintf(held->asked, sizeof(held->asked), "%s", asked);
		write_down(journal->host, device, held);
		vfio_own(held);
	} else if (*device->driver && strcmp(device->driver, VFIO_DRIVER) &&
		   strcmp(device->driver, held->driver)) {
		write_down(journal->host, device, held); /* another has bound it since */
	}
	if (keep)
		held->pid = 0;
	else if (held->pid)
		vfio_own(held); /* also what a killed run has left */
	*ours = held->pid;
	return true;
}

bool vfio_step(const struct vfio_host *host, const char *bdf, const char *text, const char *path)
{
	int error = vfio_put(host, text, path);

	if (error == ETIMEDOUT)
		pr_err("vfio: %s: the kernel does not come back from %s: something still uses it, see dmesg; "
		       "then exitlab vfio restore",
		       bdf, path);
	else if (error)
		pr_err("vfio: %s: %s: %s%s", bdf, path, strerror(error),
		       error == EROFS	 ? "; mount -o remount,rw /sys"
		       : error == ENODEV ? "; dmesg says why"
					 : "");
	errno = error;
	return !error;
}

/* One device to vfio-pci. False with a line on stderr and errno. */
static bool bind_one(const struct vfio_host *host, const struct vfio_device *device)
{
	const char *bdf = device->bdf;
	struct vfio_device after;
	char path[128], line[8];

	/* Power that goes off under an idle guest may not come back: "Unable to change power state
	 * from D3cold to D0". */
	snprintf(path, sizeof(path), VFIO_DEVICES "/%s/d3cold_allowed", bdf);
	if (vfio_line(host, line, sizeof(line), "%s", path) && strcmp(line, "0") &&
	    !vfio_step(host, bdf, "0\n", path))
		return false;
	snprintf(path, sizeof(path), VFIO_DEVICES "/%s/driver_override", bdf);
	if (strcmp(device->override, VFIO_DRIVER) && !vfio_step(host, bdf, VFIO_DRIVER "\n", path))
		return false;
	snprintf(path, sizeof(path), VFIO_DEVICES "/%s/driver/unbind", bdf);
	if (*device->driver && !vfio_step(host, bdf, bdf, path))
		return false;
	if (!vfio_step(host, bdf, bdf, "/sys/bus/pci/drivers_probe"))
		return false;
	if (!vfio_device_read(host, bdf, &after) && !strcmp(after.driver, VFIO_DRIVER))
		return true;
	pr_err("vfio: %s: " VFIO_DRIVER " did not take it, dmesg says why", bdf);
	errno = 0;
	return false;
}

static bool is_bound(const struct vfio_plan *plan, size_t i)
{
	return !strcmp(plan->take[i].driver, VFIO_DRIVER);
}

/* The devices of the plan, in turn; what was new is given back where one of them fails. */
static int bind_all(struct vfio_journal *journal, const struct vfio_plan *plan, size_t before)
{
	bool changed = false;
	int error;

	for (size_t i = 0; i < plan->n; i++) {
		if (is_bound(plan, i) || bind_one(journal->host, &plan->take[i]))
			continue;
		error = errno;
		while (error != ETIMEDOUT && journal->n > before) {
			if (vfio_put_back(journal, &journal->held[journal->n - 1]) == VFIO_KEPT)
				break;
			changed = true;
		}
		if (journal->n > before)
			pr_err("vfio: not all is back: exitlab vfio restore");
		if (changed)
			vfio_journal_write(journal);
		return EXIT_FAILED;
	}
	return EXIT_OK;
}

static bool has_driver(const struct vfio_host *host)
{
	static const char driver[] = VFIO_DRIVERS "/" VFIO_DRIVER;

	if (vfio_exists(host, driver) ||
	    (vfio_load(host, VFIO_DRIVER) && vfio_exists(host, driver)))
		return true;
	pr_err("vfio: the kernel has no " VFIO_DRIVER ": run one with CONFIG_VFIO_PCI");
	return false;
}

static int bind_plan(struct vfio_journal *journal, const struct vfio_plan *plan, bool keep,
		     struct vfio_taken *taken)
{
	size_t before = journal->n;
	bool ours;
	int code;

	for (size_t i = 0; i < plan->n; i++) {
		if (!hold(journal, &plan->take[i], plan->take[0].bdf, keep, &ours))
			return EXIT_FAILED;
		taken->device[i].ours = ours;
		snprintf(taken->device[i].bdf, VFIO_BDF_SIZE, "%s", plan->take[i].bdf);
	}
	for (size_t i = 0; i < plan->n; i++)
		if (!is_bound(plan, i) && !has_driver(journal->host))
			return EXIT_CANNOT;
	if (journal->n && vfio_journal_write(journal)) {
		pr_err("vfio: nothing was changed");
		return EXIT_FAILED;
	}
	code = bind_all(journal, plan, before);
	taken->n = code == EXIT_OK ? plan->n : 0;
	return code;
}

int vfio_bind(const struct vfio_host *host, const char *bdf, bool keep, struct vfio_taken *taken,
	      struct vfio_plan *plan)
{
	static struct vfio_journal journal;
	struct vfio_device device;
	struct vfio_opens opens;
	sigset_t signals;
	int code = vfio_ready(host);

	*taken = (struct vfio_taken){0};
	*plan = (struct vfio_plan){0};
	if (code != EXIT_OK)
		return code;
	vfio_signals_wait(&signals);
	code = vfio_journal_open(host, &journal);
	if (code == EXIT_OK) {
		if (vfio_device_read(host, bdf, &device)) {
			pr_err("vfio: there is no PCI device %s: exitlab vfio status lists them",
			       bdf);
			code = EXIT_FAILED;
		} else {
			vfio_opens_read(host, &opens);
			vfio_plan(host, &device, &opens, plan);
			vfio_opens_free(&opens);
			if (plan->left)
				pr_err("vfio: %s is an NVSwitch: left alone, the host's fabric manager needs it",
				       bdf);
			else
				code = is_free(plan) ? bind_plan(&journal, plan, keep, taken)
						     : EXIT_FAILED;
		}
		vfio_journal_close(&journal);
	}
	vfio_signals_back(&signals);
	return code;
}

int vfio_take(const struct vfio_host *host, const char *bdf, struct vfio_taken *taken)
{
	struct vfio_plan plan;

	return vfio_bind(host, bdf, false, taken, &plan);
}
