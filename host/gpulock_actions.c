// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/* The actions that ask the module for one thing each. */
#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>
#include <sys/ioctl.h>

#include "gpulock.h"
#include "util.h"

/* What an errno means here, where that is not what it is called. */
static const struct {
	int error;
	const char *text;
} meanings[] = {
	{EDQUOT,
	 "over the agent's quota, in bytes or in allocations; exitlab gpulock quota sets it"},
	{EBUSY, "the agent uses more than that now; free some first"},
	{EEXIST, "it overlaps what the agent was granted already; revoke that first"},
	{ENODEV,
	 "there is no such device, or the agent may not use it; exitlab gpulock status has them"},
	{ENOENT, "there is none; exitlab gpulock status has what there is"},
	{EPERM, "not allowed: it is another's, or CAP_SYS_ADMIN is missing"},
	{ENOMEM, "no memory, no addresses left, or as many agents as the module's max_agents"},
	{EINVAL,
	 "agent 0, size 0, no device in the mask, or a range that is empty or is of all addresses"},
};

int gpulock_refused(const char *what, int error)
{
	const char *text = strerror(error);

	for (size_t i = 0; i < ARRAY_SIZE(meanings); i++)
		if (meanings[i].error == error)
			text = meanings[i].text;
	pr_err("gpulock: %s: %s", what, text);
	return EXIT_FAILED;
}

void gpulock_print(const struct gpulock_request *request, json_t *object)
{
	if (request->json) {
		json_dumpf(object, stdout, JSON_COMPACT);
		putchar('\n');
	}
	json_decref(object);
}

int gpulock_alloc(const struct gpulock_request *request)
{
	/* The process ends with the command, so what it allocates must outlive it. */
	struct gpulock_alloc alloc = {
		.agent = request->argument[0],
		.size = request->argument[1],
		.device = request->count > 2 ? request->argument[2] : 0,
		.flags = GPULOCK_KEEP,
	};

	if (request->count > 2 && request->argument[2] > UINT32_MAX)
		return gpulock_refused("alloc", ENODEV);
	if (ioctl(request->device, GPULOCK_ALLOC, &alloc))
		return gpulock_refused("alloc", errno);
	if (!request->json)
		printf("id %" PRIu64 ", DMA address 0x%" PRIx64 "\n", (uint64_t)alloc.id,
		       (uint64_t)alloc.dma_start);
	gpulock_print(request, json_pack("{s:I, s:I}", "id", (json_int_t)alloc.id, "dma_start",
					 (json_int_t)alloc.dma_start));
	return EXIT_OK;
}

static int done(const struct gpulock_request *request, const char *what, int failed)
{
	if (failed)
		return gpulock_refused(what, errno);
	gpulock_print(request, json_pack("{s:b}", "ok", 1));
	return EXIT_OK;
}

int gpulock_free(const struct gpulock_request *request)
{
	struct gpulock_free argument = {.id = request->argument[0]};

	return done(request, "free", ioctl(request->device, GPULOCK_FREE, &argument));
}

int gpulock_quota(const struct gpulock_request *request)
{
	struct gpulock_set_quota quota = {
		.agent = request->argument[0],
		.limit = request->argument[1],
		.device_mask = request->count > 2 ? request->argument[2] : UINT64_MAX,
	};

	return done(request, "quota", ioctl(request->device, GPULOCK_SET_QUOTA, &quota));
}

/* Of first and last address; 0, which the module refuses, where there is none. */
static uint64_t size_of(const struct gpulock_request *request)
{
	uint64_t start = request->argument[1], last = request->argument[2];

	return last < start ? 0 : last - start + 1;
}

int gpulock_grant(const struct gpulock_request *request)
{
	struct gpulock_grant grant = {
		.agent = request->argument[0],
		.access = request->argument[3],
		.start = request->argument[1],
		.size = size_of(request),
	};

	return done(request, "grant", ioctl(request->device, GPULOCK_GRANT, &grant));
}

int gpulock_revoke(const struct gpulock_request *request)
{
	struct gpulock_revoke revoke = {
		.agent = request->argument[0],
		.start = request->argument[1],
		.size = size_of(request),
	};

	return done(request, "revoke", ioctl(request->device, GPULOCK_REVOKE, &revoke));
}

int gpulock_check(const struct gpulock_request *request)
{
	struct gpulock_check check = {
		.agent = request->argument[0],
		.access = request->argument[3],
		.start = request->argument[1],
		.size = size_of(request),
	};

	if (ioctl(request->device, GPULOCK_CHECK, &check))
		return gpulock_refused("check", errno);
	if (!request->json)
		puts(check.allowed ? "allowed" : "denied");
	gpulock_print(request, json_pack("{s:b}", "allowed", (int)check.allowed));
	return check.allowed ? EXIT_OK : EXIT_FAILED;
}
