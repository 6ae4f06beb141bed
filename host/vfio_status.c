// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/* Every PCI device: what it is, which group it is in, and whether it may be given to a guest. */
#include <glob.h>
#include <jansson.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "json_file.h"
#include "util.h"
#include "vfio_bind.h"
#include "vfio_files.h"
#include "vfio_status.h"

/* What is known of one device. */
struct known {
	const struct vfio_host *host;
	struct vfio_device device;
	struct vfio_plan plan;
	const struct vfio_held *held; /* NULL: not taken by exitlab */
	size_t members;
	char member[VFIO_GROUP_MOST][VFIO_BDF_SIZE];
	size_t bars;
	struct vfio_bar bar[VFIO_BARS];
};

static bool is_stale(const struct vfio_held *held)
{
	return held->pid && !vfio_owner_lives(held);
}

static bool know(const struct vfio_host *host, const char *bdf, const struct vfio_opens *opens,
		 struct vfio_journal *journal, struct known *known)
{
	known->host = host;
	if (vfio_device_read(host, bdf, &known->device))
		return false;
	vfio_plan(host, &known->device, opens, &known->plan);
	known->held = vfio_journal_find(journal, bdf);
	known->members = vfio_group(host, known->device.group, known->member);
	known->bars = vfio_bars(host, bdf, known->bar);
	return true;
}

static json_t *text_or_null(const char *text)
{
	return *text ? json_printable(text) : json_null();
}

static json_t *number_or_null(int number)
{
	return number < 0 ? json_null() : json_integer(number);
}

static json_t *bars_json(const struct known *known)
{
	json_t *array = json_array();

	for (size_t i = 0; i < known->bars; i++) {
		const struct vfio_bar *bar = &known->bar[i];

		json_array_append_new(
			array, json_pack("{s:i, s:s, s:b, s:b, s:b, s:I, s:I}", "index", bar->index,
					 "kind", bar->memory ? "memory" : "ports", "prefetchable",
					 bar->prefetchable, "64bit", bar->is_64bit, "placed",
					 bar->placed, "address", (json_int_t)bar->address, "bytes",
					 (json_int_t)bar->size));
	}
	return array;
}

static json_t *obstacles_json(const struct vfio_uses *obstacles)
{
	json_t *array = json_array();

	for (size_t i = 0; i < obstacles->n; i++)
		json_array_append_new(array,
				      json_pack("{s:s, s:o, s:o}", "bdf", obstacles->use[i].bdf,
						"what", json_printable(obstacles->use[i].what),
						"fix", json_printable(obstacles->use[i].fix)));
	return array;
}

static json_t *words_json(const char *text)
{
	json_t *array = json_array();
	char copy[128], *rest = copy, *word;

	snprintf(copy, sizeof(copy), "%s", text);
	while ((word = strsep(&rest, " ")))
		if (*word)
			json_array_append_new(array, json_printable(word));
	return array;
}

static json_t *held_json(const struct vfio_held *held)
{
	if (!held)
		return json_null();
	return json_pack("{s:s, s:o, s:o, s:o, s:b}", "for", held->asked, "former_driver",
			 text_or_null(held->driver), "former_override",
			 text_or_null(held->override), "pid",
			 held->pid ? json_integer(held->pid) : json_null(), "left_by_killed",
			 is_stale(held));
}

static json_t *device_json(const struct known *known)
{
	const struct vfio_device *device = &known->device;
	json_t *members = json_array(), *one;
	char vendor[8], id[8], class[8];

	snprintf(vendor, sizeof(vendor), "%04x", device->vendor & 0xffff);
	snprintf(id, sizeof(id), "%04x", device->device & 0xffff);
	snprintf(class, sizeof(class), "%06x", device->class & 0xffffff);
	for (size_t i = 0; i < known->members; i++)
		json_array_append_new(members, json_string(known->member[i]));
	one = json_pack("{s:s, s:s, s:s, s:s, s:s, s:o, s:o, s:o, s:o}", "bdf", device->bdf,
			"vendor", vendor, "device", id, "class", class, "class_name",
			vfio_class_name(device->class), "driver", text_or_null(device->driver),
			"driver_override", text_or_null(device->override), "group",
			number_or_null(device->group), "members", members);
	json_object_set_new(one, "numa_node", number_or_null(device->node));
	json_object_set_new(one, "power", text_or_null(device->power));
	json_object_set_new(one, "reset", words_json(device->reset));
	json_object_set_new(one, "bars", bars_json(known));
	json_object_set_new(one, "nvswitch", json_boolean(known->plan.left));
	json_object_set_new(one, "viable",
			    json_boolean(!known->plan.obstacles.n && !known->plan.left));
	json_object_set_new(one, "obstacles", obstacles_json(&known->plan.obstacles));
	json_object_set_new(one, "taken", held_json(known->held));
	return one;
}

/* "16 MiB" */
static const char *size_text(uint64_t bytes, char *text, size_t size)
{
	static const char *const units[] = {"B", "KiB", "MiB", "GiB", "TiB"};
	size_t unit = 0;

	while (unit + 1 < ARRAY_SIZE(units) && bytes >= 1024 && bytes % 1024 == 0) {
		bytes /= 1024;
		unit++;
	}
	snprintf(text, size, "%llu %s", (unsigned long long)bytes, units[unit]);
	return text;
}

static const char *or_dash(const char *text)
{
	return *text ? text : "-";
}

static const char *number_text(int number, char *text, size_t size)
{
	if (number < 0)
		snprintf(text, size, "-");
	else
		snprintf(text, size, "%d", number);
	return text;
}

static void print_verdict(const struct known *known)
{
	const struct vfio_uses *obstacles = &known->plan.obstacles;
	bool bound = !strcmp(known->device.driver, VFIO_DRIVER);

	if (known->plan.left)
		printf("left: an NVSwitch stays with the host\n");
	else if (known->held && is_stale(known->held))
		printf("left by a killed run: exitlab vfio restore\n");
	else if (obstacles->n)
		printf("no: %s%s%s%s\n",
		       strcmp(obstacles->use[0].bdf, known->device.bdf) ? obstacles->use[0].bdf
									: "",
		       strcmp(obstacles->use[0].bdf, known->device.bdf) ? " " : "",
		       obstacles->use[0].what, obstacles->n > 1 ? ", and more" : "");
	else
		printf("%s\n", !bound ? "yes" : known->held ? "taken by exitlab" : "bound already");
}

#define TABLE "%-12s  %-9s  %-24s %-12s %5s %4s  "

static void print_line(const struct known *known)
{
	const struct vfio_device *device = &known->device;
	char id[16], group[12], node[12];

	snprintf(id, sizeof(id), "%04x:%04x", device->vendor & 0xffff, device->device & 0xffff);
	printf(TABLE, device->bdf, id, vfio_class_name(device->class), or_dash(device->driver),
	       number_text(device->group, group, sizeof(group)),
	       number_text(device->node, node, sizeof(node)));
	print_verdict(known);
}

static void print_bars(const struct known *known)
{
	char size[32];

	for (size_t i = 0; i < known->bars; i++) {
		const struct vfio_bar *bar = &known->bar[i];

		printf("  %s %c  %-9s %s%s%s%s\n", bar->index < 6 ? "BAR" : "ROM",
		       bar->index < 6 ? '0' + (int)bar->index : ' ',
		       size_text(bar->size, size, sizeof(size)),
		       bar->memory ? "memory" : "I/O ports", bar->is_64bit ? ", 64-bit" : "",
		       bar->prefetchable ? ", prefetchable" : "",
		       bar->placed ? "" : ", NOT PLACED: no address was found for it");
	}
}

static void print_members(const struct known *known)
{
	struct vfio_device other;

	for (size_t i = 0; i < known->members; i++) {
		if (!strcmp(known->member[i], known->device.bdf) ||
		    vfio_device_read(known->host, known->member[i], &other))
			continue;
		printf("  group  %s %s, driver %s%s\n", other.bdf, vfio_class_name(other.class),
		       or_dash(other.driver),
		       other.bridge	? ": no obstacle, a bridge"
		       : !*other.driver ? ": no obstacle, without a driver"
					: "");
	}
}

static void print_whole(const struct known *known)
{
	const struct vfio_device *device = &known->device;
	const struct vfio_uses *obstacles = &known->plan.obstacles;

	print_line(known);
	print_bars(known);
	printf("  reset  %s\n",
	       *device->reset ? device->reset : "none: its state survives a guest");
	printf("  power  %s\n", or_dash(device->power));
	print_members(known);
	for (size_t i = 0; i < obstacles->n; i++)
		printf("  in use %s %s\n         mend it: %s\n", obstacles->use[i].bdf,
		       obstacles->use[i].what, obstacles->use[i].fix);
	if (known->held)
		printf("  taken  for %s; gets back driver %s, override %s\n", known->held->asked,
		       or_dash(known->held->driver), or_dash(known->held->override));
}

static int print_device(const struct vfio_host *host, const char *bdf, bool whole, json_t *json,
			const struct vfio_opens *opens, struct vfio_journal *journal)
{
	static struct known known;

	if (!know(host, bdf, opens, journal, &known)) {
		pr_err("vfio: there is no PCI device %s: exitlab vfio status lists them", bdf);
		return EXIT_FAILED;
	}
	if (json)
		json_array_append_new(json, device_json(&known));
	else if (whole)
		print_whole(&known);
	else
		print_line(&known);
	return EXIT_OK;
}

static void list_devices(const struct vfio_host *host, struct words *all)
{
	char pattern[PATH_MAX];
	glob_t found = {0};

	vfio_path(host, pattern, VFIO_DEVICES "/*");
	glob(pattern, 0, NULL, &found);
	for (size_t i = 0; i < found.gl_pathc; i++)
		words_add(all, "%s", strrchr(found.gl_pathv[i], '/') + 1);
	globfree(&found);
}

static void print_all_json(const struct vfio_host *host, const char *fix, json_t *devices)
{
	json_t *all = json_pack("{s:s, s:b, s:s?, s:b, s:b, s:b, s:o}", "schema", "exitlab-vfio/1",
				"iommu", !fix, "iommu_fix", fix, "vfio_pci",
				vfio_exists(host, VFIO_DRIVERS "/" VFIO_DRIVER), "iommufd",
				vfio_exists(host, "/dev/iommu"), "all_programs_seen",
				*host->root || !geteuid(), "devices", devices);

	if (!all)
		die("vfio: no memory");
	json_file_print(all, stdout);
	json_decref(all);
}

int vfio_status(const struct vfio_host *host, const struct words *named, bool json)
{
	static struct vfio_journal journal;
	const char *fix = vfio_iommu_fix(host);
	json_t *devices = json ? json_array() : NULL;
	struct words all = {};
	const struct words *list = named->n ? named : &all;
	struct vfio_opens opens;
	int code = vfio_journal_read(host, &journal);

	if (!named->n)
		list_devices(host, &all);
	vfio_opens_read(host, &opens);
	if (!json && !named->n)
		printf(TABLE "%s\n", "device", "id", "class", "driver", "group", "node",
		       "may be taken");
	for (size_t i = 0; i < list->n; i++)
		if (print_device(host, list->word[i], named->n, devices, &opens, &journal))
			code = EXIT_FAILED;
	if (json)
		print_all_json(host, fix, devices);
	if (!*host->root && geteuid())
		pr_warn("vfio: without root the programs of others are not seen");
	if (fix)
		pr_err("vfio: the IOMMU is off, so no device can be given to a guest: %s", fix);
	vfio_opens_free(&opens);
	words_free(&all);
	return fix && code == EXIT_OK ? EXIT_CANNOT : code;
}
