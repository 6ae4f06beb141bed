// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/* `exitlab gpulock status`: the module's tables, or what is known of one agent. */
#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>
#include <sys/ioctl.h>

#include "gpulock.h"
#include "util.h"

#define DIRECTORY "/proc/swarm/gpu"

/* Takes the lines of a file of /proc, word by word. NULL, with one line on stderr, where it is not
 * there. */
static FILE *open_table(const char *name)
{
	char path[64];
	FILE *file;

	snprintf(path, sizeof(path), DIRECTORY "/%s", name);
	file = fopen(path, "re");
	if (!file)
		pr_err("gpulock: %s: %s", path, strerror(errno));
	return file;
}

/* "key value" lines as numbers; those of devices are "deviceN name id used". */
static int read_stats(json_t *status)
{
	json_t *devices = json_array();
	FILE *file = open_table("stats");
	char line[256], name[64], id[16];
	long long value;
	unsigned int number;

	json_object_set_new(status, "devices", devices);
	while (file && fgets(line, sizeof(line), file)) {
		if (sscanf(line, "device%u %63s %15s %lld", &number, name, id, &value) == 4)
			json_array_append_new(devices,
					      json_pack("{s:I, s:s, s:s, s:I}", "device",
							(json_int_t)number, "name", name, "id", id,
							"used", (json_int_t)value));
		else if (sscanf(line, "%63s %lld", name, &value) == 2)
			json_object_set_new(status, name, json_integer(value));
	}
	if (file)
		fclose(file);
	return file ? 0 : -1;
}

static int read_quotas(json_t *status)
{
	json_t *quotas = json_array();
	FILE *file = open_table("quotas");
	uint64_t limit, used, peak, allocations, mask;
	char line[256];
	uint32_t agent;

	json_object_set_new(status, "quotas", quotas);
	while (file && fgets(line, sizeof(line), file))
		if (sscanf(line,
			   "%" SCNu32 " %" SCNu64 " %" SCNu64 " %" SCNu64 " %" SCNu64 " %" SCNx64,
			   &agent, &limit, &used, &peak, &allocations, &mask) == 6)
			json_array_append_new(quotas,
					      json_pack("{s:I, s:I, s:I, s:I, s:I, s:I}", "agent",
							(json_int_t)agent, "limit",
							(json_int_t)limit, "used", (json_int_t)used,
							"peak", (json_int_t)peak, "allocations",
							(json_int_t)allocations, "device_mask",
							(json_int_t)mask));
	if (file)
		fclose(file);
	return file ? 0 : -1;
}

static uint64_t number_of(const json_t *object, const char *key)
{
	return json_integer_value(json_object_get(object, key));
}

static void print_text(json_t *status)
{
	const char *key;
	json_t *value;
	size_t i;

	json_object_foreach (status, key, value) {
		if (json_is_integer(value))
			printf("%-12s %" PRIu64 "\n", key, (uint64_t)json_integer_value(value));
	}
	printf("\n%-8s %-14s %-10s %s\n", "device", "name", "id", "used");
	json_array_foreach (json_object_get(status, "devices"), i, value) {
		printf("%-8" PRIu64 " %-14s %-10s %" PRIu64 "\n", number_of(value, "device"),
		       json_string_value(json_object_get(value, "name")),
		       json_string_value(json_object_get(value, "id")), number_of(value, "used"));
	}
	printf("\n%-8s %20s %20s %20s %12s %18s\n", "agent", "limit", "used", "peak", "allocations",
	       "devices");
	json_array_foreach (json_object_get(status, "quotas"), i, value) {
		printf("%-8" PRIu64 " %20" PRIu64 " %20" PRIu64 " %20" PRIu64 " %12" PRIu64
		       " %#18" PRIx64 "\n",
		       number_of(value, "agent"), number_of(value, "limit"),
		       number_of(value, "used"), number_of(value, "peak"),
		       number_of(value, "allocations"), number_of(value, "device_mask"));
	}
}

static int print_all(const struct gpulock_request *request)
{
	json_t *status = json_object();
	int failed = read_stats(status) || read_quotas(status);

	if (!failed && !request->json)
		print_text(status);
	if (failed)
		json_decref(status);
	else
		gpulock_print(request, status);
	return failed ? EXIT_FAILED : EXIT_OK;
}

int gpulock_status(const struct gpulock_request *request)
{
	struct gpulock_query query = {.agent = request->argument[0]};

	if (!request->count)
		return print_all(request);
	if (ioctl(request->device, GPULOCK_QUERY, &query))
		return gpulock_refused("status", errno);
	if (!request->json)
		printf("limit        %" PRIu64 "\nused         %" PRIu64 "\npeak         %" PRIu64
		       "\nallocations  %" PRIu64 "\nchecks       %" PRIu64 "\ndenials      %" PRIu64
		       "\n",
		       (uint64_t)query.limit, (uint64_t)query.used, (uint64_t)query.peak,
		       (uint64_t)query.allocations, (uint64_t)query.checks,
		       (uint64_t)query.denials);
	gpulock_print(request,
		      json_pack("{s:I, s:I, s:I, s:I, s:I, s:I, s:I}", "agent",
				(json_int_t)query.agent, "limit", (json_int_t)query.limit, "used",
				(json_int_t)query.used, "peak", (json_int_t)query.peak,
				"allocations", (json_int_t)query.allocations, "checks",
				(json_int_t)query.checks, "denials", (json_int_t)query.denials));
	return EXIT_OK;
}
